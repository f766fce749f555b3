"""Files that TensorBoard reads, written here: neither it nor TensorFlow need be installed or started for them.

The format is TensorFlow's: records of a length, its checksum, an event and its checksum, where an event is a protocol
buffer (tensorflow/core/lib/io/record_writer.h, tensorflow/core/util/event.proto, tensorflow/core/framework/
summary.proto). The numbers in `_field` calls are those that these files give to their fields.
"""

import os
import struct
import time
from collections.abc import Mapping
from pathlib import Path

__all__ = ["EventFile"]

VARINT, DOUBLE, BYTES, FLOAT = 0, 1, 2, 5  # wire types of protocol buffers
POLYNOMIAL = 0x82F63B78  # of CRC-32C, its bits reversed


class EventFile:
    """A file of scalars and pictures by step, in a folder for `tensorboard --logdir`.

    Args:
        directory: where to; created if need be. Every `EventFile` is a file of its own: those of one training that was
            resumed lie side by side and are shown as one.
    """

    def __init__(self, directory: str | os.PathLike[str]):
        folder = Path(directory)
        folder.mkdir(parents=True, exist_ok=True)
        now = time.time()
        self.path = folder / f"events.out.tfevents.{now:.6f}.{os.getpid()}.kerasgan"
        self._write(_field(1, DOUBLE, now) + _field(3, BYTES, b"brain.Event:2"))

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Numbers by name, in one event."""
        parts = [_field(1, BYTES, name.encode()) + _field(2, FLOAT, value) for name, value in values.items()]
        self._summary(step, parts)

    def picture(self, step: int, name: str, png: bytes, *, size: tuple[int, int], channels: int) -> None:
        """A PNG of (width, height) pixels."""
        image = _field(1, VARINT, size[1]) + _field(2, VARINT, size[0]) + _field(3, VARINT, channels)
        self._summary(step, [_field(1, BYTES, name.encode()) + _field(4, BYTES, image + _field(4, BYTES, png))])

    def _summary(self, step: int, values: list[bytes]) -> None:
        content = b"".join(_field(1, BYTES, value) for value in values)
        self._write(_field(1, DOUBLE, time.time()) + _field(2, VARINT, step) + _field(5, BYTES, content))

    def _write(self, event: bytes) -> None:
        length = struct.pack("<Q", len(event))
        with self.path.open("ab") as file:  # opened anew each time, so that TensorBoard sees it at once
            file.write(length + _checksum(length) + event + _checksum(event))


def _field(number: int, kind: int, value: bytes | float) -> bytes:
    """One field of a protocol buffer: its number and wire type, then its value."""
    head = _varint(number << 3 | kind)
    if isinstance(value, bytes):
        return head + _varint(len(value)) + value
    return head + (_varint(int(value)) if kind == VARINT else struct.pack("<d" if kind == DOUBLE else "<f", value))


def _varint(value: int) -> bytes:
    """Seven bits per byte, the lowest first, the eighth set on all but the last."""
    parts = []
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])


def _table() -> list[int]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (POLYNOMIAL if value & 1 else 0)
        table.append(value)
    return table


_TABLE = _table()


def _checksum(data: bytes) -> bytes:
    """CRC-32C, masked as TensorFlow's records want it."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 0xFF]
    crc ^= 0xFFFFFFFF
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)
