"""Sharpness: how strong an image's gradients are, and how much they differ from those of the true image."""

from typing import Any

import numpy as np

from kerasgan.metrics import checks

__all__ = ["sharpness", "sharpness_difference"]


def _signed(value: np.ndarray) -> np.ndarray:
    """Checked images in [0, 1] as [-1, 1]."""
    if min(value.shape[1:3]) < 3:
        raise ValueError(f"Expected images of at least 3 by 3 pixels. Received: {value.shape[1:3]}")
    return value * 2.0 - 1.0


def sharpness(images: Any) -> np.ndarray:
    """Mean absolute difference of neighboring pixels, down plus across: the total variation per pixel and color.

    Blurred images score below their originals; noise scores above. Compare with the training images.

    Args:
        images: (count, height, width, channels), at least 3x3 pixels, uint8 or floats in [-1, 1].

    Returns:
        float64 (count,), in units of [-1, 1]; 0 for a flat image.

    Raises:
        TypeError, ValueError: if the images do not suit.
    """
    values = _signed(checks.images(images))
    axes = (1, 2, 3)
    total = np.abs(np.diff(values, axis=1)).sum(axis=axes) + np.abs(np.diff(values, axis=2)).sum(axis=axes)
    return total / np.prod(values.shape[1:])


def _gradients(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Magnitudes of backward differences, down and across, at the pixels that are not on the border."""
    inner = values[:, 1:-1, 1:-1]
    return np.abs(inner - values[:, :-2, 1:-1]), np.abs(inner - values[:, 1:-1, :-2])


def sharpness_difference(first: Any, second: Any) -> np.ndarray:
    """10 log10(255^2 / (128^2 mean gradient difference)) of each pair of images, in dB: higher is closer.

    Mathieu et al. 2016 (1511.05440), as their evaluation code computes it: differences of |gradient| down and across
    are summed over the pixels inside the border and divided by all values of the image; 128^2 times that mean counts as
    at least 1e-4.

    Args:
        first: images (count, height, width, channels), at least 3x3 pixels, uint8 or floats in [-1, 1].
        second: likewise, of the same shape.

    Returns:
        float64 (count,); 10 log10(255^2 / 1e-4) = 88.13 for equal images.

    Raises:
        TypeError, ValueError: if the images do not suit.
    """
    pair = [_gradients(_signed(stack)) for stack in checks.image_pair(first, second)]
    values = int(np.prod(checks.array(first).shape[1:]))
    difference = sum(np.abs(one - other).sum(axis=(1, 2, 3)) for one, other in zip(*pair))
    return 10.0 * np.log10(255.0**2 / np.maximum(128.0**2 * difference / values, 1e-4))
