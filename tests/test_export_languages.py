"""The programs in JavaScript and C++ draw what ONNX Runtime in Python draws from the same seed file."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from kerasgan.export import page

PROGRAMS = Path(__file__).parent.parent / "export"


def node(folder):
    runtimes = [PROGRAMS / "node" / "node_modules" / name for name in ("onnxruntime-node", "onnxruntime-web")]
    if shutil.which("node") is None or not any(map(Path.is_dir, runtimes)):
        pytest.skip("needs Node, and `npm install` in export/node")
    return ["node", str(PROGRAMS / "node" / "run.mjs")]


def compiled(folder):
    flags = None
    if shutil.which("g++") and shutil.which("pkg-config"):
        command = ["pkg-config", "--cflags", "--libs", "libonnxruntime"]
        flags = subprocess.run(command, capture_output=True, text=True, check=False)
    if flags is None or flags.returncode:
        pytest.skip("needs g++, pkg-config and libonnxruntime-dev")
    source = str(PROGRAMS / "cpp" / "run.cpp")
    command = ["g++", "-std=c++17", source, "-o", str(folder / "run"), *flags.stdout.split()]
    subprocess.run(command, check=True, timeout=300)
    return [str(folder / "run")]


@pytest.fixture(scope="module", params=[node, compiled], ids=["node", "cpp"])
def program(request, tmp_path_factory):
    return request.param(tmp_path_factory.mktemp("program"))


SHAPE = ["batch", "height", "width", 1]
NEGATIVE = {
    "nodes": [helper.make_node("Neg", ["images"], ["outputs"])],
    "inputs": [("images", TensorProto.FLOAT, SHAPE)],
    "outputs": ("outputs", TensorProto.FLOAT, SHAPE),
}


def model(path, nodes, inputs, constants=(), *, outputs, opset=15):
    graph = helper.make_graph(
        nodes,
        "generator",
        [helper.make_tensor_value_info(*each) for each in inputs],
        [helper.make_tensor_value_info(*outputs)],
        [numpy_helper.from_array(value, name) for name, value in constants],
    )
    imports = [helper.make_opsetid("", opset)]
    made = helper.make_model(graph, opset_imports=imports, ir_version=helper.find_min_ir_version_for(imports))
    onnx.checker.check_model(made, full_check=True)
    onnx.save(made, path)


def conditional(path):
    """images = reshape((latents * truncation + noise) A + labels / 10): color, and every kind of input."""
    weights = np.random.default_rng(3).normal(0, 0.5, (4, 2 * 3 * 3)).astype("float32")
    step = helper.make_node
    nodes = [
        step("Unsqueeze", ["truncation", "last"], ["share"]),
        step("Mul", ["latents", "share"], ["shrunk"]),
        step("Add", ["shrunk", "noise"], ["moved"]),
        step("MatMul", ["moved", "weights"], ["flat"]),
        step("Cast", ["labels"], ["classes"], to=TensorProto.FLOAT),
        step("Mul", ["classes", "tenth"], ["tenths"]),
        step("Unsqueeze", ["tenths", "last"], ["shift"]),
        step("Add", ["flat", "shift"], ["shifted"]),
        step("Reshape", ["shifted", "shape"], ["images"]),
    ]
    constants = {
        "weights": weights,
        "last": np.array([1]),
        "tenth": np.float32(0.1),
        "shape": np.array([-1, 2, 3, 3]),
    }
    inputs = [
        ("latents", TensorProto.FLOAT, ["batch", 4]),
        ("labels", TensorProto.INT32, ["batch"]),
        ("noise", TensorProto.FLOAT, ["batch", 4]),
        ("truncation", TensorProto.FLOAT, ["batch"]),
    ]
    model(path, nodes, inputs, constants.items(), outputs=("images", TensorProto.FLOAT, ["batch", 2, 3, 3]))


def run(program, *arguments, folder):
    command = [*program, *map(str, arguments)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def sample_grid(images, columns):
    """Levels of images in [-1, 1], a row for each `columns` of them; unused cells are black."""
    count, height, width, channels = images.shape
    cells = np.zeros((-(-count // columns) * columns, height, width, channels))
    cells[:count] = np.rint((np.clip(images, -1, 1) + 1) * 127.5)
    rows = cells.reshape(-1, columns, height, width, channels).transpose(0, 2, 1, 3, 4)
    return rows.reshape(-1, columns * width, channels)


def test_it_draws_what_python_draws_of_a_seed_file(program, tmp_path):
    conditional(tmp_path / "model.onnx")
    rng = np.random.default_rng(0)
    latents, labels = rng.standard_normal((70, 4), dtype="float32"), np.arange(70, dtype="int32") % 10
    (tmp_path / "seeds.json").write_text(json.dumps({"latents": latents.tolist(), "labels": labels.tolist()}))
    done = run(program, "model.onnx", "--seeds", "seeds.json", "-o", "drawn.png", folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, "drawn.png: 70 images\n"), done.stderr  # more than one chunk
    inputs = {"latents": latents, "labels": labels, "noise": 0 * latents, "truncation": np.ones(70, "float32")}
    (images,) = onnxruntime.InferenceSession(tmp_path / "model.onnx").run(None, inputs)
    picture = np.asarray(Image.open(tmp_path / "drawn.png"), "float64")
    assert picture.shape == (8 * 2, 9 * 3, 3)
    assert np.abs(picture - sample_grid(images, 9)).max() <= 1


def test_it_translates_the_pictures_of_a_seed_file(program, tmp_path):
    model(tmp_path / "model.onnx", **NEGATIVE)
    levels = np.random.default_rng(0).integers(0, 256, (2, 3, 5, 1))
    (tmp_path / "seeds.json").write_text(json.dumps({"images": levels.tolist()}))
    assert run(program, "model.onnx", folder=tmp_path).returncode == 0  # the names of the files are those by default
    picture = np.asarray(Image.open(tmp_path / "drawn.png"))
    np.testing.assert_array_equal(picture, 255 - np.concatenate(levels[..., 0], axis=1))


def test_it_takes_the_folder_of_a_bundle_and_its_seeds(program, tmp_path):
    (tmp_path / "bundle").mkdir()
    conditional(tmp_path / "bundle" / "model.onnx")
    (tmp_path / "bundle" / "seeds.json").write_text(json.dumps({"latents": [[0.5] * 4], "labels": [3]}))
    done = run(program, "bundle", "-o", "drawn.png", folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, "drawn.png: 1 images\n"), done.stderr
    model(tmp_path / "bundle" / "other.onnx", **NEGATIVE)
    (tmp_path / "wrong.onnx").write_text("no model")
    (tmp_path / "seeds.json").write_text('{"latents": [[0.0]]}')
    for wrong in ("bundle", "nowhere"):
        line = f"Expected a model, or a folder with one *.onnx. Received: {wrong}\n"
        assert run(program, wrong, folder=tmp_path).stderr == line
    done = run(program, "wrong.onnx", folder=tmp_path)
    assert (done.returncode, done.stderr) == (1, "Expected a file that ONNX Runtime opens. Received: wrong.onnx\n")


def test_it_reads_the_newest_opset_that_pages_may_have(tmp_path):
    model(tmp_path / "model.onnx", **NEGATIVE, opset=page.NEWEST_OPSET)
    (tmp_path / "seeds.json").write_text('{"images": [[[[7]]]]}')
    assert run(node(tmp_path), "model.onnx", folder=tmp_path).returncode == 0


def test_it_says_in_one_line_what_is_missing(program, tmp_path):
    conditional(tmp_path / "model.onnx")
    (tmp_path / "seeds.json").write_text(json.dumps({"latents": [[0.0] * 4]}))
    done = run(program, "model.onnx", folder=tmp_path)
    assert (done.returncode, done.stderr) == (1, "Expected labels in the seed file. Received: latents\n")
    assert run(program, folder=tmp_path).stderr == "Expected one model. Received: none\n"
    assert not (tmp_path / "drawn.png").exists()
