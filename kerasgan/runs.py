"""What is in a run folder, whoever asks: whether it is one, and its newest trained state."""

import os
from pathlib import Path

__all__ = ["is_run", "newest"]


def is_run(path: str | os.PathLike[str]) -> bool:
    """Whether a folder holds a training's record; an entry's folder in a checkout of the zoo does not."""
    folder = Path(path)
    return (folder / "recipe.toml").is_file() and ((folder / "log.csv").exists() or (folder / "gan.keras").exists())


def newest(run: str | os.PathLike[str]) -> Path:
    """The run's trained GAN: gan.keras, or of a run that was killed the newest checkpoint.

    Raises:
        FileNotFoundError: if the run was killed before its first checkpoint.
    """
    from kerasgan.callbacks import Checkpoint  # needs Keras, `is_run` does not

    finished = Path(run) / "gan.keras"
    if finished.is_file():
        return finished
    found = Checkpoint.found(Path(run) / "checkpoints")
    if not found:
        raise FileNotFoundError(
            f"Expected gan.keras or a checkpoint in {run}. Received: neither; the training ended before its first "
            f"checkpoint. Go on with it: kerasgan train {run} --resume"
        )
    return found[-1]
