"""Checks that an exported file gives the same images as Keras, and each image independently of its batch."""

import functools
import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from kerasgan.export.options import Bound

__all__ = ["Case", "ExportError", "Run", "attempt", "compare_copy", "draw", "draw_on_cpu", "prove", "reference_cases"]

Run = Callable[[Mapping[str, np.ndarray]], np.ndarray]


class ExportError(RuntimeError):
    """An exported file does not give the Keras model's images; it has been deleted."""


class Case(NamedTuple):
    """Inputs by name, and the images that Keras generates from them."""

    inputs: dict[str, np.ndarray]
    images: np.ndarray


def reference_cases(
    network: keras.Model,
    inputs: Mapping[str, np.ndarray],
    *,
    batches: Sequence[int],
    tolerance: float,
    others: Sequence[Mapping[str, np.ndarray]] = (),
) -> list[Case]:
    """The images that Keras generates for `others`, and for the first rows of `inputs`, in batches of several sizes.

    Args:
        network: a network in float32, which will be written to the file.
        inputs: rows by name, in the order of the network's inputs.
        batches: sizes in ascending order.
        tolerance: the largest difference that float32 rounding can cause.
        others: further inputs, such as images of another size.

    Raises:
        ExportError: if the images are not finite, or not reproducible.
    """
    rows = [{name: values[:count] for name, values in inputs.items()} for count in batches]
    with keras.device("cpu"):
        # Keras' calls take long: where an image is the same in the smallest and the largest batch, it is reproducible,
        # and rows of the largest will do for the batches between.
        first, last = draw(network, rows[0]), draw(network, rows[-1])
        alike = not np.any(_distances(first, last[: len(first)]) > tolerance)
        again = last[: len(first)] if alike else draw(network, rows[0])
        between = [last[:count] if alike else draw(network, row) for count, row in zip(batches[1:-1], rows[1:-1])]
    images = [first, *between, last][-len(batches) :]
    cases = [Case(dict(row), draw_on_cpu(network, row)) for row in others]
    cases += [Case(row, drawn) for row, drawn in zip(rows, images)]
    if not all(np.all(np.isfinite(case.images)) for case in cases):
        raise ExportError(
            "Expected finite images. Received: NaN or infinity from Keras itself; have the weights diverged?"
        )
    if not (change := float(np.max(_distances(again, first)))) <= tolerance:
        raise ExportError(
            "Expected the same images from the same latents. Received: a generator that draws random numbers of its "
            f"own when sampling (noise or dropout with training=False), which changed its images by {change:.3g}"
        )
    return cases


def compare_copy(original: keras.Model, copied: Case, tolerance: float) -> None:
    """Raises ExportError unless the original network gives the images of its copy in float32."""
    distances = _distances(draw(original, copied.inputs), copied.images)
    # half precision differs much in single pixels, not on average; non-finite values are reported later
    difference, allowed = (np.max(distances), tolerance) if _is_exact(original) else (np.mean(distances), 0.05)
    if np.all(np.isfinite(copied.images)) and not difference <= allowed:
        raise ExportError(
            "Expected a generator that its layers' get_config() describe in full. Received: one whose copy in float32 "
            f"draws images that differ by {difference:.3g} (allowed: {allowed:g})"
        )


