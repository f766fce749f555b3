"""Models to share: their folder, and the Hugging Face Hub through its real client, against a server on loopback."""

import json
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
import tiny_recipe
from command_line import environment, run
from hub_server import serving

import kerasgan
from kerasgan import hub, zoo
from kerasgan.checkpoints import CheckpointError
from kerasgan.metrics.features import weights_hash

client = pytest.importorskip("huggingface_hub")

# The client's own
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
NAME, HERE = "team/tiny", "hf://team/tiny"


@pytest.fixture
def server(tmp_path, monkeypatch):
    """The server; the client reads its variables once, when it is imported, so that here their values are replaced."""
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    with serving() as (held, endpoint):
        constants = client.constants
        monkeypatch.setattr(constants, "ENDPOINT", endpoint)
        monkeypatch.setattr(
            constants, "HUGGINGFACE_CO_URL_TEMPLATE", endpoint + "/{repo_id}/resolve/{revision}/{filename}"
        )
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)  # its store has a server of its own
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_PROGRESS_BARS", True)
        yield held


@pytest.fixture(scope="module")
def model(trained, tmp_path_factory):
    """The folder of a finished run."""
    return hub.write(trained / "tiny-run", tmp_path_factory.mktemp("hub") / "tiny", license="MIT", onnx=False)


def files_of(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()
    }


def same(first, second):
    np.testing.assert_array_equal(first.generate(3, seed=0), second.generate(3, seed=0))


# The folder


def test_a_folder_holds_what_kerasgan_keras_and_other_programs_load(trained, model):
    gan = kerasgan.load(trained / "tiny-run")
    again = kerasgan.load(model)
    same(gan, again)
    assert again.compiled and again.loaded == ("generator", "discriminator", "average")
    np.testing.assert_array_equal(again.discriminator.get_weights()[0], gan.discriminator.get_weights()[0])
    same(gan, keras.saving.load_model(model))
    from safetensors.numpy import load_file

    weights = load_file(model / "generator.safetensors")
    assert sorted(map(np.shape, weights.values())) == sorted(tuple(each.shape) for each in gan.sampler.weights)
    assert not any("optimizer" in name for name in h5py.File(model / "model.weights.h5"))


def test_a_folder_is_trained_on_from_its_weights(model, tmp_path):
    recipe = tiny_recipe.write(tmp_path / "more", steps=1, extra=f'start = "{model}"\n')
    result = run("train", recipe, "-o", tmp_path / "run", "--doctor", "off")
    assert result.exit_code == 0, result.output
    assert "generator, discriminator, average" in result.output


def test_of_an_entry_whose_generator_alone_is_trained_that_is_what_is_loaded(tmp_path):
    with pytest.warns(UserWarning, match="card.json is left out: it was measured with other weights"):
        entry = tmp_path / "zoo" / "mine"
        tiny_recipe.write(entry, extra='[weights]\nfile = "generator.weights.h5"\nlicense = "Nobody\'s own"\n')
        gan = zoo.load(entry / "recipe.toml", weights=None)
        gan.sampler.save_weights(entry / "generator.weights.h5")
        (entry / "card.json").write_text(json.dumps({"weights": "another", "scores": {}}))
        folder = hub.write(entry / "recipe.toml", tmp_path / "out", onnx=False)
    loaded = kerasgan.load(folder)
    same(gan, loaded)
    assert loaded.loaded == ("generator",)
    head = client.ModelCard.load(folder / "README.md").data
    assert (head.license, head.license_name, head.eval_results) == ("other", "Nobody's own", None)
    assert not (folder / "card.json").exists()


def test_the_same_model_gives_the_same_files_and_no_path_of_this_machine(trained, model, tmp_path):
    again = hub.write(trained / "tiny-run", tmp_path / "again", license="MIT", onnx=False)
    pairs = [{name: data for name, data in files_of(each).items() if name[-3:] != ".h5"} for each in (again, model)]
    recipes = [each.pop("recipe.toml").decode().partition("sha256")[0] for each in pairs]
    assert pairs[0] == pairs[1] and recipes[0] == recipes[1]  # HDF5 leaves unused bytes as they were
    for name, content in files_of(model).items():
        assert str(trained).encode() not in content, name


