"""Pictures of a running training: sample grids, and a film strip of the same latents over time.

Steps are discriminator steps, counted over the whole life of the model, so that the count continues after a resume.
"""

import io
import math
import os
from typing import Any

import numpy as np

from kerasgan.callbacks.base import StepCallback
from kerasgan.files import pictures
from kerasgan.files.paths import local, replacing
from kerasgan.files.text import warn

__all__ = ["FilmStrip", "SampleGrid"]


class SampleGrid(StepCallback):
    """Writes a grid of samples of the same latents each time, as directory/step-000500.png.

    Args:
        directory: the folder, created if need be.
        every: steps from one grid to the next.
        count: number of images; if not given, 16, or a few of each class for a class-conditional model, whose grid has
            a column per class.
        seed: seed of the latents.
        latest: a path to which the newest grid is written, too.
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
        images, columns = self.model.sample_grid(self.count, seed=self.seed)
        picture = pictures.grid(images, columns=columns)
        pictures.save(picture, self.directory / f"step-{step:06d}.png")
        if self.latest is not None:
            pictures.save(picture, self.latest)


class FilmStrip(StepCallback):
    """Keeps one PNG to which a row of samples of the same latents is added as the training proceeds.

    When the strip is full, every other row is removed and `every` doubles: it always spans the whole training. A
    resumed training continues the strip as its checkpoint knows it.

    Args:
        path: the PNG.
        every: steps from one row to the next, at first.
        count: images per row.
        seed: seed of the latents.
        rows: largest number of rows; an even number.
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
        rows, steps = self._known(step, state) if step else ([], [])
        known = range(step) if state is None else state["steps"].tolist()
        self._strip = [(number, row) for number, row in zip(steps, rows) if number in known]
        if state is None:
            if len(steps) > 2:
                self.every = max(self.every, steps[2] - steps[1])
            self.act(step)
        else:
            # If rows were removed after the checkpoint, every second of them is left, or every fourth, ...
            share = len(known) / len(self._strip) if self._strip else 1
            self.every = int(state["every"]) * 2 ** math.ceil(math.log2(share))
            if self._strip:
                self._write()

    def _known(self, step: int, state: Any) -> tuple[list[pictures.Picture], list[int]]:
        """Rows and their steps: as the checkpoint knows them; of older checkpoints, and without one, the file's."""
        if state is not None and "film" in state:
            return pictures.read_film(io.BytesIO(state["film"].tobytes()))
        if not self.path.is_file():
            return [], []
        try:
            return pictures.read_film(self.path)
        except (OSError, ValueError) as error:
            warn(f"{self.path} begins anew at step {step}: it cannot be read ({error})", stacklevel=2)
            return [], []

    def act(self, step: int) -> None:
        images = self.model.sample_row(self.count, seed=self.seed)
        self._strip.append((step, pictures.grid(pictures.reduced(images, 128), columns=self.count)))
        if len(self._strip) > self.rows:
            self._strip = self._strip[::2]  # the first and the last stay: there was one more than an even number
            self.every *= 2
        self._write()

    def _write(self) -> None:
        steps, rows = zip(*self._strip)
        self._png = pictures.encoded(pictures.film(rows, steps))
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(self.path) as partial:
            partial.write_bytes(self._png)

    def state(self) -> dict[str, Any]:
        film = {"film": np.frombuffer(self._png, "uint8")} if self._strip else {}
        return {**super().state(), "steps": [step for step, _ in self._strip], "every": self.every, **film}
