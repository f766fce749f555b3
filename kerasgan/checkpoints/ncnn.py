"""Reads ncnn's files: a `.param`, the text of a network's layers, and the `.bin` beside it, their weights in its order.

The tensors get the names and axes of PyTorch's state dicts. Where the layers are those of RRDBNet or SRVGGNetCompact,
as in the files of Real-ESRGAN and of Upscayl, they are its names there; otherwise they are the layers' own.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kerasgan.checkpoints.pickles import CheckpointError, shorten

__all__ = ["SIGNATURE", "holds", "read"]

SIGNATURE = b"7767517"  # the first line of a .param
HALF, SINGLE, SINGLE_TOO = 0x01306B47, 0x00000000, 0x0002C056  # tags before weights, which tell their type
# fmt: off
WITHOUT_WEIGHTS = frozenset((
    "AbsVal", "BinaryOp", "Clip", "Concat", "Crop", "Dropout", "ELU", "Eltwise", "Flatten", "GELU",
    "HardSigmoid", "HardSwish", "Input", "Interp", "Mish", "Noop", "Permute", "PixelShuffle", "Pooling", "ReLU",
    "Reorg", "Reshape", "Sigmoid", "Slice", "Softmax", "Split", "Squeeze", "Swish", "TanH", "UnaryOp",
))
# fmt: on


class _Layer(NamedTuple):
    kind: str
    name: str
    parameters: Mapping[int, float]


def holds(path: str | Path, head: bytes) -> bool:
    """Whether a file that begins with these bytes is a .param, or a .bin with a .param beside it."""
    return head.startswith(SIGNATURE) or (Path(path).suffix == ".bin" and Path(path).with_suffix(".param").is_file())


def read(path: str | Path) -> dict[str, np.ndarray]:
    """The tensors by name, in the order of the layers, read-only, float32 or float16 as in the file.

    Args:
        path: the .param or the .bin; the other one is beside it.

    Raises:
        CheckpointError: a file is truncated, damaged, too long, or has layers whose weights are not known.
        OSError: one of the two cannot be opened.
    """
    description, weights = Path(path).with_suffix(".param"), Path(path).with_suffix(".bin")
    try:
        layers = _layers(description.read_bytes())
        content = _Content(weights.read_bytes())
        found = [(layer, _tensors(layer, content)) for layer in layers]
        if content.left:
            raise CheckpointError(f"Expected a .bin that ends with the last layer. Received: {content.left} bytes more")
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from error
    weighted = [(layer, tensors) for layer, tensors in found if tensors]
    names = _published_names([layer.kind for layer, _ in weighted])
    if names is not None:
        _warn_of_resizing(layers, path)
    named: dict[str, np.ndarray] = {}
    for name, (_, tensors) in zip(names or [layer.name for layer, _ in weighted], weighted):
        named |= {f"{name}.{part}": values for part, values in tensors.items()}
    if len(named) < sum(len(tensors) for _, tensors in weighted):
        raise CheckpointError(f"{path}: Expected layers of distinct names. Received: two of the same")
    return named


def _layers(text: bytes) -> list[_Layer]:
    lines = text.split(b"\n")
    counts = lines[1].split() if len(lines) > 1 and lines[0].strip() == SIGNATURE else []
    rows = [line for line in lines[2:] if line.strip()]
    if len(counts) != 2 or counts[0] != b"%d" % len(rows):
        received = f"{shorten(text[:32])}, {len(rows)} lines"
        raise CheckpointError(f"Expected ncnn's .param, with its number of layers. Received: {received}")
    return [_layer(row) for row in rows]


def _layer(row: bytes) -> _Layer:
    try:
        kind, name, inputs, outputs, *rest = row.decode("ascii").split()
        settings = rest[int(inputs) + int(outputs) :] if int(inputs) >= 0 and int(outputs) >= 0 else None
        pairs = [setting.split("=", 1) for setting in settings or ()]
        # arrays, whose keys are -23300 and less, are of activations: no weights depend on them
        numbers = {int(key): float(value) for key, value in pairs if not key.startswith("-")}
    except ValueError:
        raise CheckpointError(f"Expected a layer in ncnn's .param. Received: {shorten(row)}") from None
    return _Layer(kind, name, numbers)


def _count(layer: _Layer, key: int, default: float | None = None) -> int:
    """One of a layer's sizes. Raises CheckpointError unless it is a whole number from 1 to 2**31."""
    value = layer.parameters.get(key, default)
    if value is None or not 1 <= value <= 2**31 or value != int(value):
        raise CheckpointError(f"Expected a size as parameter {key} of {shorten(layer.name)}. Received: {value}")
    return int(value)


