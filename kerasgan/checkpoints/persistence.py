"""Reads pickles of persistent classes, as StyleGAN2-ADA's PyTorch code writes its networks, as data.

Each module of a network is a call of one function with a dict: the source of the module's class, the class' name and
the module's state. The source is not executed and no class is created: a module is read as its name and its state.
Tensors are pickled as PyTorch does outside its own files: each storage is the bytes of a complete file of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from kerasgan.checkpoints import pth
from kerasgan.checkpoints.pickles import OPCODE_LIMIT, CheckpointError, Inert, Interpreter, shorten
from kerasgan.checkpoints.tensors import ALLOWED, Storage

__all__ = ["HEAD", "PersistentObject", "begins", "read", "tensors"]

HEAD = 65536  # bytes: the first network follows a few hundred bytes of settings
# The longest name has about 40 characters; without a bound, nested modules of a hostile file could spell gigabytes.
NAME_LIMIT = 1024


@dataclass(frozen=True, eq=False, repr=False)
class PersistentObject:
    """A module: the name of its class, and its attributes."""

    name: str
    state: Mapping[str, object]


def begins(head: bytes) -> bool:
    """Whether a file that begins with these bytes is a pickle of persistent classes."""
    return head.startswith(b"\x80") and b"torch_utils.persistence" in head


def read(path: str | Path) -> object:
    """The pickled content: plain containers, NumPy arrays for tensors, `PersistentObject` for modules.

    Nothing in the file is executed. Memory stays within a small multiple of the file's size.

    Raises:
        CheckpointError: the file is damaged, or names anything but tensors, containers and persistent classes.
        OSError: the file cannot be opened.
    """
    content = Path(path).read_bytes()
    operations = iter(range(OPCODE_LIMIT))  # shared by this pickle and all those inside it
    storages = _Storages(operations, budget=len(content))
    known = {
        "torch.storage _load_from_bytes": Inert("torch.storage _load_from_bytes", storages.load),
        "torch_utils.persistence _reconstruct_persistent_obj": Inert("persistent object", _module),
        "dnnlib.util EasyDict": Inert("dnnlib.util EasyDict", create=dict),
        **{f"{module} set": Inert("set", _set) for module in ("builtins", "__builtin__")},
    }
    try:
        return Interpreter(allowed={**ALLOWED, **known}, operations=operations).load(BytesIO(content))
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from error


class _Storages:
    """The storages of one file, together no larger than the file, which could name the same bytes many times."""

    def __init__(self, operations: Iterator[int], *, budget: int) -> None:
        self._operations, self._budget = operations, budget

    def load(self, content: object) -> Storage:
        if type(content) is not bytes:
            raise CheckpointError(f"Expected the bytes of a storage. Received: {shorten(content)}")
        self._budget -= len(content)
        if self._budget < 0:
            raise CheckpointError("Expected storages that are no larger than the file. Received: more")
        storage = pth.read_legacy(content, operations=self._operations)
        if type(storage) is not Storage:
            raise CheckpointError(f"Expected a storage. Received: {shorten(storage)}")
        return storage


def _module(meta: object) -> PersistentObject:
    if type(meta) is not dict or meta.get("type") != "class":
        raise CheckpointError(f"Expected a module of a persistent class. Received: {shorten(meta)}")
    name, state = meta.get("class_name"), meta.get("state")
    if type(name) is not str or type(state) is not dict:
        raise CheckpointError(f"Expected a module's class and state. Received: {shorten(name)}, {shorten(state)}")
    return PersistentObject(name, state)


def _set(members: object = None) -> list:
    """A list, which needs no hashing."""
    if members is not None and type(members) is not list:
        raise CheckpointError(f"Expected the members of a set. Received: {shorten(members)}")
    return members or []


def tensors(network: PersistentObject) -> dict[str, np.ndarray]:
    """The parameters and buffers of a module and all modules in it, by their names in PyTorch's state dicts.

    Raises:
        CheckpointError: a module occurs twice, or in itself, or its members have no names.
    """
    found: dict[str, np.ndarray] = {}
    pending, seen = [("", network)], set()
    while pending:
        path, module = pending.pop()
        if id(module) in seen:
            raise CheckpointError(f"Expected each module in one place. Received: {shorten(module.name)} in two")
        seen.add(id(module))
        for kind in ("_parameters", "_buffers"):
            found |= {
                path + name: value for name, value in _members(module, kind, path) if isinstance(value, np.ndarray)
            }
        inner = [(f"{path}{name}.", part) for name, part in _members(module, "_modules", path)]
        pending += [(name, part) for name, part in reversed(inner) if isinstance(part, PersistentObject)]
    return found


def _members(module: PersistentObject, kind: str, path: str) -> list[tuple[str, Any]]:
    members = module.state.get(kind, {})
    if type(members) is not dict or not all(type(name) is str and len(path + name) < NAME_LIMIT for name in members):
        raise CheckpointError(f"Expected a module's {kind} by name. Received: {shorten(members)}")
    return list(members.items())
