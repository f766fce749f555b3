"""How the callbacks of an adversarial training read its losses; how they count its steps is `StepCallback`'s."""

from collections.abc import Iterable, Mapping
from typing import Any

import keras
import numpy as np

from kerasgan.distribution import local_value
from kerasgan.gan.keras_callbacks import RunningMean
from kerasgan.gan.step_callback import Position, Resumed, StepCallback, below

__all__ = ["LossCallback", "Means", "Position", "Resumed", "StepCallback", "below", "metric_names", "not_finite"]


def metric_names(metrics: Iterable[Any]) -> list[str]:
    """The names under which `Means` gives the values of metrics; one of Keras' may have several values."""
    return [name for each in metrics for name in ([each.name] if _is_mean(each) else _results(each))]


def _is_mean(metric: Any) -> bool:
    """Whether its value is its total by its count, of which what came before can be taken away."""
    return getattr(type(metric), "result", keras.metrics.Mean.result) is keras.metrics.Mean.result


def _results(metric: Any) -> dict[str, float | None]:
    result = metric.result()
    return {
        name: float(value) for name, value in (result if isinstance(result, dict) else {metric.name: result}).items()
    }


def not_finite(metrics: Iterable[Any]) -> list[str]:
    """The losses of which a value since the epoch began was NaN or infinite: their sums then stay so."""
    losses = [each for each in metrics if isinstance(each, RunningMean)]
    return [each.name for each in losses if not np.isfinite(local_value(each.total))]


class Means:
    """The losses' means since the last `take`, from Keras' running means, which restart with every epoch.

    The metrics are only read, never reset: `fit` and other callbacks report the same numbers as without this.
    """

    def __init__(self) -> None:
        self._seen: dict[str, tuple[float, float]] = {}
        self._sums: dict[str, tuple[float, float]] = {}
        self._latest: dict[str, float | None] = {}  # of a subclass's metrics that are no means: since the epoch began

    def restart(self) -> None:
        """Called when an epoch begins: Keras has reset its metrics."""
        self._seen = {}

    def collect(self, metrics: Iterable[Any]) -> None:
        """Adds what the metrics have counted since the last call; to be called when an epoch ends."""
        for metric in metrics:
            if not _is_mean(metric):
                self._latest |= _results(metric)
                continue
            now = local_value(metric.total), local_value(metric.count)
            old, kept = self._seen.get(metric.name, (0.0, 0.0)), self._sums.get(metric.name, (0.0, 0.0))
            self._sums[metric.name] = kept[0] + now[0] - old[0], kept[1] + now[1] - old[1]
            self._seen[metric.name] = now

    def take(self, metrics: Iterable[Any]) -> dict[str, float | None]:
        """The means by name, then restarts; None for values not computed since, such as a lazy penalty."""
        self.collect(metrics)
        sums, self._sums = self._sums, {}
        latest, self._latest = self._latest, {}
        return {name: total / count if count else None for name, (total, count) in sums.items()} | latest

    def state(self) -> dict[str, tuple[float, float]]:
        """The complete state, for `Means.from_state`."""
        seen = {f"seen/{name}": pair for name, pair in self._seen.items()}
        return seen | {f"sums/{name}": pair for name, pair in self._sums.items()}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "Means":
        """The means as they were; other names in `state` are ignored."""
        means = cls()
        means._seen = {name: (float(total), float(count)) for name, (total, count) in below(state, "seen/").items()}
        means._sums = {name: (float(total), float(count)) for name, (total, count) in below(state, "sums/").items()}
        return means


class LossCallback(StepCallback):
    """A `StepCallback` that reads the losses: `self.means` holds their means since the last `take`.

    Args:
        every: discriminator steps from one call of `act` to the next.
    """

    _read: int  # the step up to which `measured` has been asked

    def measured(self) -> dict[str, float]:
        """The newest values of metrics of samples that were measured since the last call."""
        first, self._read = self._read, self.step
        return self.gan.measurements.between(first, self.step)

    def on_train_begin(self, logs: Any = None) -> None:
        self.means = Means()
        self._read = -1
        if self.resumed and self.resumed.state is not None:
            self.means = Means.from_state(self.resumed.state)
        elif self.resumed:
            self.means.take(self.model.metrics)  # counted before this callback was added
        if self.resumed and self.resumed.state is not None and "read" in self.resumed.state:
            self._read = int(self.resumed.state["read"])
        elif self.gan.optimizer.steps:
            self._read = self.gan.optimizer.steps
        super().on_train_begin(logs)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        inside = self.resumed is not None and self.resumed.position.batch
        super().on_epoch_begin(epoch, logs)
        if not inside:
            self.means.restart()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        super().on_epoch_end(epoch, logs)
        self.means.collect(self.model.metrics)

    def state(self) -> dict[str, Any]:
        return {**super().state(), **self.means.state(), "read": self._read}
