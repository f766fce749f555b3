"""Ends a training after a time or a number of steps, or when it has diverged."""

import time
import warnings
from typing import Any

import keras
import numpy as np

from kerasgan import distribution
from kerasgan.callbacks.base import StepCallback, not_finite

__all__ = ["NotFiniteWarning", "StopAfter", "StopWhenNotFinite"]

SMALLEST_SCALE = 2.0**-24  # of a loss, the smallest number in float16: a scale below it no update will ever fit


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


class NotFiniteWarning(UserWarning):
    """A training ends because its losses or weights are NaN or infinite."""


class StopWhenNotFinite(StepCallback):
    """Ends the training when a loss was NaN or infinite, or when in float16 every update overflows.

    Each step's losses are added up on the device, in the metrics that `fit` reports; one that is not finite stays in
    the sum. So reading the sums from time to time misses none, and costs no waiting for the device in the steps
    between. `found` then holds the step and the reasons.

    Args:
        every: steps from one look at the sums to the next; they are also read at the end of each epoch.
    """

    def __init__(self, *, every: int = 50):
        super().__init__(every)
        self.found: tuple[int, list[str]] | None = None

    def begin(self, step: int) -> None:
        self.found = None

    def act(self, step: int) -> None:
        wrong = [*not_finite(self.model.metrics), *_overflowing(self.model.optimizer)]
        if distribution.anywhere(bool(wrong)) and self.found is None:
            self.found = step, wrong or ["another machine's"]
            self.gan.stop_training = True
            reasons = ", ".join(self.found[1])
            ends = f"Step {step}: the training ends. Not finite any more: {reasons}"
            warnings.warn(ends, NotFiniteWarning, stacklevel=2)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        super().on_epoch_end(epoch, logs)
        if self.step > self._acted:  # Keras resets the sums
            self._act()


def _overflowing(optimizer: Any) -> list[str]:
    players = {"discriminator": optimizer.discriminator, "generator": optimizer.generator}
    scaled = {name: each for name, each in players.items() if isinstance(each, keras.optimizers.LossScaleOptimizer)}
    scales = {name: float(np.asarray(each.dynamic_scale.numpy())) for name, each in scaled.items()}
    return [f"the {name}'s scaled loss (scale {scale:g})" for name, scale in scales.items() if scale < SMALLEST_SCALE]
