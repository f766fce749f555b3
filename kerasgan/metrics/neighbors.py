"""Nearest neighbors among features by scikit-learn: exact, without a matrix of all distances in memory."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from kerasgan.metrics import checks

__all__ = ["EDGE", "Nearest", "Neighbors", "centered", "distances", "nearest", "neighbors_of", "radii"]

EDGE = 1e-9  # relative: a distance from here to there and back is rounded differently, by some processors
USUAL = 5  # neighbors that scores ask for: density and coverage five, precision and recall three
_BLOCK_MEGABYTES = 64


class Nearest(NamedTuple):
    """Distance to the nearest row, and which row that is."""

    distances: np.ndarray
    indices: np.ndarray


def centered(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both less the mean of `second`, in float64: the fast formula for distances is imprecise far from the origin."""
    center = second.mean(axis=0, dtype="float64")
    return first - center, second - center


def distances(
    first: np.ndarray, second: np.ndarray, *, shift: np.ndarray | float = 0.0
) -> Iterator[tuple[slice, np.ndarray]]:
    """Euclidean distances from blocks of rows of `first` to all rows of `second`, each with the rows of its block.

    Of `centered` features: |x - y|^2 is computed as |x|^2 - 2 x·y + |y|^2. `shift` is added to the rows of `first`.
    """
    from sklearn.metrics.pairwise import euclidean_distances
    from sklearn.utils.extmath import row_norms

    squares, size = row_norms(second, squared=True), max(1, _BLOCK_MEGABYTES * 2**20 // (8 * len(second)))
    for start in range(0, len(first), size):
        part = slice(start, min(start + size, len(first)))
        yield part, euclidean_distances(first[part] + shift, second, Y_norm_squared=squares)


def radii(rows: np.ndarray, neighbors: int) -> np.ndarray:
    """Distance of each row of `centered` features to its `neighbors`-th nearest other row: float64 (count,)."""
    return _nearest_others(rows, neighbors)[:, -1]


def _nearest_others(rows: np.ndarray, neighbors: int) -> np.ndarray:
    from sklearn.neighbors import NearestNeighbors

    search = NearestNeighbors(n_neighbors=neighbors, algorithm="brute").fit(rows)
    return search.kneighbors()[0]  # without a query: among the other rows


class Neighbors:
    """Features, and how far the neighbors of each are: what several scores need, computed once.

    Args:
        features: (count, dimensions).
        least: the fewest rows.
        name: in errors.

    Raises:
        ValueError: if the shape does not suit or a feature is not finite.
    """

    def __init__(self, features: Any, *, least: int = 1, name: str = "features") -> None:
        rows = checks.features(features, name=name, least=least)
        self.center = rows.mean(axis=0, dtype="float64")
        self.rows = rows - self.center
        self._distances = np.empty((len(rows), 0))

    def radii(self, neighbors: int) -> np.ndarray:
        """Distance of each row to its `neighbors`-th nearest other row: float64 (count,)."""
        if neighbors > self._distances.shape[1]:
            self._distances = _nearest_others(self.rows, max(neighbors, min(USUAL, len(self.rows) - 1)))
        return self._distances[:, neighbors - 1]


def neighbors_of(features: Any, *, least: int, name: str) -> Neighbors:
    """The `Neighbors` of features, or those given. Raises ValueError as their constructor."""
    if not isinstance(features, Neighbors):
        return Neighbors(features, least=least, name=name)
    checks.features(features.rows, name=name, least=least)
    return features


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
