"""The Fréchet distance between two Gaussians fitted to features, the number behind FID."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

import numpy as np
from scipy import linalg
from scipy.linalg import blas

from kerasgan.files.paths import local
from kerasgan.metrics import checks

__all__ = ["Moments", "frechet_distance"]

_CHUNK = 4096  # rows in float64 in memory at once
FULL_RANK = 1e-12
"""The least ratio of the eigenvalues of C1 C2 whose roots, of eigenvalues that rounding moves, are precise to 1e-9."""


class Moments:
    """Count, mean and covariance of features that arrive in batches; two of them can be merged.

    Memory is (dimensions, dimensions) in float64, whatever the count: 32 MiB for 2048. Batches may have any size; their
    order affects the result by rounding only.
    """

    def __init__(self) -> None:
        self.count, self.mean = 0, np.zeros(0)
        self._lower = np.zeros((0, 0), order="F")  # the lower triangle of `scatter`: BLAS adds to half of it

    def update(self, features: Any) -> Self:
        """Add features (batch, dimensions); returns itself. Raises ValueError for another shape or NaN."""
        rows = checks.features(features)
        if self.count and rows.shape[1] != len(self.mean):
            raise ValueError(f"Expected features (count, {len(self.mean)}). Received: features.shape={rows.shape}")
        for start in range(0, len(rows), _CHUNK):
            chunk = rows[start : start + _CHUNK].astype("float64")
            mean = chunk.mean(axis=0)
            chunk -= mean
            self._move(len(chunk), mean)
            self._lower = blas.dsyrk(1.0, chunk.T, 1.0, self._lower, lower=1, overwrite_c=1)
        return self

    def merge(self, others: Iterable["Moments"]) -> Self:
        """Add what other instances have gathered, for instance on several workers; returns itself."""
        for other in others:
            if self.count and other.count and len(other.mean) != len(self.mean):
                raise ValueError(
                    f"Expected moments of {len(self.mean)} dimensions. Received: moments of {len(other.mean)}"
                )
            if other.count:
                self._move(other.count, other.mean)
                self._lower += other._lower
        return self

    def _move(self, count: int, mean: np.ndarray) -> None:
        """Adds rows that all equal their mean; their scatter about it is still to be added."""
        # Chan, Golub & LeVeque 1979: sums of squares about each part's own mean stay precise for a large mean.
        if not self.count:
            self.count, self.mean = count, np.array(mean, "float64")
            self._lower = np.zeros((len(mean), len(mean)), order="F")
            return
        total, difference = self.count + count, mean - self.mean
        self._lower = blas.dsyr(self.count * count / total, difference, lower=1, a=self._lower, overwrite_a=1)
        self.mean = self.mean + difference * (count / total)
        self.count = total

    @property
    def scatter(self) -> np.ndarray:
        """The sum of the outer products of the rows' deviations from their mean: (dimensions, dimensions)."""
        full = self._lower.copy(order="F")
        for index in range(len(full)):
            full[index, index + 1 :] = full[index + 1 :, index]
        return full

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
            moments = cls()
            moments.count, moments.mean = int(found["count"]), found["mean"]
            moments._lower = np.asfortranarray(found["scatter"], dtype="float64")
            return moments


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
    trace = np.trace(covariances[0]) + np.trace(covariances[1]) - 2 * _root_trace(*covariances)
    return float(max(np.sum((left.mean - right.mean) ** 2) + trace, 0.0))


def _root_trace(first: np.ndarray, second: np.ndarray) -> float:
    """Tr (C1 C2)^(1/2). With C = F F', it is the sum of the singular values of F1' F2."""
    try:
        factor = linalg.cholesky(first, lower=True)
        squares = linalg.eigvalsh(factor.T @ (second @ factor), overwrite_a=True)
        if squares[0] > FULL_RANK * squares[-1]:
            return np.sqrt(squares).sum()
    except linalg.LinAlgError:
        pass
    # Without full rank, as with fewer samples than dimensions, roots of rounding errors would count.
    return linalg.svdvals(_factor(first).T @ _factor(second), overwrite_a=True).sum()


def _factor(covariance: np.ndarray) -> np.ndarray:
    """F with F F' = covariance."""
    try:
        return linalg.cholesky(covariance, lower=True)
    except linalg.LinAlgError:  # no full rank; takes fifty times as long
        values, vectors = linalg.eigh(covariance)
        return vectors * np.sqrt(values.clip(min=0))
