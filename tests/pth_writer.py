"""Writes PyTorch's file formats without PyTorch, one pickle operation at a time: files for tests, good and hostile."""

import pickle
import struct
import zipfile
from collections import OrderedDict

import numpy as np
import pytest

KINDS = {
    "Double": "<f8",
    "Float": "<f4",
    "Half": "<f2",
    "Long": "<i8",
    "Int": "<i4",
    "Short": "<i2",
    "Char": "i1",
    "Byte": "u1",
    "Bool": "?",
}


class Raw(bytes):
    """Pickle operations, to be written as they stand."""


class Writer:
    """Writes what torch.save writes, one opcode at a time: protocol 2, storages by reference."""

    def __init__(self):
        self.storages = []

    def tensor(self, array, *, kind="Float", offset=0, size=None, stride=None, numel=None, key=None):
        array = np.asarray(array)
        if key is None:
            key = len(self.storages)
            self.storages.append((kind, array.astype(KINDS.get(kind, array.dtype)).tobytes(), array.size))
        size = array.shape if size is None else size
        stride = (
            tuple(int(np.prod(array.shape[axis + 1 :])) for axis in range(array.ndim)) if stride is None else stride
        )
        numel = array.size if numel is None else numel
        storage = self.value(("storage", Raw(b"ctorch\n%bStorage\n" % kind.encode()), str(key), "cpu", numel))
        arguments = self.value((Raw(storage + b"Q"), offset, size, stride, False, OrderedDict()))
        return Raw(b"ctorch._utils\n_rebuild_tensor_v2\n" + arguments + b"R")

    def value(self, value):
        if isinstance(value, Raw):
            return value
        if isinstance(value, np.ndarray):
            return self.tensor(value, kind="Long" if value.dtype.kind == "i" else "Float")
        if isinstance(value, OrderedDict):
            pairs = b"".join(self.value(part) for pair in value.items() for part in pair)
            return b"ccollections\nOrderedDict\n)R(" + pairs + b"u"
        if isinstance(value, dict):
            return b"}(" + b"".join(self.value(part) for pair in value.items() for part in pair) + b"u"
        if isinstance(value, (tuple, list)):
            parts = b"".join(self.value(part) for part in value)
            return b"(" + parts + b"t" if isinstance(value, tuple) else b"](" + parts + b"e"
        if isinstance(value, str):
            return b"X" + struct.pack("<I", len(value.encode())) + value.encode()
        return pickle.dumps(value, protocol=2)[2:-1]

    def zipped(self, value, path, *, compression=zipfile.ZIP_STORED, more=()):
        pickled = value if isinstance(value, bytes) else b"\x80\x02" + self.value(value) + b"."
        with zipfile.ZipFile(path, "w", compression) as archive:
            archive.writestr("archive/data.pkl", pickled)
            archive.writestr("archive/byteorder", "little")
            for key, (_, raw, _) in enumerate(self.storages):
                archive.writestr(f"archive/data/{key}", raw)
            for name, content in more:
                archive.writestr(name, content)
            archive.writestr("archive/version", "3\n")
        return path

    def legacy(self, value, path):
        pickled = value if isinstance(value, bytes) else b"\x80\x02" + self.value(value) + b"."
        system = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
        heads = [pickle.dumps(head, protocol=2) for head in (0x1950A86A20F9469CFC6C, 1001, system)]
        keys = pickle.dumps([str(key) for key in range(len(self.storages))], protocol=2)
        data = [struct.pack("<q", numel) + raw for _, raw, numel in self.storages]
        path.write_bytes(b"".join([*heads, pickled, keys, *data]))
        return path


FORMATS = pytest.mark.parametrize("write", [Writer.zipped, Writer.legacy], ids=["zip", "legacy"])
