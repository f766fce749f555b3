"""Color in ADA's pipe, and its corruptions: filtering, noise and cutout (2006.06676, appendix B)."""

import math
from functools import reduce
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasgan.augment.scheme import Draws, boxes

__all__ = ["add_noise", "band_filters", "change_colors", "cut_out", "filter_bands"]


def change_colors(images: Any, draws: Draws, strength: float) -> Any:
    """Brightness, contrast, inverted luma, hue and saturation, as one affine map of each image's colors.

    It applies to the first three channels if there are three or more, else to the first, which has neither hue nor
    saturation; further channels, such as alpha, are unchanged.
    """
    colors = 3 if images.shape[-1] >= 3 else 1
    unit, gray = np.eye(colors), np.full((colors, colors), 1 / colors)  # gray: the projection onto the luma axis

    def per_image(values: Any) -> Any:
        return values[:, None, None]

    def fixed(matrix: np.ndarray) -> Any:
        return ops.convert_to_tensor(matrix[None], "float32")

    shift = draws.chosen(draws.normal(0.2), 0.0, strength)
    contrast = draws.chosen(2.0 ** draws.normal(0.5), 1.0, strength)
    inverted = draws.chosen(draws.below(2), 0.0, strength)
    matrix = per_image(contrast) * (fixed(unit) - 2.0 * per_image(inverted) * fixed(gray))
    hue = draws.chosen(draws.uniform(-math.pi, math.pi), 0.0, strength)
    saturation = draws.chosen(2.0 ** draws.normal(1.0), 1.0, strength)
    if colors == 3:
        across = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / math.sqrt(3)  # the cross product with the luma axis
        turn = per_image(ops.cos(hue)) * fixed(unit - gray) + per_image(ops.sin(hue)) * fixed(across) + fixed(gray)
        vivid = fixed(gray) + per_image(saturation) * fixed(unit - gray)
        matrix = vivid @ turn @ matrix
    height, width, channels = images.shape[1:]
    first = ops.reshape(images[..., :colors], (-1, height * width, colors))
    # x' = M (x + shift), as the brightness is changed first
    changed = ops.matmul(first + per_image(shift), ops.transpose(matrix, (0, 2, 1)))
    neutral = [shift == 0.0, contrast == 1.0, inverted == 0.0, hue == 0.0, saturation == 1.0]
    same = reduce(ops.logical_and, neutral)  # the matrix of all these, rounded, need not be the identity
    changed = ops.where(per_image(same), first, changed)
    changed = ops.reshape(changed, (-1, height, width, colors))
    return changed if channels == colors else ops.concatenate([changed, images[..., colors:]], axis=-1)


def band_filters() -> np.ndarray:
    """(4, 43): filters that split a signal into [0, pi/8], [pi/8, pi/4], [pi/4, pi/2] and [pi/2, pi], and sum to 1.

    Each is a cascade of the low-pass H(z) H(1/z) / 2 of the wavelet sym2 at one, two and four times its length, and the
    high-pass that completes it.
    """
    low = np.array([-1, 0, 9, 16, 9, 0, -1]) / 32

    def spread(kernel: np.ndarray, factor: int) -> np.ndarray:
        result = np.zeros((len(kernel) - 1) * factor + 1)
        result[::factor] = kernel
        return result

    high = -low
    high[3] += 1
    lows = [spread(low, factor) for factor in (1, 2, 4)]
    highs = [spread(high, factor) for factor in (1, 2, 4)]
    chains = [lows, [*lows[:2], highs[2]], [lows[0], highs[1]], [highs[0]]]
    kernels = [reduce(np.convolve, chain) for chain in chains]
    longest = max(map(len, kernels))
    return np.array([np.pad(kernel, (longest - len(kernel)) // 2) for kernel in kernels])


POWER = np.array([10, 1, 1, 1]) / 13  # of natural images in the four bands


def filter_bands(images: Any, draws: Draws, strength: float) -> Any:
    """Strengthens or weakens frequency bands at random, and keeps the expected power of natural images."""
    gains = ops.ones((draws.count, 4), dtype="float32")
    for band in range(4):
        factor = draws.chosen(2.0 ** draws.normal(1.0), 1.0, strength)[:, None]
        own = ops.convert_to_tensor(np.eye(4)[None, band], "float32")
        factors = 1.0 + own * (factor - 1.0)
        power = ops.sum(ops.convert_to_tensor(POWER, "float32") * ops.square(factors), axis=1, keepdims=True)
        # An unchanged image keeps gains of exactly 1, which the rounded sum of powers would not.
        gains = ops.where(factor == 1.0, gains, gains * factors * ops.rsqrt(power))
    height, width, channels = images.shape[1:]
    rows, columns = (_filter_matrices(length, gains) for length in (height, width))
    changed = ops.matmul(rows, ops.reshape(images, (-1, height, width * channels)))
    changed = ops.matmul(columns[:, None], ops.reshape(changed, (-1, height, width, channels)))
    same = ops.all(gains == 1.0, axis=1)
    return ops.where(same[:, None, None, None], images, changed)


def _filter_matrices(length: int, gains: Any) -> Any:
    """(batch, length, length): each image's filter along an axis, with mirror images outside."""
    filters = band_filters()
    reach = filters.shape[1] // 2
    bands = np.zeros((4, length, length))
    for place in range(length):
        for tap in range(-reach, reach + 1):
            source = (place + tap) % (2 * length - 2)
            bands[:, place, min(source, 2 * length - 2 - source)] += filters[:, reach + tap]
    flat = ops.convert_to_tensor(bands.reshape(4, -1), "float32")
    return ops.reshape(ops.matmul(gains, flat), (-1, length, length))


def add_noise(images: Any, draws: Draws, strength: float) -> Any:
    """White noise, whose deviation is that of N(0, 0.1) drawn for each image."""
    deviation = draws.chosen(ops.abs(draws.normal(0.1)), 0.0, strength)
    return images + deviation[:, None, None, None] * keras.random.normal(ops.shape(images), seed=draws.seed)


def cut_out(images: Any, draws: Draws, strength: float) -> Any:
    """A rectangle of half the height and width is zero, around any place of the image."""
    share = draws.chosen(0.5, 0.0, strength)
    first, after = [], []
    for length in images.shape[1:3]:
        center = draws.uniform(0.0, length) - 0.5
        first.append(center - share * length / 2)
        after.append(center + share * length / 2)
    return images * (1.0 - boxes(images.shape[1:3], tuple(first), tuple(after)))
