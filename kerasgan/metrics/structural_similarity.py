"""SSIM: the similarity of images in local mean, contrast and structure."""

from typing import Any

import numpy as np
from scipy import ndimage

from kerasgan.metrics import checks
from kerasgan.metrics.luminance import scored_pair

__all__ = ["WINDOW", "local_similarity", "structural_similarity"]

WINDOW = 11
_DEVIATION = 1.5
_C1, _C2 = 0.01**2, 0.03**2  # of images in [0, 1]


def _gaussian(size: int) -> np.ndarray:
    # The window shrinks, with its deviation, for images smaller than it, as in Wang's and PGGAN's code.
    offsets = np.arange(size) - (size - 1) / 2
    weights = np.exp(-0.5 * (offsets / (_DEVIATION * size / WINDOW)) ** 2)
    return weights / weights.sum()


def _local_mean(images: np.ndarray, window: np.ndarray) -> np.ndarray:
    """Weighted means wherever the window fits: height and width shrink by its size less 1."""
    size = len(window)
    for axis in (1, 2):
        images = ndimage.correlate1d(images, window, axis=axis, mode="constant")
        last = images.shape[axis] - (size - size // 2) + 1
        images = images.take(np.arange(size // 2, last), axis=axis)
    return images


def local_similarity(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """SSIM and its contrast-structure factor for each pair of images in [0, 1]: two float64 (count,)."""
    window = _gaussian(min(WINDOW, *first.shape[1:3]))
    mean_first, mean_second = _local_mean(first, window), _local_mean(second, window)
    square_first, square_second, product = mean_first**2, mean_second**2, mean_first * mean_second
    variances = _local_mean(first**2, window) - square_first + _local_mean(second**2, window) - square_second
    covariance = _local_mean(first * second, window) - product
    contrast = (2 * covariance + _C2) / (variances + _C2)
    similarity = contrast * (2 * product + _C1) / (square_first + square_second + _C1)
    return similarity.mean(axis=(1, 2, 3)), contrast.mean(axis=(1, 2, 3))


def structural_similarity(first: Any, second: Any, *, luminance: bool = False, border: int = 0) -> np.ndarray:
    """SSIM of each pair of images: 1 for equal ones, about 0 for unrelated ones (Wang et al. 2004, eq. 13).

    An 11x11 Gaussian window of deviation 1.5 wherever it fits, population covariance, K1 = 0.01, K2 = 0.03; colors
    are averaged. Implementations differ: SRGAN's numbers come from the tool daala and are not comparable.

    Args:
        first: images (count, height, width, channels), at least 11 pixels high and wide, uint8 or floats in [-1, 1].
        second: likewise, of the same shape.
        luminance: compare the studio-swing luminance of RGB, as super-resolution papers do.
        border: pixels left out at every edge, before the window is applied.

    Returns:
        float64 (count,) in [-1, 1].

    Raises:
        TypeError, ValueError: if the images do not suit or are smaller than the window.
    """
    first, second = scored_pair(*checks.image_pair(first, second), luminance=luminance, border=border)
    if min(first.shape[1:3]) < WINDOW:
        raise ValueError(f"Expected at least {WINDOW} pixels inside the border. Received: {first.shape[1:3]}")
    return local_similarity(first, second)[0]
