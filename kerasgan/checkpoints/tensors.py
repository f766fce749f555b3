"""Storages and tensors of PyTorch files as NumPy arrays, bounds checked before anything is allocated."""

import math
import mmap
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Literal

import numpy as np

from kerasgan.checkpoints.pickles import Buildable, CheckpointError, Inert, shorten

# Element types by PyTorch's names of storage classes, then by its names of dtypes.
_STORAGE_KINDS = {
    "DoubleStorage": "float64",
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
    "ComplexFloatStorage": "complex64",
    "ComplexDoubleStorage": "complex128",
}
_DTYPES = (*_STORAGE_KINDS.values(), "uint16", "uint32", "uint64")
_DIMENSION_LIMIT = 32


class Storage:
    """The flat memory that tensors refer to.

    Args:
        raw: the bytes, as in the file.
        kind: element type, a name such as "float32" or "bfloat16".
        big_endian: byte order of the file.
        budget: largest number of bytes of one tensor (the file's size), as expanded tensors repeat elements.
    """

    def __init__(self, raw: bytes | memoryview, *, kind: str, big_endian: bool, budget: int) -> None:
        self.raw, self.kind, self.big_endian, self.budget = raw, kind, big_endian, budget
        self._others: dict[str, Storage] = {}

    def retyped(self, kind: str) -> "Storage":
        """The same bytes, read as elements of another type."""
        if kind == self.kind:
            return self
        if kind not in self._others:  # cached, so that a file cannot cause the same conversion a million times
            self._others[kind] = Storage(self.raw, kind=kind, big_endian=self.big_endian, budget=self.budget)
        return self._others[kind]

    @cached_property
    def values(self) -> np.ndarray:
        """All elements, one-dimensional, read-only; bfloat16 widened to float32, which is exact."""
        order: Literal["<", ">"] = ">" if self.big_endian else "<"
        if self.kind == "bfloat16":
            halves = np.frombuffer(self.raw, dtype=order + "u2")
            values = (halves.astype(np.uint32) << np.uint32(16)).view(np.float32)
        elif self.kind == "bool":
            values = np.frombuffer(self.raw, dtype=np.uint8) != 0
        else:
            stored = np.dtype(self.kind).newbyteorder(order)
            values = np.frombuffer(self.raw, dtype=stored).astype(np.dtype(self.kind), copy=False)
        values.flags.writeable = False
        return values


def release(view: Any) -> None:
    """Returns the memory of what was read of a mapped file, of which an array or memoryview is a view."""
    while getattr(view, "base", None) is not None:
        view = view.base
    mapped = getattr(view, "obj", None)
    if isinstance(mapped, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)


def element_bytes(kind: str) -> int:
    """Bytes per element in the file."""
    return 2 if kind == "bfloat16" else np.dtype(kind).itemsize


def storage_kind(storage_class: object) -> str:
    """Element type that a storage class names. Raises CheckpointError for anything but a known storage class."""
    if type(storage_class) is not Inert or storage_class.kind is None:
        raise CheckpointError(
            f"Expected a storage class such as torch.FloatStorage. Received: {shorten(storage_class)}"
        )
    return storage_class.kind


def count(value: object) -> int:
    """A size, stride or offset in a file: an int, 0 or larger. Raises CheckpointError otherwise."""
    if type(value) is not int or not 0 <= value < 2**62:
        raise CheckpointError(f"Expected a non-negative whole number as a size or offset. Received: {shorten(value)}")
    return value


def tensor(storage: object, offset: object, size: object, stride: object, *_: object) -> np.ndarray:
    """PyTorch's `_rebuild_tensor_v2`: a read-only view of the storage; raises if it extends beyond the storage."""
    if type(storage) is not Storage:
        raise CheckpointError(f"Expected a tensor's storage. Received: {type(storage).__name__}")
    shape, steps, start = _counts(size), _counts(stride), count(offset)
    if len(shape) != len(steps):
        raise CheckpointError(f"Expected one stride per dimension. Received: size={shape}, stride={steps}")
    values = storage.values
    if math.prod(max(length, 1) for length in shape) * values.itemsize > max(2 * storage.budget, 4096):
        raise CheckpointError(f"Expected a tensor no larger than the file it is in. Received: size={shape}")
    if 0 in shape:
        return np.zeros(shape, values.dtype)
    last = start + sum((length - 1) * step for length, step in zip(shape, steps, strict=True))
    if last >= values.size:
        raise CheckpointError(
            f"Expected a tensor inside its storage of {values.size} elements. "
            f"Received: size={shape}, stride={steps}, offset={start}"
        )
    strides = tuple(step * values.itemsize if length > 1 else 0 for length, step in zip(shape, steps, strict=True))
    return np.lib.stride_tricks.as_strided(values[start:], shape, strides, writeable=False)


def _counts(values: object) -> tuple[int, ...]:
    if type(values) is not tuple or len(values) > _DIMENSION_LIMIT:
        raise CheckpointError(f"Expected at most {_DIMENSION_LIMIT} sizes or strides. Received: {shorten(values)}")
    return tuple(count(value) for value in values)


def _typed_tensor(storage: object, offset: object, size: object, stride: object, *rest: object) -> np.ndarray:
    # `_rebuild_tensor_v3`: followed by (requires_grad, backward_hooks, dtype, ...); the storage is untyped bytes.
    if type(storage) is not Storage:
        raise CheckpointError(f"Expected a tensor's storage. Received: {type(storage).__name__}")
    return tensor(storage.retyped(storage_kind(rest[2])), offset, size, stride)


