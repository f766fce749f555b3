"""Reads PyTorch's `.pth` files as NumPy arrays, without PyTorch and without executing anything in the file.

Both formats that `torch.save` has written: the zip archive (since 1.6) and the sequence of pickles before it.
"""

import io
import mmap
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from kerasgan.checkpoints.pickles import CheckpointError, Inert, Interpreter, shorten
from kerasgan.checkpoints.tensors import ALLOWED, Storage, count, element_bytes, release, storage_kind

BEGINNINGS = (b"PK", b"\x80")  # of a zip archive, and of a pickle in the protocols that PyTorch has used

_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_PROTOCOL = 1001
# The exceptions of Python's archive reader, besides its own ones, for impossible numbers.
_DAMAGE = (ArithmeticError, LookupError, OSError, RuntimeError, ValueError, struct.error)


def read(path: str | Path) -> object:
    """Returns what `torch.save` wrote: nested dicts, lists and plain values, with read-only NumPy arrays for tensors.

    bfloat16 becomes float32. Memory stays within a small multiple of the file's size.

    Raises:
        CheckpointError: the file is truncated, damaged, not PyTorch's, or names anything but tensors and containers.
        OSError: the file cannot be opened.
    """
    with open(path, "rb") as file:
        try:
            head = file.read(2)
            if head != b"PK":
                return read_legacy(head + file.read())
            # Mapped, so that only what a model needs of it is ever in memory.
            return _read_zip(file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        except CheckpointError as error:
            raise CheckpointError(f"{path}: {error}") from error


def _read_zip(file: BinaryIO, content: mmap.mmap) -> object:
    try:
        with zipfile.ZipFile(file) as archive:
            if "config.json" in archive.namelist():
                received = "a model that Keras saved, which kerasgan.load takes"
                raise CheckpointError(f"Expected a published checkpoint. Received: {received}")
            members = _checked_members(archive, limit=len(content))
            root = _root(members)
            order = archive.read(f"{root}/byteorder") if f"{root}/byteorder" in members else b"little"
            storages = _ZipStorages(archive, folder=f"{root}/data", big_endian=order == b"big", content=content)
            pickled = io.BytesIO(archive.read(f"{root}/data.pkl"))
            return Interpreter(allowed=ALLOWED, persistent=storages.load).load(pickled)
    except CheckpointError:
        raise
    except (zipfile.BadZipFile, EOFError, *_DAMAGE) as error:
        raise CheckpointError(f"Expected a complete PyTorch zip archive. Received: {shorten(error)}") from error


def _checked_members(archive: zipfile.ZipFile, *, limit: int) -> set[str]:
    # `torch.save` stores members uncompressed; compression or overlapping members would unpack to more than the file.
    members: set[str] = set()
    total = 0
    for member in archive.infolist():
        name = PurePosixPath(member.filename.replace("\\", "/"))
        if name.is_absolute() or ".." in name.parts or member.filename in members:
            raise CheckpointError(f"Expected plain, distinct member names. Received: {shorten(member.filename)}")
        if member.compress_type != zipfile.ZIP_STORED or member.compress_size != member.file_size:
            raise CheckpointError(f"Expected uncompressed members. Received: {shorten(member.filename)} compressed")
        total += member.file_size
        members.add(member.filename)
    if total > limit:
        raise CheckpointError(f"Expected members within a file of {limit} bytes. Received: {total} bytes declared")
    return members


def _root(members: set[str]) -> str:
    roots = [name.removesuffix("/data.pkl") for name in members if name.count("/") == 1 and name.endswith("/data.pkl")]
    if len(roots) != 1:
        expected = "Expected an archive of torch.save, with one 'NAME/data.pkl'"
        raise CheckpointError(f"{expected}. Received: an archive with {len(roots)} of them")
    return roots[0]


class _ZipStorages:
    """Reads storages on demand, each once, however many tensors share it."""

    def __init__(self, archive: zipfile.ZipFile, *, folder: str, big_endian: bool, content: mmap.mmap) -> None:
        self._archive, self._folder = archive, folder
        self._big_endian, self._content = big_endian, content
        self._known: dict[str, Storage] = {}

    def load(self, identifier: object) -> Storage:
        kind, key, numel = _storage_identity(identifier)
        if key not in self._known:
            raw, budget = self._member(f"{self._folder}/{key}"), len(self._content)
            self._known[key] = Storage(raw, kind=kind, big_endian=self._big_endian, budget=budget)
        return _of_length(self._known[key].retyped(kind), numel)

    def _member(self, name: str) -> bytes | memoryview:
        """A member's bytes: those of the mapped file, checked against their CRC, where it is not compressed."""
        member = self._archive.getinfo(name)
        with self._archive.open(member):  # checks the header before the data
            pass
        if member.compress_type != zipfile.ZIP_STORED:
            return self._archive.read(member)
        name_and_extra = struct.unpack_from("<HH", self._content, member.header_offset + 26)
        start = member.header_offset + 30 + sum(name_and_extra)
        raw = memoryview(self._content)[start : start + member.file_size]
        if zlib.crc32(raw) != member.CRC:
            raise zipfile.BadZipFile(f"Bad CRC-32 for file {name!r}")
        release(raw)
        return raw


def _of_length(storage: Storage, numel: int) -> Storage:
    expected = numel * element_bytes(storage.kind)
    if len(storage.raw) != expected:
        raise CheckpointError(f"Expected a storage of {expected} bytes. Received: {len(storage.raw)} bytes")
    return storage


def _storage_identity(identifier: object) -> tuple[str, str, int]:
    """Element type, key and number of elements."""
    if type(identifier) is not tuple or len(identifier) not in (5, 6) or identifier[0] != "storage":
        raise CheckpointError(f"Expected a reference to a storage. Received: {shorten(identifier)}")
    _, storage_class, key, _, numel, *view = identifier
    if type(key) is not str or view not in ([], [None]):
        raise CheckpointError(f"Expected a whole storage with a text as its key. Received: key={shorten(key)}")
    return storage_kind(storage_class), key, count(numel)


def read_legacy(content: bytes, *, operations: Iterator[int] | None = None) -> object:
    """Content in the format before PyTorch 1.6; `operations` is the remaining number for all its pickles."""
    stream = io.BytesIO(content)
    plain = Interpreter(allowed={}, operations=operations)
    if _first_value(plain, stream) != _LEGACY_MAGIC or plain.load(stream) != _LEGACY_PROTOCOL:
        raise CheckpointError(f"Expected a file that torch.save wrote. Received: {shorten(content[:16])}...")
    system = plain.load(stream)
    big_endian = isinstance(system, dict) and system.get("little_endian") is False
    start = stream.tell()
    kinds = _survey(stream, operations)
    keys = plain.load(stream)
    storages = _LegacyStorages(content, stream.tell(), big_endian=big_endian)
    storages.locate(keys, kinds)
    stream.seek(start)
    return Interpreter(allowed=ALLOWED, persistent=storages.load, operations=operations).load(stream)


def _first_value(plain: Interpreter, stream: io.BytesIO) -> object:
    try:
        return plain.load(stream)
    except CheckpointError as error:
        raise CheckpointError(f"Expected a PyTorch file (zip archive or pickle). {error}") from error


def _survey(stream: io.BytesIO, operations: Iterator[int] | None) -> dict[str, str]:
    """Reads the pickle once without the data that follow it, for the storages it names and their element types."""
    kinds: dict[str, str] = {}

    def note(identifier: object) -> None:
        kind, key, _ = _storage_identity(identifier)
        if kinds.setdefault(key, kind) != kind:
            raise CheckpointError(f"Expected one element type per storage. Received: {kinds[key]} and {kind}")

    Interpreter(allowed=_without_tensors(), persistent=note, operations=operations).load(stream)
    return kinds


def _without_tensors() -> Mapping[str, Inert]:
    return {
        name: replace(inert, construct=lambda *_: None) if "_rebuild_" in name else inert
        for name, inert in ALLOWED.items()
    }


class _LegacyStorages:
    """Storages that follow the pickles: for each key its number of elements (int64), then its bytes."""

    def __init__(self, content: bytes, start: int, *, big_endian: bool) -> None:
        self._content = memoryview(content)
        self._position = start
        self._big_endian = big_endian
        self._known: dict[str, Storage] = {}

    def locate(self, keys: object, kinds: Mapping[str, str]) -> None:
        if type(keys) is not list or not all(type(key) is str for key in keys) or sorted(keys) != sorted(kinds):
            raise CheckpointError(f"Expected the keys of {len(kinds)} storages. Received: {shorten(keys)}")
        for key in keys:
            (numel,) = struct.unpack(">q" if self._big_endian else "<q", self._take(8))
            raw = self._take(count(numel) * element_bytes(kinds[key]))
            self._known[key] = Storage(raw, kind=kinds[key], big_endian=self._big_endian, budget=len(self._content))

    def _take(self, length: int) -> memoryview:
        if length > len(self._content) - self._position:
            raise CheckpointError(f"Expected {length} more bytes. Received: a file that ends before")
        self._position += length
        return self._content[self._position - length : self._position]

    def load(self, identifier: object) -> Storage:
        kind, key, numel = _storage_identity(identifier)
        return _of_length(self._known[key].retyped(kind), numel)
