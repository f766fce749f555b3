"""`.keras` and `.weights.h5` files of unknown origin: small files that ask for much, and numbers that are none."""

import json
import zipfile

import h5py
import numpy as np
import pytest

import kerasgan
from kerasgan import zoo
from kerasgan.checkpoints import CheckpointError, keras_files
from kerasgan.models import DCGAN

SMALL = {"image_size": 16, "channels": 1, "latent_dim": 4, "width": 4}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A small DCGAN as a .keras file."""
    path = tmp_path_factory.mktemp("saved") / "gan.keras"
    gan = DCGAN(**SMALL)
    gan.compile()
    gan.save(path)
    return path


def changed(saved, path, change, compression=zipfile.ZIP_STORED):
    """A copy of the file whose configuration `change` has changed."""
    with zipfile.ZipFile(saved) as source, zipfile.ZipFile(path, "w", compression) as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "config.json":
                content = json.dumps(change(json.loads(content))).encode()
            target.writestr(name, content)
    return path


def test_a_good_file_is_loaded_as_keras_loads_it(saved):
    assert keras_files.load_model(saved).get_config()["width"] == SMALL["width"]
    assert kerasgan.load(saved).image_shape == (16, 16, 1)


@pytest.mark.parametrize(("key", "value"), [("width", 10**6), ("latent_dim", 10**9), ("channels", 10**7)])
def test_a_width_far_beyond_the_file_is_refused_before_it_is_allocated(saved, tmp_path, key, value):
    def change(config):
        config["config"][key] = value
        return config

    with pytest.raises(CheckpointError, match="Expected weights of at most"):
        kerasgan.load(changed(saved, tmp_path / "wide.keras", change))


def test_a_compressed_configuration_is_not_unpacked(saved, tmp_path, monkeypatch):
    monkeypatch.setattr(keras_files, "SLACK", 1 << 20)
    path = changed(saved, tmp_path / "a.keras", lambda config: {**config, "x": " " * 10**7}, zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 1e6
    with pytest.raises(CheckpointError, match=r"Expected at most .* bytes to unpack"):
        kerasgan.load(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no archive", b"\x00" * 1000])
def test_what_is_no_keras_file_is_named(tmp_path, content):
    path = tmp_path / "a.keras"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.keras"):
        kerasgan.load(path)


RECIPE = """family = "DCGAN"
[model]
image_size = 16
width = 4
latent_dim = 4
[data]
source = "digits"
[train]
batch_size = 8
steps = 1
"""


def weights(saved, path, write):
    """A file as Keras writes one, changed by `write`."""
    path.write_bytes(zipfile.ZipFile(saved).read("model.weights.h5"))
    with h5py.File(path, "a") as file:
        write(file)
    return path


def first(file):
    """The name of an array in the file."""
    found = []
    file["generator"].visititems(lambda name, each: found.append(name) if isinstance(each, h5py.Dataset) else None)
    return f"generator/{found[0]}"


def replaced(file, **settings):
    name = first(file)
    shape = file[name].shape
    del file[name]
    file.create_dataset(name, **{"shape": shape, **settings})


def virtual(file):
    name = first(file)
    del file[name]
    file[name] = h5py.ExternalLink("other.h5", "/a")


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda file: replaced(file, shape=(10**6, 10**6), dtype="f4", chunks=(1, 1)), "Expected arrays within"),
        (lambda file: replaced(file, dtype="c8"), "an array of real numbers"),
        (virtual, "in the file itself"),
        (lambda file: file.__setitem__("again", file[first(file)]), "in one place"),
        (lambda file: replaced(file, data=np.full(file[first(file)].shape, 1e300)), "NaN or infinite"),
        (lambda file: replaced(file, data=np.full(file[first(file)].shape, np.nan)), "NaN or infinite"),
    ],
    ids=["larger than the file", "complex", "of another file", "twice", "beyond float32", "NaN"],
)
@pytest.mark.filterwarnings("ignore:overflow encountered")
def test_weights_that_keras_does_not_write_are_refused(saved, tmp_path, write, message):
    path = weights(saved, tmp_path / "a.weights.h5", write)
    (tmp_path / "recipe.toml").write_text(RECIPE.replace("width", "channels = 1\nwidth"))
    with pytest.raises(ValueError, match=message):
        kerasgan.load(path)


def test_a_model_of_another_shape_is_refused_where_the_recipe_leaves_it_to_the_family(saved, tmp_path):
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(RECIPE)  # without channels: the family's three
    with pytest.raises(ValueError, match=r"with channels=3\. Received: .* with channels=1"):
        zoo.load(recipe, weights=saved)
