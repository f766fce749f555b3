"""MNIST and CIFAR from a path, from Keras' cache, and what is said in seconds where there is neither nor a network."""

import hashlib
import pickle
import socket
import tarfile
import time
from pathlib import Path

import keras
import numpy as np
import pytest
from command_line import run
from test_idx import fashion

from kerasgan import data, zoo
from kerasgan.data import builders, keras_datasets
from kerasgan.files import network
from kerasgan.training import train
from kerasgan.zoo import data_sources


@pytest.fixture
def offline(tmp_path, monkeypatch):
    """No network, not even quick errors: names are looked up for ever. And an empty cache of Keras."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(network, "_try", lambda place, seconds, answers: time.sleep(60))
    monkeypatch.setattr(network.reachable, "__kwdefaults__", {"port": 443, "seconds": 0.2})
    monkeypatch.setattr(network.urllib.request, "getproxies", dict)
    monkeypatch.setattr(keras.datasets.mnist, "load_data", lambda: pytest.fail("Keras would try for minutes"))


def known(monkeypatch, name, path):
    """Makes a file the published one."""
    which = keras_datasets.SETS[name]._replace(sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    monkeypatch.setattr(keras_datasets, name.upper(), which)


def written_mnist(path):
    gray = np.arange(6 * 28 * 28, dtype=np.uint32).astype(np.uint8).reshape(6, 28, 28)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, x_train=gray, y_train=np.arange(6), x_test=gray[:2], y_test=np.arange(2))
    return gray


def test_mnist_is_read_from_its_file_a_folder_of_it_and_idx_files(tmp_path, monkeypatch, offline):
    gray = written_mnist(tmp_path / "mnist.npz")
    known(monkeypatch, "mnist", tmp_path / "mnist.npz")
    for path in (tmp_path / "mnist.npz", tmp_path):
        source = data.mnist(path, batch_size=3, shuffle=False)
        np.testing.assert_array_equal(source.images()[..., 0], gray)
        assert source.labels.tolist() == [0, 1, 2, 3, 4, 5] and source.num_classes == 10
    assert data.mnist(tmp_path, split="test", image_size=32, channels=3).images().shape == (2, 32, 32, 3)
    (tmp_path / "idx").mkdir()
    assert data.mnist(fashion(tmp_path / "idx"), image_size=4).count == 6
    assert (data.mnist(tmp_path, labels_per_class=1, batch_size=2).labels >= 0).sum() == 6


def test_cifars_archives_are_read_as_published_and_refused_otherwise(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    for name, key, parts in (
        ("cifar10", b"labels", ["data_batch_1", "data_batch_2", "test_batch"]),
        ("cifar100", b"fine_labels", ["train", "test"]),
    ):
        folder = tmp_path / name
        folder.mkdir()
        rows = {part: rng.integers(0, 256, (3, 3072), dtype=np.uint8) for part in parts}
        path = tmp_path / keras_datasets.SETS[name].file
        with tarfile.open(path, "w:gz") as archive:
            for part, pixels in rows.items():
                (folder / part).write_bytes(pickle.dumps({b"data": pixels, key: [1, 2, 3]}))
                archive.add(folder / part, f"{name}/{part}")
        with pytest.raises(ValueError, match=r"Expected cifar-.*with sha256"):
            getattr(data, name)(path)
        known(monkeypatch, name, path)
        source = getattr(data, name)(tmp_path, shuffle=False)
        assert source.labels.tolist() == [1, 2, 3] * (len(parts) - 1)
        first = rows[parts[0]][0].reshape(3, 32, 32)  # planes of red, green, blue
        np.testing.assert_array_equal(source.images(1)[0], first.transpose(1, 2, 0))
        np.testing.assert_array_equal(
            getattr(data, name)(path, split="test").images()[0, 0, 0], rows[parts[-1]][0, ::1024]
        )
    white = np.full((1, 2, 2, 3), 255, np.uint8)
    assert (keras_datasets._in_channels(white, 1) == 255).all()


def test_without_a_network_the_error_says_in_seconds_what_to_do(offline, tmp_path):
    started = time.monotonic()
    with pytest.raises(
        FileNotFoundError, match=r"(?s)neither.*curl -O https://.*/mnist\.npz.*data\.path=FOLDER/mnist\.npz"
    ):
        data.mnist()
    result = run("train", "dcgan-mnist", "--set", "data.source=mnist", "-o", tmp_path / "run")
    assert result.exit_code == 1 and "curl -O" in result.stderr and not (tmp_path / "run").exists()
    options = "--set", "data.source=mnist", "--set", f"data.path={tmp_path}/mnist.npz"
    assert "no such file" in run("train", "dcgan-mnist", *options, "-o", tmp_path / "run").stderr
    assert (
        time.monotonic() - started < 60
    )  # three times; each waits 0.2 s for the network, the rest is building a model


def test_a_tensorflow_dataset_without_a_network_is_an_error_in_seconds(offline, tmp_path):
    options = "--set", f"data.data_dir={tmp_path}/sets"
    result = run("train", "dcgan-mnist", *options, "-o", tmp_path / "run")
    assert result.exit_code == 1
    for words in (
        f"{tmp_path}/sets",
        "neither",
        "tfds.load('mnist'",
        "--set data.data_dir=datasets",
        "--set data.source=mnist",
    ):
        assert words in result.stderr


def test_the_copy_in_keras_cache_needs_no_network(tmp_path, monkeypatch, offline):
    cache = tmp_path / "keras" / "datasets"
    written_mnist(cache / "mnist.npz")
    known(monkeypatch, "mnist", cache / "mnist.npz")
    assert data.mnist(image_size=8).count == 6 and data_sources.get("mnist").at_hand({"source": "mnist"})
    recipe = train.assign(zoo.recipe("dcgan-mnist"), ["data.source=mnist", "train.batch_size=2"])
    assert zoo.source(recipe)[0][0].shape == (2, 64, 64, 1)


def test_a_listening_socket_is_reachable_and_a_silent_one_is_not(monkeypatch):
    monkeypatch.setattr(network.urllib.request, "getproxies", dict)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert network.reachable(["127.0.0.1"], port=port)
        monkeypatch.setattr(network.urllib.request, "getproxies", lambda: {"https": f"http://127.0.0.1:{port}"})
        assert network.reachable(["nowhere.invalid"])
    monkeypatch.setattr(network.urllib.request, "getproxies", dict)
    assert not network.reachable(["127.0.0.1"], port=port)  # closed: refused at once
    monkeypatch.setattr(network, "_try", lambda *arguments: time.sleep(60))
    started = time.monotonic()
    assert not network.reachable(builders.HOSTS, seconds=0.1)
    assert time.monotonic() - started < 5


def test_paths_and_data_options_are_set_from_the_command_line():
    recipe = train.assign(zoo.recipe("dcgan-mnist"), ["data.data_dir=/data/sets", "data.split=test"])
    assert (recipe.data["data_dir"], recipe.data["split"]) == ("/data/sets", "test")
    relative = train.assign(zoo.recipe("dcgan-mnist"), ["data.data_dir=../x y"]).data["data_dir"]
    assert relative == str(Path("../x y").resolve())  # so that a run is resumed from other folders, too
    with pytest.raises(ValueError, match="Unknown key 'data_dirr'"):
        train.assign(zoo.recipe("dcgan-mnist"), ["data.data_dirr=x"])
