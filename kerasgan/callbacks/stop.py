"""What to see and keep while `fit` runs: sample grids, a film strip, the losses' log, checkpoints, a progress bar.

Steps are the discriminator's, counted over the whole life of the model, so that they continue after a resume. Nothing
here reads `logs`, and nothing asks the device for a number between two intervals: the callbacks act when the next
batch begins, where Keras hands over no tensors. Keras' own `CSVLogger` writes per epoch only, and its
`ModelCheckpoint` neither writes atomically nor keeps the last few; both are of little use to an endless game. Its
`BackupAndRestore` forgets the random states and the place within the epoch.
"""

import time
from typing import Any

from kerasgan.callbacks.base import StepCallback
from kerasgan.scalars import refuse_nan

__all__ = ["StopAfter"]


class StopAfter(StepCallback):
    """Ends the training after so many seconds of it, or when the model has done so many steps in its life.

    Args:
        seconds: of this `fit`; the step during which they pass is finished.
        steps: discriminator steps in all, those before this `fit` included.

    Raises:
        ValueError: if neither is given, or one is not positive.
    """

    def __init__(self, *, seconds: float | None = None, steps: int | None = None):
        super().__init__(every=1)
        refuse_nan({"seconds": seconds, "steps": steps})
        if (seconds is None and steps is None) or any(limit is not None and limit <= 0 for limit in (seconds, steps)):
            raise ValueError(f"Expected positive seconds or steps. Received: seconds={seconds}, steps={steps}")
        self.seconds, self.steps = seconds, steps

    def begin(self, step: int) -> None:
        self._started = time.monotonic()

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        # Keras still does the steps that begin now.
        self._stop_if_done(self._epoch_start + batch + self.gan.steps_per_execution)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._stop_if_done(self.model.optimizer.steps)

    def _stop_if_done(self, step: int) -> None:
        late = self.seconds is not None and time.monotonic() - self._started >= self.seconds
        if late or (self.steps is not None and step >= self.steps):
            self.gan.stop_training = True
