"""Where the files of an installed package are looked for, and the parsed arrays that are kept."""

import hashlib
import os
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import numpy as np

from kerasgan.files.paths import cache_directory

__all__ = ["cached", "datasets", "first", "npm"]


def datasets() -> Path:
    """The folder of the cache into which data sets may be unpacked."""
    return cache_directory().with_name("datasets")


def npm(name: str) -> list[Path]:
    """Where a package of npm may lie: installed below the working directory, or unpacked into the cache."""
    return [Path("node_modules") / name, datasets() / name]


def first(places: Iterable[Path], *, holds: Callable[[Path], bool], what: str, how: str) -> Path:
    """The first of several places that holds the files.

    Args:
        places: files or folders.
        holds: whether a place is the right one.
        what: the files, for the error.
        how: the commands that bring them.

    Raises:
        FileNotFoundError: if none does, with the places and the commands.
    """
    several = list(places)
    for place in several:
        if holds(place):
            return place
    searched = ", ".join(map(str, several))
    raise FileNotFoundError(f"Expected {what} in {searched}. Received: no such files\n{how}")


def cached(compute: Callable[[], dict[str, np.ndarray]], *, name: str, key: str) -> dict[str, np.ndarray]:
    """Arrays that take long to make, from the cache if it has them; a damaged file of the cache is made anew.

    Args:
        compute: makes the arrays.
        name: of the data set, for the file's name.
        key: what the arrays depend on: files, sizes, versions.
    """
    path = datasets() / f"{name}-{hashlib.sha256(key.encode()).hexdigest()[:16]}.npz"
    with suppress(OSError, ValueError, EOFError, zipfile.BadZipFile), np.load(path) as file:
        return dict(file)
    arrays = compute()
    with suppress(OSError):  # a cache that cannot be written costs time, not the images
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".npz")
        try:
            with os.fdopen(handle, "wb") as file:
                np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
            os.replace(temporary, path)
        finally:
            with suppress(OSError):
                os.unlink(temporary)
    return arrays
