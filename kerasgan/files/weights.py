"""Writing a .weights.h5 file where the disk may be full."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from kerasgan.files.paths import replacing

__all__ = ["save_weights"]

OVERHEAD = 4 * 2**20  # bytes of HDF5's own tables, at most


def save_weights(network: Any, path: str | os.PathLike[str]) -> Path:
    """Writes a network's weights as a .weights.h5 file, whole or not at all; returns its path.

    HDF5 ends the whole process (by a segmentation fault) where a disk fills up while it writes. So it writes where
    there is room for certain, and an ordinary copy of that goes to the path.

    Raises:
        OSError: if there is no room; it names the file.
    """
    target = Path(path)
    needed = 2 * sum(variable.numpy().nbytes for variable in network.weights) + OVERHEAD
    with replacing(target) as partial, tempfile.TemporaryDirectory(prefix="kerasgan-weights-") as folder:
        free = shutil.disk_usage(folder).free
        if free < needed:
            raise OSError(f"{free:,} bytes free in {folder}, of {needed:,} needed")
        written = Path(folder, "network.weights.h5")
        network.save_weights(written)
        shutil.copyfile(written, partial)
    return target
