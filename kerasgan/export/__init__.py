"""Generators as files for other runtimes, each proven equal to the Keras model before it is kept."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

from kerasgan.export import other_process
from kerasgan.export.formats import FORMATS, place, require, write_and_prove
from kerasgan.export.proof import ExportError, attempt, reference_cases
from kerasgan.export.signature import describe, example_inputs, in_float32, signature_of
from kerasgan.gan import GAN, ImageToImage

__all__ = ["ExportError", "onnx", "saved_model"]


def onnx(
    gan: GAN,
    path: str | os.PathLike,
    *,
    opset: int = 15,
    entry: str | None = None,
    licence: str | None = None,
    direction: str | None = None,
    tolerance: float = 5e-5,
) -> Path:
    """Writes the generator as one ONNX file, keeping it only if ONNX Runtime draws the same images as Keras.

    Inputs are `latents` (batch, latent_dim) float32 and, for class-conditional models, `labels` (batch,) int32; the
    output is `images` (batch, height, width, channels) float32. Everything is float32, whatever the model's dtype
    policy; the batch axis is dynamic. `export/onnx/run.py` draws from the file without kerasgan and Keras. Of an
    image-to-image model the input is `images` (batch, height, width, channels), whose height and width are dynamic
    too, in multiples that the metadata state, and the output `outputs`.

    Args:
        gan: the model; its moving-average generator is written where there is one.
        path: of the file; an earlier file there is replaced only by one that passes.
        opset: ONNX operator set, 13 to 18.
        entry: the zoo's name of the weights, for the file's metadata.
        licence: of the weights, for the file's metadata.
        direction: of a family that translates both ways, such as "ab".
        tolerance: largest difference accepted, in units of the [-1, 1] range. Float32 rounding was measured to make up
            to 5e-6 in DCGAN-64; one level of an 8-bit image is 8e-3.

    Returns:
        The file's path.

    Raises:
        ExportError: if the file differs from Keras or lets an image depend on others in its batch; nothing is kept.
        ImportError: if onnx, tf2onnx, onnxruntime or tensorflow is not installed.
        ValueError: if `gan` is not a GAN, its inputs are not named as above, or the path or the opset cannot be used.
    """
    if opset not in range(13, 19):
        raise ValueError(f"Expected an opset from 13 to 18. Received: opset={opset!r}")
    metadata = {"entry": entry, "licence": licence, "direction": direction}
    return _export(gan, path, "onnx", metadata=metadata, options={"opset": opset}, tolerance=tolerance)


def saved_model(
    gan: GAN,
    path: str | os.PathLike,
    *,
    entry: str | None = None,
    licence: str | None = None,
    direction: str | None = None,
    tolerance: float = 5e-5,
) -> Path:
    """Writes the generator as a TensorFlow SavedModel folder, keeping it only if it draws the same images as Keras.

    Its signature "serving_default" has the inputs and the output of `onnx`; the metadata are in
    `assets.extra/kerasgan.json`. `export/saved_model/run.py` draws from it without kerasgan and Keras.

    Args:
        gan: the model; its moving-average generator is written where there is one.
        path: of the folder; an earlier SavedModel there is replaced only by one that passes.
        entry: the zoo's name of the weights, for the metadata.
        licence: of the weights, for the metadata.
        direction: of a family that translates both ways, such as "ab".
        tolerance: largest difference accepted, in units of the [-1, 1] range.

    Returns:
        The folder's path.

    Raises:
        ExportError: if the file differs from Keras or lets an image depend on others in its batch; nothing is kept.
        ImportError: if tensorflow is not installed.
        ValueError: if `gan` is not a GAN, its inputs are not named as `onnx` says, or the path cannot be used.
    """
    metadata = {"entry": entry, "licence": licence, "direction": direction}
    return _export(gan, path, "saved_model", metadata=metadata, options={}, tolerance=tolerance)


def _network(gan: GAN, direction: str | None) -> keras.Model:
    if isinstance(gan, ImageToImage):
        return gan.translator(direction)
    if direction is not None:
        raise ValueError(f"Expected no direction for a {type(gan).__name__}. Received: direction={direction!r}")
    return gan.sampler


def _export(
    gan: GAN,
    path: str | os.PathLike,
    format_name: str,
    *,
    metadata: Mapping[str, str | None],
    options: Mapping[str, Any],
    tolerance: float,
) -> Path:
    if not isinstance(gan, GAN):
        raise ValueError(f"Expected a kerasgan.GAN. Received: gan={gan!r}")
    target, form = Path(path), FORMATS[format_name]
    require(form.packages)
    form.check_target(target)
    original = _network(gan, metadata["direction"])
    inputs = signature_of(original)
    network = attempt(lambda: in_float32(original), "a generator that its layers' get_config() describe in full")
    examples = example_inputs(gan, inputs, count=8)
    cases = [case for each in examples for case in reference_cases(original, network, each, tolerance=tolerance)]
    facts = describe(gan, **metadata)
    write = write_and_prove if keras.backend.backend() == "tensorflow" else other_process.write_and_prove
    with place(target) as temporary:
        write(format_name, network, temporary, cases=cases, metadata=facts, options=options, tolerance=tolerance)
    return target
