"""The Fréchet distance between two Gaussians fitted to features, the number behind FID."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
from scipy import linalg

from kerasgan.files.paths import local
from kerasgan.metrics import checks

__all__ = ["Moments", "frechet_distance"]

_CHUNK = 4096  # rows in float64 in memory at once


@dataclass
class Moments:
    """Count, mean and covariance of features that arrive in batches; two of them can be merged.

    Memory is (dimensions, dimensions) in float64, whatever the count: 32 MiB for 2048. Batches may have any size; their
    order affects the result by rounding only.
    """

    count: int = 0
    mean: np.ndarray = field(default_factory=lambda: np.zeros(0))
    scatter: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))

    def update(self, features: Any) -> Self:
        """Add features (batch, dimensions); returns itself. Raises ValueError for another shape or NaN."""
        rows = checks.features(features)
        if self.count and rows.shape[1] != len(self.mean):
            raise ValueError(f"Expected features (count, {len(self.mean)}). Received: features.shape={rows.shape}")
        for start in range(0, len(rows), _CHUNK):
            chunk = rows[start : start + _CHUNK].astype("float64")
            mean = chunk.mean(axis=0)
            chunk -= mean
            self._add(len(chunk), mean, chunk.T @ chunk)
        return self

    def merge(self, others: Iterable["Moments"]) -> Self:
        """Add what other instances have gathered, for instance on several workers; returns itself."""
        for other in others:
            if self.count and other.count and len(other.mean) != len(self.mean):
                raise ValueError(
                    f"Expected moments of {len(self.mean)} dimensions. Received: moments of {len(other.mean)}"
                )
            if other.count:
                self._add(other.count, other.mean, other.scatter)
        return self

    def _add(self, count: int, mean: np.ndarray, scatter: np.ndarray) -> None:
        # Chan, Golub & LeVeque 1979: sums of squares about each part's own mean stay precise for a large mean.
        if not self.count:
            self.count, self.mean, self.scatter = count, mean.copy(), scatter.copy()
            return
        total = self.count + count
        difference = mean - self.mean
        self.scatter += scatter
        self.scatter += np.outer(difference, difference * (self.count * count / total))
        self.mean = self.mean + difference * (count / total)
        self.count = total

    @property
    def covariance(self) -> np.ndarray:
        """Unbiased covariance (dimensions, dimensions). Raises ValueError for fewer than two rows."""
        if self.count < 2:
            raise ValueError(f"Expected at least two rows of features. Received: count={self.count}")
        return self.scatter / (self.count - 1)

    def save(self, path: str | Path) -> None:
        """Write to a `.npz` file, which `load` reads."""
        with local(path).open("wb") as file:  # given a name, np.savez would append .npz to another ending
            np.savez(file, count=self.count, mean=self.mean, scatter=self.scatter)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` wrote. Raises ValueError for another file; nothing in the file is executed."""
        with local(path).open("rb") as file, np.load(file, allow_pickle=False) as found:
            if sorted(found.files) != ["count", "mean", "scatter"]:
                raise ValueError(f"Expected a file of Moments.save. Received: {path} with {sorted(found.files)}")
            return cls(int(found["count"]), found["mean"], found["scatter"])


def _moments(features: Any, name: str) -> Moments:
    if isinstance(features, Moments):
        return features
    return Moments().update(checks.features(features, name=name, least=2))


def frechet_distance(first: Any, second: Any) -> float:
    """|m1 - m2|^2 + Tr(C1 + C2 - 2 (C1 C2)^(1/2)) of two sets of features (Heusel et al. 2017, 1706.08500, eq. 6).

    Args:
        first: features (count, dimensions), at least two rows, or their `Moments`; computed in float64.
        second: likewise, of the same dimensions.

    Returns:
        A number >= 0 in squared units of the features. It is biased upwards for few samples: compare at equal counts.

    Raises:
        ValueError: if the shapes do not suit or a feature is not finite.
    """
    left, right = _moments(first, "first"), _moments(second, "second")
    if len(left.mean) != len(right.mean):
        raise ValueError(f"Expected the same dimensions. Received: first {len(left.mean)}, second {len(right.mean)}")
    covariances = left.covariance, right.covariance
    # With C = F F', Tr (C1 C2)^(1/2) is the sum of the singular values of F1' F2. Unlike the root of the product, this
    # is exact for covariances without full rank, as with fewer samples than dimensions.
    product = _factor(covariances[0]).T @ _factor(covariances[1])
    trace = np.trace(covariances[0]) + np.trace(covariances[1]) - 2 * linalg.svdvals(product, overwrite_a=True).sum()
    return float(max(np.sum((left.mean - right.mean) ** 2) + trace, 0.0))


def _factor(covariance: np.ndarray) -> np.ndarray:
    """F with F F' = covariance."""
    try:
        return linalg.cholesky(covariance, lower=True)
    except linalg.LinAlgError:  # no full rank; takes fifty times as long
        values, vectors = linalg.eigh(covariance)
        return vectors * np.sqrt(values.clip(min=0))
