"""The kernel distance between two sets of features, the number behind KID."""

from typing import Any, NamedTuple

import numpy as np

from kerasgan.metrics import checks

__all__ = ["KernelDistance", "kernel_distance", "mmd2"]

_ROWS = 2048  # rows of the kernel matrix in memory at once


class KernelDistance(NamedTuple):
    """Mean over subsets, and the standard deviation between subsets."""

    mean: float
    standard_deviation: float


def _sum(first: np.ndarray, second: np.ndarray) -> float:
    """Sum of (x·y / dimensions + 1)^3 over all pairs."""
    from sklearn.metrics.pairwise import polynomial_kernel

    parts = (first[start : start + _ROWS] for start in range(0, len(first), _ROWS))
    return float(sum(polynomial_kernel(part, second, degree=3, coef0=1.0).sum() for part in parts))


def _diagonal(rows: np.ndarray) -> float:
    return float(((np.einsum("nd,nd->n", rows, rows) / rows.shape[1] + 1) ** 3).sum())


def mmd2(first: Any, second: Any) -> float:
    """Unbiased squared maximum mean discrepancy with the kernel (x·y / dimensions + 1)^3, over all pairs.

    Binkowski et al. 2018 (1801.01401); the time grows with the product of the counts.

    Args:
        first: features (count, dimensions), at least two rows; computed in float64.
        second: likewise, of the same dimensions.

    Returns:
        A number whose expectation is 0 for equal distributions, so that it can be negative.

    Raises:
        ValueError: if the shapes do not suit or a feature is not finite.
    """
    first, second = (rows.astype("float64") for rows in checks.feature_pair(first, second, least=2))
    inner = ((_sum(rows, rows) - _diagonal(rows)) / (len(rows) * (len(rows) - 1)) for rows in (first, second))
    return sum(inner) - 2 * _sum(first, second) / (len(first) * len(second))


def kernel_distance(
    first: Any, second: Any, *, subsets: int = 100, subset_size: int = 1000, seed: int = 0
) -> KernelDistance:
    """KID: the mean of `mmd2` over random subsets (Binkowski et al. 2018, 1801.01401).

    Args:
        first: features (count, dimensions).
        second: likewise, of the same dimensions.
        subsets: how many; 100 in StyleGAN and clean-fid, 50 in the authors' code.
        subset_size: rows drawn without replacement from each set for a subset.
        seed: seed of the subsets.

    Returns:
        `(mean, standard_deviation)`, not multiplied by 1000. The mean is unbiased at any count.

    Raises:
        ValueError: if the shapes do not suit, a feature is not finite, or a set has fewer than `subset_size` rows.
    """
    first, second = checks.feature_pair(first, second, least=2)
    checks.integer(subsets, name="subsets")
    checks.integer(subset_size, name="subset_size", least=2, most=min(len(first), len(second)))
    generator = checks.generator(seed)
    values = [
        mmd2(*(rows[generator.choice(len(rows), subset_size, replace=False)] for rows in (first, second)))
        for _ in range(subsets)
    ]
    return KernelDistance(float(np.mean(values)), float(np.std(values)))
