"""The same numbers as Keras metrics, for sets that do not fit into memory: `update_state`, `result`, `reset_state`.

They compute in NumPy, with TensorFlow, JAX or PyTorch below Keras: call them in your own loop or callback, or compile
with `run_eagerly=True` (not on JAX, which always compiles). `merge_state` takes in what other workers have gathered.
"""

from collections.abc import Callable, Iterable
from typing import Any

import keras
import numpy as np

from kerasgan.metrics import checks
from kerasgan.metrics.density_coverage import Neighbourhoods
from kerasgan.metrics.frechet import Moments, frechet_distance
from kerasgan.metrics.inception_score import ClassMass, checked_probabilities
from kerasgan.metrics.kernel import squared_discrepancy
from kerasgan.metrics.label_accuracy import label_hits
from kerasgan.metrics.mode_coverage import Modes, mode_coverage
from kerasgan.metrics.multiscale_similarity import multiscale_similarity
from kerasgan.metrics.parzen import parzen_log_density
from kerasgan.metrics.peak_signal_to_noise import peak_signal_to_noise
from kerasgan.metrics.sharpness import sharpness
from kerasgan.metrics.structural_similarity import structural_similarity

__all__ = [
    "DensityCoverage",
    "FrechetDistance",
    "InceptionScore",
    "KernelDistance",
    "LabelAccuracy",
    "MeanOf",
    "ModeCoverage",
    "MultiscaleSimilarity",
    "ParzenLogLikelihood",
    "PeakSignalToNoise",
    "Sharpness",
    "StructuralSimilarity",
]


class MeanOf(keras.metrics.Metric):
    """Mean of one number per image; memory of two numbers.

    Args:
        values: the arguments of `update_state`, each (batch, ...), to numbers (batch,).
        name: of the metric.

    `result()` is a float, NaN before the first batch.
    """

    _total: float
    _count: float

    def __init__(self, values: Callable[..., np.ndarray], *, name: str) -> None:
        super().__init__(name=name)
        self._values = values
        self.reset_state()

    def update_state(self, *batch: Any, sample_weight: Any = None) -> None:
        """Take in a batch; `sample_weight` (batch,) as Keras passes it, 1 each if not given."""
        values = np.asarray(self._values(*batch), dtype="float64")
        weights = np.ones(len(values)) if sample_weight is None else checks.scores(sample_weight, name="sample_weight")
        if len(weights) != len(values):
            raise ValueError(f"Expected one weight for each of {len(values)} values. Received: {len(weights)} weights")
        self._total += float(values @ weights)
        self._count += float(weights.sum())

    def merge_state(self, metrics: Iterable["MeanOf"]) -> None:
        for metric in metrics:
            self._total, self._count = self._total + metric._total, self._count + metric._count

    def result(self) -> float:
        return self._total / self._count if self._count else float("nan")

    def reset_state(self) -> None:
        self._total, self._count = 0.0, 0.0


class PeakSignalToNoise(MeanOf):
    """Mean PSNR; `update_state(first, second)`; options as those of `peak_signal_to_noise`."""

    def __init__(self, *, luminance: bool = False, border: int = 0, name: str = "peak_signal_to_noise") -> None:
        super().__init__(
            lambda first, second: peak_signal_to_noise(first, second, luminance=luminance, border=border), name=name
        )


class StructuralSimilarity(MeanOf):
    """Mean SSIM; `update_state(first, second)`; options as those of `structural_similarity`."""

    def __init__(self, *, luminance: bool = False, border: int = 0, name: str = "structural_similarity") -> None:
        super().__init__(
            lambda first, second: structural_similarity(first, second, luminance=luminance, border=border), name=name
        )


class MultiscaleSimilarity(MeanOf):
    """Mean MS-SSIM; `update_state(first, second)`."""

    def __init__(self, *, name: str = "multiscale_similarity") -> None:
        super().__init__(multiscale_similarity, name=name)


