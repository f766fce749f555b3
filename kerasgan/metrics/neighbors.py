"""Nearest neighbors among features by scikit-learn: exact, without a matrix of all distances in memory."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from kerasgan.metrics import checks

__all__ = ["EDGE", "Nearest", "centered", "distances", "nearest", "radii"]

EDGE = 1e-9  # relative: a distance from here to there and back is rounded differently, by some processors
_BLOCK_MEGABYTES = 64


class Nearest(NamedTuple):
    """Distance to the nearest row, and which row that is."""

    distances: np.ndarray
    indices: np.ndarray


def centered(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both less the mean of `second`, in float64: the fast formula for distances is imprecise far from the origin."""
    center = second.mean(axis=0, dtype="float64")
    return first - center, second - center


def distances(first: np.ndarray, second: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Euclidean distances from blocks of rows of `first` to all rows of `second`, each with the rows of its block.

    Of `centered` features: |x - y|^2 is computed as |x|^2 - 2 x·y + |y|^2.
    """
    from sklearn.metrics import pairwise_distances_chunked

    start = 0
    for block in pairwise_distances_chunked(first, second, working_memory=_BLOCK_MEGABYTES):
        yield slice(start, start + len(block)), block
        start += len(block)


def radii(rows: np.ndarray, neighbors: int) -> np.ndarray:
    """Distance of each row of `centered` features to its `neighbors`-th nearest other row: float64 (count,)."""
    from sklearn.neighbors import NearestNeighbors

    search = NearestNeighbors(n_neighbors=neighbors, algorithm="brute").fit(rows)
    return search.kneighbors()[0][:, -1]  # without a query: among the other rows


def nearest(samples: Any, training: Any) -> Nearest:
    """The training row nearest to each sample.

    Args:
        samples: features (count, dimensions), or flattened images.
        training: likewise, of the same dimensions.

    Returns:
        `(distances, indices)`: float64 (count,), exact to rounding of the subtraction, and int64 (count,).

    Raises:
        ValueError: if the shapes do not suit or a feature is not finite.
    """
    from sklearn.metrics import pairwise_distances_argmin

    samples, training = checks.feature_pair(samples, training)
    indices = pairwise_distances_argmin(*centered(samples, training))
    exact = [np.linalg.norm(row.astype("float64") - training[index]) for row, index in zip(samples, indices)]
    return Nearest(np.array(exact), indices)
