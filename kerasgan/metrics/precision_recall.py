"""Improved precision and recall: how many samples look real, and how much of the real distribution they cover."""

from typing import Any, NamedTuple

import numpy as np

from kerasgan.metrics import checks
from kerasgan.metrics.neighbors import EDGE, distances, radii

__all__ = ["Manifold", "PrecisionRecall", "precision_recall"]


class PrecisionRecall(NamedTuple):
    """Shares in [0, 1]."""

    precision: float
    recall: float


class Manifold:
    """The balls around points (count, dimensions) that reach to their `neighbors`-th nearest other point.

    Raises ValueError as `precision_recall` does.
    """

    def __init__(self, points: Any, *, neighbors: int) -> None:
        rows = checks.features(points, name="points", least=checks.integer(neighbors, name="neighbors") + 1)
        self._center = rows.mean(axis=0, dtype="float64")
        self._points = rows - self._center
        self._radii = (1 + EDGE) * radii(self._points, neighbors)

    def holds(self, others: Any) -> np.ndarray:
        """Whether each of other points lies in a ball, its boundary included: bool (count,)."""
        rows = checks.features(others, name="others")
        if rows.shape[1] != len(self._center):
            raise ValueError(f"Expected features (count, {len(self._center)}). Received: shape {rows.shape}")
        blocks = distances(rows - self._center, self._points)
        return np.concatenate([(block <= self._radii).any(axis=1) for _, block in blocks])


def precision_recall(reals: Any, fakes: Any, *, neighbors: int = 3) -> PrecisionRecall:
    """Shares of fakes inside the reals' manifold and of reals inside the fakes' (Kynkäänniemi et al. 2019, 1904.06991).

    A manifold is the union of a set's balls, see `Manifold`.

    Args:
        reals: features (count, dimensions), more rows than `neighbors`. The paper: VGG16's fc2, 50,000 rows each.
        fakes: likewise, of the same dimensions; equal counts make numbers comparable.
        neighbors: k; the paper's 3.

    Returns:
        `(precision, recall)`.

    Raises:
        ValueError: if the shapes do not suit, a feature is not finite, or there are too few rows.
    """
    reals, fakes = checks.feature_pair(reals, fakes, least=checks.integer(neighbors, name="neighbors") + 1)
    precise = Manifold(reals, neighbors=neighbors).holds(fakes)
    recalled = Manifold(fakes, neighbors=neighbors).holds(reals)
    return PrecisionRecall(float(precise.mean()), float(recalled.mean()))