class Sharpness(MeanOf):
    """Mean sharpness; `update_state(images)`."""

    def __init__(self, *, name: str = "sharpness") -> None:
        super().__init__(sharpness, name=name)


class LabelAccuracy(MeanOf):
    """Share of images read as asked; `update_state(labels, predictions)`, in Keras' order."""

    def __init__(self, *, name: str = "label_accuracy") -> None:
        super().__init__(lambda labels, predictions: label_hits(predictions, labels), name=name)


class ParzenLogLikelihood(MeanOf):
    """Mean log density of test images under a Parzen window; `update_state(points)`; see `parzen_log_density`."""

    def __init__(self, samples: Any, *, sigma: float, name: str = "parzen_log_likelihood") -> None:
        super().__init__(lambda points: parzen_log_density(samples, points, sigma=sigma), name=name)


def _featured(features: Callable[[Any], Any] | None, batch: Any) -> np.ndarray:
    return checks.features(batch if features is None else features(batch))


class FrechetDistance(keras.metrics.Metric):
    """FID of two streams; memory of two covariances, 2 x 32 MiB for 2048 features, whatever the count.

    Args:
        features: images to features (batch, dimensions), or None where features come in.
        reference: moments of the real images, as from `statistics.dataset_moments`; then pass None for reals.
        name: of the metric.
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
        """Take in a batch of reals and one of fakes; either may be None."""
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
            values.append(squared_discrepancy(*(kept[: self._size] for kept in self._waiting)))
            self._waiting = [kept[self._size :] for kept in self._waiting]
        return np.array(values)

    def reset_state(self) -> None:
        super().reset_state()
        self._waiting = [None, None]


class InceptionScore(keras.metrics.Metric):
    """Mean Inception score over splits; `update_state(probabilities)`; memory of one row of classes per split.

    Images go to the splits in turn, which serves as well as shuffling for sets sorted by class.
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


class ModeCoverage(keras.metrics.Metric):
    """Modes that a stream of points has reached; `update_state(points)`; `result()` is their number.

    `modes` holds the rest: counts, share of high quality, divergence. Arguments as those of `mode_coverage`.
    """

    modes: Modes

    def __init__(self, centres: Any, *, deviation: float, within: float = 3.0, name: str = "mode_coverage") -> None:
        super().__init__(name=name)
        self._settings = {"deviation": deviation, "within": within}
        self._centres = checks.features(centres, name="centres")
        self.reset_state()

    def update_state(self, points: Any) -> None:
        self.merge(mode_coverage(points, self._centres, **self._settings))

    def merge(self, found: Modes) -> None:
        """Take in modes counted elsewhere, of the same centres."""
        self.modes = Modes(self.modes.counts + found.counts, self.modes.total + found.total)

    def merge_state(self, metrics: Iterable["ModeCoverage"]) -> None:
        for metric in metrics:
            self.merge(metric.modes)

    def result(self) -> int:
        return self.modes.captured

    def reset_state(self) -> None:
        self.modes = Modes(np.zeros(len(self._centres), dtype="int64"), 0)


class DensityCoverage(keras.metrics.Metric):
    """Density and coverage of a stream of fakes; memory of the reals' features, whatever the count of fakes.

    Args:
        reals: features (count, dimensions), held in memory.
        neighbours: k.
        name: of the metric.

    `update_state(fakes)`; `result()` is {"density": ..., "coverage": ...}, NaN before the first batch.
    """

    def __init__(self, reals: Any, *, neighbours: int = 5, name: str = "density_coverage") -> None:
        super().__init__(name=name)
        self._found = Neighbourhoods(reals, neighbours=neighbours)

    def update_state(self, fakes: Any) -> None:
        self._found.add(fakes)

    def merge_state(self, metrics: Iterable["DensityCoverage"]) -> None:
        for metric in metrics:
            self._found.merge(metric._found)

    def result(self) -> dict[str, float]:
        return self._found.scores._asdict()

    def reset_state(self) -> None:
        self._found.reset()
