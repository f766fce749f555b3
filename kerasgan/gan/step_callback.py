"""How callbacks count the steps of an adversarial training, and resume from a checkpoint."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np

__all__ = ["Position", "Resumed", "StepCallback", "below", "restored"]


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


def restored(gan: Any, callbacks: Sequence[Any], *, epochs: int) -> Position | None:
    """The position from which `fit` resumes, if one of the callbacks restores a checkpoint."""
    position = None
    for callback in callbacks:
        if gan.compiled and hasattr(callback, "restore"):
            position = callback.restore(gan, callbacks, epochs=epochs) or position
    return position


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
        if not (isinstance(every, int) and every >= 1):
            raise ValueError(f"Expected a positive whole number of steps. Received: every={every!r}")
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
