"""Improved precision and recall: how many samples look real, and how many reals could have been sampled."""

from typing import Any, NamedTuple

import numpy as np

from kerasgan.metrics import checks
from kerasgan.metrics.neighbours import EDGE, distances, radii

__all__ = ["Manifold", "PrecisionRecall", "precision_recall"]


class PrecisionRecall(NamedTuple):
    """Shares in [0, 1]."""

    precision: float
    recall: float


class Manifold:
    """The balls around points (count, dimensions) that reach to their `neighbours`-th nearest other point.

    Raises ValueError as `precision_recall` does.
    """

    def __init__(self, points: Any, *, neighbours: int) -> None:
        rows = checks.features(points, name="points", least=checks.integer(neighbours, name="neighbours") + 1)
        self._centre = rows.mean(axis=0, dtype="float64")
        self._points = rows - self._centre
        self._radii = (1 + EDGE) * radii(self._points, neighbours)

    def holds(self, others: Any) -> np.ndarray:
        """Whether each of other points lies in a ball, its boundary included: bool (count,)."""
        rows = checks.features(others, name="others")
        if rows.shape[1] != len(self._centre):
            raise ValueError(f"Expected features (count, {len(self._centre)}). Received: shape {rows.shape}")
        blocks = distances(rows - self._centre, self._points)
        return np.concatenate([(block <= self._radii).any(axis=1) for _, block in blocks])


def precision_recall(reals: Any, fakes: Any, *, neighbours: int = 3) -> PrecisionRecall:
    """Shares of fakes inside the reals' manifold and of reals inside the fakes' (Kynkäänniemi et al. 2019, 1904.06991).

    A manifold is the union of a set's balls, see `Manifold`.

    Args:
        reals: features (count, dimensions), more rows than `neighbours`. The paper: VGG16's fc2, 50,000 rows each.
        fakes: likewise, of the same dimensions; equal counts make numbers comparable.
        neighbours: k; the paper's 3.

    Returns:
        `(precision, recall)`.

    Raises:
        ValueError: if the shapes do not suit, a feature is not finite, or there are too few rows.
    """
    reals, fakes = checks.feature_pair(reals, fakes, least=checks.integer(neighbours, name="neighbours") + 1)
    precise = Manifold(reals, neighbours=neighbours).holds(fakes)
    recalled = Manifold(fakes, neighbours=neighbours).holds(reals)
    return PrecisionRecall(float(precise.mean()), float(recalled.mean()))