def test_the_head_of_a_card_has_the_measured_scores_and_their_protocol(trained, tmp_path):
    source = shutil.copytree(trained / "digits-run", tmp_path / "run")
    gan = kerasgan.load(source)
    content = {
        "name": "run",
        "family": "ConditionalGAN",
        "scores": {"frechet_distance": {"mean": 1.5, "interval": [1.0, 2.0], "real": 0.1, "features": "thumbnails"}},
        "samples": 64,
        "seeds": [0, 1, 2],
        "data": {"name": "digits", "count": 64, "sha256": "ab" * 32},
        "parameters": 1,
        "weights": weights_hash(gan.sampler),
        "versions": {"kerasgan": "0"},
    }
    (source / "card.json").write_text(json.dumps(content))
    folder = hub.write(source, tmp_path / "out", license="Apache-2.0", onnx=False)
    head = client.ModelCard.load(folder / "README.md").data  # as the Hub's own client reads it
    assert (head.library_name, head.pipeline_tag) == ("kerasgan", "unconditional-image-generation")
    assert (head.license, head.datasets) == ("apache-2.0", ["digits"])
    (result,) = head.eval_results
    assert (result.metric_type, result.metric_value, result.dataset_name) == ("frechet_distance", 1.5, "digits")
    assert result.metric_args["seeds"] == [0, 1, 2] and result.metric_args["samples"] == 64
    assert "| frechet distance | 1.5 |" in (folder / "README.md").read_text()
    assert (folder / "samples.png").read_bytes() == (source / "samples.png").read_bytes()


def test_a_folder_of_something_else_is_not_replaced(trained, model, tmp_path):
    for other in (trained / "tiny-run", Path(__file__)):
        with pytest.raises(
            ValueError, match=r"Expected a new or empty folder, or an earlier one.*Received: directory="
        ):
            hub.write(trained / "tiny-run", other, onnx=False)


# The Hub


def test_a_model_is_sent_in_one_commit_and_loaded_again(server, trained, model, tmp_path):
    result = run("push", model, HERE, "--private")
    assert result.exit_code == 0, result.output
    assert server.files(NAME) == files_of(model)
    assert len(server.commits) == 1 and NAME in server.private
    assert "Bearer hf_secret" in server.tokens
    same(kerasgan.load(trained / "tiny-run"), kerasgan.load(HERE))
    same(kerasgan.load(HERE), keras.saving.load_model(HERE))
    shown = run("generate", HERE, "-o", tmp_path / "x.png")
    assert shown.exit_code == 0, shown.output
    assert run("info", HERE).stdout.split()[:2] == ["name", "tiny"]


def test_what_an_earlier_model_left_goes_and_what_is_not_ours_stays(server, model):
    server.commit(NAME, {"onnx/generator.onnx": b"old", "samples.gif": b"old", "notes.txt": b"mine"})
    result = run("push", model, HERE)
    assert result.exit_code == 0, result.output
    assert server.files(NAME) == {**files_of(model), "notes.txt": b"mine"}


def test_a_dry_run_sends_nothing(server, model):
    result = run("push", model, HERE, "--dry-run")
    assert result.exit_code == 0, result.output
    assert "generator.safetensors" in result.output and f"Nothing was sent to {HERE}" in result.output
    assert server.requests == []


def test_an_upload_that_broke_off_sends_the_rest_only(server, model):
    server.fail_at = 2
    result = run("push", model, HERE)
    assert result.exit_code == 1 and "Error: Expected a repository at hf://team/tiny" in result.output
    assert "507" in result.output
    assert server.commits == {} and len(server.puts) == 2
    server.fail_at = None
    assert run("push", model, HERE).exit_code == 0
    large = [content for name, content in files_of(model).items() if name.endswith((".h5", ".safetensors", ".png"))]
    assert sorted(server.puts) == sorted(map(len, large))  # each once
    assert server.files(NAME) == files_of(model)


