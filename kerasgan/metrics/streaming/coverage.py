"""Streams of fakes compared with data in memory (modes, neighborhoods of reals, training images), and GAM."""

from collections.abc import Iterable
from typing import Any

import keras
import numpy as np

from kerasgan.metrics import checks
from kerasgan.metrics.density_coverage import Neighborhoods
from kerasgan.metrics.gam import GAMResult as Rates
from kerasgan.metrics.memorization import Habits
from kerasgan.metrics.mode_coverage import Modes, mode_coverage
from kerasgan.metrics.streaming.means import MeanOf


class ModeCoverage(keras.metrics.Metric):
    """Modes that a stream of points has covered; `update_state(points)`; `result()` is their number.

    `modes` holds the counts, the share of high quality and the divergence. Arguments as those of `mode_coverage`.
    """

    modes: Modes

    def __init__(self, centers: Any, *, deviation: float, within: float = 3.0, name: str = "mode_coverage") -> None:
        super().__init__(name=name)
        self._settings = {"deviation": deviation, "within": within}
        self._centers = checks.features(centers, name="centers")
        self.reset_state()

    def update_state(self, points: Any) -> None:
        self.merge(mode_coverage(points, self._centers, **self._settings))

    def merge(self, found: Modes) -> None:
        """Add modes counted elsewhere, for the same centers."""
        self.modes = Modes(self.modes.counts + found.counts, self.modes.total + found.total)

    def merge_state(self, metrics: Iterable["ModeCoverage"]) -> None:
        for metric in metrics:
            self.merge(metric.modes)

    def result(self) -> int:
        return self.modes.captured

    def reset_state(self) -> None:
        self.modes = Modes(np.zeros(len(self._centers), dtype="int64"), 0)


class DensityCoverage(keras.metrics.Metric):
    """Density and coverage of a stream of fakes; memory of the reals' features, whatever the count of fakes.

    Args:
        reals: features (count, dimensions), held in memory.
        neighbors: k.
        name: name of the metric.

    `update_state(fakes)`; `result()` is {"density": ..., "coverage": ...}, NaN before the first batch.
    """

    def __init__(self, reals: Any, *, neighbors: int = 5, name: str = "density_coverage") -> None:
        super().__init__(name=name)
        self._found = Neighborhoods(reals, neighbors=neighbors)

    def update_state(self, fakes: Any) -> None:
        self._found.add(fakes)

    def merge_state(self, metrics: Iterable["DensityCoverage"]) -> None:
        for metric in metrics:
            self._found.merge(metric._found)

    def result(self) -> dict[str, float]:
        return self._found.scores._asdict()

    def reset_state(self) -> None:
        self._found.reset()


class Memorization(keras.metrics.Metric):
    """Whether samples are nearer to training images than held-out reals are; memory of the training images.

    Args:
        training: features (count, dimensions), or flattened images, held in memory.
        held_out: likewise: real images that the generator was not trained on; None as in `memorization`.
        share: share of held-out reals that count as near-copies by chance.
        name: name of the metric.

    `update_state(samples)`; `result()` is {"nearer": ..., "near_copies": ...}, NaN before the first batch.
    """

    def __init__(self, training: Any, *, held_out: Any = None, share: float = 0.01, name: str = "memorization") -> None:
        super().__init__(name=name)
        self._habits = Habits(training, held_out, share=share)
        self._nearer = MeanOf(lambda distances: self._habits.nearer(distances), name="nearer")
        self._copies = MeanOf(lambda distances: distances < self._habits.threshold, name="near_copies")

    def update_state(self, samples: Any) -> None:
        distances = self._habits.nearest(samples).distances
        self._nearer.update_state(distances)
        self._copies.update_state(distances)

    def merge_state(self, metrics: Iterable["Memorization"]) -> None:
        for metric in metrics:
            self._nearer.merge_state([metric._nearer])
            self._copies.merge_state([metric._copies])

    def result(self) -> dict[str, float]:
        return {"nearer": self._nearer.result(), "near_copies": self._copies.result()}

    def reset_state(self) -> None:
        self._nearer.reset_state()
        self._copies.reset_state()


class GAMResult(keras.metrics.Metric):
    """GAM of two GANs; `update_state` takes the arguments of `gam`, each or None; memory of eight numbers.

    `result()` is the paper's ratio of errors on samples, below 1 if the first wins; `judged` holds the error rates.
    """

    def __init__(self, *, threshold: float = 0.5, name: str = "gam") -> None:
        super().__init__(name=name)
        self._on_test = [MeanOf(lambda scores: scores < threshold, name=f"{model}_on_test") for model in _MODELS]
        self._on_fakes = [MeanOf(lambda scores: scores >= threshold, name=f"{model}_on_fakes") for model in _MODELS]

    @property
    def _rates(self) -> list[MeanOf]:
        return [*self._on_test, *self._on_fakes]

    def update_state(
        self,
        first_on_test: Any = None,
        second_on_test: Any = None,
        first_on_second: Any = None,
        second_on_first: Any = None,
    ) -> None:
        batches = first_on_test, second_on_test, first_on_second, second_on_first
        for rate, batch in zip(self._rates, batches):
            if batch is not None:
                rate.update_state(checks.scores(batch, name=rate.name))

    def merge_state(self, metrics: Iterable["GAMResult"]) -> None:
        for metric in metrics:
            for ours, theirs in zip(self._rates, metric._rates):
                ours.merge_state([theirs])

    @property
    def judged(self) -> Rates:
        """The error rates and their ratios; NaN for a discriminator that has scored no images."""
        rates = [rate.result() for rate in self._rates]
        return Rates(
            first_error_on_test=rates[0],
            second_error_on_test=rates[1],
            first_error_on_second=rates[2],
            second_error_on_first=rates[3],
        )

    def result(self) -> float:
        return self.judged.sample_error_ratio

    def reset_state(self) -> None:
        for rate in self._rates:
            rate.reset_state()


_MODELS = "first", "second"
