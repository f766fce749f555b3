"""How the callbacks of an adversarial training count its steps, read its losses, and resume from a checkpoint."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import keras
import numpy as np

from kerasgan.distribution import local_value

__all__ = ["LossCallback", "Means", "Position", "Resumed", "StepCallback", "below", "metric_names"]


class Position(NamedTuple):
    """Where in `fit` a checkpoint was taken.

    epoch: the epoch of `fit` to continue.
    batch: number of batches of it that are done.
    step: number of steps that the callbacks had counted.
    epoch_start: their count when the epoch began.
    """

    epoch: int
    batch: int
    step: int
    epoch_start: int


class Resumed(NamedTuple):
    """Passed to a callback when `fit` resumes from a checkpoint: the position, and its own `state` (None if new)."""

    position: Position
    state: Mapping[str, np.ndarray] | None


def below(state: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    """The part of a state whose names begin with `prefix`, with the prefix removed."""
    return {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}


class StepCallback(keras.callbacks.Callback):
    """Calls `act(step)` whenever the step count passes a multiple of `every`, and at the end of the training.

    A checkpoint keeps what `state` returns. When `fit` resumes from one, `begin` finds it in `resumed`, and from then
    on the callback must do what it does in a training that was never interrupted.

    Args:
        every: discriminator steps from one call to the next.

    Raises:
        ValueError: if `every` is not a positive whole number.
    """

    def __init__(self, every: int):
        super().__init__()
        self.every = every
        self.step = 0
        self.gan: Any = None  # `self.model` first fetches the whole state on JAX: too slow for every step
        self.resumed: Resumed | None = None

    def set_model(self, model: keras.Model) -> None:
        super().set_model(model)
        self.gan = model

    def begin(self, step: int) -> None:
        """Called once before the training, with the number of steps that the model has already done."""

    def act(self, step: int) -> None:
        """Called with the number of steps done; `self.model` has the weights of that step."""
        raise TypeError(f"{type(self).__name__} must define `act`.")

    def state(self) -> dict[str, Any]:
        """The numbers and arrays that a checkpoint must keep, by name; subclasses add theirs to `super().state()`."""
        return {"step": self.step, "acted": self._acted}

    def on_train_begin(self, logs: Any = None) -> None:
        position, state = self.resumed or (None, None)
        self.step = self._acted = self.model.optimizer.steps if position is None else position.step
        if state is not None:
            self.step, self._acted = int(state["step"]), int(state["acted"])
        self.begin(self.step)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        # Not the optimizer's count: a LossScaleOptimizer may have skipped steps of the epoch that is resumed.
        resumed, self.resumed = self.resumed, None
        self._epoch_start = self.model.optimizer.steps
        if resumed is not None and resumed.position.batch:
            self._epoch_start = resumed.position.epoch_start

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self._arrive(self._epoch_start + batch)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._arrive(self.model.optimizer.steps)

    def on_train_end(self, logs: Any = None) -> None:
        self.resumed = None  # if there was no epoch left
        if self.step > self._acted:
            self._act()

    def _arrive(self, step: int) -> None:
        # Steps that a LossScaleOptimizer skipped are subtracted at the epoch's end: never act twice for them.
        due = step // self.every > self.step // self.every
        self.step = max(step, self.step)
        if due:
            self._act()

    def _act(self) -> None:
        self._acted = self.step
        self.act(self.step)


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
    """A `StepCallback` that reads the losses: `self.means` holds their means since the last `take`."""

    def on_train_begin(self, logs: Any = None) -> None:
        self.means = Means()
        if self.resumed and self.resumed.state is not None:
            self.means = Means.from_state(self.resumed.state)
        elif self.resumed:
            self.means.take(self.model.metrics)  # counted before this callback was added
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
        return {**super().state(), **self.means.state()}
