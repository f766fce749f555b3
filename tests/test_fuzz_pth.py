"""Checkpoint files that are damaged at random, or on purpose, are read or refused: nothing else happens."""

import contextlib
import functools
import sys
import tracemalloc
from collections import OrderedDict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pth_writer import Writer

from kerasgan.checkpoints import CheckpointError, persistence, pth, stylegan2_ada

# What a reader of data never does; the interpreter reports it, whoever requests it.
FORBIDDEN = ("compile", "exec", "import", "marshal.", "os.", "pickle.", "shutil.", "socket.", "subprocess.", "ctypes.")
# Operations that do harm in an ordinary unpickler, to be inserted anywhere.
HARM = (
    b"cos\nsystem\nX\x04\x00\x00\x00true\x85R",
    b"\x8c\x08builtins\x8c\x04eval\x93",
    b"(X\x04\x00\x00\x00trueios\nsystem\n",
    b"cimportlib\nimport_module\nX\x02\x00\x00\x00os\x85R",
    b"}X\x0c\x00\x00\x00__setstate__cos\nmkdir\nsb",
    b"\x81\x92",
    b"ctorch.storage\n_load_from_bytes\n",
    b"\x8e\xff\xff\xff\xff\xff\xff\xff\x3f",
    b"\x8b\xff\xff\xff\x7f",
    b"r\xff\xff\xff\x7f",
    b"Q",
    b"(e",
    b"(u",
    b"2" * 50 + b"(t",
)


class Watch:
    """Counts forbidden events of the interpreter while it is on."""

    def __init__(self):
        self.on, self.seen = False, []
        sys.addaudithook(self._note)  # cannot be taken away again: hence the switch

    def _note(self, event, arguments):
        if self.on and event.startswith(FORBIDDEN):
            self.seen.append((event, arguments))

    @contextlib.contextmanager
    def __call__(self):
        self.seen.clear()
        self.on = True
        try:
            yield
        finally:
            self.on = False


@functools.cache
def watch():
    return Watch()


@functools.cache
def material():
    """(writer with the storages, pickle) of a checkpoint with views, numbers, and containers of every kind."""
    writer, random = Writer(), np.random.default_rng(0)
    state = OrderedDict(
        weight=random.normal(size=(3, 4)), half=writer.tensor(np.arange(6.0), kind="Half"), steps=np.arange(3)
    )
    state["view"] = writer.tensor(np.arange(24.0), size=(2, 3), stride=(6, 2), offset=7)
    contents = {"meta": {"iter": 5, "rate": 0.5, "none": None, "list": [1, ("ü", True)]}, "state_dict": state}
    return writer, b"\x80\x02" + writer.value(contents) + b"."


place, length = st.integers(0, 2**16), st.integers(1, 40)
changes = st.one_of(
    st.tuples(st.just("flip"), place, st.integers(1, 255)),
    st.tuples(st.just("cut"), place, length),
    st.tuples(st.just("truncate"), place),
    st.tuples(st.just("copy"), place, place, length),
    st.tuples(st.just("insert"), place, st.one_of(st.sampled_from(HARM), st.binary(min_size=1, max_size=9))),
)


def damaged(content, changes):
    """`content` after a few changes: flipped bits, pieces cut out, copied elsewhere, put in."""
    for kind, where, *more in changes:
        where %= max(1, len(content))
        before, after = content[:where], content[where:]
        if kind == "flip":
            content = before + bytes(byte ^ more[0] for byte in after[:1]) + after[1:]
        elif kind == "cut":
            content = before + after[more[0] :]
        elif kind == "truncate":
            content = before
        elif kind == "copy":
            start = more[0] % max(1, len(content))
            content = before + content[start : start + more[1]] + after
        else:
            content = before + more[0] + after
    return content


def read_or_refuse(path, read=pth.read):
    """Reads the file, and fails for anything but a value or a CheckpointError, within a small multiple of its size."""
    tracemalloc.start()
    try:
        with watch()(), contextlib.suppress(CheckpointError):
            read(path)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
    assert not watch().seen


FUZZ = settings(max_examples=150, deadline=None, database=None, derandomize=True)
WRITERS = {"zip": Writer.zipped, "legacy": Writer.legacy}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("fuzz") / "x.pth"
    for write in WRITERS.values():  # what is read for the first time may import and compile
        pth.read(write(material()[0], material()[1], path))
        (path.with_suffix(".bad")).write_bytes(path.read_bytes()[:-30])
        with contextlib.suppress(CheckpointError):
            pth.read(path.with_suffix(".bad"))
    return path


@pytest.mark.parametrize("form", WRITERS)
def test_a_damaged_pickle_in_a_whole_file_is_read_or_refused(form, path):
    writer, pickled = material()

    @FUZZ
    @given(st.lists(changes, min_size=1, max_size=4))
    def fuzz(changes):
        WRITERS[form](writer, damaged(pickled, changes), path)
        read_or_refuse(path)

    fuzz()


@pytest.mark.parametrize("form", WRITERS)
def test_a_damaged_file_is_read_or_refused(form, path):
    content = WRITERS[form](*material(), path).read_bytes()

    @FUZZ
    @given(st.lists(changes, min_size=1, max_size=4))
    def fuzz(changes):
        path.write_bytes(damaged(content, changes))
        read_or_refuse(path)

    fuzz()


def test_a_damaged_pickle_of_persistent_classes_is_read_or_refused(tmp_path):
    ada = pytest.importorskip("ada_generator")
    layer, path = ada.FullyConnected(2, 1), tmp_path / "x.pkl"
    content = ada.written(ada.snapshot(layer, ada.Mapping(2, 1, 0), D=None))

    def read(path):
        stylegan2_ada.state(persistence.read(path))

    path.write_bytes(content)
    read(path)

    @FUZZ
    @given(st.lists(changes, min_size=1, max_size=4))
    def fuzz(changes):
        path.write_bytes(damaged(content, changes))
        read_or_refuse(path, read)

    fuzz()


def test_the_watch_sees_what_an_ordinary_unpickler_does():
    """Else the silence above would prove nothing."""
    import pickle

    with watch()():
        pickle.loads(b"\x8c\x08builtins\x8c\x04eval\x93X\x05\x00\x00\x001 + 1\x85R.")
    events = {event for event, _ in watch().seen}
    assert {"pickle.find_class", "exec"} <= events
