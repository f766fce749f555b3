"""The file formats: how each is written from a Keras network on TensorFlow, and how it is opened again."""

import contextlib
import importlib.util
import json
import logging
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from kerasgan.export.proof import Case, Run, attempt, prove
from kerasgan.export.signature import Input, output_of, signature_of

__all__ = ["FORMATS", "Format", "place", "require", "write_and_prove"]

AXES = ("batch", "height", "width")
METADATA_FILE = Path("assets.extra", "kerasgan.json")  # the folder that TensorFlow leaves to a model's author


class Format(NamedTuple):
    """A kind of file.

    `write(network, inputs, path, metadata=, **options)` writes it and `open(path)` returns a function from inputs by
    name to images; `check_target(path)` refuses a path that must not be replaced; `packages` are those to install.
    """

    runtime: str
    packages: tuple[str, ...]
    check_target: Callable[[Path], None]
    write: Callable[..., None]
    open: Callable[[Path], Run]


def require(packages: Sequence[str]) -> None:
    """Raises ImportError, saying what to install, unless all packages are there; imports none of them."""
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    if missing:
        raise ImportError(f"Expected {', '.join(packages)} to be installed. Run: pip install {' '.join(missing)}")


def write_and_prove(
    format_name: str,
    network: keras.Model,
    path: Path,
    *,
    cases: Sequence[Case],
    metadata: Mapping[str, Any],
    options: Mapping[str, Any],
    tolerance: float,
) -> None:
    """Writes a network of the TensorFlow backend to `path`, opens the file and compares it with `cases`.

    Raises:
        ExportError: if the network cannot be written, or the file does not draw the cases' images.
    """
    form = FORMATS[format_name]
    inputs = signature_of(network)
    attempt(lambda: form.write(network, inputs, path, metadata=metadata, **options), f"a file for {form.runtime}")
    prove(form.open, path, cases, runtime=form.runtime, tolerance=tolerance)


@contextlib.contextmanager
def place(target: Path) -> Iterator[Path]:
    """A temporary path beside `target` that takes its place when the block succeeds and vanishes when it raises."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as folder:
        temporary = Path(folder, target.name)
        yield temporary
        earlier = Path(folder, "earlier")
        if target.is_dir():  # os.replace replaces files, but no folder that holds something
            target.rename(earlier)
        try:
            os.replace(temporary, target)
        except OSError:
            if earlier.exists():
                earlier.rename(target)
            raise


def _trace(network: keras.Model, inputs: Sequence[Input]) -> Any:
    """A tf.function from the named inputs to {"images": ...}, or {"outputs": ...} where images are the input."""
    import tensorflow as tf

    specs = [tf.TensorSpec(each.shape, each.dtype, name=each.name) for each in inputs]

    output = output_of(inputs)

    def draw(*tensors: Any) -> dict[str, Any]:
        return {output: network(tensors if len(tensors) > 1 else tensors[0], training=False)}

    return tf.function(draw, input_signature=specs, autograph=False)


# ONNX


def _check_file(target: Path) -> None:
    if target.is_dir():
        raise ValueError(f"Expected the path of a file. Received a folder: path={str(target)!r}")


def _write_onnx(
    network: keras.Model, inputs: Sequence[Input], path: Path, *, metadata: Mapping[str, Any], opset: int
) -> None:
    import onnx
    import tf2onnx

    draw = _trace(network, inputs)
    with _silent("tf2onnx"):  # it logs operations that it lacks and goes on; the checker below refuses its file
        model, _ = tf2onnx.convert.from_function(draw, input_signature=draw.input_signature, opset=opset)
    for tensor in (*model.graph.input, *model.graph.output):
        for axis, name in zip(tensor.type.tensor_type.shape.dim, AXES):
            if not axis.dim_value:
                # tf2onnx numbers them: unk__126; heights of what comes out may be others than of what goes in
                axis.dim_param = name if name == "batch" else f"{tensor.name}_{name}"
    onnx.helper.set_model_props(model, {key: _as_text(value) for key, value in metadata.items()})
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)


@contextlib.contextmanager
def _silent(name: str) -> Iterator[None]:
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _open_onnx(path: Path) -> Run:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return lambda inputs: session.run(None, dict(inputs))[0]


# SavedModel


def _check_folder(target: Path) -> None:
    if target.exists() and not target.is_dir():
        raise ValueError(f"Expected the path of a folder. Received a file: path={str(target)!r}")
    if target.exists() and any(target.iterdir()) and not (target / "saved_model.pb").is_file():
        raise ValueError(f"Expected a new or empty folder, or a SavedModel to replace. Received: path={str(target)!r}")


def _write_saved_model(
    network: keras.Model, inputs: Sequence[Input], path: Path, *, metadata: Mapping[str, Any]
) -> None:
    import tensorflow as tf

    module = tf.Module()
    module.weights = [variable.value for variable in network.variables]
    tf.saved_model.save(module, os.fspath(path), signatures=_trace(network, inputs))
    (path / METADATA_FILE).parent.mkdir()
    (path / METADATA_FILE).write_text(json.dumps(metadata, indent=2) + "\n", encoding="utf-8")


def _open_saved_model(path: Path) -> Run:
    import tensorflow as tf

    draw = tf.saved_model.load(os.fspath(path)).signatures["serving_default"]

    def run(inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        with tf.device("cpu:0"):
            (images,) = draw(**{name: tf.constant(values) for name, values in inputs.items()}).values()
            return images.numpy()

    return run


FORMATS = {
    "onnx": Format(
        "ONNX Runtime", ("tensorflow", "onnx", "tf2onnx", "onnxruntime"), _check_file, _write_onnx, _open_onnx
    ),
    "saved_model": Format("TensorFlow", ("tensorflow",), _check_folder, _write_saved_model, _open_saved_model),
}