def _parameter(data: object, *_: object) -> np.ndarray:
    if not isinstance(data, np.ndarray):
        raise CheckpointError(f"Expected a parameter's tensor. Received: {type(data).__name__}")
    return data


def _ordered_dict(pairs: object = None) -> dict:
    result: dict[str, object] = {}
    if pairs is None:
        return result
    if type(pairs) is not list:
        raise CheckpointError(f"Expected a list of pairs. Received: {shorten(pairs)}")
    for key, value in pairs:
        if type(key) is not str:
            raise CheckpointError(f"Expected text as keys of an OrderedDict. Received: {shorten(key)}")
        result[key] = value
    pairs.clear()  # moved, not copied: so that a file cannot multiply one long list
    return result


def _size(lengths: object = ()) -> tuple[int, ...]:
    return _counts(tuple(lengths) if type(lengths) is list else lengths)


def _device(*parts: object) -> str:
    # Of at most two short parts, as each call makes a new text: "cuda", 0.
    if not (1 <= len(parts) <= 2 and all(type(part) in (str, int) and len(shorten(part)) <= 32 for part in parts)):
        raise CheckpointError(f"Expected the name of a device and its number. Received: {shorten(parts)}")
    return ":".join(map(str, parts))


class _NumPyType(Buildable):
    """A pickled `numpy.dtype` of a plain number; its state only adds the byte order."""

    def __init__(self, code: object, *_: object) -> None:
        if type(code) is not str or code not in (
            "f2",
            "f4",
            "f8",
            "i1",
            "i2",
            "i4",
            "i8",
            "u1",
            "u2",
            "u4",
            "u8",
            "b1",
        ):
            raise CheckpointError(f"Expected the NumPy type of a number. Received: {shorten(code)}")
        self.dtype = np.dtype(code)

    def build(self, state: object) -> None:
        order = state[1] if type(state) is tuple and len(state) > 1 else None
        if order not in ("<", ">", "|", "="):
            raise CheckpointError(f"Expected the byte order of a NumPy type. Received: {shorten(state)}")
        self.dtype = self.dtype.newbyteorder(order)


def _numpy_scalar(number_type: object, data: object) -> int | float | bool:
    if not isinstance(number_type, _NumPyType) or type(data) is not bytes:
        raise CheckpointError(f"Expected a NumPy number. Received: {shorten(number_type)}")
    return np.frombuffer(data, number_type.dtype, count=1)[0].item()


class _NumPyArray(np.ndarray, Buildable):
    """A pickled `numpy.ndarray`, empty until its state gives shape, type and bytes, which it shares."""

    def build(self, state: object) -> None:
        if type(state) is not tuple or len(state) != 5 or not isinstance(state[2], _NumPyType):
            raise CheckpointError(f"Expected the state of a NumPy array of numbers. Received: {shorten(state)}")
        _, shape, number_type, fortran, data = state
        shape, dtype = _counts(shape), number_type.dtype
        if type(data) is not bytes or len(data) != math.prod(shape) * dtype.itemsize or type(fortran) is not bool:
            raise CheckpointError(f"Expected the bytes of a NumPy array of shape {shape}. Received: {shorten(data)}")
        np.ndarray.__setstate__(self, (1, shape, dtype, fortran, data))  # type: ignore[arg-type]


def _numpy_array(kind: object, *_: object) -> np.ndarray:
    if type(kind) is not Inert or kind.name != "numpy ndarray":
        raise CheckpointError(f"Expected a NumPy array. Received: {shorten(kind)}")
    return np.ndarray.__new__(_NumPyArray, (0,), "b")


def _latin1(text: object, encoding: object) -> bytes:
    # How protocol 2 writes bytes. Only short ones (a number's), as each call makes a copy.
    if type(text) is not str or len(text) > 16 or encoding != "latin1":
        raise CheckpointError(f"Expected at most 16 bytes as latin1 text. Received: {shorten(text)}")
    return text.encode("latin1")


def _table() -> dict[str, Inert]:
    functions: dict[str, Callable[..., object]] = {
        "collections OrderedDict": _ordered_dict,
        "torch Size": _size,
        "torch device": _device,
        "torch._utils _rebuild_tensor": tensor,
        "torch._utils _rebuild_tensor_v2": tensor,
        "torch._utils _rebuild_tensor_v3": _typed_tensor,
        "torch._utils _rebuild_parameter": _parameter,
        "numpy dtype": _NumPyType,
        "numpy.core.multiarray scalar": _numpy_scalar,
        "numpy._core.multiarray scalar": _numpy_scalar,
        "numpy.core.multiarray _reconstruct": _numpy_array,
        "numpy._core.multiarray _reconstruct": _numpy_array,
        "_codecs encode": _latin1,
    }
    kinds = {f"torch {name}": kind for name, kind in _STORAGE_KINDS.items()}
    kinds |= {f"torch {kind}": kind for kind in _DTYPES}
    kinds |= {"torch UntypedStorage": "uint8", "torch.storage UntypedStorage": "uint8"}
    table = {name: Inert(name, construct) for name, construct in functions.items()}
    table["numpy ndarray"] = Inert("numpy ndarray")
    return table | {name: Inert(name, kind=kind) for name, kind in kinds.items()}


ALLOWED: Mapping[str, Inert] = _table()
