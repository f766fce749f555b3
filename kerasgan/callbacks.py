"""What to see and keep while `fit` runs: sample grids, a film strip, the losses' log, checkpoints, a progress bar.

Steps are the discriminator's, counted over the whole life of the model, so that they continue after a resume. Nothing
here reads `logs`, and nothing asks the device for a number between two intervals: the callbacks act when the next
batch begins, where Keras hands over no tensors. Keras' own `CSVLogger` writes per epoch only, and its
`ModelCheckpoint` neither writes atomically nor keeps the last few; both are of little use to an endless game. Its
`BackupAndRestore` forgets the random states and the place within the epoch.
"""

import csv
import io
import math
import os
import time
from typing import Any

from kerasgan import events, pictures
from kerasgan.backups import Checkpoint
from kerasgan.progress import Progress
from kerasgan.steps import LossCallback, StepCallback
from kerasgan.storage import local

__all__ = [
    "Checkpoint",
    "FilmStrip",
    "LossLog",
    "Progress",
    "SampleGrid",
    "StepCallback",
    "StopAfter",
    "TensorBoardLog",
]


class SampleGrid(StepCallback):
    """Writes a grid of samples from always the same latents, as directory/step-000500.png.

    Args:
        directory: where to; created if need be.
        every: steps from one grid to the next.
        count: images; if not given, 16, or a few of each class for a class-conditional model (a column per class).
        seed: of the latents.
        latest: a path where the newest grid is kept too.
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        *,
        every: int = 500,
        count: int | None = None,
        seed: int = 0,
        latest: str | os.PathLike[str] | None = None,
    ):
        super().__init__(every)
        self.directory, self.count, self.seed, self.latest = local(directory), count, seed, latest

    def act(self, step: int) -> None:
        images, columns = self.model.sheet(self.count, seed=self.seed)
        picture = pictures.grid(images, columns=columns)
        pictures.save(picture, self.directory / f"step-{step:06d}.png")
        if self.latest is not None:
            pictures.save(picture, self.latest)


class FilmStrip(StepCallback):
    """Keeps one PNG in which a row of the same latents is added as the training goes on.

    When the strip is full, every other row is taken out and `every` doubles: it always spans the whole training. A
    resumed training goes on with the strip it finds.

    Args:
        path: of the PNG.
        every: steps from one row to the next, at first.
        count: images per row.
        seed: of the latents.
        rows: at most; an even number.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, every: int = 20, count: int = 10, seed: int = 0, rows: int = 12
    ):
        super().__init__(every)
        if rows < 2 or rows % 2:
            raise ValueError(f"Expected an even number of rows. Received: rows={rows}")
        self.path, self.count, self.seed, self.rows = local(path), count, seed, rows
        self._strip: list[tuple[int, pictures.Picture]] = []

    def begin(self, step: int) -> None:
        state = self.resumed.state if self.resumed else None
        rows, steps = pictures.read_film(self.path) if step and self.path.is_file() else ([], [])
        known = range(step) if state is None else state["steps"].tolist()
        self._strip = [(number, row) for number, row in zip(steps, rows) if number in known]
        if state is None:
            if len(steps) > 2:
                self.every = max(self.every, steps[2] - steps[1])
            self.act(step)
        else:
            # If it was thinned out after the checkpoint, every second of its rows is left, or every fourth, ...
            share = len(known) / len(self._strip) if self._strip else 1
            self.every = int(state["every"]) * 2 ** math.ceil(math.log2(share))

    def act(self, step: int) -> None:
        images = self.model.strip(self.count, seed=self.seed)
        self._strip.append((step, pictures.grid(pictures.reduced(images, 128), columns=self.count)))
        if len(self._strip) > self.rows:
            self._strip = self._strip[::2]  # the first and the last stay: there was one more than an even number
            self.every *= 2
        steps, rows = zip(*self._strip)
        pictures.save(pictures.film(rows, steps), self.path)

    def state(self) -> dict[str, Any]:
        return {**super().state(), "steps": [step for step, _ in self._strip], "every": self.every}


