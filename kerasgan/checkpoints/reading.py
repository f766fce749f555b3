"""Reads a checkpoint file of whatever format, which its first bytes tell, without executing anything in it."""

from pathlib import Path

from kerasgan.checkpoints import hdf5, ncnn, persistence, pth, safetensors

__all__ = ["read"]


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
    return persistence.read(path) if persistence.begins(head) else pth.read(path)
