"""ONNX files, for ONNX Runtime in Python, C++, C#, Java and browsers."""

import contextlib
import functools
import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from kerasgan.export.formats.repeatable import repeatable
from kerasgan.export.formats.table import Format, Job, check_file, trace
from kerasgan.export.opsets import NEWEST_OF_TF2ONNX
from kerasgan.export.proof import Run

__all__ = ["ONNX", "opened"]

AXES = ("batch", "height", "width")
OPSET = 15


def _write(job: Job, path: Path) -> None:
    import onnx
    import onnx.version_converter
    import tf2onnx

    draw, opset = trace(job), job.options.opset or OPSET
    # tf2onnx only logs operations that it cannot convert; the checker below rejects its file
    with repeatable(), _outputs_kept(), _silent("tf2onnx"):
        convert = functools.partial(
            tf2onnx.convert.from_function,
            draw,
            input_signature=draw.input_signature,
            opset=min(opset, NEWEST_OF_TF2ONNX),
        )
        model, _ = _quickly(convert)
    model.graph.doc_string = ""  # has the number of TensorFlow's function
    if opset > NEWEST_OF_TF2ONNX:
        model = onnx.version_converter.convert_version(model, opset)
        model.ir_version = onnx.helper.find_min_ir_version_for(model.opset_import)
    model = REDUCTIONS[job.options.precision](model, job, path)
    for tensor in (*model.graph.input, *model.graph.output):
        for axis, name in zip(tensor.type.tensor_type.shape.dim, AXES):
            if not axis.dim_value:
                # tf2onnx numbers them: unk__126; outputs may have other heights than inputs
                axis.dim_param = name if name == "batch" else f"{tensor.name}_{name}"
    onnx.helper.set_model_props(model, {key: _as_text(value) for key, value in job.metadata.items()})
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)


def _quickly(convert: Callable[[], Any]) -> Any:
    """The result of tf2onnx without what it does besides; of tf2onnx as it is, if that raises an error.

    By default it copies the graph, with all weights, before each of its passes, and goes on with the copy if a pass
    fails; only if one does is that needed.
    """
    from tf2onnx.constants import ENV_TF2ONNX_CATCH_ERRORS

    if ENV_TF2ONNX_CATCH_ERRORS in os.environ:
        return convert()
    os.environ[ENV_TF2ONNX_CATCH_ERRORS] = "FALSE"
    try:
        with _frozen_once(), _transposes_alone():
            return convert()
    except Exception:
        pass
    finally:
        del os.environ[ENV_TF2ONNX_CATCH_ERRORS]
    return convert()


@contextlib.contextmanager
def _frozen_once() -> Iterator[None]:
    """tf2onnx takes the definition of the graph with constants for variables from TensorFlow, for any model.

    It takes it so for models of more than 2 GB. Of others TensorFlow makes a function, operation by operation and
    twice, and tf2onnx takes the definition of that.
    """
    from tf2onnx import tf_loader

    def freeze(function: Any, **options: Any) -> Any:
        definition = tf_loader.convert_variables_to_constants_large_model(function)
        return SimpleNamespace(graph=SimpleNamespace(as_graph_def=lambda **options: definition))

    own = tf_loader.convert_variables_to_constants_v2
    tf_loader.convert_variables_to_constants_v2 = freeze
    try:
        yield
    finally:
        tf_loader.convert_variables_to_constants_v2 = own


@contextlib.contextmanager
def _transposes_alone() -> Iterator[None]:
    """Where tf2onnx looks for transposes, from the first node on after each that it moves, it sees no other nodes."""
    from tf2onnx import optimizer
    from tf2onnx.optimizer.transpose_optimizer import TransposeOptimizer

    class Direct(TransposeOptimizer):
        _searches = False

        def pre_optimize_action(self) -> None:
            self._searches = False
            super().pre_optimize_action()  # of all nodes
            self._searches = True

        @property
        def nodes(self) -> Any:
            found = super().nodes
            return (node for node in found if node.type == "Transpose") if self._searches else found

    passes = optimizer._get_optimizers()
    own = passes["optimize_transpose"]
    passes["optimize_transpose"] = Direct
    try:
        yield
    finally:
        passes["optimize_transpose"] = own


