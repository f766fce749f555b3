"""The proof that an exported file draws what Keras draws, and draws each image by itself."""

import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

__all__ = ["Case", "ExportError", "attempt", "prove", "reference_cases"]

BATCHES = (1, 3, 8)
Run = Callable[[Mapping[str, np.ndarray]], np.ndarray]


class ExportError(RuntimeError):
    """An exported file did not do what the Keras model does; it has been deleted."""


class Case(NamedTuple):
    """Inputs by name, and the images that Keras draws from them."""

    inputs: dict[str, np.ndarray]
    images: np.ndarray


def reference_cases(
    original: keras.Model, network: keras.Model, inputs: Mapping[str, np.ndarray], *, tolerance: float
) -> list[Case]:
    """What Keras draws for the first 1, 3 and 8 rows of `inputs`: batches of one size of images.

    Args:
        original: the network as it was trained, in any precision.
        network: the same in float32, from which the file will be written.
        inputs: at least 8 rows by name, in the order of the network's inputs.
        tolerance: what float32 rounding may explain.

    Raises:
        ExportError: if the images are not finite, not reproducible, or not those of the original network.
    """
    rows = [{name: values[:count] for name, values in inputs.items()} for count in BATCHES]
    with keras.device("cpu"):
        cases = [Case(each, _draw(network, each)) for each in rows]
        last = cases[-1]
        again = _draw(network, last.inputs)
    if not np.all(np.isfinite(last.images)):
        raise ExportError(
            "Expected finite images. Received: NaN or infinity from Keras itself; have the weights diverged?"
        )
    if not (change := _difference(again, last.images)) <= tolerance:
        raise ExportError(
            "Expected the same images from the same latents. Received: a generator that draws random numbers of its "
            f"own when sampling (noise or dropout with training=False), which changed its images by {change:.3g}"
        )
    _compare_with_original(_draw(original, last.inputs), last.images, tolerance if _is_exact(original) else None)
    return cases


def prove(
    open_file: Callable[[Path], Run], path: Path, cases: Sequence[Case], *, runtime: str, tolerance: float
) -> None:
    """Opens a file and compares it with Keras at every batch size, and one image alone with the same among others.

    Raises:
        ExportError: saying what differed and by how much.
    """
    run = attempt(lambda: open_file(path), f"a file that {runtime} opens")
    for case in cases:
        batch = len(case.images)
        images = attempt(functools.partial(run, case.inputs), f"images from {runtime} at batch {batch}")
        if images.shape != case.images.shape or images.dtype != np.float32:
            expected = f"float32 images {case.images.shape}"
            raise ExportError(f"Expected {expected} from {runtime}. Received: {images.dtype} {images.shape}")
        if not (difference := _difference(images, case.images)) <= tolerance:
            raise ExportError(
                f"Expected the images of Keras from {runtime}. Received: a difference of {difference:.3g} at batch "
                f"{batch} (allowed: {tolerance:g})"
            )
    alone = run({name: values[:1] for name, values in case.inputs.items()})
    if not (difference := _difference(alone, images[:1])) <= tolerance:
        raise ExportError(
            "Expected images that do not depend on others in their batch. Received: an image that alone differs by "
            f"{difference:.3g} from the same in a batch of {batch} (allowed: {tolerance:g}); are statistics of the "
            "batch used for sampling?"
        )


def attempt(action: Callable[[], Any], expected: str) -> Any:
    """What `action` returns; whatever it raises (every runtime has its own exceptions) becomes an ExportError."""
    try:
        return action()
    except Exception as error:
        raise ExportError(f"Expected {expected}. Received: {type(error).__name__}: {error}") from error


def _compare_with_original(images: np.ndarray, copied: np.ndarray, tolerance: float | None) -> None:
    difference, allowed = _difference(images, copied), tolerance
    if allowed is None:  # half precision strays far in single pixels, not on average
        difference, allowed = float(np.mean(np.abs(images - copied))), 0.05
    if not difference <= allowed:
        raise ExportError(
            "Expected a generator that its layers' get_config() describe in full. Received: one whose copy in float32 "
            f"draws images that differ by {difference:.3g} (allowed: {allowed:g})"
        )


def _draw(network: keras.Model, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
    tensors = [ops.convert_to_tensor(values) for values in inputs.values()]
    images: Any = network(tensors if len(tensors) > 1 else tensors[0], training=False)
    return ops.convert_to_numpy(ops.cast(images, "float32"))


def _difference(images: np.ndarray, others: np.ndarray) -> float:
    return float(np.max(np.abs(images - others)))


def _is_exact(network: keras.Model) -> bool:
    """Whether the network computes as its copy does: no half precision, and no GPU, which rounds convolutions."""
    half = any(layer.compute_dtype in ("float16", "bfloat16") for layer in network.layers)
    return not half and all("cpu" in str(weight.value.device).lower() for weight in network.weights)
