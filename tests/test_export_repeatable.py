"""The same network is the same file: in one process, and in processes of other hash seeds and addresses."""

import contextlib
import hashlib
import os
import subprocess
import sys
import zipfile

import keras
import pytest
from test_export_options import made

import kerasgan
from kerasgan.export.formats import onnx as onnx_files
from kerasgan.export.formats.repeatable import OrderedSet
from kerasgan.models import DCGAN, ESRGAN, FramePrediction, StyleGAN2

pytestmark = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="other backends: test_export_programs")

PROGRAM = """
import sys
from test_export_repeatable import digests
print(*digests(sys.argv[1]))
"""


def digests(folder):
    """Of ONNX, LiteRT and SavedModel files of a network whose order of nodes sets decided, and of quantized weights."""
    paths = [
        kerasgan.export.onnx(made(FramePrediction), f"{folder}/video.onnx"),
        kerasgan.export.onnx(made(), f"{folder}/quantized.onnx", precision="static_int8", opset=21),
        kerasgan.export.litert(made(), f"{folder}/file.tflite"),
        kerasgan.export.saved_model(made(StyleGAN2), f"{folder}/saved"),  # its layers have states of random numbers
    ]
    files = [
        file for path in paths for file in (sorted(path.rglob("*")) if path.is_dir() else [path]) if file.is_file()
    ]
    return [f"{file.name}:{hashlib.sha256(file.read_bytes()).hexdigest()[:16]}" for file in files]


@pytest.mark.slow
def test_processes_of_other_hash_seeds_write_the_same_bytes(tmp_path):
    found = set()
    for seed in ("1", "2", "3"):
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        (tmp_path / seed).mkdir()
        command = [sys.executable, "-c", PROGRAM, str(tmp_path / seed)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        found.add(done.stdout)
    assert len(found) == 1 and len(found.pop().split()) >= 8, found


@pytest.mark.parametrize("form", ["onnx", "litert"])
@pytest.mark.parametrize("family", [FramePrediction, DCGAN], ids=["video", "dcgan"])
def test_a_process_writes_the_same_bytes_again_from_a_model_made_anew(family, form, tmp_path):
    export, found = getattr(kerasgan.export, form), set()
    for _ in range(3):
        keras.layers.Conv2D(1, 3), keras.layers.Conv2DTranspose(1, 3)  # the numbers in names of layers go on
        found.add(export(made(family), tmp_path / "file").read_bytes())
    assert len(found) == 1


def attentive():
    """A model of attention, whose Einsum tf2onnx takes apart."""
    layers = keras.layers
    keras.utils.set_random_seed(0)
    latents = keras.Input((6,))
    x = layers.Reshape((4, 2))(layers.Dense(8)(latents))
    images = layers.Reshape((4, 2, 1))(layers.MultiHeadAttention(2, 2)(x, x))
    return kerasgan.GAN(keras.Model(latents, images), keras.Sequential([keras.Input((4, 2, 1)), layers.Flatten()]))


def test_addresses_are_not_in_the_file(tmp_path):
    first, second = (kerasgan.export.onnx(attentive(), tmp_path / "file").read_bytes() for _ in range(2))
    assert b"einsum" in first and first == second


def test_the_time_of_a_litert_export_is_not_in_the_file(tmp_path):
    with zipfile.ZipFile(kerasgan.export.litert(made(), tmp_path / "file")) as archive:
        assert archive.getinfo("kerasgan.json").date_time == (1980, 1, 1, 0, 0, 0)  # the earliest of the format


def test_an_ordered_set_is_a_set_in_the_order_of_insertion():
    items = OrderedSet("cabca")
    assert "".join(items) == "cab" and len(items) == 3 and "a" in items
    items.update("xa", "b")
    items.remove("c")
    assert "".join(items) == "abx"
    assert items.pop() == "x" and items == {"a", "b"} and items.issubset("abc") and not items.issubset("a")
    assert "".join(items.union("ca")) == "abc" and "".join(items | {"c"}) == "abc"
    assert list(items.intersection("b")) == ["b"] and list(items & {"b"}) == ["b"]
    assert list(items.difference("b")) == ["a"] and list(items - {"b"}) == ["a"] and {"c", "a"} - items == {"c"}


@pytest.mark.parametrize("family", [FramePrediction, DCGAN, ESRGAN], ids=["video", "dcgan", "esrgan"])
def test_tf2onnx_as_it_is_makes_the_same_file_as_without_what_is_left_out(family, tmp_path, monkeypatch):
    from tf2onnx import tf_loader

    gan, used = made(family), []

    def plain():
        used.append("plain")
        return contextlib.nullcontext()

    with monkeypatch.context() as patch:
        patch.setattr(tf_loader, "convert_variables_to_constants_v2", lambda *given, **options: used.append("again"))
        quick = kerasgan.export.onnx(gan, tmp_path / "quick.onnx").read_bytes()
    assert not used  # the quick way did not end in an error, after which tf2onnx converts once more as it is
    monkeypatch.setattr(onnx_files, "_frozen_once", plain)
    monkeypatch.setattr(onnx_files, "_transposes_alone", plain)
    assert kerasgan.export.onnx(gan, tmp_path / "plain.onnx").read_bytes() == quick
    assert used == ["plain", "plain"]


def test_another_tf2onnx_on_which_nothing_can_be_left_out_writes_the_file_all_the_same(tmp_path, monkeypatch):
    from tf2onnx import tf_loader

    gan, tried = made(), []

    def missing(function):
        tried.append(function)
        raise AttributeError("no longer in TensorFlow")

    known = kerasgan.export.onnx(gan, tmp_path / "quick.onnx").read_bytes()
    monkeypatch.setattr(tf_loader, "convert_variables_to_constants_large_model", missing)
    assert kerasgan.export.onnx(gan, tmp_path / "slow.onnx").read_bytes() == known and len(tried) == 1
