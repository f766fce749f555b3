"""The folder that a training writes to where that is not the run's own: of a second machine, or of a remote run."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from kerasgan import distribution
from kerasgan.callbacks import Checkpoint, StepCallback
from kerasgan.files import paths
from kerasgan.files.leases import Lease
from kerasgan.files.text import warn
from kerasgan.training import run_folder
from kerasgan.training.ownership import LEASE
from kerasgan.training.train import Interrupted

__all__ = ["working_folder"]

# What a resumed training reads, beside checkpoints.
CONTINUED = ("recipe.toml", run_folder.RECORD, "log.csv", "film.png", "best.keras", "best.json")


@contextmanager
def working_folder(run: str | os.PathLike[str], *, resume: bool) -> Iterator[tuple[Path, list[StepCallback]]]:
    """The folder that `kerasgan.training.train.train` is to write to, and callbacks that it needs there.

    It is the run, or a folder on this machine that goes afterwards. A remote run, gs://bucket/run, gets what is in that
    whenever there is a new checkpoint, and at the end; it is held against other trainings as far as its file system
    allows (`kerasgan.files.leases`). Where several machines train they all keep the same, of which only the first one's
    stays; all must see the run's folder, to resume it.

    Raises:
        FileExistsError: if a remote run is there already, and not to be resumed, or another training holds it.
        ValueError: if machines see different states of a run to resume.
        OSError, ValueError: as of `kerasgan.files.paths.send`.
    """
    first, remote = distribution.worker() == 0, paths.is_remote(run)
    if resume and not remote:
        _refuse_unshared(Path(run))
    if first and not remote:
        yield Path(run), []
        return
    if first and not resume:
        run_folder.refuse(run)
    held = Lease(f"{paths.address(run)}/.lock", seconds=LEASE) if first else None
    with tempfile.TemporaryDirectory() as folder, held or nullcontext():
        if first and not resume:
            run_folder.refuse(run)  # again: another training may have begun meanwhile
        place = Path(folder) / Path(run).name
        if resume:
            (_fetch if remote else _copy)(run, place)
        mirrors = [Mirror(place, run, held)] if held else []
        others: list[StepCallback] = [] if remote else [SharedFolder(Path(run))]
        try:
            yield place, [*mirrors] if first else others
        except Interrupted as interruption:  # what was saved is what the first one saved
            raise Interrupted(Path(run), interruption.step, interruption.signal_number) from None
        finally:
            for mirror in mirrors:
                mirror.send()


def _refuse_unshared(run: Path) -> None:
    """Raises ValueError, on all machines, if one of them sees another state of the run to resume than the first one."""
    if distribution.workers() == 1:
        return
    found = Checkpoint.found(run / "checkpoints")
    own = float(found[-1].stem.removeprefix("step-")) if found else -1.0
    theirs = distribution.of_first(own)
    if distribution.anywhere(own != theirs):
        seen = [f"the checkpoint of step {step:.0f}" if step >= 0 else "no checkpoint" for step in (own, theirs)]
        expected = f"Expected {run} on a disk that all machines share, to resume it"
        received = f"{distribution.name()} with {seen[0]}, the first machine with {seen[1]}"
        if own == theirs:
            received = f"another machine than {distribution.name()} and the first one with another state"
        raise ValueError(f"{expected}. Received: {received}")


class SharedFolder(StepCallback):
    """On a machine that is not the first: warns, once, if it does not see the run that the first one writes."""

    def __init__(self, run: Path):
        super().__init__(every=1)
        self.run = run
        self._looked = False

    def act(self, step: int) -> None:
        if not self._looked and not (self.run / run_folder.RECORD).is_file():
            warn(
                f"{self.run} is not on a disk that all machines share: {distribution.name()} does not see it. "
                "The training goes on; to resume it, copy the first machine's folder to the others",
                stacklevel=2,
            )
        self._looked = True


class Mirror(StepCallback):
    """Sends a folder on this machine to a remote run whenever there is a new checkpoint in it.

    Args:
        place: the folder.
        run: where to.
        held: the hold on it, without which nothing is sent.
    """

    def __init__(self, place: Path, run: str | os.PathLike[str], held: Lease):
        super().__init__(every=1)
        self.place, self.run, self.held = place, run, held
        self._sent: dict[str, Any] = paths.snapshot(place)
        self._newest = self._checkpoints()

    def _checkpoints(self) -> list[Path]:
        return Checkpoint.found(self.place / "checkpoints")[-1:]

    def act(self, step: int) -> None:
        self.held.check()
        if self._checkpoints() != self._newest:
            self.send()

    def send(self) -> None:
        """Sends what is new, and takes away what is gone; raises OSError if another training has taken over."""
        self.held.check()
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
