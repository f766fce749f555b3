"""Ends a training after a time or a number of steps."""

import time
from typing import Any

from kerasgan.callbacks.base import StepCallback

__all__ = ["StopAfter"]


class StopAfter(StepCallback):
    """Ends the training after a number of seconds, or when the model has done a number of steps in its life.

    Args:
        seconds: time limit of this `fit`; the step during which it passes is finished.
        steps: total number of discriminator steps, those before this `fit` included.

    Raises:
        ValueError: if neither is given, or one is not positive.
    """

    def __init__(self, *, seconds: float | None = None, steps: int | None = None):
        super().__init__(every=1)
        if seconds is None and steps is None:
            raise ValueError("Expected seconds or steps. Received: seconds=None, steps=None")
        self.seconds, self.steps = seconds, steps

    def begin(self, step: int) -> None:
        self._started = time.monotonic()

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        # Keras still does the steps that have begun.
        self._stop_if_done(self._epoch_start + batch + self.gan.steps_per_execution)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._stop_if_done(self.model.optimizer.steps)

    def _stop_if_done(self, step: int) -> None:
        late = self.seconds is not None and time.monotonic() - self._started >= self.seconds
        if late or (self.steps is not None and step >= self.steps):
            self.gan.stop_training = True
