"""The folder that a training writes to where that is not the run's own: of a second machine, or of a remote run."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kerasgan import distribution
from kerasgan.callbacks import Checkpoint, StepCallback
from kerasgan.files import paths
from kerasgan.training import run_folder
from kerasgan.training.train import Interrupted

__all__ = ["working_folder"]

# What a resumed training reads, beside checkpoints.
CONTINUED = ("recipe.toml", run_folder.RECORD, "log.csv", "film.png", "best.keras", "best.json")


@contextmanager
def working_folder(run: str | os.PathLike[str], *, resume: bool) -> Iterator[tuple[Path, list[StepCallback]]]:
    """The folder that `kerasgan.training.train.train` is to write to, and callbacks that it needs there.

    It is the run, or a folder on this machine that goes afterwards. A remote run, gs://bucket/run, gets what is in that
    whenever there is a new checkpoint, and at the end. Where several machines train they all keep the same, of which
    only the first one's stays; all must see the run's folder, to resume it.

    Raises:
        FileExistsError: if a remote run is there already, and not to be resumed.
        OSError, ValueError: as of `kerasgan.files.paths.send`.
    """
    first, remote = distribution.worker() == 0, paths.is_remote(run)
    if first and not remote:
        yield Path(run), []
        return
    if first and not resume:
        run_folder.refuse(run)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / Path(run).name
        if resume:
            (_fetch if remote else _copy)(run, place)
        mirrors = [Mirror(place, run)] if first else []
        try:
            yield place, [*mirrors]
        except Interrupted as interruption:  # what was saved is what the first one saved
            raise Interrupted(Path(run), interruption.step, interruption.signal_number) from None
        finally:
            for mirror in mirrors:
                mirror.send()


class Mirror(StepCallback):
    """Sends a folder on this machine to a remote run whenever there is a new checkpoint in it.

    Args:
        place: the folder.
        run: where to.
    """

    def __init__(self, place: Path, run: str | os.PathLike[str]):
        super().__init__(every=1)
        self.place, self.run = place, run
        self._sent: dict[str, Any] = paths.snapshot(place)
        self._newest = self._checkpoints()

    def _checkpoints(self) -> list[Path]:
        return Checkpoint.found(self.place / "checkpoints")[-1:]

    def act(self, step: int) -> None:
        if self._checkpoints() != self._newest:
            self.send()

    def send(self) -> None:
        """Sends what is new, and takes away what is gone."""
        self._newest = self._checkpoints()
        if self.place.is_dir():
            paths.send(self.place, self.run, sent=self._sent)


def _fetch(run: str | os.PathLike[str], place: Path) -> None:
    for name in (*CONTINUED, "checkpoints"):
        paths.fetch(f"{paths.address(run)}/{name}", place / name)


def _copy(run: str | os.PathLike[str], place: Path) -> None:
    place.mkdir()
    newest = Checkpoint.newest(Path(run) / "checkpoints")
    for kept in (*(Path(run) / name for name in CONTINUED), newest):
        if kept is not None and kept.is_file():
            target = place / kept.relative_to(run)
            target.parent.mkdir(exist_ok=True)
            shutil.copy(kept, target)