class _Content:
    """The bytes of a .bin, taken from its start on."""

    def __init__(self, raw: bytes):
        self._raw, self._position = memoryview(raw), 0

    @property
    def left(self) -> int:
        """The number of bytes that have not been taken."""
        return len(self._raw) - self._position

    def tagged(self, shape: Sequence[int], name: str) -> np.ndarray:
        """Weights behind a tag that tells their type; half ones end at a multiple of four bytes."""
        tag = int(self.plain((1,), name, kind="<u4")[0])
        if tag == HALF:
            values = self.plain(shape, name, kind="<f2")
            self._position += min(self.left, -(2 * values.size) % 4)
            return values
        if tag not in (SINGLE, SINGLE_TOO):
            raise CheckpointError(f"Expected weights in float16 or float32. Received: tag {tag:#010x} in {name}")
        return self.plain(shape, name)

    def plain(self, shape: Sequence[int], name: str, *, kind: str = "<f4") -> np.ndarray:
        size = math.prod(shape) * np.dtype(kind).itemsize
        if size > self.left:
            raise CheckpointError(f"Expected {size} bytes for {name}. Received: a .bin with {self.left} more")
        self._position += size
        return np.frombuffer(self._raw[self._position - size : self._position], kind).reshape(shape)


def _tensors(layer: _Layer, content: _Content) -> dict[str, np.ndarray]:
    """The weights of a layer by PyTorch's names; empty if it has none."""
    if layer.kind in WITHOUT_WEIGHTS:
        return {}
    name = shorten(layer.name)
    if layer.kind == "PReLU":
        return {"weight": content.plain((_count(layer, 0),), name)}
    if layer.kind not in ("Convolution", "ConvolutionDepthWise", "InnerProduct"):
        raise CheckpointError(f"Expected layers whose weights are known. Received: {shorten(layer.kind)} as {name}")
    outputs = _count(layer, 0)
    kernel: tuple[int, ...] = ()
    if layer.kind != "InnerProduct":
        width = _count(layer, 1)
        kernel = (_count(layer, 11, width), width)
    size, per_input = _count(layer, 2 if layer.kind == "InnerProduct" else 6), outputs * math.prod(kernel)
    if size % per_input:
        raise CheckpointError(f"Expected {per_input} weights for each input of {name}. Received: {size} weights")
    tensors = {"weight": content.tagged((outputs, size // per_input, *kernel), name)}
    if layer.parameters.get(1 if layer.kind == "InnerProduct" else 5):
        tensors["bias"] = content.plain((outputs,), name)
    return tensors


def _published_names(kinds: Sequence[str]) -> list[str] | None:
    """The names of layers with weights, in their order, in RRDBNet or SRVGGNetCompact; None if they are of neither."""
    if set(kinds[::2]) == {"Convolution"} and set(kinds[1::2]) == {"PReLU"} and len(kinds) % 2:
        return [f"body.{index}" for index in range(len(kinds))]
    blocks, rest = divmod(len(kinds) - 6, 15)
    if set(kinds) != {"Convolution"} or rest or blocks < 1:
        return None
    return ["conv_first", *_dense(blocks), "conv_body", "conv_up1", "conv_up2", "conv_hr", "conv_last"]


def _dense(blocks: int) -> Iterator[str]:
    for block in range(blocks):
        for dense in (1, 2, 3):
            yield from (f"body.{block}.rdb{dense}.conv{part}" for part in range(1, 6))


def _warn_of_resizing(layers: Sequence[_Layer], path: Any) -> None:
    last = layers[-1]
    if last.kind == "Interp" and (factor := last.parameters.get(1, 1.0)) != 1:
        warnings.warn(
            f"{path} resizes the network's images by {factor:g}: its weights make images that are not resized.",
            stacklevel=4,
        )