def test_a_revision_is_loaded_and_a_wrong_one_is_refused(server, trained, model):
    first = server.commit(NAME, files_of(model))
    server.commit(NAME, {"recipe.toml": b"broken"})
    server.refs[NAME]["v1"] = first
    expected = kerasgan.load(trained / "tiny-run")
    same(expected, kerasgan.load(f"{HERE}@v1"))
    same(expected, kerasgan.load(f"{HERE}@{first}"))
    with pytest.raises(hub.HubError, match=r"hf://team/tiny@v2\. Received: no such revision"):
        kerasgan.load(f"{HERE}@v2")
    with pytest.raises(hub.HubError, match="Received: no such repository, or one that needs a token"):
        kerasgan.load("hf://team/none")
    assert hub.push(model, f"{HERE}@v3")
    assert server.files(NAME, "v3")["recipe.toml"] == (model / "recipe.toml").read_bytes()
    assert server.files(NAME)["recipe.toml"] == b"broken"


def test_only_a_recipe_and_weights_are_fetched(server, model, tmp_path):
    server.commit(NAME, {**files_of(model), "evil.pkl": b"x", "../../evil.weights.h5": b"x", "code.py": b"x"})
    kerasgan.load(HERE)
    asked = {path.rpartition("/")[2] for _, path in server.requests if "/resolve/" in path}
    assert asked == {"recipe.toml", "config.json", "metadata.json", "model.weights.h5"}
    assert not [path for path in tmp_path.rglob("*") if "evil" in path.name]


def test_without_a_connection_the_cache_serves_and_its_lack_is_said(server, trained, model, monkeypatch):
    server.commit(NAME, files_of(model))
    kerasgan.load(HERE)
    monkeypatch.setattr(client.constants, "HF_HUB_OFFLINE", True)
    before = len(server.requests)
    same(kerasgan.load(trained / "tiny-run"), kerasgan.load(HERE))
    with pytest.raises(hub.HubError, match="HF_HUB_OFFLINE is set, and the cache does not have all of it"):
        kerasgan.load("hf://team/other")
    assert len(server.requests) == before


def test_the_clients_variables_are_heeded(model, tmp_path):
    """In processes of their own, as the client reads HF_ENDPOINT and HF_HUB_OFFLINE when it is imported."""
    code = "import kerasgan; print(kerasgan.load('hf://team/tiny').loaded)"
    with serving() as (held, endpoint):
        held.commit(NAME, files_of(model))
        for offline in ("0", "1"):
            there = environment(
                HF_ENDPOINT=endpoint, HF_HOME=str(tmp_path), HF_HUB_OFFLINE=offline, TF_CPP_MIN_LOG_LEVEL="3"
            )
            done = subprocess.run([sys.executable, "-c", code], env=there, capture_output=True, text=True)
            assert done.stdout.strip() == "('generator', 'discriminator', 'average')", done.stderr
            if offline == "0":
                asked = len(held.requests)
        assert asked and len(held.requests) == asked


# Repositories of strangers


def hostile_recipe(text):
    return {"recipe.toml": text.encode()}


def lambda_config(tmp_path):
    def call(x):
        os.environ["KERASGAN_EVIL"] = "1"
        return x

    network = keras.Sequential([keras.Input((2,)), keras.layers.Lambda(call)])
    folder = tmp_path / "evil"
    keras.saving.save_model(network, folder, zipped=False)
    del os.environ["KERASGAN_EVIL"]  # the layer was called when the network was made
    return files_of(folder)


def test_a_lambda_layer_is_refused_and_not_executed(server, tmp_path):
    server.commit(NAME, lambda_config(tmp_path))
    with pytest.raises(CheckpointError, match=r"Expected a model that Keras saved in .*snapshots") as caught:
        kerasgan.load(HERE)
    assert "Lambda" in str(caught.value.__cause__)  # it is this that Keras refuses
    assert "KERASGAN_EVIL" not in os.environ


