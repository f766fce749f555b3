"""Improved precision and recall: how many samples look real, and how many reals could have been sampled."""

from typing import Any, NamedTuple

import numpy as np

from kerasgan.metrics import checks
from kerasgan.metrics.neighbours import EDGE, centred, distances, radii

__all__ = ["PrecisionRecall", "precision_recall"]


class PrecisionRecall(NamedTuple):
    """Shares in [0, 1]."""

    precision: float
    recall: float


def precision_recall(reals: Any, fakes: Any, *, neighbours: int = 3) -> PrecisionRecall:
    """Shares of fakes inside the reals' manifold and of reals inside the fakes' (Kynkäänniemi et al. 2019, 1904.06991).

    A manifold is the union of balls around its points that reach to their `neighbours`-th nearest other point; the
    boundary belongs to it.

    Args:
        reals: features (count, dimensions), more rows than `neighbours`. The paper: VGG16's fc2, 50,000 rows each.
        fakes: likewise, of the same dimensions; equal counts make numbers comparable.
        neighbours: k; the paper's 3.

    Returns:
        `(precision, recall)`.

    Raises:
        ValueError: if the shapes do not suit, a feature is not finite, or there are too few rows.
    """
    least = checks.integer(neighbours, name="neighbours") + 1
    fakes, reals = centred(*reversed(checks.feature_pair(reals, fakes, least=least)))
    real_radii, fake_radii = ((1 + EDGE) * radii(rows, neighbours) for rows in (reals, fakes))
    recalled = np.zeros(len(reals), dtype=bool)
    precise = 0
    for part, block in distances(fakes, reals):
        precise += int((block <= real_radii).any(axis=1).sum())
        recalled |= (block <= fake_radii[part, np.newaxis]).any(axis=0)
    return PrecisionRecall(precise / len(fakes), float(recalled.mean()))
