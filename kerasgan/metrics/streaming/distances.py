"""Distances between two streams of features, and the Inception score of one."""

from collections.abc import Callable, Iterable
from typing import Any

import keras
import numpy as np

from kerasgan.metrics import checks
from kerasgan.metrics.frechet import Moments, frechet_distance
from kerasgan.metrics.inception_score import ClassMass, checked_probabilities
from kerasgan.metrics.kernel import mmd2
from kerasgan.metrics.streaming.means import MeanOf


def _featured(features: Callable[[Any], Any] | None, batch: Any) -> np.ndarray:
    return checks.features(batch if features is None else features(batch))


class FrechetDistance(keras.metrics.Metric):
    """FID of two streams; memory of two covariances, 2 x 32 MiB for 2048 features, whatever the count.

    Args:
        features: images to features (batch, dimensions), or None to pass features to `update_state`.
        reference: moments of the real images, as from `statistics.dataset_moments`; then pass None for reals.
        name: name of the metric.
    """

    def __init__(
        self,
        features: Callable[[Any], Any] | None = None,
        *,
        reference: Moments | None = None,
        name: str = "frechet_distance",
    ) -> None:
        super().__init__(name=name)
        self._features, self._reference = features, reference
        self.reset_state()

    def update_state(self, reals: Any, fakes: Any) -> None:
        """Add a batch of reals and one of fakes; either may be None."""
        if reals is not None and self._reference is not None:
            raise ValueError("Expected reals=None, because a reference was given. Received: a batch of reals")
        for moments, batch in ((self.reals, reals), (self.fakes, fakes)):
            if batch is not None:
                moments.update(_featured(self._features, batch))

    def merge_state(self, metrics: Iterable["FrechetDistance"]) -> None:
        for metric in metrics:
            self.fakes.merge([metric.fakes])
            if self._reference is None:
                self.reals.merge([metric.reals])

    def result(self) -> float:
        """The distance, NaN before there are two reals and two fakes."""
        enough = self.reals.count > 1 and self.fakes.count > 1
        return frechet_distance(self.reals, self.fakes) if enough else float("nan")

    def reset_state(self) -> None:
        self.reals = self._reference or Moments()
        self.fakes = Moments()


class KernelDistance(MeanOf):
    """KID of two streams: the mean over subsets, each of the next `subset_size` reals and fakes.

    Unbiased, as `kernel_distance` is, if both streams are shuffled; every feature is used once. Memory of one subset.
    `result()` is NaN before the first subset is full.
    """

    _waiting: list[Any]

    def __init__(
        self,
        features: Callable[[Any], Any] | None = None,
        *,
        subset_size: int = 1000,
        name: str = "kernel_distance",
    ) -> None:
        self._features, self._size = features, checks.integer(subset_size, name="subset_size", least=2)
        super().__init__(self._discrepancy, name=name)

    def _discrepancy(self, reals: Any, fakes: Any) -> np.ndarray:
        for index, batch in enumerate((reals, fakes)):
            if batch is not None:
                rows = _featured(self._features, batch)
                kept = self._waiting[index]
                self._waiting[index] = rows if kept is None else np.concatenate([kept, rows])
        values = []
        while all(kept is not None and len(kept) >= self._size for kept in self._waiting):
            values.append(mmd2(*(kept[: self._size] for kept in self._waiting)))
            self._waiting = [kept[self._size :] for kept in self._waiting]
        return np.array(values)

    def reset_state(self) -> None:
        super().reset_state()
        self._waiting = [None, None]


class InceptionScore(keras.metrics.Metric):
    """Mean Inception score over splits; `update_state(probabilities)`; memory of one row of classes per split.

    Images are assigned to the splits in turn, which replaces shuffling for sets sorted by class.
    """

    _masses: list[ClassMass]
    _seen: int

    def __init__(self, *, splits: int = 10, name: str = "inception_score") -> None:
        super().__init__(name=name)
        self._splits = checks.integer(splits, name="splits")
        self.reset_state()

    def update_state(self, probabilities: Any) -> None:
        rows = checked_probabilities(probabilities)
        self._masses = self._masses or [ClassMass(rows.shape[1]) for _ in range(self._splits)]
        for index, mass in enumerate(self._masses):
            mass.add(rows[(index - self._seen) % self._splits :: self._splits])
        self._seen += len(rows)

    def merge_state(self, metrics: Iterable["InceptionScore"]) -> None:
        for metric in metrics:
            if metric._masses and not self._masses:
                self._masses = [ClassMass(len(mass.mass)) for mass in metric._masses]
            for ours, theirs in zip(self._masses, metric._masses, strict=bool(metric._masses)):
                ours.merge(theirs)
            self._seen += metric._seen

    def result(self) -> float:
        """The score, NaN before every split has an image."""
        if not self._masses or any(not mass.count for mass in self._masses):
            return float("nan")
        return float(np.mean([mass.score for mass in self._masses]))

    def reset_state(self) -> None:
        self._masses = []
        self._seen = 0
