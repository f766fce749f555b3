"""Resizing for feature networks, by the published protocols: the choice changes FID by more than most improvements do.

Parmar et al. 2022 (2104.11222) compare them. Each takes images as uint8 or floats in [-1, 1] and returns float32 in
[0, 255]; nothing is rounded, so pass uint8 for the score of images as saved in PNG files.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from PIL import Image

from kerasgan.metrics import checks

__all__ = ["RESIZERS", "clean", "half_pixel", "legacy"]


def _pixels(images: Any) -> np.ndarray:
    return (checks.images(images) * 255.0).astype("float32")


def legacy(images: Any, size: int) -> np.ndarray:
    """Bilinear without antialiasing, as inside the original FID graph (TensorFlow 1, aligned to the upper left).

    Args:
        images: (count, height, width, channels), uint8 or floats in [-1, 1].
        size: size of the result, in pixels.

    Returns:
        float32 (count, size, size, channels) in [0, 255].

    Raises:
        TypeError, ValueError: if the images do not suit.
    """
    return _bilinear(_pixels(images), checks.integer(size, name="size"), offset=0.0)


def half_pixel(images: Any, size: int) -> np.ndarray:
    """Bilinear without antialiasing, pixel centers at halves, as pytorch-fid does; arguments as those of `legacy`."""
    return _bilinear(_pixels(images), checks.integer(size, name="size"), offset=0.5)


def clean(images: Any, size: int) -> np.ndarray:
    """Pillow's antialiased bicubic on floats, as clean-fid does; arguments as those of `legacy`.

    Results overshoot [0, 255] a little at sharp edges; as in clean-fid, they are not clipped.
    """
    pixels = _pixels(images)
    target = (checks.integer(size, name="size"),) * 2
    count, *sides, channels = pixels.shape
    if tuple(sides) == target:
        return pixels  # as Pillow, which takes long to copy many small images
    result = np.empty((count, *target, channels), dtype="float32")
    for index in np.ndindex(count, channels):
        plane = Image.fromarray(np.ascontiguousarray(pixels[index[0], :, :, index[1]]))
        result[index[0], :, :, index[1]] = np.asarray(plane.resize(target, Image.Resampling.BICUBIC))
    return result


RESIZERS: Mapping[str, Callable[[Any, int], np.ndarray]] = {"clean": clean, "half_pixel": half_pixel, "legacy": legacy}


def _bilinear(pixels: np.ndarray, size: int, *, offset: float) -> np.ndarray:
    for axis in (1, 2):
        length = pixels.shape[axis]
        if length == size:
            continue
        places = ((np.arange(size) + offset) * (length / size) - offset).clip(0, length - 1)
        before = places.astype("int64")
        weights = (places - before).astype("float32").reshape([-1 if axis == other else 1 for other in range(4)])
        first = pixels.take(before, axis=axis)
        pixels = first + (pixels.take(np.minimum(before + 1, length - 1), axis=axis) - first) * weights
    return pixels
