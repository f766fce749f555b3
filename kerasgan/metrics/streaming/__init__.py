"""The same numbers as Keras metrics, for sets that do not fit into memory: `update_state`, `result`, `reset_state`.

They compute in NumPy, whatever Keras' backend: call them in your own loop or callback, or compile with
`run_eagerly=True` (not on JAX, which always compiles). `merge_state` adds what other workers have gathered.

Three metrics have no such form: recall and the sliced Wasserstein distance compare all fakes with one another, and the
perceptual path length generates its own images, in batches, and leaves out its longest paths.
"""

from kerasgan.metrics.streaming.coverage import DensityCoverage, GAMResult, Memorization, ModeCoverage
from kerasgan.metrics.streaming.distances import FrechetDistance, InceptionScore, KernelDistance
from kerasgan.metrics.streaming.means import (
    LabelAccuracy,
    MeanOf,
    MultiscaleSimilarity,
    ParzenLogLikelihood,
    PeakSignalToNoise,
    Precision,
    Sharpness,
    StructuralSimilarity,
)
from kerasgan.scalars import guard

__all__ = [
    "DensityCoverage",
    "FrechetDistance",
    "GAMResult",
    "InceptionScore",
    "KernelDistance",
    "LabelAccuracy",
    "MeanOf",
    "Memorization",
    "ModeCoverage",
    "MultiscaleSimilarity",
    "ParzenLogLikelihood",
    "PeakSignalToNoise",
    "Precision",
    "Sharpness",
    "StructuralSimilarity",
]

guard(globals(), __all__)
