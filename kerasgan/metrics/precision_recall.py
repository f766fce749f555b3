"""Improved precision and recall: how many samples look real, and how much of the real distribution they cover."""

from typing import Any, NamedTuple

import numpy as np

from kerasgan.metrics import checks
from kerasgan.metrics.neighbors import EDGE, distances, neighbors_of

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
        count = checks.integer(neighbors, name="neighbors")
        self._points = neighbors_of(points, name="points", least=count + 1)
        self._radii = (1 + EDGE) * self._points.radii(count)

    def holds(self, others: Any) -> np.ndarray:
        """Whether each of other points lies in a ball, its boundary included: bool (count,)."""
        rows, center = checks.features(others, name="others"), self._points.center
        if rows.shape[1] != len(center):
            raise ValueError(f"Expected features (count, {len(center)}). Received: shape {rows.shape}")
        blocks = distances(rows, self._points.rows, shift=-center)
        return np.concatenate([(block <= self._radii).any(axis=1) for _, block in blocks])


def precision_recall(reals: Any, fakes: Any, *, neighbors: int = 3) -> PrecisionRecall:
    """Shares of fakes inside the reals' manifold and of reals inside the fakes' (Kynkäänniemi et al. 2019, 1904.06991).

    A set's manifold is the union of the balls around its rows that reach to their `neighbors`-th nearest other row.

    Args:
        reals: features (count, dimensions), more rows than `neighbors`, or their `Neighbors`, which `density_coverage`
            can share. The paper: VGG16's fc2, 50,000 rows each.
        fakes: likewise, of the same dimensions; equal counts make numbers comparable.
        neighbors: k; the paper's 3.

    Returns:
        `(precision, recall)`.

    Raises:
        ValueError: if the shapes do not suit, a feature is not finite, or there are too few rows.
    """
    count = checks.integer(neighbors, name="neighbors")
    real, fake = (neighbors_of(each, name=name, least=count + 1) for name, each in (("reals", reals), ("fakes", fakes)))
    checks.feature_pair(real.rows, fake.rows)
    reach, reach_of_fakes = ((1 + EDGE) * points.radii(count) for points in (real, fake))
    precise, recalled = np.zeros(len(fake.rows), dtype=bool), np.zeros(len(real.rows), dtype=bool)
    for part, block in distances(fake.rows, real.rows, shift=fake.center - real.center):
        precise[part] = (block <= reach).any(axis=1)
        recalled |= (block <= reach_of_fakes[part, np.newaxis]).any(axis=0)
    return PrecisionRecall(float(precise.mean()), float(recalled.mean()))
