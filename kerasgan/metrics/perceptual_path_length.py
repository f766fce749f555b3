"""Perceptual path length: how much images change over a short step between two latents."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from kerasgan.metrics import checks

__all__ = ["PathLength", "interpolated", "perceptual_path_length", "squared_feature_distance"]

_INTERPOLATIONS = ("lerp", "slerp_any", "slerp_unit")
_STEPS = 32  # per call of the generator, two images each


class PathLength(NamedTuple):
    """Mean and standard deviation of the lengths that were kept."""

    mean: float
    standard_deviation: float


def squared_feature_distance(features: Callable[[np.ndarray], Any]) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """A distance for `perceptual_path_length`: squared Euclidean, between any network's features (count, dimensions).

    StyleGAN's numbers use VGG16's LPIPS, and are not comparable with those of another distance.
    """

    def distance(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        pair = checks.feature_pair(features(first), features(second))
        return np.sum((pair[0].astype("float64") - pair[1]) ** 2, axis=1)

    return distance


def interpolated(starts: np.ndarray, ends: np.ndarray, places: np.ndarray, *, interpolation: str) -> np.ndarray:
    """Latents between `starts` (place 0) and `ends` (place 1): float64 (count, dimensions); places (count, 1).

    "lerp" is the straight line; "slerp_unit" the great circle between the two directions, of length 1 as StyleGAN's;
    "slerp_any" the same weights on latents of any length, for generators that do not normalize them.
    """
    if interpolation == "lerp":
        return starts + (ends - starts) * places
    directions = [rows / np.linalg.norm(rows, axis=1, keepdims=True).clip(min=1e-300) for rows in (starts, ends)]
    # The half-angle formula is precise also for nearly equal directions, unlike the arc cosine.
    angle = 2 * np.arctan2(
        np.linalg.norm(directions[0] - directions[1], axis=1, keepdims=True),
        np.linalg.norm(directions[0] + directions[1], axis=1, keepdims=True),
    )
    straight = np.sin(angle) < 1e-12
    sine = np.where(straight, 1, np.sin(angle))
    before = np.where(straight, 1 - places, np.sin((1 - places) * angle) / sine)
    after = np.where(straight, places, np.sin(places * angle) / sine)
    first, second = directions if interpolation == "slerp_unit" else (starts, ends)
    return before * first + after * second


def perceptual_path_length(
    generate: Callable[[np.ndarray], Any],
    starts: Any,
    ends: Any,
    *,
    distance: Callable[[np.ndarray, np.ndarray], Any],
    interpolation: str = "slerp_any",
    epsilon: float = 1e-4,
    discard: float = 0.01,
    seed: int | None = 0,
) -> PathLength:
    """E[distance(G(t), G(t + epsilon)) / epsilon^2] along paths between latents (Karras et al. 2019, 1812.04948).

    Args:
        generate: latents float32 (batch, dimensions) to images; both ends of a step are in one batch of up to 64.
        starts: latents (count, dimensions); the paper takes 100,000.
        ends: likewise, of the same shape.
        distance: two batches of images to numbers (batch,), squared like LPIPS; see `squared_feature_distance`.
        interpolation: "lerp" for the straight line (StyleGAN's w), "slerp_unit" for the great circle between their
            directions (latents of length 1, as StyleGAN's), "slerp_any" for its weights on latents of any length.
        epsilon: length of the step.
        discard: share of lengths left out at either end, as in StyleGAN's code.
        seed: seed of the places t, drawn from [0, 1); None takes t = 0, which StyleGAN2 calls "end".

    Returns:
        `(mean, standard_deviation)`.

    Raises:
        ValueError: if shapes do not suit, a length is not finite, or a setting is unknown or out of range.
    """
    starts, ends = (rows.astype("float64") for rows in checks.feature_pair(starts, ends))
    _check(starts, ends, interpolation=interpolation, epsilon=epsilon, discard=discard)
    places = np.zeros((len(starts), 1)) if seed is None else checks.generator(seed).random((len(starts), 1))
    lengths = []
    for start in range(0, len(starts), _STEPS):
        part = slice(start, start + _STEPS)
        steps = [
            interpolated(starts[part], ends[part], place[part], interpolation=interpolation).astype("float32")
            for place in (places, places + epsilon)
        ]
        images = checks.array(generate(np.concatenate(steps)))
        half = len(steps[0])
        lengths.append(checks.scores(distance(images[:half], images[half:]), name="distance") / epsilon**2)
    kept = np.concatenate(lengths)
    low, high = np.quantile(kept, discard, method="lower"), np.quantile(kept, 1 - discard, method="higher")
    kept = kept[(kept >= low) & (kept <= high)]
    return PathLength(float(kept.mean()), float(kept.std()))


def _check(starts: np.ndarray, ends: np.ndarray, *, interpolation: str, epsilon: float, discard: float) -> None:
    if starts.shape != ends.shape:
        raise ValueError(f"Expected latents of one shape. Received: {starts.shape} and {ends.shape}")
    if interpolation not in _INTERPOLATIONS:
        raise ValueError(f"Expected one of {_INTERPOLATIONS}. Received: interpolation={interpolation!r}")
    if not 0 < epsilon < 1:
        raise ValueError(f"Expected a step between 0 and 1. Received: epsilon={epsilon!r}")
    if not 0 <= discard < 0.5:
        raise ValueError(f"Expected a share from 0 to less than 0.5. Received: discard={discard!r}")
