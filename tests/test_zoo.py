"""Names, recipes and load; bundled entries are discovered."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import keras
import numpy as np
import pytest
from command_line import run
from PIL import Image, ImageDraw

import kerasgan
from kerasgan import data, metrics, models, zoo
from kerasgan.data.decoding import resized
from kerasgan.evaluation import evaluate
from kerasgan.files.toml import write_sections

NAMES = zoo.names()
BUNDLED = [name for name in NAMES if zoo.recipe(name).bundled]
RECIPE = """
family = "DCGAN"
[model]
image_size = 16
channels = 1
width = 4
[data]
source = "digits"
image_size = 16
[train]
batch_size = 8
steps = 3
"""


def write(folder, text=RECIPE, name="mine"):
    path = folder / name / "recipe.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_names_are_sorted_and_filtered():
    assert sorted(NAMES) == NAMES
    assert {"dcgan-celeba", "dcgan-digits", "gan-mnist"} <= set(NAMES)
    assert {zoo.recipe(name).family for name in zoo.names(family="DCGAN")} == {"DCGAN"}
    assert {"dcgan-celeba", "wgan-lsun-bedroom"} <= set(zoo.names(family="DCGAN"))  # another objective
    assert set(zoo.names(pretrained=True)) | set(zoo.names(pretrained=False)) == set(NAMES)
    assert "dcgan-celeba" in zoo.names(pretrained=True)
    assert "gan-mnist" in zoo.names(pretrained=False)


def test_recipes_are_those_of_the_names_each_read_once(monkeypatch):
    read, paths = zoo.registry.read, []
    monkeypatch.setattr(zoo.registry, "read", lambda path: paths.append(path) or read(path))
    assert [each.name for each in zoo.recipes()] == zoo.names() and len(paths) == len(zoo.names())
    chosen = {"family": "dcgan", "pretrained": True}
    assert [each.name for each in zoo.recipes(**chosen)] == zoo.names(**chosen) != []


def test_every_entry_is_named_after_family_and_data_and_says_how_to_train_it():
    for name in NAMES:
        recipe = zoo.recipe(name)
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", name), name
        assert recipe.name == name
        assert recipe.command.startswith(f"kerasgan train {name} "), name
        assert recipe.summary and "TODO" not in recipe.header, name
        assert recipe.family in models.__all__, name


def test_a_published_entry_says_what_it_is_of_and_how_it_was_scored():
    for name in set(zoo.names(pretrained=True)) - set(BUNDLED):
        weights = zoo.recipe(name).weights
        assert weights["license"] and ("url" in weights or "package" in weights), name
        if "url" in weights:
            assert weights["url"].startswith("https://"), name
            assert weights["sha256"] == "unpublished" or weights["url"].endswith(f"{weights['sha256']}.pth"), name
        assert ("protocol" in weights) == ("scores" in weights), name


def test_every_recipe_draws_images_of_the_models_shape():
    for name in NAMES:
        recipe = zoo.recipe(name)
        model = {**recipe.model}
        if "sizes" in model:  # of a pyramid, from coarse to fine
            model["image_size"] = model["sizes"][-1]
        for key in {"image_size", "channels"} & recipe.data.keys():
            assert recipe.data[key] == model[key], f"{name}: {key}"


@pytest.mark.parametrize(
    "name", [name for name in NAMES if name.endswith("-digits") or name in ("dcgan-celeba", "cgan-mnist")]
)
def test_recipes_build_compiled_untrained_models(name):
    gan = zoo.load(name, weights=None)
    assert gan.compiled
    assert int(gan.optimizer.iterations) == 0
    if name == "dcgan-celeba":
        assert gan.image_shape == (64, 64, 3)


# TensorFlow measures every bundled entry; the others one of each kind.
MEASURED = {"jax": ("dcgan", "sngan"), "torch": ("dcgan", "sngan", "stylegan2", "cyclegan", "deepsim", "video")}


def measured(name):
    backends = [backend for backend, kinds in MEASURED.items() if any(kind in name for kind in kinds)]
    return pytest.param(name, marks=[pytest.mark.backends(*backends)] if backends else [])


@pytest.mark.parametrize("name", [measured(name) for name in BUNDLED])
def test_bundled_entries_load_offline_and_keep_the_quality_of_their_card(name):
    recipe = zoo.recipe(name)
    weights = recipe.folder / recipe.weights["file"]
    assert hashlib.sha256(weights.read_bytes()).hexdigest() == recipe.weights["sha256"]
    assert (recipe.folder / "samples.png").stat().st_size > 1000
    gan = zoo.load(name)
    if recipe.source.searches:  # the images of a package that may not be at hand
        assert f"{next(iter(recipe.results.values())):.4g}" in (recipe.folder / "card.md").read_text()
        return
    if gan.task.from_images:
        scores = evaluate.evaluate(recipe, gan).content["scores"]
        for key, found in scores.items():
            assert found["mean"] == pytest.approx(recipe.results[key], rel=0.01), key
            compared = "peak" in key and "frame" not in key  # later frames are predicted from predictions
            if compared and found["real"] is not None:
                assert found["mean"] > found["real"] + 3  # in dB, above the inputs themselves
        return
    labels = np.arange(1000) % 10 if gan.num_classes else None
    images = gan.generate(1000, labels=labels, seed=0)
    assert images.min() >= -1 and images.max() <= 1
    scores = metrics.digit_scores(images, labels)
    assert scores["frechet_distance"] == pytest.approx(recipe.results["frechet_distance"], abs=0.1)
    assert min(scores["class_shares"]) >= 0.04 and max(scores["class_shares"]) <= 0.2
    if labels is not None:
        assert scores["label_accuracy"] >= 0.95
    assert f"{recipe.results['frechet_distance']:.4g}" in (recipe.folder / "card.md").read_text()


def test_landscapes_networks_enlarge_other_photographs_better_than_bicubic_interpolation():
    photographs = data.photos(split="test", image_size=128)
    small, large = data.derive_pairs(photographs, {"name": "shrunk", "factor": 4}).examples(6)
    made = {name: zoo.load(f"{name}-landscapes-x4").predict(small) for name in ("srresnet", "srgan")}
    made["bicubic"] = resized(small, size=(128, 128), crop="stretch")
    found = {name: metrics.pair_scores(images, large, scale=4) for name, images in made.items()}
    keys = ("peak_signal_to_noise", "sharpness_ratio")
    psnr, variation = ({name: scores[key].mean() for name, scores in found.items()} for key in keys)
    assert psnr["srresnet"] > psnr["bicubic"] + 0.5 and psnr["srgan"] > psnr["bicubic"] - 2
    assert variation["srgan"] > 1.3 * variation["srresnet"] > 1.3 * variation["bicubic"]


def test_drawings_are_colored_and_faces_are_faces():
    drawing = Image.new("L", (128, 128), "white")
    pen = ImageDraw.Draw(drawing)
    pen.ellipse((20, 20, 108, 108), outline="black", width=4)
    pen.line((44, 80, 84, 80), fill="black", width=4)
    for left in (46, 76):
        pen.ellipse((left, 46, left + 6, 56), fill="black")
    made = zoo.load("pix2pix-openmoji").predict(np.asarray(drawing)[..., np.newaxis])
    red, green, blue = made[30:40, 54:74].mean(axis=(0, 1))  # the forehead
    assert red > 0.7 and green > 0.5 and blue < 0.0
    assert made[5:15, 5:15].min() > 0.9 and made[80:83, 50:78].max() < 0.0  # paper and line stay
    faces = zoo.load("stylegan2-emoji-faces").generate(64, seed=0, truncation=0.7)
    yellow = (faces[:, 16:48, 16:48].mean(axis=(1, 2)) * (1, 1, -1)).min(axis=1) > 0
    corners = faces[:, ::63, ::63].min(axis=(1, 2, 3)) > 0.5
    assert (yellow & corners).mean() > 0.8
    assert faces.std(axis=0).mean() > 0.1  # they differ


def test_dcgan_digits_is_at_least_as_good_as_required():
    assert zoo.recipe("dcgan-digits").results["frechet_distance"] <= 0.40


def test_deconv_landscapes_gains_and_its_critic_sharpens():
    experiment = json.loads((zoo.recipe("deconv-landscapes").folder / "experiment.json").read_text(encoding="utf-8"))
    columns, rows = (experiment[key] for key in ("columns", "rows"))
    *_, mean, variation = (dict(zip(columns, row)) for row in rows)
    gain, half_interval = (float(each) for each in mean["gain in dB"].split(" ± "))
    assert gain - half_interval >= 1.0
    assert float(variation["without its critic"]) + 0.03 < float(variation["with its critic"]) <= 1.0


def test_loaded_weights_are_the_generators_and_the_averages():
    gan = zoo.load("dcgan-digits")
    assert gan.ema_generator is not None
    for first, second in zip(gan.generator.variables, gan.ema_generator.variables):
        if "float" in first.dtype:
            np.testing.assert_array_equal(
                keras.ops.convert_to_numpy(first.value), keras.ops.convert_to_numpy(second.value)
            )


def test_an_unknown_name_lists_the_nearest():
    with pytest.raises(ValueError, match=r"such as dcgan-digits.*Received: name='dcgan-digit'"):
        zoo.recipe("dcgan-digit")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("../secret", "does not exist"),
        ("gan.keras", "does not exist"),
        ("/etc", "holds no recipe.toml"),
        (".", "holds no recipe.toml"),
    ],
)
def test_a_name_is_no_path(name, why):
    with pytest.raises(ValueError, match=f"Expected the name of a zoo entry .*, which {why}$"):
        zoo.recipe(name)


def test_a_missing_recipe_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=re.escape(str(tmp_path / "none.toml"))):
        zoo.recipe(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("steps = 3", "step = 3", "Expected the key 'steps' in "),
        ("steps = 3", "steps = 3\nobjectiv = 'hinge'", "Unknown key 'objectiv' .*such as objective"),
        ('family = "DCGAN"', "", "Expected the key 'family'"),
        ('family = "DCGAN"', 'family = "DCGAN"\nparent = "x"', "Unknown key 'parent'"),
        ("[data]\n", "[dat]\n", "Expected the key 'data'"),
        ('source = "digits"', 'source = "web"', "one of cifar10, .*digits, .*folder, .*, unpaired.*source='web'"),
        ("steps = 3", "steps = 0", "positive whole number"),
        ("steps = 3", "steps = ", "Expected a TOML file"),
        ("[data]", "[weights]\nurl = 3\nwrong = 1\n[data]", "Unknown key 'wrong'"),
        ("[data]", "[weights]\n[data]", "Expected 'file', or 'url' and 'sha256'.*Received: nothing"),
        ("[data]", "[weights]\nurl = 'x'\n[data]", "Received: url"),
        ("[data]", "[weights]\nfile = 'x'\ndiscriminator = 'y'\n[data]", "Expected 'discriminator' with 'discrim"),
        ("[data]", "[weights]\nfile = 'x'\nformat = 'bogus'\n[data]", "Received: format='bogus'"),
        ("[data]", "[weights]\nfile = '../x'\n[data]", "beside the recipe .*Received: file='../x'"),
        (
            "[data]",
            "[weights]\nfile = 'x'\ndiscriminator = '/etc/x'\ndiscriminator_sha256 = '0'\n[data]",
            "beside the recipe .*Received: discriminator='/etc/x'",
        ),
    ],
)
def test_a_wrong_recipe_is_an_error_that_names_key_and_file(tmp_path, old, new, message):
    path = write(tmp_path, RECIPE.replace(old, new))
    with pytest.raises(ValueError, match=message) as caught:
        zoo.recipe(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('family = "DCGAN"', 'family = "DCGANN"', "such as DCGAN"),
        ("width = 4", "widht = 4", r"Unknown key 'widht' in \[model\] of .*such as width"),
        ("image_size = 16\nchannels", "image_size = 17\nchannels", "power of two"),
        ("steps = 3", "steps = 3\nobjective = 'hing'", "such as hinge"),
        ("steps = 3", "steps = 3\ngenerator_optimizer = {name = 'Adaam'}", "such as Adam"),
        ("steps = 3", "steps = 3\ngenerator_optimizer = {name = 'Adam', rate = 1}", "rate"),
    ],
)
def test_a_recipe_that_cannot_be_built_names_the_file(tmp_path, old, new, message):
    path = write(tmp_path, RECIPE.replace(old, new))
    with pytest.raises(ValueError, match=message) as caught:
        zoo.build(zoo.recipe(path))
    assert str(path) in str(caught.value)


def test_a_recipe_of_your_own_names_optimizers_and_schedules(tmp_path):
    schedule = "{ name = 'CosineDecay', initial_learning_rate = 0.1, decay_steps = 10 }"
    path = write(tmp_path, RECIPE + f"generator_optimizer = {{ name = 'MomentumRampSGD', learning_rate = {schedule} }}")
    gan = zoo.build(zoo.recipe(path))
    assert type(gan.optimizer.generator).__name__ == "MomentumRampSGD"
    assert type(gan.optimizer.generator._learning_rate).__name__ == "CosineDecay"


def test_load_gives_untrained_weights_only_on_request():
    with pytest.raises(zoo.WeightsError, match=r"no trained weights yet.*kerasgan train gan-mnist.*weights=None"):
        zoo.load("gan-mnist")


@pytest.fixture
def trained(tmp_path):
    path = write(tmp_path)
    gan = zoo.load(path, weights=None)
    gan.fit(zoo.source(zoo.recipe(path)), steps_per_epoch=1, verbose=0)
    return path, gan


@pytest.mark.parametrize("file", ["generator.weights.h5", "all.weights.h5", "gan.keras"])
def test_weights_come_from_files_of_every_kind(trained, file):
    path, gan = trained
    target = path.parent / file
    {"generator.weights.h5": gan.sampler.save_weights, "all.weights.h5": gan.save_weights, "gan.keras": gan.save}[file](
        target
    )
    again = zoo.load(path, weights=target)
    np.testing.assert_array_equal(again.generate(2, seed=0), gan.generate(2, seed=0))


def test_a_bundled_discriminator_is_verified_and_loaded(trained):
    path, gan = trained
    gan.sampler.save_weights(path.parent / "g.weights.h5")
    gan.discriminator.save_weights(path.parent / "d.weights.h5")
    digest = hashlib.sha256((path.parent / "d.weights.h5").read_bytes()).hexdigest()
    weights = f"[weights]\nfile = 'g.weights.h5'\ndiscriminator = 'd.weights.h5'\ndiscriminator_sha256 = '{digest}'\n"
    path.write_text(RECIPE + weights)
    again = zoo.load(path)
    np.testing.assert_array_equal(again.generate(2, seed=0), gan.generate(2, seed=0))
    images = gan.generate(2, seed=1)
    np.testing.assert_array_equal(again.discriminator.predict(images), gan.discriminator.predict(images))
    path.write_text(path.read_text().replace(digest, digest[::-1]))
    with pytest.raises(zoo.WeightsError, match=r"Expected .*d\.weights\.h5 with sha256"):
        zoo.load(path)


def test_weights_of_another_architecture_are_refused(trained, tmp_path):
    path, gan = trained
    gan.save_weights(path.parent / "all.weights.h5")
    other = write(tmp_path, RECIPE.replace("width = 4", "width = 6"), name="other")
    with pytest.raises(ValueError, match="Expected weights of this DCGAN's architecture"):
        zoo.load(other, weights=path.parent / "all.weights.h5")


def test_a_file_that_is_no_weights_file_is_refused(trained):
    path, _ = trained
    (path.parent / "broken.weights.h5").write_bytes(b"nothing")
    with pytest.raises(zoo.WeightsError, match=r"Expected a \.weights\.h5 file"):
        zoo.load(path, weights=path.parent / "broken.weights.h5")
    with pytest.raises(zoo.WeightsError, match="does not exist"):
        zoo.load(path, weights=path.parent / "none.weights.h5")


def test_a_damaged_bundled_file_is_refused(tmp_path):
    original = zoo.recipe("dcgan-digits")
    shutil.copytree(original.folder, tmp_path / "copy")
    with open(tmp_path / "copy" / original.weights["file"], "r+b") as file:
        file.seek(3000)
        file.write(b"damage")
    with pytest.raises(zoo.WeightsError, match="damaged"):
        zoo.load(tmp_path / "copy" / "recipe.toml")


def test_a_download_that_is_impossible_says_what_to_do(monkeypatch, tmp_path):
    """The address is closed: nothing leaves this machine."""
    monkeypatch.setenv("KERASGAN_HOME", str(tmp_path / "cache"))
    text = (
        RECIPE
        + '[weights]\nurl = "http://127.0.0.1:9/dcgan-1f8a2277.pth"\nsha256 = "1f8a2277"\nlicense = "Apache-2.0"\n'
    )
    with pytest.raises(zoo.WeightsError) as caught:
        zoo.load(write(tmp_path, text))
    message = str(caught.value)
    assert "http://127.0.0.1:9/dcgan-1f8a2277.pth" in message
    assert str(tmp_path / "cache") in message
    assert "weights=None" in message
    assert "dcgan-digits" in message


def test_an_installed_package_reads_the_zoo_inside_it(tmp_path):
    shutil.copytree(Path(kerasgan.__file__).parent, tmp_path / "kerasgan", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(zoo.recipe("dcgan-digits").folder.parent, tmp_path / "kerasgan" / "_zoo", dirs_exist_ok=True)
    code = "from kerasgan import zoo; print(zoo.recipe('dcgan-digits').folder); print(*zoo.names())"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    folder, names = done.stdout.splitlines()
    assert folder == str(tmp_path / "kerasgan" / "_zoo" / "dcgan-digits")
    assert names.split() == NAMES


def test_a_key_that_the_source_does_not_take_names_the_file(tmp_path):
    path = write(tmp_path, RECIPE.replace('source = "digits"', 'source = "digits"\ncrop = "center"'))
    with pytest.raises(ValueError, match="crop") as caught:
        zoo.source(zoo.recipe(path))
    assert str(path) in str(caught.value)


def test_a_recipe_may_name_keras_dtype_policy(tmp_path):
    gan = zoo.build(zoo.recipe(write(tmp_path, RECIPE + 'dtype_policy = "mixed_bfloat16"')))
    assert gan.generator.layers[1].compute_dtype == "bfloat16" and gan.generator.weights[0].dtype == "float32"
    assert keras.config.dtype_policy().name == "float32"
    with pytest.raises(ValueError, match=r"mine.recipe\.toml.*bfloat17"):
        zoo.build(zoo.recipe(write(tmp_path, RECIPE + 'dtype_policy = "mixed_bfloat17"')))


def test_sections_are_replaced_and_all_else_in_a_recipe_stays(tmp_path):
    path = tmp_path / "recipe.toml"
    kept = '# the command\nfamily = "DCGAN"  # of 2015\n\n[model]\n# why\nwidth = 3\n'
    path.write_text(
        kept + '\n[results]\nold = 1\n\n[results.more]\nold = 2\n\n[weights]\nfile = "a"\n', encoding="utf-8"
    )
    values = {"digits": [1, 2.5], "of": [{"name": "ü\n", "rate": 1e-8}], "true": True, "a b": {"c": {}}}
    write_sections(path, {"results": values})
    text = path.read_text(encoding="utf-8")
    assert text.startswith(kept + '\n[weights]\nfile = "a"\n\n[results]\n')
    assert tomllib.loads(text)["results"] == values and len(text.rpartition("[results]\n")[2].splitlines()) == 4
    write_sections(path, {"results": values})
    assert path.read_text(encoding="utf-8") == text


def test_a_keras_file_of_another_size_than_the_entrys_is_refused(tmp_path):
    gan = models.DCGAN(**models.DCGAN.tiny_config)
    gan.compile()
    gan.save(tmp_path / "gan.keras")
    with pytest.raises(ValueError, match=r"Expected a model of dcgan-digits with image_size=32.*image_size=16"):
        zoo.load("dcgan-digits", weights=tmp_path / "gan.keras")


def test_weights_that_are_not_finite_are_refused_in_every_file(tmp_path):
    gan = zoo.load("dcgan-digits")
    kernel = gan.generator.trainable_variables[0]
    kernel.assign(np.full(kernel.shape, np.nan))
    gan.generator.save_weights(tmp_path / "nan.weights.h5")
    gan.compile(ema_half_life=0)
    gan.save(tmp_path / "nan.keras")
    for name in ("nan.weights.h5", "nan.keras"):
        with pytest.raises(zoo.WeightsError, match=rf"Expected finite weights in .*{name}.*{kernel.path}"):
            zoo.load("dcgan-digits", weights=tmp_path / name)


@pytest.mark.parametrize("order", ["keras, kerasgan", "kerasgan, keras"])
def test_keras_loads_a_file_in_a_new_process_that_has_only_imported_kerasgan(order, tmp_path):
    models.DCGAN(**models.DCGAN.tiny_config).save(tmp_path / "gan.keras")
    code = f"import sys, {order}; print(type(keras.saving.load_model(sys.argv[1])).__name__)"
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "gan.keras"], capture_output=True, text=True)
    assert done.stdout.strip() == "DCGAN", done.stderr


def test_entries_of_ones_own_are_found_beside_the_bundled_ones(tmp_path, monkeypatch):
    first, second = tmp_path / "first", tmp_path / "second"
    path = write(first, name="team-digits")
    write(second, name="team-mnist")
    gan = zoo.load(path, weights=None)
    gan.sampler.save_weights(path.with_name("generator.weights.h5"))
    path.write_text(f'{RECIPE}[weights]\nfile = "generator.weights.h5"\n')
    assert "team-digits" not in zoo.names()
    monkeypatch.setenv("KERASGAN_ZOO", os.pathsep.join(map(str, (first, second))))
    assert zoo.names() == sorted([*NAMES, "team-digits", "team-mnist"])
    assert zoo.recipe("Team_Digits").path == path
    np.testing.assert_array_equal(kerasgan.load("team-digits").generate(2, seed=0), gan.generate(2, seed=0))
    shown = run("info", "team-digits")
    assert shown.exit_code == 0 and "team-digits" in shown.output
    assert "team-mnist" in run("list", "--family", "DCGAN").output
    trained = run("train", "team-mnist", "-o", tmp_path / "run", "--steps", 1, "--doctor", "off")
    assert trained.exit_code == 0, trained.output
    with pytest.raises(ValueError, match="Expected the name of a zoo entry"):
        zoo.recipe("../first/team-digits")


def test_own_entries_may_neither_hide_others_nor_be_nowhere(tmp_path, monkeypatch):
    monkeypatch.setenv("KERASGAN_ZOO", str(tmp_path))
    write(tmp_path, name="dcgan-digits")
    with pytest.raises(ValueError, match=r"Expected entries of other names.*KERASGAN_ZOO.*dcgan-digits"):
        zoo.names()
    monkeypatch.setenv("KERASGAN_ZOO", str(tmp_path / "none"))
    with pytest.raises(FileNotFoundError, match=r"Expected KERASGAN_ZOO to name folders of entries\. Received: .*none"):
        zoo.recipe("dcgan-digits")


def test_a_retired_entry_is_its_successor():
    with pytest.warns(UserWarning, match="srgan-photos-x4 is retired; srgan-landscapes-x4 takes its place"):
        assert zoo.recipe("srgan-photos-x4").name == "srgan-landscapes-x4"
