"""Hostile and damaged checkpoint files are refused with nothing executed and little memory taken."""

import contextlib
import copyreg
import functools
import importlib
import itertools
import os
import pickle
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest
from pth_writer import FORMATS, Writer

from kerasgan.checkpoints import CheckpointError, pth


class Call:
    """Pickles to a call of a function."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def attacks(canary):
    """Values whose unpickling would make a directory at `canary`."""
    source = f"__import__('os').mkdir({str(canary)!r})"
    return {
        "os.mkdir": Call(os.mkdir, str(canary)),
        "os.system": Call(os.system, f"mkdir {canary}"),
        "eval": Call(eval, source),
        "exec": Call(exec, source),
        "getattr": Call(Call(getattr, os, "mkdir").call[0], Call(__import__, "os"), "mkdir"),
        "partial": Call(functools.partial(os.mkdir, str(canary))),
        "importlib": Call(importlib.import_module, "os"),
        "nested": {"a": [{"b": ({"c": Call(os.mkdir, str(canary))},)}]},
    }


def handmade(canary):
    """Operations that `pickle` never writes by itself but obeys."""
    path = str(canary).encode()
    text = b"X" + struct.pack("<I", len(path)) + path
    return {
        "inst": b"(X" + struct.pack("<I", len(path)) + path + b"ios\nmkdir\n.",
        "obj": b"(cos\nmkdir\n" + text + b"o.",
        "obj of a known global": b"(ccollections\nOrderedDict\n" + text + b"o.",
        "newobj of a known global": b"\x80\x02ccollections\nOrderedDict\n)\x81.",
        "newobj_ex of a known global": b"\x80\x04ccollections\nOrderedDict\n)}\x92.",
        "global": b"cos\nmkdir\n" + text + b"\x85R.",
        "newobj": b"\x80\x02cpathlib\nPath\n" + text + b"\x85\x81.",
        "newobj_ex": b"\x80\x04cpathlib\nPath\n" + text + b"\x85}\x92.",
        "extension": b"\x80\x02\x82\xf0" + text + b"\x85R.",
        "extension2": b"\x80\x02\x83\xf0\x00" + text + b"\x85R.",
        "extension4": b"\x80\x02\x84\xf0\x00\x00\x00" + text + b"\x85R.",
        "dotted": b"\x80\x04\x8c\x0bcollections\x8c\x1babc.sys.modules.__class__.x\x93" + text + b"\x85R.",
        "dotted known": b"\x80\x04\x8c\x0bcollections\x8c\x14OrderedDict.fromkeys\x93" + text + b"\x85R.",
        "named by text": b"\x8c\x08os mkdir" + text + b"\x85R.",
        "build": b"ccollections\nOrderedDict\n)R}\x8c\x0c__setstate__cos\nmkdir\nsb" + text + b"b.",
        "build slots": b"ccollections\nOrderedDict\n)RN}\x8c\x05clear\x88s\x86b.",
        "build on a list": b"]}\x8c\x09__class__\x88sb.",
        "state of a global": b"ccollections\nOrderedDict\n}\x8c\x04name\x8c\x01xsb)R.",
        "storage called": b"ctorch\nFloatStorage\n" + text + b"\x85R.",
        "load inside": b"ctorch.storage\n_load_from_bytes\n" + text + b"\x85R.",
        "in a reference to a storage": b"(X\x07\x00\x00\x00storagecos\nmkdir\n" + text + b"\x85RNNNtQ.",
        "as a key": b"}cos\nmkdir\n" + text + b"\x85RNs.",
        "a pickle in the pickle": b"cpickle\nloads\nU\x20cos\nmkdir\n" + text[:21] + b"\x85R.",
        "builtins of Python 2": b"c__builtin__\neval\nX\x05\x00\x00\x001 + 1\x85R.",
        "codecs": b"c_codecs\nencode\n" + text + b"X\x03\x00\x00\x00rot\x86R.",
        "set": b"\x80\x04\x8f.",
        "buffer": b"\x80\x05\x97.",
    }


@contextlib.contextmanager
def refused(case, match=None):
    """Expects a CheckpointError, and names the case where there is none or another error."""
    try:
        with pytest.raises(CheckpointError, match=match):
            yield
    except BaseException as error:
        error.add_note(f"case: {case}")
        raise


@FORMATS
def test_a_pickle_that_calls_something_is_refused_and_nothing_runs(write, tmp_path):
    canary = tmp_path / "canary"
    for (name, attack), protocol in itertools.product(attacks(canary).items(), range(6)):
        path = write(Writer(), pickle.dumps({"state_dict": attack}, protocol), tmp_path / "x.pth")
        with refused(f"{name}, protocol {protocol}", match="nothing of it was"):
            pth.read(path)
        assert not canary.exists(), (name, protocol)


def test_the_same_pickles_do_run_in_the_ordinary_unpickler(tmp_path):
    canary = tmp_path / "canary"
    for name in ("os.mkdir", "os.system", "eval", "exec"):
        pickle.loads(pickle.dumps(attacks(canary)[name]))
        assert canary.exists(), name
        canary.rmdir()


@FORMATS
def test_handmade_operations_are_refused_and_nothing_runs(write, tmp_path):
    canary = tmp_path / "canary"
    for name, payload in handmade(canary).items():
        copyreg.add_extension("os", "mkdir", 0xF0)
        try:
            with refused(name):
                pth.read(write(Writer(), payload, tmp_path / "x.pth"))
        finally:
            copyreg.remove_extension("os", "mkdir", 0xF0)
        assert not canary.exists(), name


def test_the_refused_global_is_named(tmp_path):
    path = Writer().zipped(pickle.dumps(Call(os.system, "true")), tmp_path / "x.pth")
    with pytest.raises(CheckpointError, match=rf"x\.pth.*{os.name}.*system"):
        pth.read(path)


OUTSIDE = {
    "too long": {"size": (25,), "stride": (1,)},
    "too far": {"size": (4,), "stride": (1,), "offset": 21},
    "wide stride": {"size": (2, 2), "stride": (23, 1)},
    "terabytes": {"size": (2**40,), "stride": (0,)},
    "terabytes of ones": {"size": (2**20, 2**20), "stride": (0, 0)},
    "empty terabytes": {"size": (0, 2**50), "stride": (1, 1)},
    "overflow": {"size": (2**62, 4), "stride": (1, 1)},
    "negative size": {"size": (-1,), "stride": (1,)},
    "negative stride": {"size": (2,), "stride": (-1,)},
    "negative offset": {"size": (2,), "stride": (1,), "offset": -1},
    "no stride": {"size": (2, 2), "stride": (1,)},
    "fractions": {"size": (2.0,), "stride": (1,)},
    "text": {"size": ("2",), "stride": (1,)},
    "many dimensions": {"size": (1,) * 65, "stride": (1,) * 65},
    "lying storage": {"numel": 2**40},
    "short storage": {"numel": 23},
    "huge number": {"numel": 10**5000},
}


@FORMATS
def test_a_tensor_outside_its_storage_is_refused_before_memory_is_taken(write, tmp_path):
    for name, claims in OUTSIDE.items():
        writer = Writer()
        path = write(writer, {"a": writer.tensor(np.arange(24.0), **claims)}, tmp_path / "x.pth")
        tracemalloc.start()
        try:
            with refused(name):
                pth.read(path)
            assert tracemalloc.get_traced_memory()[1] < 4_000_000, name
        finally:
            tracemalloc.stop()


MALFORMED = {
    "empty": b"",
    "no end": b"}",
    "nothing at the end": b".",
    "pops nothing": b"0.",
    "no mark": b"t.",
    "unknown memo": b"h\x05.",
    "memo beyond any": b"Np4294967296\n.",
    "far memo": b"Nr\xff\xff\xff\x7f0j\xfe\xff\xff\x7f.",
    "long text": b"\x8d" + struct.pack("<Q", 2**40) + b"abc.",
    "long bytes": b"\x8e" + struct.pack("<Q", 2**62) + b"abc.",
    "digits": b"I" + b"9" * 10_000 + b"\n.",
    "deep key": b"}" + b")" + b"\x85" * 300_000 + b"Ns.",
    "list as key": b"}]Ns.",
    "odd pairs": b"}(Nu.",
    "append to a number": b"K\x01Na.",
    "unknown reference": b"X\x01\x00\x00\x000Q.",
    "deep reference": b")" + b"\x85" * 300_000 + b"Q.",
    "too many operations": b"N0" * 600_000 + b"N.",
}


@FORMATS
def test_a_malformed_pickle_is_refused(write, tmp_path):
    for name, payload in MALFORMED.items():
        with refused(name):
            pth.read(write(Writer(), payload, tmp_path / "x.pth"))


def test_a_far_memo_index_takes_no_memory(tmp_path):
    path = Writer().zipped(b"Nr\xff\xff\xff\x7f0j\xff\xff\xff\x7f.", tmp_path / "x.pth")
    tracemalloc.start()
    try:
        assert pth.read(path) is None
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_containers_that_multiply_themselves_cost_nothing(tmp_path):
    # Sixty lists, each holding the one before twice: 2^60 elements to anyone who walks or prints them.
    doubled = b"]q\x00" + b"".join(b"](h%ch%ceq%c" % (i, i, i + 1) for i in range(60))
    assert len(pth.read(Writer().zipped(b"\x80\x02" + doubled + b".", tmp_path / "x.pth"))) == 2
    with pytest.raises(CheckpointError):
        pth.read(Writer().zipped(b"\x80\x02" + doubled + b"Q.", tmp_path / "y.pth"))


def test_an_archive_with_strange_members_is_refused(tmp_path):
    for name in ("/etc/x", "archive/../../x", "..\\x", "archive/data.pkl", "other/data.pkl"):
        twice = name == "archive/data.pkl"
        with pytest.warns(UserWarning, match="Duplicate") if twice else contextlib.nullcontext():
            path = Writer().zipped({"a": 1}, tmp_path / "x.pth", more=[(name, b"N.")])
        with refused(name):
            pth.read(path)


def test_a_member_beyond_any_file_is_refused(tmp_path):
    """Its place is 2^64 - 1, which is no place that Python could seek."""
    with zipfile.ZipFile(tmp_path / "x.pth", "w") as archive:
        archive.writestr("archive/data.pkl", b"N.")
    content = (tmp_path / "x.pth").read_bytes()
    start, end = content.index(b"PK\x01\x02"), content.index(b"PK\x05\x06")
    extra = struct.pack("<HHQ", 1, 8, 2**64 - 1)  # the place, where the record's own field has no room for it
    record = content[start : start + 30] + struct.pack("<H", len(extra)) + content[start + 32 : start + 42]
    record += b"\xff" * 4 + content[start + 46 : end] + extra
    tail = content[end : end + 12] + struct.pack("<I", len(record)) + content[end + 16 :]
    (tmp_path / "x.pth").write_bytes(content[:start] + record + tail)
    with pytest.raises(CheckpointError, match="complete PyTorch zip archive"):
        pth.read(tmp_path / "x.pth")


def test_numbers_that_hash_alike_cost_no_time(tmp_path):
    """Multiples of 2^61 - 1 all hash to 0: half a million of them would take hours."""
    keys = b"".join(b"\x8a\x0a" + (number * (2**61 - 1)).to_bytes(10, "little") + b"N" for number in range(200_000))
    with pytest.raises(CheckpointError, match="at most 4,096 keys"):
        pth.read(Writer().zipped(b"}(" + keys + b"u.", tmp_path / "x.pth"))
    few = {number: number for number in range(4096)}
    assert pth.read(Writer().zipped(pickle.dumps(few, 2), tmp_path / "x.pth")) == few


def test_a_compressed_archive_is_refused_before_it_is_unpacked(tmp_path):
    writer = Writer()
    contents = {"a": writer.tensor(np.zeros(1_000_000))}
    path = writer.zipped(contents, tmp_path / "x.pth", compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(CheckpointError, match="compressed"):
        pth.read(path)


def test_members_that_lie_over_one_another_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.pth", "w") as archive:
        archive.writestr("archive/data.pkl", b"N.")
        archive.writestr("archive/data/0", bytes(10_000))
        archive.filelist += [_renamed(archive.filelist[1], f"archive/data/{key}") for key in range(1, 50)]
    with pytest.raises(CheckpointError, match="declared"):
        pth.read(tmp_path / "x.pth")


def _renamed(member, name):
    copied = zipfile.ZipInfo(name)
    for attribute in ("CRC", "compress_size", "file_size", "header_offset"):
        setattr(copied, attribute, getattr(member, attribute))
    return copied


@FORMATS
def test_a_file_cut_anywhere_is_refused(write, tmp_path):
    writer = Writer()
    path = write(writer, {"state_dict": {"a": np.arange(40.0), "b": np.arange(7)}}, tmp_path / "x.pth")
    content = path.read_bytes()
    for length in range(0, len(content), 7):
        path.write_bytes(content[:length])
        with pytest.raises(CheckpointError):
            pth.read(path)


@FORMATS
def test_changed_bytes_are_read_or_refused_but_never_crash(write, tmp_path):
    writer = Writer()
    path = write(writer, {"state_dict": {"a": np.arange(5.0), "b": [1, ("x", {})]}}, tmp_path / "x.pth")
    content, random = path.read_bytes(), np.random.default_rng(7)
    for _ in range(400):
        changed = bytearray(content)
        changed[random.integers(len(content))] = random.integers(256)
        path.write_bytes(changed)
        with contextlib.suppress(CheckpointError):
            pth.read(path)


def test_another_kind_of_file_is_refused(tmp_path):
    for content in (b"<html>404</html>", b"\x89HDF\r\n\x1a\n" + bytes(64), bytes(64)):
        (tmp_path / "x.pth").write_bytes(content)
        with refused(content, match="Expected a"):
            pth.read(tmp_path / "x.pth")
