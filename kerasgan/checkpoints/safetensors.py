"""Reads and writes safetensors files: named tensors behind a table of their places, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasgan.checkpoints.pickles import CheckpointError, shorten
from kerasgan.files.paths import replacing

if TYPE_CHECKING:
    import keras

__all__ = ["HEAD", "begins", "read", "write"]

HEAD = 9  # bytes that tell the format: the length of the table, and the brace that opens it
LONGEST_TABLE = 100_000_000  # bytes, that of the library
KINDS = ("BF16", "BOOL", "F16", "F32", "F64", "I16", "I32", "I64", "I8", "U16", "U32", "U64", "U8")


def begins(head: bytes) -> bool:
    """Whether a file that begins with these bytes is in this format."""
    return head[8:HEAD] == b"{" and int.from_bytes(head[:8], "little") <= LONGEST_TABLE


def read(path: str | Path) -> dict[str, np.ndarray]:
    """The tensors by name, in the file's order; bfloat16 becomes float32.

    Memory stays within a small multiple of the file's size: the library takes a table only if the tensors in it lie
    one behind the other and fill the file.

    Raises:
        CheckpointError: the file is truncated, damaged, or has tensors of other types than numbers and truth values.
        OSError: the file cannot be opened.
    """
    import safetensors

    with open(path, "rb"):
        pass  # the library's own error about a missing file has another class
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            return {name: _tensor(file, name) for name in file.offset_keys()}
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from error
    except (safetensors.SafetensorError, OSError, OverflowError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path}: Expected a safetensors file. Received: {shorten(str(error))}") from error


def _tensor(file: Any, name: str) -> np.ndarray:
    kind = file.get_slice(name).get_dtype()
    if kind not in KINDS:
        raise CheckpointError(f"Expected tensors of {', '.join(KINDS)}. Received: {kind} in {shorten(name)}")
    values = file.get_tensor(name)
    return values.astype("float32") if kind == "BF16" else values


def write(path: str | Path, network: keras.Model, *, metadata: Mapping[str, str] | None = None) -> Path:
    """Writes the weights of a network under their paths in it, such as "stem/kernel", whole or not at all.

    `kerasgan.checkpoints.assign` reads such a file into a network of the same family and arguments.

    Args:
        path: the file, which is replaced if it exists.
        network: the generator of a GAN, or its moving average, `gan.sampler`.
        metadata: texts for the file's table.

    Raises:
        ValueError: if two weights have the same path.
        OSError: if the file cannot be written.
    """
    from safetensors.numpy import save_file

    tensors = {weight.path: np.ascontiguousarray(weight.numpy()) for weight in network.weights}
    if len(tensors) < len(network.weights):
        raise ValueError(f"Expected a network whose weights have distinct paths. Received: network={network.name!r}")
    with replacing(Path(path)) as partial:
        save_file(tensors, partial, metadata={"format": "keras", **(metadata or {})})
    return Path(path)
