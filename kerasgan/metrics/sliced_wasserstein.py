"""Sliced Wasserstein distance between the small patches of two sets of images, one scale at a time."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from scipy import ndimage

from kerasgan.metrics import checks

__all__ = ["SlicedWasserstein", "sliced_distance", "sliced_wasserstein"]

_PATCH = 7
_SMALLEST = 16  # pixels of the coarsest scale
_BINOMIAL = np.array([1, 4, 6, 4, 1], dtype="float32") / 16
_IMAGES = 64  # images whose pyramids are in memory at once
_DIRECTIONS = 16  # projections that are sorted at once


class SlicedWasserstein(NamedTuple):
    """Distances times 1000: the mean over scales, and one for each height in pixels, the finest first."""

    mean: float
    by_height: dict[int, float]


def sliced_distance(first: Any, second: Any, *, directions: int = 512, seed: int = 0) -> float:
    """Mean 1-Wasserstein distance of two point sets over random one-dimensional projections (Rabin et al. 2011).

    Args:
        first: points (count, dimensions).
        second: likewise, of the same shape.
        directions: random unit vectors to project on.
        seed: seed of the directions.

    Returns:
        A number >= 0, in units of the points.

    Raises:
        ValueError: if the shapes differ or a number is not finite.
    """
    first, second = checks.feature_pair(first, second)
    if len(first) != len(second):
        raise ValueError(f"Expected equal counts. Received: first.shape={first.shape}, second.shape={second.shape}")
    generator = checks.generator(seed)
    vectors = generator.standard_normal((first.shape[1], checks.integer(directions, name="directions")))
    vectors = (vectors / np.linalg.norm(vectors, axis=0)).astype(np.result_type(first, second, "float32"))
    total = 0.0
    for start in range(0, directions, _DIRECTIONS):
        part = vectors[:, start : start + _DIRECTIONS]
        difference = np.sort(first @ part, axis=0) - np.sort(second @ part, axis=0)
        total += float(np.abs(difference).mean(axis=0, dtype="float64").sum())
    return total / directions


def _smoothed(images: np.ndarray, gain: float = 1.0) -> np.ndarray:
    for axis in (1, 2):
        images = ndimage.correlate1d(images, _BINOMIAL * gain, axis=axis, mode="mirror")
    return images


def _scale(images: np.ndarray, level: int, levels: int) -> np.ndarray:
    """One level of the Laplacian pyramid of images (count, height, width, channels): 0 is the finest.

    The difference between a level and its smoothed half-size copy; on the coarsest level, that copy (Burt & Adelson
    1983).
    """
    for _ in range(level):
        images = _smoothed(images)[:, ::2, ::2]
    if level == levels - 1:
        return images
    spread = np.zeros_like(images)
    spread[:, ::2, ::2] = _smoothed(images)[:, ::2, ::2]
    return images - _smoothed(spread, gain=2.0)


def _batches(images: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(images), _IMAGES):
        yield checks.images(images[start : start + _IMAGES]).astype("float32")


def _patches(images: np.ndarray, *, level: int, levels: int, patches: int, seed: int) -> np.ndarray:
    """Random patches of one scale as rows (count * patches, 7 * 7 * channels), each color standardized."""
    generator = np.random.default_rng([seed, level])
    found = []
    for batch in _batches(images):
        scale = _scale(batch, level, levels)
        windows = np.lib.stride_tricks.sliding_window_view(scale, (_PATCH, _PATCH), axis=(1, 2))
        rows = generator.integers(windows.shape[1], size=(len(batch), patches))
        columns = generator.integers(windows.shape[2], size=(len(batch), patches))
        found.append(windows[np.arange(len(batch))[:, np.newaxis], rows, columns])
    descriptors = np.concatenate(found).reshape(len(images) * patches, images.shape[-1], -1)
    descriptors -= descriptors.mean(axis=(0, 2), keepdims=True, dtype="float64").astype("float32")
    deviation = descriptors.std(axis=(0, 2), keepdims=True, dtype="float64").astype("float32")
    descriptors /= np.where(deviation > 0, deviation, 1)
    return descriptors.reshape(len(descriptors), -1)


def _levels(shape: tuple[int, ...]) -> int:
    height, width = shape[1:3]
    levels = 1
    while min(height, width) >= 2 * _SMALLEST:
        if height % 2 or width % 2:
            raise ValueError(f"Expected sizes that halve down to 16 pixels without a rest. Received: {shape[1:3]}")
        height, width, levels = height // 2, width // 2, levels + 1
    return levels


def sliced_wasserstein(
    reals: Any, fakes: Any, *, patches: int = 128, directions: int = 512, seed: int = 0
) -> SlicedWasserstein:
    """Sliced Wasserstein distance of 7x7 patches on each level of a Laplacian pyramid (Karras et al. 2018, section 5).

    PGGAN, 1710.10196: 16,384 images (8,192 in the paper's ablations), 128 patches of each, 4 times 128 directions, each
    set's colors standardized on each scale. Coarse scales show large structure, fine ones texture. Both sets are
    sampled at the same positions, so that equal sets give 0. Memory: the patches of both sets at one scale, 75 KiB in
    float32 for each color image.

    Args:
        reals: images (count, height, width, channels), at least 16 pixels, uint8 or floats in [-1, 1].
        fakes: likewise, of the same shape.
        patches: drawn from each image and scale.
        directions: random projections per scale.
        seed: seed of patches and directions.

    Returns:
        `(mean, by_height)`, multiplied by 1000 as in the paper.

    Raises:
        TypeError, ValueError: if the images do not suit or do not halve down to 16 pixels.
    """
    stacks = [checks.array(reals), checks.array(fakes)]
    if stacks[0].shape != stacks[1].shape or stacks[0].ndim != 4 or min(stacks[0].shape[1:3], default=0) < _SMALLEST:
        raise ValueError(
            "Expected two stacks (count, height, width, channels) of one shape, at least 16 pixels high and wide. "
            f"Received: reals.shape={stacks[0].shape}, fakes.shape={stacks[1].shape}"
        )
    checks.integer(patches, name="patches")
    checks.integer(seed, name="seed", least=0)
    levels = _levels(stacks[0].shape)
    distances = {}
    for level in range(levels):
        pair = [_patches(stack, level=level, levels=levels, patches=patches, seed=seed) for stack in stacks]
        distances[stacks[0].shape[1] >> level] = 1000 * sliced_distance(*pair, directions=directions, seed=seed)
    return SlicedWasserstein(float(np.mean(list(distances.values()))), distances)
