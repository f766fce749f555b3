"""Files of safetensors and of ncnn: read as their own libraries read them, and refused if damaged or hostile."""

import json
import struct
import tracemalloc

import ml_dtypes
import ncnn_writer
import numpy as np
import pytest
from ncnn_writer import layer
from pth_writer import Writer
from safetensors.numpy import load_file, save_file

from kerasgan import checkpoints
from kerasgan.checkpoints import CheckpointError, ncnn, reading, safetensors
from kerasgan.models import DCGAN, ESRGAN

SMALL = dict(image_size=32, blocks=1, width=4, growth=2)


def table(path, entries, content=b""):
    """A safetensors file by hand."""
    head = json.dumps(entries).encode()
    path.write_bytes(struct.pack("<Q", len(head)) + head + content)
    return path


def entry(kind, shape, start, end):
    return {"dtype": kind, "shape": shape, "data_offsets": [start, end]}


def images():
    return np.random.default_rng(1).uniform(-1, 1, (1, 8, 8, 3)).astype("float32")


def drawn(gan):
    return np.asarray(gan.sampler(images(), training=False))


# safetensors


@pytest.mark.parametrize("kind", ["float16", "float32", "float64", "int8", "int64", "uint16", "bool"])
def test_safetensors_are_read_as_the_library_wrote_them(tmp_path, kind):
    tensors = {"b": np.arange(6).reshape(2, 3).astype(kind), "a": np.ones((), kind)}
    save_file(tensors, tmp_path / "x.safetensors")
    found = reading.read(tmp_path / "x.safetensors")
    assert {name: (values.dtype, values.tolist()) for name, values in found.items()} == {
        name: (values.dtype, values.tolist()) for name, values in tensors.items()
    }


def test_bfloat16_becomes_float32(tmp_path):
    values = np.array([1.5, -2.0, 3.140625], ml_dtypes.bfloat16)
    found = reading.read(table(tmp_path / "x", {"a": entry("BF16", [3], 0, 6)}, values.tobytes()))["a"]
    assert found.dtype == np.float32 and found.tolist() == [1.5, -2.0, 3.140625]


def test_state_dict_as_safetensors_loads_as_the_pth(tmp_path):
    _, state = ncnn_writer.rrdb()
    save_file(state, tmp_path / "x.safetensors")
    one, other = ESRGAN(**SMALL), ESRGAN(**SMALL)
    checkpoints.assign(one, Writer().zipped(state, tmp_path / "x.pth"))
    assert checkpoints.assign(other, tmp_path / "x.safetensors").publisher == "BasicSR"
    assert np.array_equal(drawn(one), drawn(other))


def test_written_weights_are_those_of_the_network_and_load_again(tmp_path):
    one = DCGAN(**DCGAN.tiny_config)
    one.compile(ema_half_life=10)
    path = safetensors.write(tmp_path / "x.safetensors", one.sampler, metadata={"entry": "none"})
    found = load_file(path)
    assert {name: values.shape for name, values in found.items()} == {
        weight.path: tuple(weight.shape) for weight in one.sampler.weights
    }
    other = DCGAN(**DCGAN.tiny_config)
    assert checkpoints.assign(other, path).publisher == "kerasgan"
    for mine, theirs in zip(one.sampler.weights, other.generator.weights):
        assert np.array_equal(mine.numpy(), theirs.numpy())


HOSTILE_TABLES = {
    "beyond the file": ({"a": entry("F32", [2], 0, 8)}, bytes(4)),
    "other size": ({"a": entry("F32", [3], 0, 8)}, bytes(8)),
    "overflow": ({"a": entry("F32", [2**62, 2**62], 0, 8)}, bytes(8)),
    "overlap": ({"a": entry("F32", [2], 0, 8), "b": entry("F32", [2], 4, 12)}, bytes(12)),
    "hole": ({"a": entry("F32", [1], 4, 8)}, bytes(8)),
    "bytes behind": ({"a": entry("F32", [1], 0, 4)}, bytes(8)),
    "negative": ({"a": entry("F32", [-1], 0, 4)}, bytes(4)),
    "unknown type": ({"a": entry("F99", [1], 0, 4)}, bytes(4)),
    "type of eight bits": ({"a": entry("F8_E4M3", [4], 0, 4)}, bytes(4)),
    "complex": ({"a": entry("C64", [1], 0, 8)}, bytes(8)),
    "many axes": ({"a": entry("F32", [1] * 4000, 0, 4)}, bytes(4)),
    "a list": ({"a": [1]}, b""),
}


@pytest.mark.parametrize("name", HOSTILE_TABLES)
def test_hostile_tables_are_refused(tmp_path, name):
    path = table(tmp_path / "x.safetensors", *HOSTILE_TABLES[name])
    with pytest.raises(CheckpointError, match=r"x\.safetensors: Expected"):
        reading.read(path)


@pytest.mark.parametrize("length", [2**63, 10**9, 50])
def test_wrong_lengths_of_the_table_are_refused_in_little_memory(tmp_path, length):
    path = tmp_path / "x.safetensors"
    path.write_bytes(struct.pack("<Q", length) + b'{"a":{}}')
    tracemalloc.start()
    with pytest.raises(CheckpointError):
        reading.read(path)
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()


def test_missing_safetensors_are_no_damaged_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        safetensors.read(tmp_path / "x.safetensors")


# ncnn


