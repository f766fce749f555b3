"""LiteRT files (.tflite), for phones and small devices.

The metadata are in kerasgan.json, in a zip archive at the end of the file, where TensorFlow Lite's own tools put
metadata, too: `unzip -p generator.tflite kerasgan.json` prints them, and interpreters ignore them.
"""

import json
import os
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasgan.export.assembly import Levels
from kerasgan.export.formats.table import Format, Job, check_file, module_of, trace
from kerasgan.export.proof import Run

__all__ = ["LITERT"]

METADATA_FILE = "kerasgan.json"


def _write(job: Job, path: Path) -> None:
    import tensorflow as tf

    if job.options.precision == "static_int8":
        job = job._replace(network=_measurable(job.network))
    draw = trace(job).get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([draw], module_of(job.network))
    REDUCTIONS[job.options.precision](converter, job)
    with warnings.catch_warnings():  # it measures ranges with TensorFlow's own interpreter, which is deprecated
        warnings.filterwarnings("ignore", message=r"\s*Warning: tf.lite.Interpreter is deprecated")
        path.write_bytes(converter.convert())
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        entry = zipfile.ZipInfo(METADATA_FILE)  # without the time, so that equal models are equal files
        archive.writestr(entry, json.dumps(job.metadata, indent=2) + "\n", zipfile.ZIP_DEFLATED)


class MeasurableLevels(Levels):
    """As `Levels`, by a matrix product.

    The converter's interpreter adds and multiplies in place before it notes the range of the operands, so that images
    in [-1, 1] get the range of their levels, and only three of 256 levels are left. A product is not in place.
    """

    def call(self, images):
        scale = 127.5 * np.eye(images.shape[-1], dtype="float32")
        levels = ops.matmul(ops.clip(images, -1.0, 1.0), scale) + 127.5
        return ops.cast(ops.round(ops.clip(levels, 0.0, 255.0)), "uint8")


def _measurable(network: keras.Model) -> keras.Model:
    """The network, of the same layers, with levels whose ranges the converter measures rightly."""

    def replaced(layer: keras.Layer) -> keras.Layer:
        return MeasurableLevels(name=layer.name) if type(layer) is Levels else layer

    if not any(type(layer) is Levels for layer in network.layers):
        return network
    return keras.models.clone_model(network, clone_function=replaced)


# Precisions: the settings of the converter


def _whole(converter: Any, job: Job) -> None:
    """Nothing: float32 is the default."""


def _dynamic(converter: Any, job: Job) -> None:
    import tensorflow as tf

    converter.optimizations = [tf.lite.Optimize.DEFAULT]


def _halved(converter: Any, job: Job) -> None:
    import tensorflow as tf

    _dynamic(converter, job)
    converter.target_spec.supported_types = [tf.float16]


def _static(converter: Any, job: Job) -> None:
    def batches() -> Iterator[dict[str, np.ndarray]]:
        yield from map(dict, job.calibration)

    _dynamic(converter, job)
    converter.representative_dataset = batches


REDUCTIONS = {"float32": _whole, "float16": _halved, "dynamic_int8": _dynamic, "static_int8": _static}


def _open(path: Path) -> Run:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=os.fspath(path))
    draw = interpreter.get_signature_runner()

    def run(inputs: Mapping[str, np.ndarray], keep: Any = interpreter) -> np.ndarray:  # keeps its tensors alive
        (images,) = draw(**inputs).values()
        return images

    return run


LITERT = Format(
    runtime="LiteRT",
    path="{name}.tflite",
    packages=("tensorflow", "ai_edge_litert"),
    precisions=tuple(REDUCTIONS),
    command="python programs/litert/run.py {path} --seeds seeds.json -o drawn.png",
    programs=("litert",),
    check_target=check_file,
    write=_write,
    open=_open,
)