class LossLog(LossCallback):
    """Appends the losses to a CSV file: step, discriminator_loss, generator_loss, seconds, then penalties.

    A row holds the means over the steps since the row before, and the seconds of training so far. A model that has
    steps behind it continues an existing file after the last row that it knows of; a new one begins a new file.

    Args:
        path: of the file; its folder is created if need be.
        every: steps from one row to the next.

    Raises:
        ValueError: when training begins, if the existing file has other columns.
    """

    def __init__(self, path: str | os.PathLike[str], *, every: int = 50):
        super().__init__(every)
        self.path = local(path)

    def begin(self, step: int) -> None:
        names = [metric.name for metric in self.model.metrics]
        columns = ["step", *names[:2], "seconds", *names[2:]]
        # Not up to `step`: a row that was written because the training ended is not one of a training that goes on.
        rows = self._known_rows(columns, self._acted) if step and self.path.is_file() else []
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_name(f".{self.path.name}.partial")
        with partial.open("w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([columns, *rows])
        partial.replace(self.path)
        self._columns = columns
        self._started = time.monotonic() - (float(rows[-1][3]) if rows else 0.0)

    def _known_rows(self, columns: list[str], step: int) -> list[list[str]]:
        with self.path.open(newline="") as file:
            header, *rows = list(csv.reader(file)) or [[]]
        if header != columns:
            expected = f"Expected a log with the columns {', '.join(columns)}"
            raise ValueError(f"{expected}. Received: {self.path} with {', '.join(header) or 'nothing'}")
        return [row for row in rows if len(row) == len(columns) and int(row[0]) <= step]

    def act(self, step: int) -> None:
        means = self.means.take(self.model.metrics)
        seconds = time.monotonic() - self._started
        values: dict[str, float | None] = {**means, "step": step, "seconds": round(seconds, 3)}
        row = ["" if values[name] is None else f"{values[name]:.7g}" for name in self._columns]
        with self.path.open("a", newline="") as file:
            csv.writer(file, lineterminator="\n").writerow(row)


class TensorBoardLog(LossCallback):
    """Writes losses, penalties, sample grids and the doctor's signals for `tensorboard --logdir`.

    By steps and on every backend. Keras' own `TensorBoard` callback works too, also beside it, but counts epochs and
    shows no samples.

    Args:
        directory: where to; created if need be. A resumed training adds a file of its own.
        every: steps from one row of losses, their means over the steps since the row before, to the next.
        images_every: steps from one grid of samples, of always the same latents, to the next.
        count: images of a grid, as those of `SampleGrid`.
        seed: of the latents.
        doctor: a `kerasgan.doctor.Doctor` of the same `fit`, listed before: each of its probes is written too.

    Raises:
        ImportError: if TensorBoard is not installed.
        ValueError: if an interval is not a positive whole number.
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        *,
        every: int = 50,
        images_every: int = 500,
        count: int | None = None,
        seed: int = 0,
        doctor: Any = None,
    ):
        super().__init__(every)
        events.check()
        if not (isinstance(images_every, int) and images_every >= 1):
            raise ValueError(f"Expected a positive whole number of steps. Received: images_every={images_every!r}")
        self.directory, self.images_every, self.count, self.seed = local(directory), images_every, count, seed
        self.doctor = doctor

    def begin(self, step: int) -> None:
        self._file = events.EventFile(self.directory)
        self._probes = len(self._history().get("step", [])) if step else 0
        self._drawn = -self.images_every

    def _history(self) -> dict[str, list[float]]:
        return {} if self.doctor is None else self.doctor.history

    def on_train_end(self, logs: Any = None) -> None:
        super().on_train_end(logs)
        self._file.close()

    def act(self, step: int) -> None:
        means = self.means.take(self.model.metrics)
        self._file.scalars(step, {name: value for name, value in means.items() if value is not None})
        history = self._history()
        for row in range(self._probes, len(history.get("step", []))):
            found = {name: history[name][row] for name in history if name not in {"step", *means}}
            signals = {f"doctor/{name}": value for name, value in found.items() if value == value}  # NaN: not probed
            self._file.scalars(int(history["step"][row]), signals)
            self._probes = row + 1
        if self.doctor is not None and self.doctor.diagnosis is not None:
            self._file.scalars(step, {"doctor/collapse": self.doctor.diagnosis.collapse})
        if step // self.images_every > self._drawn // self.images_every:
            self._drawn = step
            images, columns = self.model.sheet(self.count, seed=self.seed)
            picture, written = pictures.grid(images, columns=columns), io.BytesIO()
            picture.save(written, format="PNG")
            channels = len(picture.getbands())
            self._file.picture(step, "samples", written.getvalue(), size=picture.size, channels=channels)


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
