"""What is in a run folder, whoever asks: whether it is one, and its newest trained state; also of remote ones."""

import os
from pathlib import Path

from kerasgan.files import paths

__all__ = ["BEST", "is_run", "newest", "refuse"]

BEST = "best.keras"  # the GAN whose samples were best, if the training keeps that


def is_run(path: str | os.PathLike[str]) -> bool:
    """Whether a folder holds a training's record; an entry's folder in a checkout of the zoo does not."""
    inside = paths.names(path) or ()
    return "recipe.toml" in inside and ("log.csv" in inside or "gan.keras" in inside)


def refuse(path: str | os.PathLike[str]) -> None:
    """Raises FileExistsError if a folder holds a run, or the beginnings of one."""
    if {"recipe.toml", "log.csv", "checkpoints"} & set(paths.names(path) or ()):
        raise FileExistsError(
            f"Expected a folder without a run. Received: {paths.address(path)}, which holds one. "
            "Resume it (--resume), or choose another folder (--output)."
        )


def newest(run: str | os.PathLike[str]) -> Path:
    """The run's trained GAN: the best one if it was kept, else gan.keras, or of a killed run the newest checkpoint.

    Raises:
        FileNotFoundError: if the run was killed before its first checkpoint.
    """
    from kerasgan.callbacks import Checkpoint  # needs Keras, `is_run` does not

    folder = paths.here(run)
    for name in (BEST, "gan.keras"):
        if (folder / name).is_file():
            return folder / name
    found = Checkpoint.found(folder / "checkpoints")
    if not found:
        raise FileNotFoundError(
            f"Expected gan.keras or a checkpoint in {run}. Received: neither; the training ended before its first "
            f"checkpoint. Go on with it: kerasgan train {run} --resume"
        )
    return found[-1]
