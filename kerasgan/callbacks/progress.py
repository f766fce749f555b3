"""The progress bar of a training."""

import datetime
import math
import time
import weakref
from collections.abc import Iterator
from typing import Any

from kerasgan.callbacks.base import LossCallback

__all__ = ["Progress"]


class Progress(LossCallback):
    """A progress bar with the time left, the losses and images per second; plain lines if there is no terminal.

    Use it with `fit(..., verbose=0)`. The losses are means since the last update of the display.

    Args:
        steps: total number of discriminator steps, if known.
        seconds: length of the training, if it is limited by time.
        batch_size: if given, images per second are shown instead of steps per second.
        console: a `rich.console.Console` to use instead of standard error.
        started: `time.monotonic()` at the start of the program, from which the total time counts; if not given, it
            counts from the first step on.
    """

    def __init__(
        self,
        *,
        steps: int | None = None,
        seconds: float | None = None,
        batch_size: int | None = None,
        console: Any = None,
        started: float | None = None,
    ):
        super().__init__(every=1)
        self.steps, self.seconds, self.batch_size, self.console = steps, seconds, batch_size, console
        self.started = started

    def begin(self, step: int) -> None:
        from rich import console, progress

        known = self.params.get("steps") and self.params.get("epochs")
        self._start = step
        self._total = self.steps or (step + self.params["steps"] * self.params["epochs"] if known else None)
        self._begun = self._shown = time.monotonic()
        self._first: tuple[int, float] | None = None
        columns = progress.BarColumn(bar_width=16), progress.TextColumn("{task.description}")
        where = self.console or console.Console(stderr=True)
        self._bar = progress.Progress(*columns, console=where, auto_refresh=False)
        self._task = self._bar.add_task("preparing the first step", total=1.0 if self._total or self.seconds else None)
        self._live = self._bar.console.is_terminal
        if self._live:
            self._bar.start()
            self.close = weakref.finalize(self, self._bar.stop)  # restores the cursor however the training ends

    def act(self, step: int) -> None:
        now = time.monotonic()
        if self._first is None:
            self._first = step, now  # the speed leaves out the first step, which compiles
        elif now - self._shown >= (0.5 if self._live else 30.0):
            self._show(now)

    def on_train_end(self, logs: Any = None) -> None:
        self._show(time.monotonic())
        if self._live:
            self.close()

    def _show(self, now: float) -> None:
        self._shown = now
        text = " ".join(self._facts(now))
        if not self._live:
            self._bar.console.print(text, highlight=False, soft_wrap=True)
            return
        parts = [(now - self._begun) / self.seconds] if self.seconds else []
        if self._total and self._total > self._start:
            parts.append((self.step - self._start) / (self._total - self._start))
        self._bar.update(self._task, completed=min(max(parts, default=0.0), 1.0), description=text, refresh=True)

    def _facts(self, now: float) -> Iterator[str]:
        """Step, losses, speed and time left, as far as they are known."""
        yield f"step {self.step:,}" + (f"/{self._total:,}" if self._total else "")
        for name, value in self.means.take(self.model.metrics).items():
            if name in ("discriminator_loss", "generator_loss") and value is not None:
                yield f"{name[0].upper()} {value:.3f}"
        yield from self._best()
        first_step, first_time = self._first or (self.step, now)
        if self.step > first_step and now > first_time:
            speed = (self.step - first_step) / (now - first_time)
            yield f"{readable(speed * self.batch_size)} images/s" if self.batch_size else f"{speed:.3g} steps/s"
            left = [(self._total - self.step) / speed] if self._total else []
            left += [self.seconds - (now - self._begun)] if self.seconds else []
            if left and min(left) > 0:
                total = datetime.timedelta(seconds=math.ceil(min(left) + self._past(now)))
                yield f"{datetime.timedelta(seconds=math.ceil(min(left)))} left of {total}"
            else:
                yield f"in {datetime.timedelta(seconds=round(self._past(now)))}"

    def _past(self, now: float) -> float:
        return now - (self._begun if self.started is None else self.started)

    def _best(self) -> Iterator[str]:
        """The best value of the first metric of samples, since when it was not better, and what measuring costs."""
        record = self.gan.measurements
        for name in record.names[:1]:
            if name in record.best:
                value, step = record.best[name]
                past = self.step - step
                ago = "now" if not past else "1 step ago" if past == 1 else f"{past:,} steps ago"
                yield f"{name.replace('_', ' ')} best {value:.3g} at step {step:,} ({ago})"
            if name in record.values:
                yield f"(measured in {record.seconds:.2g} s, {record.share:.0%} of the time)"


def readable(speed: float) -> str:
    """A speed as a text; a slow one is not 0."""
    return f"{speed:,.0f}" if speed >= 10 else f"{speed:.2g}"