@pytest.mark.parametrize("half", [True, False])
@pytest.mark.parametrize("ending", ["param", "bin"])
def test_rrdb_of_ncnn_loads_as_the_pth(tmp_path, half, ending):
    layers, state = ncnn_writer.rrdb(half=half)
    path = ncnn_writer.write(tmp_path, layers)
    one, other = ESRGAN(**SMALL), ESRGAN(**SMALL)
    checkpoints.assign(one, Writer().zipped(state, tmp_path / "x.pth"))
    report = checkpoints.assign(other, path.with_suffix(f".{ending}"))
    assert report.fits and report.publisher == "BasicSR" and np.array_equal(drawn(one), drawn(other))


def test_compact_network_has_its_names_in_pytorch(tmp_path):
    rng = np.random.default_rng(0)
    first, last = rng.standard_normal((5, 3, 3, 3)), rng.standard_normal((12, 5, 3, 3))
    slopes, biases = rng.standard_normal(5), [rng.standard_normal(5), rng.standard_normal(12)]
    layers = [
        ncnn_writer.convolution("Conv_0", first, biases[0]),
        layer("PReLU", "PRelu_1", "0=5", slopes),
        ncnn_writer.convolution("Conv_2", last, biases[1]),
        layer("PixelShuffle", "shuffle", "0=2"),
    ]
    found = reading.read(ncnn_writer.write(tmp_path, layers))
    wanted = {"0.weight": first, "0.bias": biases[0], "1.weight": slopes, "2.weight": last, "2.bias": biases[1]}
    assert list(found) == [f"body.{name}" for name in wanted]
    for name, values in wanted.items():
        assert np.allclose(found[f"body.{name}"], values, rtol=1e-3)
    layers.append(layer("Interp", "resize", "0=3 1=5.000000e-01 2=5.000000e-01"))
    with pytest.warns(UserWarning, match=r"by 0\.5"):
        reading.read(ncnn_writer.write(tmp_path, layers))


def test_other_networks_have_the_layers_names(tmp_path):
    dense = np.arange(6.0).reshape(2, 3)
    layers = [
        layer("InnerProduct", "fc", "0=2 1=0 2=6", dense, half=False, tag=0x0002C056),
        layer("InnerProduct", "fc2", "0=3 1=1 2=6 9=2 -23310=1,2.000000e-01", dense.T, np.ones(3)),
    ]
    found = ncnn.read(ncnn_writer.write(tmp_path, layers))
    assert {name: values.tolist() for name, values in found.items()} == {
        "fc.weight": dense.tolist(),
        "fc2.weight": dense.T.tolist(),
        "fc2.bias": [1, 1, 1],
    }


def conv(parameters, content=b"", name="c"):
    return f"Convolution {name} 1 1 a b {parameters}", content


HOSTILE_NETWORKS = {
    "larger than the file": ([conv("0=2147483648 1=1 6=2147483648", struct.pack("<I", 0))], "bytes"),
    "endless": ([conv("0=inf 1=1 6=4")], "size"),
    "not a number": ([conv("0=nan 1=1 6=4")], "size"),
    "negative": ([conv("0=-4 1=1 6=4")], "size"),
    "part of an input": ([conv("0=4 1=3 6=37", bytes(200))], "for each input"),
    "no sizes": ([conv("")], "size"),
    "integers": ([conv("0=1 1=1 6=4", struct.pack("<I", 0x000D4B38) + bytes(4))], "tag 0x000d4b38"),
    "truncated": ([conv("0=1 1=1 6=4", struct.pack("<I", 0x01306B47) + bytes(7))], "with 7 more"),
    "no tag": ([conv("0=1 1=1 6=4", b"ab")], "bytes"),
    "bytes behind": ([conv("0=1 1=1 6=1", bytes(12))], "4 bytes more"),
    "unknown layer": ([("Exec\x1b[2J e 1 1 a b", b"")], "known"),
    "same names": ([conv("0=1 1=1 6=1", bytes(8))] * 2, "distinct"),
    "negative counts": ([("Convolution c -1 1 a b 0=1", b"")], "size|layer"),
    "no counts": ([("Convolution", b"")], "layer"),
    "key without value": ([("Convolution c 1 1 a b 0", b"")], "layer"),
}


@pytest.mark.parametrize("name", HOSTILE_NETWORKS)
def test_hostile_networks_are_refused_in_little_memory(tmp_path, name):
    layers, message = HOSTILE_NETWORKS[name]
    path = ncnn_writer.write(tmp_path, layers)
    tracemalloc.start()
    with pytest.raises(CheckpointError, match=message) as raised:
        reading.read(path)
    assert tracemalloc.get_traced_memory()[1] < 2**20 and "\x1b" not in str(raised.value)
    tracemalloc.stop()


def test_wrong_number_of_layers_and_other_texts_are_refused(tmp_path):
    path = ncnn_writer.write(tmp_path, [layer("ReLU", "r")], count=7)
    with pytest.raises(CheckpointError, match="number of layers"):
        reading.read(path)
    path.with_suffix(".param").write_text("7767518\n")
    with pytest.raises(CheckpointError, match="number of layers"):
        ncnn.read(path)


def test_param_without_its_bin_names_the_missing_file(tmp_path):
    path = ncnn_writer.write(tmp_path, [layer("ReLU", "r")])
    path.unlink()
    with pytest.raises(FileNotFoundError, match=r"net\.bin"):
        reading.read(path.with_suffix(".param"))
