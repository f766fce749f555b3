"""The log of the losses: a CSV file.

Steps are discriminator steps, counted over the whole life of the model, so that the count continues after a resume. The
callback never reads `logs`, and reads no number from the device between two intervals: it acts when the next batch
begins, where Keras passes no tensors. Keras' own `CSVLogger` writes once per epoch only, too rarely for a GAN.
"""

import csv
import io
import os
import time
from typing import Any

import numpy as np

from kerasgan.callbacks.base import LossCallback, metric_names
from kerasgan.files.paths import local, replacing, sync, writing
from kerasgan.files.text import warn

__all__ = ["LossLog"]


class LossLog(LossCallback):
    """Appends the losses to a CSV file: step, discriminator_loss, generator_loss, seconds, penalties, then metrics.

    A row holds the means over the steps since the row before, and the seconds of training so far. A model that has
    already been trained continues an existing file after the row of its step; a new model begins a new file. A
    checkpoint holds the rows, too: what is missing in the file when `fit` resumes is written again, with a warning.

    Args:
        path: the file; its folder is created if need be.
        every: steps from one row to the next.
        other_columns: whether an existing file may have other columns, all of which stay, or is refused.

    Raises:
        ValueError: when training begins, if the existing file has other columns.
        OSError: if the file cannot be written, or was removed during the training.
    """

    def __init__(self, path: str | os.PathLike[str], *, every: int = 50, other_columns: bool = False):
        super().__init__(every)
        self.path, self.other_columns = local(path), other_columns

    def begin(self, step: int) -> None:
        names = [*metric_names(self.model.metrics), *self.gan.measurements.names]
        self._columns = ["step", *names[:2], "seconds", *names[2:]]
        if self.other_columns and step:
            self._add_columns()
        # Not up to `step`: a row that was written because the training ended does not belong to a longer training.
        rows = self._known_rows(self._acted) if step else []
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._text = _text([self._columns, *rows])
        with replacing(self.path) as partial:
            partial.write_text(self._text, encoding="utf-8", newline="")
        self._started = time.monotonic() - (float(rows[-1][3]) if rows else 0.0)

    def _known_rows(self, step: int) -> list[list[str]]:
        """The rows up to a step, as the checkpoint knows them; of older checkpoints, and without one, the file's."""
        found, kept = self._rows_of(self._found(), step), self._kept()
        if kept:
            rows = self._rows_of(kept, step)
            if found != rows:
                lost = len(rows) - sum(row in found for row in rows)
                repaired = f"{self.path} is repaired from the checkpoint"
                warn(f"{repaired}: {lost} of its {len(rows)} rows were missing", stacklevel=2)
            return rows
        last = int(found[-1][0]) if found else 0
        if step - last > 2 * self.every:
            warn(f"{self.path} has a gap: there are no rows of steps {last + 1} to {step}", stacklevel=2)
        return found

    def _found(self) -> str:
        return self.path.read_text(encoding="utf-8", errors="replace") if self.path.is_file() else ""

    def _kept(self) -> str:
        state = (self.resumed.state if self.resumed else None) or {}
        return bytes(state["rows"]).decode() if "rows" in state else ""

    def _add_columns(self) -> None:
        """Adds those of the existing file, and of the checkpoint's, that this training does not have."""
        for text in self._found(), self._kept():
            header = next(csv.reader(io.StringIO(text)), [])
            if header[:4] == self._columns[:4]:
                self._columns += [name for name in header if name not in self._columns]

    def _rows_of(self, text: str, step: int) -> list[list[str]]:
        header, *rows = list(csv.reader(io.StringIO(text))) or [[]]
        if not text.endswith("\n"):  # it was cut short, and its last number with it
            rows = rows[:-1]
        if self.other_columns and header[:4] == self._columns[:4]:
            rows = [_reordered(header, row, self._columns) for row in rows if len(row) == len(header)]
        elif header != self._columns and text:
            expected = f"Expected a log with the columns {', '.join(self._columns)}"
            raise ValueError(f"{expected}. Received: {self.path} with {', '.join(header) or 'nothing'}")
        whole = [row for row in rows if len(row) == len(self._columns) and row[0].isdecimal() and row[3]]
        return [row for row in whole if int(row[0]) <= step]

    def act(self, step: int) -> None:
        means = self.means.take(self.model.metrics) | dict.fromkeys(self.gan.measurements.names) | self.measured()
        seconds = time.monotonic() - self._started
        values: dict[str, float | None] = {**means, "step": step, "seconds": round(seconds, 3)}
        row = _text([[_written(values.get(name)) for name in self._columns]])
        with writing(self.path), self.path.open("r+", encoding="utf-8", newline="") as file:  # not "a": it was removed
            file.seek(0, os.SEEK_END)
            file.write(row)
        self._text += row

    def state(self) -> dict[str, Any]:
        with writing(self.path):
            sync(self.path)  # the checkpoint that asks must not be ahead of the log
        return {**super().state(), "rows": np.frombuffer(self._text.encode(), "uint8")}


def _reordered(header: list[str], row: list[str], columns: list[str]) -> list[str]:
    values = dict(zip(header, row))
    return [values.get(name, "") for name in columns]


def _written(value: float | None) -> str:
    """A number with seven digits; a step with all that it has."""
    return "" if value is None else str(value) if isinstance(value, int) else f"{value:.7g}"


def _text(rows: list[list[str]]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows(rows)
    return written.getvalue()
