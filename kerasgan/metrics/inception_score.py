"""The Inception score: whether images are recognizable, and how many kinds of them there are."""

from typing import Any, NamedTuple

import numpy as np
from scipy.special import xlogy

from kerasgan.metrics import checks

__all__ = ["ClassMass", "InceptionScore", "checked_probabilities", "inception_score"]


class InceptionScore(NamedTuple):
    """Mean over splits, and the standard deviation between splits."""

    mean: float
    standard_deviation: float


def checked_probabilities(value: Any) -> np.ndarray:
    """Class probabilities (count, classes) as float64. Raises ValueError unless rows are >= 0 and sum to 1."""
    rows = checks.features(value, name="probabilities").astype("float64")
    sums = rows.sum(axis=1)
    if rows.min() < 0 or np.abs(sums - 1).max() > 1e-3:
        raise ValueError(
            "Expected class probabilities, rows >= 0 that sum to 1; pass scipy.special.softmax(logits, axis=1). "
            f"Received: smallest {rows.min():g}, sums of rows from {sums.min():g} to {sums.max():g}"
        )
    return rows


class ClassMass:
    """The sums over one split from which its score is computed: memory of one row of classes, whatever the count."""

    def __init__(self, classes: int) -> None:
        self.count, self.mass, self.negative_entropy = 0, np.zeros(classes), 0.0

    def add(self, probabilities: np.ndarray) -> None:
        """Add checked rows (count, classes)."""
        self.count += len(probabilities)
        self.mass += probabilities.sum(axis=0)
        self.negative_entropy += float(xlogy(probabilities, probabilities).sum())

    def merge(self, other: "ClassMass") -> None:
        """Add the sums of another split with as many classes."""
        self.count += other.count
        self.mass += other.mass
        self.negative_entropy += other.negative_entropy

    @property
    def score(self) -> float:
        """exp(mean KL(p(y|x) || p(y))), the mean KL being the entropy of the mean less the mean entropy."""
        marginal = self.mass / self.count
        return float(np.exp(self.negative_entropy / self.count - xlogy(marginal, marginal).sum()))


def inception_score(probabilities: Any, *, splits: int = 10, seed: int | None = 0) -> InceptionScore:
    """exp(E KL(p(y|x) || p(y))), between 1 and the number of classes (Salimans et al. 2016, 1606.03498, section 4).

    Args:
        probabilities: (count, classes), rows that sum to 1. The published scores use Inception's softmax over the
            logits without bias and 50,000 images; scores of other networks or counts do not compare.
        splits: parts that are scored on their own and averaged.
        seed: seed of the shuffling before splitting, or None to split in the given order, which is wrong for images
            sorted by class.

    Returns:
        `(mean, standard_deviation)` over splits.

    Raises:
        ValueError: if rows are no probabilities, or there are fewer than `splits`.
    """
    rows = checked_probabilities(probabilities)
    checks.integer(splits, name="splits", most=len(rows))
    if seed is not None:
        rows = rows[checks.generator(seed).permutation(len(rows))]
    values = []
    for part in np.array_split(rows, splits):
        split = ClassMass(rows.shape[1])
        split.add(part)
        values.append(split.score)
    return InceptionScore(float(np.mean(values)), float(np.std(values)))
