"""Density and coverage: precision and recall that single outliers among the samples cannot inflate."""

from typing import Any, NamedTuple

import numpy as np

from kerasgan.metrics import checks
from kerasgan.metrics.neighbors import EDGE, Neighbors, distances, neighbors_of

__all__ = ["DensityCoverage", "Neighborhoods", "density_coverage", "expected_coverage"]


class DensityCoverage(NamedTuple):
    """Density from 0 (may exceed 1), and coverage in [0, 1]."""

    density: float
    coverage: float


class Neighborhoods:
    """The reals' neighborhoods, and how many fakes have been found in them; fakes may come in batches.

    Raises ValueError as `density_coverage` does.
    """

    def __init__(self, reals: Any, *, neighbors: int) -> None:
        self._neighbors = checks.integer(neighbors, name="neighbors")
        self._points = neighbors_of(reals, name="reals", least=neighbors + 1)
        self._reals, self._radii = self._points.rows, self._points.radii(neighbors)
        self.reset()

    def reset(self) -> None:
        """Forget all fakes."""
        self._covered = np.zeros(len(self._reals), dtype=bool)
        self._inside, self._count = 0, 0

    def add(self, fakes: Any) -> None:
        """Add a batch of fakes (count, dimensions), or their `Neighbors`."""
        rows, shift = _rows(fakes)
        center = self._points.center
        if rows.shape[1] != len(center):
            raise ValueError(f"Expected fakes (count, {len(center)}). Received: fakes.shape={rows.shape}")
        for _, block in distances(rows, self._reals, shift=shift - center):
            within = block < self._radii * (1 - EDGE)
            self._inside += int(within.sum())
            self._covered |= within.any(axis=0)
        self._count += len(rows)

    def merge(self, other: "Neighborhoods") -> None:
        """Add the fakes of another instance, for the same reals."""
        if other._covered.shape != self._covered.shape:
            raise ValueError(f"Expected {len(self._covered)} reals. Received: {len(other._covered)}")
        self._covered |= other._covered
        self._inside, self._count = self._inside + other._inside, self._count + other._count

    @property
    def scores(self) -> DensityCoverage:
        """The scores of the fakes so far; NaN before the first."""
        if not self._count:
            return DensityCoverage(float("nan"), float("nan"))
        return DensityCoverage(self._inside / (self._neighbors * self._count), float(self._covered.mean()))


def _rows(fakes: Any) -> tuple[np.ndarray, Any]:
    """The features, and what is to be added to them."""
    if isinstance(fakes, Neighbors):
        return fakes.rows, fakes.center
    return checks.features(fakes, name="fakes"), 0.0


def density_coverage(reals: Any, fakes: Any, *, neighbors: int = 5) -> DensityCoverage:
    """How many reals' neighborhoods a fake lies in, and the share of reals with a fake in theirs (Naeem et al. 2020).

    2002.09797. The neighborhood of a real is the open ball that reaches to its `neighbors`-th nearest
    other real.

    Args:
        reals: features (count, dimensions), more rows than `neighbors`, or their `Neighbors`.
        fakes: features of the same dimensions, or their `Neighbors`.
        neighbors: k; the paper's 5.

    Returns:
        `(density, coverage)`. For samples of the real distribution itself density is 1 on average and coverage is
        `expected_coverage(...)`.

    Raises:
        ValueError: if the shapes do not suit, a feature is not finite, or there are too few reals.
    """
    found = Neighborhoods(reals, neighbors=neighbors)
    found.add(fakes)
    return found.scores


def expected_coverage(real_count: int, fake_count: int, *, neighbors: int = 5) -> float:
    """Coverage that samples of the real distribution itself reach on average: 1 - prod (N - i) / (N + M - i), i = 1..k.

    Naeem et al. 2020 (2002.09797); N reals, M fakes, k neighbors. Raises ValueError for counts below 1 or
    `neighbors` not below `real_count`.
    """
    checks.integer(real_count, name="real_count", least=2)
    checks.integer(fake_count, name="fake_count")
    steps = np.arange(1, checks.integer(neighbors, name="neighbors", most=real_count - 1) + 1)
    return float(1 - np.prod((real_count - steps) / (real_count + fake_count - steps)))
