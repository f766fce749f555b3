import gzip
import struct

import numpy as np
import pytest

from kerasgan.data.packages import idx


def packed(array, code):
    shape = struct.pack(f">{array.ndim}I", *array.shape)
    return bytes([0, 0, code, array.ndim]) + shape + array.astype(idx.DTYPES[code]).tobytes()


def fashion(root, *, labels=6, zipped=True):
    for name, count in (("train", 6), ("t10k", 2)):
        images = np.arange(count * 12, dtype=np.uint8).reshape(count, 4, 3)
        kinds = {"images-idx3": images, "labels-idx1": np.arange(labels if name == "train" else count) % 10}
        for kind, array in kinds.items():
            raw = packed(array, 0x08)
            path = root / f"{name}-{kind}-ubyte{'.gz' if zipped else ''}"
            path.write_bytes(gzip.compress(raw) if zipped else raw)
    return root


@pytest.mark.parametrize("code", idx.DTYPES)
def test_every_type_is_read(code, tmp_path):
    array = np.array([[[1, 2], [3, 100]]]).astype(idx.DTYPES[code])
    (tmp_path / "file").write_bytes(packed(array, code))
    found = idx.read(tmp_path / "file")
    np.testing.assert_array_equal(found, array)
    assert found.dtype.isnative and found.dtype == array.dtype.newbyteorder("=")


@pytest.mark.parametrize("zipped", [True, False])
def test_the_four_files_are_two_splits(zipped, tmp_path):
    root = fashion(tmp_path, zipped=zipped)
    images, labels = idx.mnist(root)
    assert images.shape == (6, 4, 3) and images.dtype == np.uint8 and images[-1, -1, -1] == 71
    np.testing.assert_array_equal(labels, np.arange(6))
    assert labels.dtype == np.int32
    assert len(idx.mnist(root, "test")[0]) == 2


def test_what_is_not_there_is_told_with_the_commands_that_bring_it(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"(?s)train-images.*apt install dataset-fashion-mnist"):
        idx.mnist(tmp_path)


def test_files_that_do_not_belong_together_and_other_splits_are_refused(tmp_path):
    with pytest.raises(ValueError, match="a label for each"):
        idx.mnist(fashion(tmp_path, labels=5))
    with pytest.raises(ValueError, match="split='all'"):
        idx.mnist(tmp_path, "all")


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "begins with b''"),
        (b"\0\0\x08", "IDX"),
        (b"\x89PNG\r\n", "IDX"),
        (b"\0\0\x08\x02" + struct.pack(">2I", 2, 3) + b"12345", "Expected 6 bytes"),
        (b"\0\0\x08\x01" + struct.pack(">I", 2) + b"123", "Received: 3 bytes"),
        (b"\0\0\x0e\x03" + struct.pack(">3I", 2**31, 2**31, 2**31), "Received: 0 bytes"),
        (gzip.compress(b"\0\0\x08\x01", mtime=0)[:-4], "gzip"),
        (b"\x1f\x8b" + b"\xff" * 30, "gzip"),
    ],
    ids=["empty", "short", "png", "pixels", "labels", "huge", "cut", "no-gzip"],
)
def test_other_files_are_refused(raw, reason, tmp_path):
    (tmp_path / "file").write_bytes(raw)
    with pytest.raises(ValueError, match=reason):
        idx.read(tmp_path / "file")
