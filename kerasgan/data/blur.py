"""Blur: kernels of defocus, motion and Gaussian shape, their convolution with images, and Wiener deconvolution.

Kernels are float64 (height, width) with odd sides and a sum of 1; their center is the pixel that is blurred.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from scipy import fft

from kerasgan.names import resolve

__all__ = [
    "REACH",
    "blurred",
    "defocus",
    "estimates",
    "filters",
    "gaussian",
    "inverse",
    "kernel",
    "levels",
    "motion",
    "names",
    "wiener",
]

REACH = 31  # pixels that an estimate uses in each direction
PERIOD = 128  # samples of the Fourier transforms that `inverse` divides by each other
# Standard deviations of the differences of neighboring pixels of photographs in [0, 1], along each of three directions
# of RGB at right angles: brightness, in which they differ most, and two of color.
CONTRAST = (0.07, 0.015, 0.015)
DIRECTIONS = np.array([[1, 1, 1], [1, 0, -1], [1, -2, 1]]) / np.sqrt([[3], [2], [6]])
BOLD = 4  # an estimate that keeps details assumes this many times less noise
SUBPIXELS = 16


def gaussian(sigma: float) -> np.ndarray:
    """exp(-r^2 / (2 sigma^2)) up to three times `sigma` pixels along each axis."""
    _positive(sigma=sigma)
    places = np.arange(-math.ceil(3 * sigma), math.ceil(3 * sigma) + 1)
    line = np.exp(-0.5 * (places / sigma) ** 2)
    return _normalized(np.outer(line, line))


def defocus(radius: float) -> np.ndarray:
    """A disc of this radius in pixels, which a lens out of focus makes of a point; each pixel's share of the disc."""
    _positive(radius=radius)
    half = math.ceil(max(radius - 0.5, 0))
    places = (np.arange((2 * half + 1) * SUBPIXELS) + 0.5) / SUBPIXELS - half - 0.5
    inside = np.add.outer(places**2, places**2) <= radius**2
    side = 2 * half + 1
    return _normalized(inside.reshape(side, SUBPIXELS, side, SUBPIXELS).mean(axis=(1, 3)))


def motion(length: float, angle: float = 0.0) -> np.ndarray:
    """A straight, even movement over `length` pixels at `angle` degrees, counterclockwise from the right.

    Each pixel's weight is the time that a moving point spends in it.
    """
    _positive(length=length)
    half = math.ceil((length - 1) / 2)
    count = math.ceil(length) * SUBPIXELS**2
    places = ((np.arange(count) + 0.5) / count - 0.5) * length
    turn = math.radians(angle)
    rows, columns = (np.rint(places * part).astype(int) + half for part in (-math.sin(turn), math.cos(turn)))
    times = np.zeros((2 * half + 1, 2 * half + 1))
    np.add.at(times, (rows, columns), 1.0)
    return _normalized(times)


KERNELS: dict[str, Callable[..., np.ndarray]] = {"defocus": defocus, "gaussian": gaussian, "motion": motion}


def names() -> list[str]:
    """The names that `kernel` accepts, sorted."""
    return sorted(KERNELS)


def kernel(how: Any, rng: np.random.Generator | None = None) -> np.ndarray:
    """A kernel from a table such as `{"name": "defocus", "radius": 3}`, or an array (height, width), normalized.

    Args:
        how: in a table, two numbers in a list are the bounds between which `rng` draws: `{"name": "motion",
            "length": [5, 15], "angle": [0, 180]}`.
        rng: needed if there are such bounds.

    Raises:
        ValueError: for an unknown name (the message lists the nearest ones), unknown arguments, bounds without
            `rng`, or an array with even sides or negative numbers.
    """
    if not isinstance(how, Mapping):
        return _checked(np.asarray(how, "float64"))
    arguments = dict(how)
    name = resolve(arguments.pop("name", None), names(), expected="a kernel", received=f"kernel={how!r}")
    for key, value in arguments.items():
        if isinstance(value, (list, tuple)):
            if rng is None or len(value) != 2:
                raise ValueError(f"Expected a number, or two bounds of random ones. Received: {key}={value!r}")
            arguments[key] = rng.uniform(*value)
    try:
        return KERNELS[name](**arguments)
    except TypeError as error:
        raise ValueError(f"Expected arguments of the kernel {name}. Received: {how!r}: {error}") from None


