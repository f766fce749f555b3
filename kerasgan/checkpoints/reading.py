"""Reads a checkpoint file of whatever format, which its first bytes tell, without executing anything in it."""

import io
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from kerasgan.checkpoints import hdf5, ncnn, persistence, pth, safetensors
from kerasgan.checkpoints.pickles import CheckpointError, shorten

__all__ = ["read"]

FORMATS = "PyTorch's .pth, safetensors, NVIDIA's .pkl, Keras 2's .h5, or ncnn's .param with its .bin"


def read(path: str | Path) -> object:
    """What the file holds: nested dicts, lists and plain values, with read-only NumPy arrays for tensors.

    Raises:
        CheckpointError: the file is truncated, damaged, in an unknown format, or names anything but plain data.
        OSError: the file cannot be opened.
    """
    with open(path, "rb") as file:
        head = file.read(persistence.HEAD)
    if head.startswith(hdf5.SIGNATURE):
        return hdf5.read(path)
    if safetensors.begins(head):
        return safetensors.read(path)
    if ncnn.holds(path, head):
        return ncnn.read(path)
    if persistence.begins(head):
        return persistence.read(path)
    if not head.startswith(pth.BEGINNINGS):
        raise CheckpointError(f"Expected a checkpoint: {FORMATS}. Received: {path}, {_kind(head)}")
    return pth.read(path)


def _kind(head: bytes) -> str:
    """What a file is that begins with these bytes, in words."""
    if not head:
        return "which is empty"
    try:
        with Image.open(io.BytesIO(head)) as image:
            return f"a picture ({image.format})"
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        pass
    beginning = head[:40]
    text = beginning.decode("ascii", "replace")
    return f"which begins with {shorten(text if text.isprintable() else beginning[:16])}"
