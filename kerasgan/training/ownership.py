"""Who may write to a run folder: one training at a time, also on disks that several machines share."""

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import filelock

from kerasgan.callbacks import StepCallback

__all__ = ["Owner", "owned"]

LEASE = 60.0  # seconds without a sign of life after which a training on another machine counts as dead
KEPT = ("recipe.toml", "run.json", "log.csv", "checkpoints")  # without which a run could not be resumed, or read


class Owner(StepCallback):
    """Checks that the folder still is this training's, and complete; a training into nothing would end as if well.

    Args:
        run: the run folder.
        lease: the hold on it.
        every: steps from one check to the next.
    """

    def __init__(self, run: Path, lease: Any, every: int = 1):
        super().__init__(every)
        self.run, self.lease = run, lease

    def act(self, step: int) -> None:
        self.check()

    def check(self) -> None:
        """Raises OSError if something of the run is gone, or another training has taken it over."""
        lock = Path(self.lease.lock_file)
        gone = [name for name in (lock.name, *KEPT) if not (self.run / name).exists()]
        if gone:
            received = f"it without {', '.join(gone)}"
            raise OSError(f"Expected {self.run} to stay as it is while it is trained. Received: {received}")
        if self.lease.compromise is not None or not self.lease.is_lock_held_by_us:
            raise OSError(f"Expected to be the one training in {self.run}. Received: {_holder(self.lease)}, too")


@contextlib.contextmanager
def owned(run: Path) -> Iterator[Owner]:
    """Holds a run folder, which is made if need be, against other trainings.

    The hold is a file in it, .lock, that is touched every 20 seconds. On the owner's machine another training sees at
    once whether its process still lives; a machine that shares the disk waits for a minute without a sign of life.

    Raises:
        FileExistsError: if another training holds it.
    """
    run.mkdir(parents=True, exist_ok=True)
    lease = filelock.SoftFileLease(run / ".lock", lease_duration=LEASE, thread_local=False)
    try:
        lease.acquire(timeout=2 if _is_here(lease) else LEASE * 1.25, poll_interval=0.5)
    except filelock.Timeout:
        expected = f"Expected a run that no other training writes to. Received: {run}, which {_holder(lease)} trains"
        raise FileExistsError(f"{expected}. Wait for it, or end it") from None
    except OSError as error:
        raise OSError(f"Expected to write {run / '.lock'}. Received: {error.strerror or error}") from error
    try:
        yield Owner(run, lease)
    finally:
        with contextlib.suppress(OSError):  # the folder may be gone
            lease.release()


def _is_here(lease: Any) -> bool:
    """Whether a process of this machine holds it, of which filelock knows whether it lives."""
    return lease.owner is not None and lease.owner.hostname == socket.gethostname()


def _holder(lease: Any) -> str:
    holder = lease.owner
    if holder is None:
        return "another training"
    where = "" if _is_here(lease) else f" on {holder.hostname}"
    return f"process {holder.pid}{where}"