def blurred(images: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Images (count, height, width, channels) convolved with a kernel; beyond their borders they are mirrored.

    Raises:
        ValueError: for a kernel larger than the images.
    """
    if any(size > side for size, side in zip(weights.shape, images.shape[1:3])):
        expected = "Expected a kernel no larger than the images of {} x {} pixels".format(*images.shape[1:3])
        raise ValueError(f"{expected}. Received: a kernel of {weights.shape[0]} x {weights.shape[1]}")
    return _convolved(images, weights[..., np.newaxis])


def inverse(weights: np.ndarray, noise: float, contrast: float | Sequence[float]) -> np.ndarray:
    """Wiener's filter: the kernel with the smallest mean squared error over photographs with noise.

    In frequencies it is conj(K) / (|K|^2 + N / S) (Wiener 1949). Photographs have a spectrum S that falls with the
    square of the frequency: differences of neighboring pixels are about equally strong at all frequencies, so that
    N / S = (noise / contrast)^2 (4 - 2 cos u - 2 cos v) / 4. The filter fades out at its ends; otherwise the mirrored
    borders, which differ from the true surroundings, would ring through the picture.

    Args:
        weights: the kernel.
        noise: standard deviation of the noise, for images in [0, 1].
        contrast: standard deviation of the differences of neighboring pixels; for several values, one filter each.

    Returns float64 (..., 2 REACH + 1, 2 REACH + 1), each with a sum of 1.

    Raises:
        ValueError: for a kernel larger than REACH pixels in each direction, or noise that is not positive.
    """
    _positive(noise=noise)
    if max(weights.shape) > 2 * REACH + 1:
        raise ValueError(f"Expected a kernel of {2 * REACH + 1} pixels at most. Received: {weights.shape}")
    centered = np.zeros((PERIOD, PERIOD))
    centered[: weights.shape[0], : weights.shape[1]] = weights
    centered = np.roll(centered, (-(weights.shape[0] // 2), -(weights.shape[1] // 2)), axis=(0, 1))
    response = fft.rfft2(centered)
    slope = 2 - 2 * np.cos(2 * np.pi * np.fft.fftfreq(PERIOD))
    slopes = np.add.outer(slope, slope[: PERIOD // 2 + 1]) / 4
    ratios = np.multiply.outer(np.square(noise / np.asarray(contrast)), slopes)
    taps = fft.irfft2(np.conj(response) / (np.abs(response) ** 2 + ratios), s=(PERIOD, PERIOD))
    near = np.roll(taps, (REACH, REACH), axis=(-2, -1))[..., : 2 * REACH + 1, : 2 * REACH + 1]
    fade = np.cos(np.pi * np.arange(-REACH, REACH + 1) / (2 * REACH + 2))
    return _normalized(near * np.outer(fade, fade))


def filters(weights: np.ndarray, noise: float, channels: int) -> tuple[np.ndarray, np.ndarray]:
    """Wiener's filters (side, side, channels), and the color directions (channels, channels) to which they apply.

    For RGB, brightness is filtered less than the two color directions, in which photographs vary less while the noise
    is the same; images of other channels are filtered channel by channel, as brightness.
    """
    if channels == len(DIRECTIONS):
        return np.moveaxis(inverse(weights, noise, CONTRAST), 0, -1), DIRECTIONS
    alone = inverse(weights, noise, CONTRAST[0] / 3**0.5)[..., np.newaxis]
    return np.repeat(alone, channels, axis=-1), np.eye(channels)


def wiener(images: np.ndarray, weights: np.ndarray, noise: float) -> np.ndarray:
    """Wiener's estimate of images in [-1, 1] from their blurred, noisy copies; arguments as in `filters`."""
    taps, directions = filters(weights, noise, images.shape[-1])
    return np.clip(_convolved(images @ directions.T, taps) @ directions, -1, 1).astype("float32")


def levels(noise: float) -> tuple[float, float]:
    """The noise levels that the two `estimates` assume: less than the true one, to keep details, and the true one."""
    return noise / BOLD, noise


def estimates(images: np.ndarray, weights: np.ndarray, noise: float) -> np.ndarray:
    """Two of Wiener's estimates, first that for less noise: (count, height, width, twice as many channels)."""
    return np.concatenate([wiener(images, weights, level) for level in levels(noise)], axis=-1)


def _convolved(images: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Images with kernels (height, width, channels), or one for all channels."""
    sides = [(size // 2, size // 2) for size in weights.shape[:2]]
    padded = np.pad(images, ((0, 0), *sides, (0, 0)), mode="reflect")
    period = [fft.next_fast_len(side, real=True) for side in padded.shape[1:3]]
    product = fft.rfft2(padded, period, axes=(1, 2)) * fft.rfft2(weights, period, axes=(0, 1))
    valid = (slice(size - 1, side) for size, side in zip(weights.shape, padded.shape[1:3]))  # without wrap-around
    return fft.irfft2(product, period, axes=(1, 2))[:, *valid]


def _positive(**numbers: float) -> None:
    for name, number in numbers.items():
        if not number > 0:
            raise ValueError(f"Expected a positive number. Received: {name}={number!r}")


def _checked(weights: np.ndarray) -> np.ndarray:
    odd = weights.ndim == 2 and all(side % 2 for side in weights.shape)
    if not odd or not np.all(weights >= 0) or not weights.sum() > 0:
        expected = "Expected a kernel (height, width) with odd sides, whose weights are not negative"
        raise ValueError(f"{expected}. Received: shape={weights.shape}, smallest={weights.min(initial=0)}")
    return _normalized(weights)


def _normalized(weights: np.ndarray) -> np.ndarray:
    return weights / weights.sum(axis=(-2, -1), keepdims=True)
