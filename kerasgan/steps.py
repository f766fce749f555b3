"""How callbacks of an adversarial training count its steps and read its losses."""

from collections.abc import Iterable
from typing import Any

import keras

__all__ = ["Means", "StepCallback"]


class StepCallback(keras.callbacks.Callback):
    """Calls `act(step)` whenever the step count passes a multiple of `every`, and at the end of the training.

    Args:
        every: discriminator steps from one call to the next.

    Raises:
        ValueError: if `every` is not a positive whole number.
    """

    def __init__(self, every: int):
        super().__init__()
        if not (isinstance(every, int) and every >= 1):
            raise ValueError(f"Expected a positive whole number of steps. Received: every={every!r}")
        self.every = every
        self.step = 0
        self.gan: Any = None  # `self.model` first fetches the whole state on JAX: too much for every step

    def set_model(self, model: keras.Model) -> None:
        super().set_model(model)
        self.gan = model

    def begin(self, step: int) -> None:
        """Called once before the training, with the number of steps that the model has behind it."""

    def act(self, step: int) -> None:
        """Called with the number of steps done; `self.model` is in that state."""
        raise TypeError(f"{type(self).__name__} must define `act`.")

    def on_train_begin(self, logs: Any = None) -> None:
        self.step = self._acted = int(self.model.optimizer.iterations)
        self.begin(self.step)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._epoch_start = int(self.model.optimizer.iterations)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self._arrive(self._epoch_start + batch)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._arrive(int(self.model.optimizer.iterations))

    def on_train_end(self, logs: Any = None) -> None:
        if self.step > self._acted:
            self._act()

    def _arrive(self, step: int) -> None:
        # Steps that a LossScaleOptimizer skipped are taken back at the epoch's end: never act twice for them.
        due = step // self.every > self.step // self.every
        self.step = max(step, self.step)
        if due:
            self._act()

    def _act(self) -> None:
        self._acted = self.step
        self.act(self.step)


class Means:
    """The losses' means since the last `take`, out of Keras' running means, which start again with every epoch.

    The metrics are only read, never reset: what `fit` reports and other callbacks see stays as it is.
    """

    def __init__(self) -> None:
        self._seen: dict[str, tuple[float, float]] = {}
        self._sums: dict[str, tuple[float, float]] = {}

    def restart(self) -> None:
        """Called when an epoch begins: Keras has set its metrics to zero."""
        self._seen = {}

    def collect(self, metrics: Iterable[Any]) -> None:
        """Adds what the metrics have counted since the last call; due when an epoch ends."""
        for metric in metrics:
            now = float(metric.total), float(metric.count)
            old, kept = self._seen.get(metric.name, (0.0, 0.0)), self._sums.get(metric.name, (0.0, 0.0))
            self._sums[metric.name] = kept[0] + now[0] - old[0], kept[1] + now[1] - old[1]
            self._seen[metric.name] = now

    def take(self, metrics: Iterable[Any]) -> dict[str, float | None]:
        """The means by name, None for what was not computed meanwhile (a lazy penalty, say), and a fresh start."""
        self.collect(metrics)
        sums, self._sums = self._sums, {}
        return {name: total / count if count else None for name, (total, count) in sums.items()}
