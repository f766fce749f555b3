"""IDX files, the format of MNIST and Fashion-MNIST: a magic number, the shape, then the values, perhaps gzipped."""

import gzip
import math
import os
import struct
import zlib
from pathlib import Path

import numpy as np

__all__ = ["DEBIAN", "FASHION", "HOW_TO_BRING", "LICENSE", "mnist", "read"]

DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
LARGEST = 2**31  # bytes of values: a wrong shape must not fill the memory
FILES = {"train": "train", "test": "t10k"}
DEBIAN = "/usr/share/datasets/fashion-mnist"  # where Debian puts the files
LICENSE = "MIT"
FASHION = ["T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"]
HOW_TO_BRING = """\
Bring Fashion-MNIST by one of
    apt install dataset-fashion-mnist
    python -c "import keras; keras.datasets.fashion_mnist.load_data()"   # then give ~/.keras/datasets/fashion-mnist"""


def read(path: str | os.PathLike[str]) -> np.ndarray:
    """The array in an IDX file, gzipped or not, in the machine's byte order.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no IDX file, or is shorter or longer than its shape says.
    """
    raw = Path(path).read_bytes()
    if raw[:2] == b"\x1f\x8b":
        try:
            raw = gzip.decompress(raw)
        except (EOFError, OSError, zlib.error) as error:
            raise ValueError(f"Expected a whole gzip file. Received: {path} ({error})") from error
    if len(raw) < 4 or raw[:2] != b"\0\0" or raw[2] not in DTYPES or len(raw) < 4 + 4 * raw[3]:
        expected = "Expected an IDX file, which begins with two zeros, a type and a number of axes"
        raise ValueError(f"{expected}. Received: {path}, which begins with {raw[:4]!r}")
    dtype, start = np.dtype(DTYPES[raw[2]]), 4 + 4 * raw[3]
    shape = struct.unpack(f">{raw[3]}I", raw[4:start])
    size = math.prod(shape) * dtype.itemsize
    if size > LARGEST or len(raw) - start != size:
        raise ValueError(f"Expected {size} bytes for the shape {shape}. Received: {len(raw) - start} bytes in {path}")
    return np.frombuffer(raw, dtype, offset=start).reshape(shape).astype(dtype.newbyteorder("="))


def mnist(folder: str | os.PathLike[str] = DEBIAN, split: str = "train") -> tuple[np.ndarray, np.ndarray]:
    """Images uint8 (count, height, width) and labels int32 (count,) of a folder with the four files of such a set.

    MNIST's own names, such as train-images-idx3-ubyte, with or without .gz; Fashion-MNIST's have the same. `split`:
    "train" or "test".

    Raises:
        FileNotFoundError: if a file is not there, with the commands that bring Fashion-MNIST.
        ValueError: for another split, or files that are not those of one set.
    """
    if split not in FILES:
        raise ValueError(f"Expected split to be one of {', '.join(FILES)}. Received: split={split!r}")
    images, labels = (read(_file(Path(folder), f"{FILES[split]}-{kind}")) for kind in ("images-idx3", "labels-idx1"))
    if images.ndim != 3 or labels.ndim != 1 or len(images) != len(labels) or images.dtype != np.uint8:
        expected = "Expected uint8 images (count, height, width) and a label for each"
        raise ValueError(f"{expected}. Received: {images.shape} {images.dtype} and {labels.shape} in {folder}")
    return images, labels.astype(np.int32)


def _file(folder: Path, name: str) -> Path:
    for ending in ("-ubyte.gz", "-ubyte", ".gz", ""):
        if (folder / f"{name}{ending}").is_file():
            return folder / f"{name}{ending}"
    raise FileNotFoundError(f"Expected the file {name}-ubyte.gz in {folder}. Received: no such file\n{HOW_TO_BRING}")
