"""One file for each number that a card reports: functions on arrays, and streaming metrics with bounded memory.

Images are (count, height, width, channels), uint8 or floats in [-1, 1]; features are (count, dimensions), from any
callable (see `features`); both may be NumPy arrays or tensors of any backend. Everything is computed on the CPU, in
float64 except for the patches of `sliced_wasserstein`. `streaming` holds the same numbers as Keras metrics, and is the
only part that imports Keras. `FrechetDistance`, `KernelDistance`, `Diversity` and `PairScore` are for
`gan.compile(metrics=[...])`: `fit` computes them while it trains.
"""

import importlib
from typing import TYPE_CHECKING, Any

from kerasgan.metrics.density_coverage import density_coverage, expected_coverage
from kerasgan.metrics.digits import digit_scores
from kerasgan.metrics.equivariance import rotation_equivariance, translation_equivariance
from kerasgan.metrics.frames import clip_scores, frame_scores, moving_areas
from kerasgan.metrics.frechet import Moments, frechet_distance
from kerasgan.metrics.gam import GAMResult, gam
from kerasgan.metrics.inception_score import inception_score
from kerasgan.metrics.kernel import kernel_distance, mmd2
from kerasgan.metrics.label_accuracy import label_accuracy
from kerasgan.metrics.lpips import LPIPS
from kerasgan.metrics.memorization import Memorization, memorization
from kerasgan.metrics.mode_coverage import Modes, grid, label_coverage, mode_coverage, ring, stacked_digits
from kerasgan.metrics.multiscale_similarity import multiscale_similarity, self_similarity
from kerasgan.metrics.neighbors import nearest
from kerasgan.metrics.pair_scores import pair_scores
from kerasgan.metrics.parzen import parzen_log_density, parzen_log_likelihood
from kerasgan.metrics.peak_signal_to_noise import peak_signal_to_noise
from kerasgan.metrics.perceptual_path_length import perceptual_path_length, squared_feature_distance
from kerasgan.metrics.precision_recall import precision_recall
from kerasgan.metrics.retrieval import retrieval
from kerasgan.metrics.sample_metrics import Diversity, FrechetDistance, KernelDistance, PairScore, SampleMetric
from kerasgan.metrics.sharpness import sharpness, sharpness_difference
from kerasgan.metrics.sliced_wasserstein import sliced_distance, sliced_wasserstein
from kerasgan.metrics.spectrum import Spectrum, power_spectrum
from kerasgan.metrics.statistics import dataset_moments
from kerasgan.metrics.structural_similarity import structural_similarity
from kerasgan.scalars import guard

if TYPE_CHECKING:
    from kerasgan.metrics import streaming

__all__ = [
    "LPIPS",
    "Diversity",
    "FrechetDistance",
    "GAMResult",
    "KernelDistance",
    "Memorization",
    "Modes",
    "Moments",
    "PairScore",
    "SampleMetric",
    "Spectrum",
    "clip_scores",
    "dataset_moments",
    "density_coverage",
    "digit_scores",
    "expected_coverage",
    "frame_scores",
    "frechet_distance",
    "gam",
    "grid",
    "inception_score",
    "kernel_distance",
    "label_accuracy",
    "label_coverage",
    "memorization",
    "mmd2",
    "mode_coverage",
    "moving_areas",
    "multiscale_similarity",
    "nearest",
    "pair_scores",
    "parzen_log_density",
    "parzen_log_likelihood",
    "peak_signal_to_noise",
    "perceptual_path_length",
    "power_spectrum",
    "precision_recall",
    "retrieval",
    "ring",
    "rotation_equivariance",
    "self_similarity",
    "sharpness",
    "sharpness_difference",
    "sliced_distance",
    "sliced_wasserstein",
    "squared_feature_distance",
    "stacked_digits",
    "streaming",
    "structural_similarity",
    "translation_equivariance",
]


def __getattr__(name: str) -> Any:
    if name == "streaming":
        return importlib.import_module("kerasgan.metrics.streaming")
    raise AttributeError(f"module 'kerasgan.metrics' has no attribute {name!r}")


guard(globals(), __all__)
