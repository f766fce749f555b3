"""Means of one number per image: memory of two numbers, whatever the count."""

from collections.abc import Callable, Iterable
from typing import Any

import keras
import numpy as np

from kerasgan.metrics import checks
from kerasgan.metrics.label_accuracy import label_hits
from kerasgan.metrics.multiscale_similarity import multiscale_similarity
from kerasgan.metrics.parzen import parzen_log_density
from kerasgan.metrics.peak_signal_to_noise import peak_signal_to_noise
from kerasgan.metrics.precision_recall import Manifold
from kerasgan.metrics.sharpness import sharpness
from kerasgan.metrics.structural_similarity import structural_similarity


class MeanOf(keras.metrics.Metric):
    """Mean of one number per image; memory of two numbers.

    Args:
        values: the arguments of `update_state`, each (batch, ...), to numbers (batch,).
        name: name of the metric.

    `result()` is a float, NaN before the first batch.
    """

    _total: float
    _count: float

    def __init__(self, values: Callable[..., np.ndarray], *, name: str) -> None:
        super().__init__(name=name)
        self._values = values
        self.reset_state()

    def update_state(self, *batch: Any, sample_weight: Any = None) -> None:
        """Add a batch; `sample_weight` (batch,) as Keras passes it, 1 each if not given."""
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
    """Share of images classified as their label; `update_state(labels, predictions)`, in Keras' order."""

    def __init__(self, *, name: str = "label_accuracy") -> None:
        super().__init__(lambda labels, predictions: label_hits(predictions, labels), name=name)


class ParzenLogLikelihood(MeanOf):
    """Mean log density of test images under a Parzen window; `update_state(points)`; see `parzen_log_density`."""

    def __init__(self, samples: Any, *, sigma: float, name: str = "parzen_log_likelihood") -> None:
        super().__init__(lambda points: parzen_log_density(samples, points, sigma=sigma), name=name)


class Precision(MeanOf):
    """Share of fakes inside the manifold of reals held in memory; `update_state(fakes)`; see `precision_recall`."""

    def __init__(self, reals: Any, *, neighbors: int = 3, name: str = "precision") -> None:
        super().__init__(Manifold(reals, neighbors=neighbors).holds, name=name)