@contextlib.contextmanager
def _outputs_kept() -> Iterator[None]:
    """tf2onnx leaves alone a Reshape whose output is the graph's.

    Its optimizer may append a Squeeze to a Reshape, and forgets that the graph's output then is the Squeeze's: images
    had an axis too many where the Reshape was the output by then, which the order of the passes' nodes decides.
    """
    from tf2onnx import optimizer
    from tf2onnx.optimizer.reshape_optimizer import ReshapeOptimizer

    class Careful(ReshapeOptimizer):
        def _optimize_reshape(self, node: Any, graph: Any) -> bool:
            return node.output[0] not in graph.outputs and super()._optimize_reshape(node, graph)

    passes = optimizer._get_optimizers()
    passes["reshape_optimizer"] = Careful
    try:
        yield
    finally:
        passes["reshape_optimizer"] = ReshapeOptimizer


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


# Precisions: functions of (model, job, path); `path` may be overwritten


def _whole(model: Any, job: Job, path: Path) -> Any:
    return model


def _halved(model: Any, job: Job, path: Path) -> Any:
    """Float16 weights, each with a cast to float32 that the runtime computes once, when it opens the file."""
    import onnx

    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT:
            name = tensor.name
            with np.errstate(over="ignore"):
                values = onnx.numpy_helper.to_array(tensor).astype("float16")
            if not np.all(np.isfinite(values)):
                raise ValueError(f"expected weights that float16 holds, from -65504 to 65504; {name} has others")
            tensor.CopyFrom(onnx.numpy_helper.from_array(values, f"{name}_half"))
            casts.append(onnx.helper.make_node("Cast", [tensor.name], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


def _dynamic(model: Any, job: Job, path: Path) -> Any:
    import onnx
    from onnxruntime import quantization

    with _silent(""):  # it recommends a pre-processing that does not help here
        # ONNX Runtime's integer convolutions on CPUs do not support signed weights
        quantization.quantize_dynamic(model, path, weight_type=quantization.QuantType.QUInt8)
    reduced = onnx.load(path)
    if not any(node.op_type == "DynamicQuantizeLinear" for node in reduced.graph.node):
        raise ValueError(
            "expected dense layers or convolutions, which are all that ONNX Runtime quantizes as it runs; the network "
            "has others only, such as transposed convolutions: take static_int8, or LiteRT"
        )
    return reduced


def _static(model: Any, job: Job, path: Path) -> Any:
    import onnx
    from onnxruntime import quantization

    with _silent(""):
        # 7 bits: without special instructions, sums of products of 8 bits overflow on x86
        quantization.quantize_static(model, path, _Batches(job.calibration), per_channel=True, reduce_range=True)
    return onnx.load(path)


class _Batches:
    """The calibration's batches, one after the other, in the interface of ONNX Runtime."""

    def __init__(self, batches: Sequence[Mapping[str, np.ndarray]]):
        self._batches = iter(batches)

    def get_next(self) -> dict[str, np.ndarray] | None:
        batch = next(self._batches, None)
        return None if batch is None else dict(batch)


REDUCTIONS = {"float32": _whole, "float16": _halved, "dynamic_int8": _dynamic, "static_int8": _static}


def opened(model: Path | bytes) -> Run:
    """A function from inputs by name to images, for a file or its content."""
    import onnxruntime

    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return lambda inputs: session.run(None, dict(inputs))[0]


ONNX = Format(
    runtime="ONNX Runtime",
    path="{name}.onnx",
    packages=("tensorflow", "onnx", "tf2onnx", "onnxruntime"),
    precisions=tuple(REDUCTIONS),
    command="python programs/onnx/run.py {path} --seeds seeds.json -o drawn.png",
    programs=("onnx", "node", "cpp"),
    check_target=check_file,
    write=_write,
    open=opened,
    options=("opset",),
)