def prove(
    open_file: Callable[[Path], Run], path: Path, cases: Sequence[Case], *, runtime: str, bound: Bound
) -> dict[str, Any]:
    """Opens a file, compares it with Keras at every batch size, and an image alone with the same image in a batch.

    Returns the differences, in units of the [-1, 1] range, and the runtime's latency, as plain data.

    Raises:
        ExportError: saying what differs and by how much.
    """
    run = attempt(lambda: open_file(path), f"a file that {runtime} opens")
    found, first = [], {}
    for case in cases:
        batch = len(case.images)
        started = time.perf_counter()
        images = attempt(functools.partial(run, case.inputs), f"images from {runtime} at batch {batch}")
        first[batch] = time.perf_counter() - started
        if images.shape != case.images.shape or images.dtype != case.images.dtype:
            expected = f"{case.images.dtype} images {case.images.shape}"
            raise ExportError(f"Expected {expected} from {runtime}. Received: {images.dtype} {images.shape}")
        distances = _distances(images, case.images)
        if not (difference := _statistic(distances, bound)) <= bound.limit:
            raise ExportError(
                f"Expected the images of Keras from {runtime}. Received: a difference of {difference:.3g} at batch "
                f"{batch} (allowed: {bound.limit:g})"
            )
        found.append({"batch": batch, "shape": list(images.shape), **_summary(distances)})
    alone = run({name: np.repeat(values[:1], len(cases[0].images), axis=0) for name, values in case.inputs.items()})
    distances = _distances(alone[:1], images[:1])
    if not (difference := _statistic(distances, bound)) <= bound.limit:
        raise ExportError(
            "Expected images that do not depend on others in their batch. Received: an image that alone differs by "
            f"{difference:.3g} from the same in a batch of {batch} (allowed: {bound.limit:g}); are statistics of the "
            "batch used for sampling?"
        )
    latency = {
        str(count): _milliseconds(functools.partial(run, case.inputs), first[count])
        for case in cases
        for count in [len(case.images)]
    }
    return {"differences": found, "neighbors": float(np.max(distances)), "milliseconds": latency}


def attempt(action: Callable[[], Any], expected: str) -> Any:
    """The result of `action`; any exception (every runtime has its own) becomes an ExportError."""
    try:
        return action()
    except Exception as error:
        raise ExportError(f"Expected {expected}. Received: {type(error).__name__}: {error}") from error


def draw(network: keras.Model, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
    """The images of a network, float32 or uint8, for inputs by name in the order of the network's own."""
    tensors = [ops.convert_to_tensor(values) for values in inputs.values()]
    images: Any = network(tensors if len(tensors) > 1 else tensors[0], training=False)
    dtype = keras.backend.standardize_dtype(images.dtype)
    return ops.convert_to_numpy(images if dtype == "uint8" else ops.cast(images, "float32"))


def draw_on_cpu(network: keras.Model, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
    """As `draw`, without a GPU, which may round convolutions to 10 bits."""
    with keras.device("cpu"):
        return draw(network, inputs)


def _distances(images: np.ndarray, others: np.ndarray) -> np.ndarray:
    """|difference| of each value, in units of the [-1, 1] range."""
    unit = 127.5 if images.dtype == np.uint8 else 1.0
    return np.abs(images.astype("float64") - others) / unit


def _statistic(distances: np.ndarray, bound: Bound) -> float:
    return float(getattr(np, bound.statistic)(distances))


def _summary(distances: np.ndarray) -> dict[str, float | None]:
    """Largest and mean difference, and the peak signal-to-noise ratio in dB: None if nothing differs."""
    square = float(np.mean(np.square(distances)))
    ratio = round(10 * math.log10(4 / square), 2) if square else None
    return {"max": float(np.max(distances)), "mean": float(np.mean(distances)), "psnr": ratio}


def _milliseconds(action: Callable[[], Any], first: float) -> float:
    """The shortest of up to five calls, or of fewer if they take more than a quarter of a second, as the first may."""
    took = [first] if first > 0.25 else []  # a short one has opened the file's memory, too
    while len(took) < 5 and sum(took) < 0.25:
        started = time.perf_counter()
        action()
        took.append(time.perf_counter() - started)
    return round(1000 * min(took), 3)


def _is_exact(network: keras.Model) -> bool:
    """Whether the network computes exactly as its copy: no half precision, and no GPU, which rounds convolutions."""
    half = any(layer.compute_dtype in ("float16", "bfloat16") for layer in network.layers)
    return not half and all("cpu" in str(weight.value.device).lower() for weight in network.weights)
