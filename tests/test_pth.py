"""PyTorch's files, zip and legacy, read without PyTorch: every element type, every view, every plain value."""

import functools
import pickle
import struct
from collections import OrderedDict

import keras
import numpy as np
import pytest
from pth_writer import FORMATS, KINDS, Raw, Writer

from kerasgan.checkpoints import pth
from kerasgan.checkpoints.pickles import CheckpointError


@FORMATS
@pytest.mark.parametrize("kind", KINDS)
def test_every_element_type_is_read_as_it_was_written(write, kind, tmp_path):
    numbers = np.array([[0, 1, 2], [3, 0, 100]]).astype(KINDS[kind])
    writer = Writer()
    read = pth.read(write(writer, {"a": writer.tensor(numbers, kind=kind)}, tmp_path / "x.pth"))["a"]
    assert read.dtype == numbers.dtype
    np.testing.assert_array_equal(read, numbers)


@FORMATS
def test_bfloat16_widens_exactly(write, tmp_path):
    writer = Writer()  # 1.0, -2.5 and the largest bfloat16 by their bit patterns
    writer.storages.append(("BFloat16", struct.pack("<3H", 0x3F80, 0xC020, 0x7F7F), 3))
    tensor = writer.tensor(np.zeros(3), kind="BFloat16", key=0)
    read = pth.read(write(writer, {"a": tensor}, tmp_path / "x.pth"))["a"]
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, np.array([1.0, -2.5, 3.3895314e38], "float32"))


@FORMATS
def test_views_of_one_storage_keep_their_strides_and_offsets(write, tmp_path):
    writer = Writer()
    whole = writer.tensor(np.arange(24.0))
    look = functools.partial(writer.tensor, np.arange(24.0), key=0)
    views = {
        "transposed": look(size=(4, 6), stride=(1, 4)),
        "part": look(size=(2, 3), stride=(6, 2), offset=7),
        "scalar": look(size=(), stride=(), offset=23),
        "expanded": look(size=(3, 2), stride=(0, 1), offset=4),
        "empty": look(size=(0, 3), stride=(3, 1)),
    }
    read = pth.read(write(writer, {"whole": whole, **views}, tmp_path / "x.pth"))
    table = np.arange(24.0)
    np.testing.assert_array_equal(read["transposed"], table.reshape(6, 4).T)
    np.testing.assert_array_equal(read["part"], [[7, 9, 11], [13, 15, 17]])
    np.testing.assert_array_equal(read["expanded"], [[4, 5]] * 3)
    assert read["scalar"].shape == () and read["scalar"] == 23 and read["empty"].shape == (0, 3)


@FORMATS
def test_containers_numbers_and_parameters_come_back_plain(write, tmp_path):
    writer = Writer()
    parameter = Raw(b"ctorch._utils\n_rebuild_parameter\n" + writer.value((np.ones(2), True, OrderedDict())) + b"R")
    size = Raw(b"ctorch\nSize\n" + writer.value(((2, 3),)) + b"R")
    state = Raw(writer.value(OrderedDict(a=1)) + writer.value({"_metadata": OrderedDict()}) + b"b")
    contents = {
        "p": parameter,
        "s": size,
        "state": state,
        "meta": {"iter": 5, "rate": 0.5, "none": None, "l": [1, "ü"]},
    }
    read = pth.read(write(writer, contents, tmp_path / "x.pth"))
    assert (read["s"], read["state"]) == ((2, 3), {"a": 1})
    assert read["meta"] == {"iter": 5, "rate": 0.5, "none": None, "l": [1, "ü"]}
    np.testing.assert_array_equal(read["p"], [1, 1])


@FORMATS
@pytest.mark.parametrize("protocol", range(6))
def test_plain_values_of_every_protocol_are_read(write, protocol, tmp_path):
    value = {"text": "a\nü", "list": [1, -(2**70), 2.5, True, None], "pair": ("x", 1), 3: {}, "dict": OrderedDict(a=1)}
    assert pth.read(write(Writer(), pickle.dumps(value, protocol), tmp_path / "x.pth")) == value


@FORMATS
def test_numbers_of_numpy_are_read_as_numbers(write, tmp_path):
    value = pickle.dumps({"a": np.float64(2.5), "b": np.int32(-7), "c": np.bool_(True)}, protocol=2)
    assert pth.read(write(Writer(), value, tmp_path / "x.pth")) == {"a": 2.5, "b": -7, "c": True}


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_what_pytorch_saves_is_read_as_pytorch_reads_it(zipped, tmp_path):
    torch = pytest.importorskip("torch")
    cube = torch.arange(24.0).reshape(2, 3, 4)
    saved = {
        "view": cube[:, 1:, ::2],
        "transposed": cube.transpose(0, 2),
        "expanded": torch.ones(1).expand(5, 3),
        "half": cube.half(),
        "brain": cube.bfloat16(),
        "bool": cube > 4,
        "scalar": torch.tensor(7),
        "complex": torch.tensor([1 + 2j]),
        "parameter": torch.nn.Parameter(cube),
        **torch.nn.Sequential(torch.nn.ConvTranspose2d(2, 3, 4), torch.nn.BatchNorm2d(3)).state_dict(),
    }
    torch.save({"state_dict": saved}, tmp_path / "x.pth", _use_new_zipfile_serialization=zipped)
    read = pth.read(tmp_path / "x.pth")["state_dict"]
    assert list(read) == list(saved)
    for name, tensor in saved.items():
        expected = (tensor.float() if tensor.dtype is torch.bfloat16 else tensor).detach().numpy()
        assert read[name].dtype == expected.dtype
        np.testing.assert_array_equal(read[name], expected)


def test_a_model_that_keras_saved_is_no_published_checkpoint(tmp_path):
    path = tmp_path / "gan.keras"
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(path)
    with pytest.raises(CheckpointError, match=r"Received: a model that Keras saved, which kerasgan\.load takes$"):
        pth.read(path)
