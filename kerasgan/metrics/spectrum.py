"""The power spectrum: how much detail images have at each frequency, which up-convolutions often get wrong."""

from typing import Any, NamedTuple

import numpy as np

from kerasgan.metrics import checks

__all__ = ["Spectrum", "power_spectrum"]

_BLOCK = 2**24  # values transformed at a time


class Spectrum(NamedTuple):
    """Rings of equal frequency: their frequencies in cycles per pixel, mean powers, and how many coefficients each."""

    frequencies: np.ndarray
    power: np.ndarray
    counts: np.ndarray


def power_spectrum(images: Any) -> Spectrum:
    """The azimuthally averaged power spectrum of images, mean over images and colors (Durall et al. 2020, 2003.01826).

    Powers are |discrete Fourier transform|^2 / (height * width): white noise has its variance at every frequency, and
    `(power * counts).sum() / (height * width)` is the mean square of the pixels (Parseval). Ring k holds the
    coefficients whose radius rounds to k cycles per longer side; the last ones, beyond 0.5 cycles per pixel, are the
    corners.

    Args:
        images: (count, height, width, channels), uint8 or floats in [-1, 1].

    Returns:
        `Spectrum` of three arrays (rings,), in units of [-1, 1]; ring 0 is the squared mean.

    Raises:
        TypeError, ValueError: if the images do not suit.
    """
    pixels = checks.images(images) * 2.0 - 1.0
    height, width = pixels.shape[1:3]
    power = np.zeros((height, width))
    block = max(1, _BLOCK // pixels[0].size)
    for start in range(0, len(pixels), block):
        transformed = np.fft.fft2(pixels[start : start + block], axes=(1, 2))
        power += (np.abs(transformed) ** 2).sum(axis=(0, 3))
    power /= len(pixels) * pixels.shape[3] * height * width
    side = max(height, width)
    radius = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None]) * side
    rings = np.rint(radius).astype("int64").ravel()
    counts = np.bincount(rings)
    held = np.flatnonzero(counts)  # very narrow images have no coefficients at some radii
    sums = np.bincount(rings, weights=power.ravel())
    return Spectrum(held / side, sums[held] / counts[held], counts[held])
