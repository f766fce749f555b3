"""PSNR: the mean squared error of images on a logarithmic scale."""

from typing import Any

import numpy as np

from kerasgan.metrics import checks
from kerasgan.metrics.luminance import scored_pair

__all__ = ["peak_signal_to_noise"]


def peak_signal_to_noise(first: Any, second: Any, *, luminance: bool = False, border: int = 0) -> np.ndarray:
    """10 log10(range^2 / mean squared error) of each pair of images, in dB: 20 is poor, 40 hard to tell apart.

    Args:
        first: images (count, height, width, channels), uint8 or floats in [-1, 1].
        second: likewise, of the same shape.
        luminance: compare the studio-swing luminance of RGB, as super-resolution papers do.
        border: pixels left out at every edge; super-resolution papers leave out as many as the factor.

    Returns:
        float64 (count,); infinite for equal images. Papers report the mean over images.

    Raises:
        TypeError, ValueError: if the images do not suit, or nothing is left inside the border.
    """
    first, second = scored_pair(*checks.image_pair(first, second), luminance=luminance, border=border)
    errors = np.mean((first - second) ** 2, axis=(1, 2, 3))
    with np.errstate(divide="ignore"):
        return -10.0 * np.log10(errors)
