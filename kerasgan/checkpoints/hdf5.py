"""Reads weights that Keras 2 saved as HDF5 (`save_weights` or `save`, `.h5` or `.hdf5`) as NumPy arrays.

Nothing in such a file is code: a saved model's architecture is text, and is ignored. Everything in HDF5 beyond plain
arrays is an error: links to other files, arrays composed of others, compressed or unwritten arrays that are larger than
the file.
"""

import math
import mmap
import re
from pathlib import Path

import h5py
import numpy as np

from kerasgan.checkpoints.pickles import CheckpointError, shorten

__all__ = ["SIGNATURE", "read"]

SIGNATURE = b"\x89HDF\r\n\x1a\n"
SLACK = 1 << 24  # bytes of names in any file
_HEAP = re.compile(rb"GCOL\x01\x00{3}(.{8})", re.DOTALL)  # a collection of texts: signature, version, its size


def read(path: str | Path) -> dict[str, np.ndarray]:
    """The arrays by their names, such as "conv2d_3/kernel:0", in the file's order.

    Raises:
        CheckpointError: the file is damaged, has no weights of Keras 2, or holds more than plain arrays.
        OSError: the file cannot be opened.
    """
    path = Path(path)
    budget = path.stat().st_size
    arrays: dict[str, np.ndarray] = {}
    try:
        with h5py.File(path) as file:
            layers = _group(file, "model_weights") if "model_weights" in file else file
            for layer in _names(layers, "layer_names"):
                group = _group(layers, layer)
                for name in _names(group, "weight_names"):
                    dataset = _dataset(group, name)
                    budget -= dataset.nbytes
                    if budget < 0 or name in arrays:
                        raise CheckpointError(f"Expected distinct arrays within the file. Received: {shorten(name)}")
                    arrays[name] = dataset[()]
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from error
    except (OSError, LookupError, ValueError, TypeError, RuntimeError, AttributeError) as error:
        raise CheckpointError(f"{path}: Expected weights that Keras 2 saved. Received: {shorten(error)}") from error
    return arrays


def _names(group: h5py.Group, attribute: str) -> list[str]:
    stored = group.attrs.get_id(attribute)
    longest = _longest_text(Path(group.file.filename)) if stored.dtype.kind == "O" else stored.dtype.itemsize
    if longest * math.prod(stored.shape) > Path(group.file.filename).stat().st_size + SLACK:
        raise CheckpointError(f"Expected names that are no longer than the file. Received: {attribute} with more")
    return [name.decode() if isinstance(name, bytes) else str(name) for name in group.attrs[attribute]]


def _longest_text(path: Path) -> int:
    """A bound of the bytes of a text of any length, to which thousands of names may refer, each with a copy of it."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        sizes = [int.from_bytes(found[1], "little") for found in _HEAP.finditer(content)]
        return max((size for size in sizes if size <= len(content)), default=0)


def _group(parent: h5py.Group, name: str) -> h5py.Group:
    found = parent[name] if _is_here(parent, name) else None
    if not isinstance(found, h5py.Group):
        raise CheckpointError(f"Expected a group in the file itself. Received: {shorten(name)}")
    return found


def _dataset(parent: h5py.Group, name: str) -> h5py.Dataset:
    found = parent[name] if _is_here(parent, name) else None
    plain = isinstance(found, h5py.Dataset) and not (found.is_virtual or found.external or found.compression)
    if found is None or not plain or found.dtype.kind not in "fiu":
        raise CheckpointError(f"Expected a plain array in the file itself. Received: {shorten(name)}")
    return found


def _is_here(parent: h5py.Group, name: str) -> bool:
    """Whether every step to the name is a hard link, so that none leads to another file or place."""
    for step in name.split("/"):
        if not isinstance(parent, h5py.Group) or not isinstance(parent.get(step, getlink=True), h5py.HardLink):
            return False
        parent = parent[step]
    return True