def test_a_class_of_another_module_is_refused_and_not_imported(server, model):
    evil = {"module": "os", "class_name": "system", "config": {"command": "exit"}, "registered_name": None}
    content = {name: data for name, data in files_of(model).items() if name != "recipe.toml"}
    server.commit(NAME, {**content, "config.json": json.dumps(evil).encode()})
    with pytest.raises((ValueError, CheckpointError)):
        kerasgan.load(HERE)


def test_a_pickle_under_the_name_of_weights_is_refused_and_not_executed(server, model):
    class Evil:
        def __reduce__(self):
            return os.putenv, ("KERASGAN_EVIL", "1")

    content = files_of(model)
    recipe = content["recipe.toml"].decode().partition("[weights]")[0]
    server.commit(NAME, {**content, "recipe.toml": f'{recipe}\n[weights]\nfile = "model.weights.h5"\n'.encode()})
    server.commit(NAME, {"model.weights.h5": pickle.dumps(Evil())})
    with pytest.raises(zoo.WeightsError, match=r"Expected a \.weights\.h5 file"):
        kerasgan.load(HERE)


@pytest.mark.parametrize("kind", ["external", "soft", "storage"])
def test_hdf5_that_points_to_other_files_is_refused(server, model, tmp_path, kind):
    content = files_of(model)
    recipe = content["recipe.toml"].decode().partition("[weights]")[0]
    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["x"] = np.zeros(3)
    evil = tmp_path / "model.weights.h5"
    evil.write_bytes(content["model.weights.h5"])
    with h5py.File(evil, "a") as file:
        if kind == "external":
            file["evil"] = h5py.ExternalLink(str(secret), "/x")
        elif kind == "soft":
            file["evil"] = h5py.SoftLink("/generator")
        else:
            file.create_dataset("evil", (3,), "f8", external=[(str(secret), 0, 24)])
    server.commit(NAME, {**content, "model.weights.h5": evil.read_bytes()})
    server.commit(NAME, hostile_recipe(f'{recipe}\n[weights]\nfile = "model.weights.h5"\n'))
    with pytest.raises(CheckpointError, match="Expected a"):
        kerasgan.load(HERE)
    content.pop("recipe.toml")
    server.commit("team/keras", {**content, "model.weights.h5": evil.read_bytes()})  # as Keras itself writes it
    with pytest.raises(CheckpointError, match="Expected a"):
        kerasgan.load("hf://team/keras")


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ('file = "../../../secret.weights.h5"', "Expected a file beside the recipe"),
        ('file = "/etc/secret.weights.h5"', "Expected a file beside the recipe"),
        (
            'url = "http://127.0.0.1:9/x.pth"\nsha256 = "unpublished"',
            r"Expected a recipe with a file of hf://team/tiny",
        ),
    ],
)
def test_a_recipe_that_names_other_places_is_refused(server, model, weights, message):
    recipe = files_of(model)["recipe.toml"].decode().partition("[weights]")[0]
    server.commit(NAME, {**files_of(model), **hostile_recipe(f"{recipe}\n[weights]\n{weights}\n")})
    with pytest.raises(ValueError, match=message):
        kerasgan.load(HERE)


def test_a_recipe_of_a_network_much_larger_than_its_files_is_refused(server, model):
    recipe = files_of(model)["recipe.toml"].decode().replace("width = 4\n", "width = 20000000\n")
    assert "20000000" in recipe
    server.commit(NAME, {**files_of(model), **hostile_recipe(recipe)})
    with pytest.raises((ValueError, CheckpointError), match="Expected weights of at most"):
        kerasgan.load(HERE)


def test_what_is_no_repository_is_refused(model):
    with pytest.raises(ValueError, match=r"Expected an address such as hf://user/repository\. Received: address="):
        hub.push(model, "hf://user/repository/folder")
    result = run("push", model, "gs://bucket/x", "--private")
    assert result.exit_code == 1 and "Expected hf://user/repository" in result.output
