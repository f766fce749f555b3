"""MNIST, CIFAR-10 and CIFAR-100 as sources: files of `keras.datasets`, from its cache, a path, or downloaded by it."""

import hashlib
import os
import pickle
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Unpack

import keras
import numpy as np

from kerasgan.data import checks
from kerasgan.data.decoding import resized
from kerasgan.data.packages import idx
from kerasgan.data.semi_supervised import SemiSupervised, keep_labels
from kerasgan.data.sources import ArrayReader, Batching, BatchingOptions, Indexed, SourceInfo
from kerasgan.files.network import reachable

__all__ = ["SETS", "cifar10", "cifar100", "is_cached", "mnist"]

Arrays = tuple[np.ndarray, np.ndarray]  # images uint8 (count, height, width[, channels]), and labels


class KerasSet(NamedTuple):
    """A set of `keras.datasets`: its file, with the digest that Keras verifies too, and where it comes from."""

    name: str
    file: str
    sha256: str
    host: str
    folder: str
    cached: str  # what Keras leaves in its cache, as a pattern
    classes: list[str]

    def how_to_bring(self) -> str:
        """The commands that bring it to a machine without a network."""
        return (
            f"On a machine with a network: curl -O https://{self.host}/{self.folder}/{self.file}\n"
            f"Then put the file into {_cache()}, or give its path: path=..., or kerasgan train ... "
            f"--set data.source={self.name} --set data.path=FOLDER/{self.file}"
        )


GOOGLE, TORONTO = "storage.googleapis.com", "www.cs.toronto.edu"
MNIST = KerasSet(
    "mnist",
    "mnist.npz",
    "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
    GOOGLE,
    "tensorflow/tf-keras-datasets",
    "mnist.npz",
    [str(digit) for digit in range(10)],
)
CIFAR10 = KerasSet(
    "cifar10",
    "cifar-10-python.tar.gz",
    "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
    TORONTO,
    "~kriz",
    "cifar-10-batches-py*",
    ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"],
)
CIFAR100 = KerasSet(
    "cifar100",
    "cifar-100-python.tar.gz",
    "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",
    TORONTO,
    "~kriz",
    "cifar-100-python*",
    [str(label) for label in range(100)],
)
SETS = {each.name: each for each in (MNIST, CIFAR10, CIFAR100)}


def mnist(
    path: str | os.PathLike[str] | None = None,
    *,
    image_size: int | Sequence[int] = 28,
    channels: int = 1,
    split: str = "train",
    labels_per_class: int | None = None,
    **order: Unpack[BatchingOptions],
) -> Indexed:
    """MNIST: 60,000 training and 10,000 test images of handwritten digits, 28x28 gray, with labels 0 to 9.

    Args:
        path: mnist.npz, or a folder that holds it or MNIST's four IDX files; if not given, Keras' cache, to which
            `keras.datasets` downloads the file the first time.
        image_size: int or (height, width) to which images are resized, antialiased.
        channels: 1, 3 or 4.
        split: "train" or "test".
        labels_per_class: keep this many labels of each class, drawn by the seed, and hide the others as -1.
        **order: batch_size=64, seed=0, shuffle=True, flip=False, drop_remainder=True.

    Raises:
        FileNotFoundError: if the file is not there and there is no network, with what to do; within seconds.
        ValueError: for another split, or a file that is not the published one.
    """
    given = _given(path)
    if given is not None and given.is_dir() and not (given / MNIST.file).is_file():
        return _source(MNIST, idx.mnist(given, _split(split)), image_size, channels, split, labels_per_class, order)
    return _source(MNIST, _arrays(MNIST, given, split), image_size, channels, split, labels_per_class, order)


def cifar10(
    path: str | os.PathLike[str] | None = None,
    *,
    image_size: int | Sequence[int] = 32,
    channels: int = 3,
    split: str = "train",
    labels_per_class: int | None = None,
    **order: Unpack[BatchingOptions],
) -> Indexed:
    """CIFAR-10: 50,000 training and 10,000 test images of ten classes, 32x32 in color.

    `path`: cifar-10-python.tar.gz, or a folder that holds it. Other arguments and errors as those of `mnist`.
    """
    arrays = _arrays(CIFAR10, _given(path), split)
    return _source(CIFAR10, arrays, image_size, channels, split, labels_per_class, order)


def cifar100(
    path: str | os.PathLike[str] | None = None,
    *,
    image_size: int | Sequence[int] = 32,
    channels: int = 3,
    split: str = "train",
    labels_per_class: int | None = None,
    **order: Unpack[BatchingOptions],
) -> Indexed:
    """CIFAR-100: 50,000 training and 10,000 test images, 32x32 in color, with the labels of its hundred fine classes.

    `path`: cifar-100-python.tar.gz, or a folder that holds it. Other arguments and errors as those of `mnist`.
    """
    arrays = _arrays(CIFAR100, _given(path), split)
    return _source(CIFAR100, arrays, image_size, channels, split, labels_per_class, order)


def is_cached(name: str) -> bool:
    """Whether a set of `SETS` is read without a network."""
    return (_cache() / SETS[name].file).is_file() or any(_cache().glob(SETS[name].cached))


def _given(path: Any) -> Path | None:
    return None if path is None else Path(path).expanduser()


def _cache() -> Path:
    return Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser() / "datasets"


def _split(split: str) -> str:
    if split not in ("train", "test"):
        raise ValueError(f"Expected split to be train or test. Received: split={split!r}")
    return split


def _arrays(which: KerasSet, path: Path | None, split: str) -> Arrays:
    part = ("train", "test").index(_split(split))
    if path is not None:
        return _read(which, path / which.file if path.is_dir() else path)[part]
    by_hand = _cache() / which.file  # Keras keeps archives under another name
    if by_hand.is_file():
        return _read(which, by_hand)[part]
    if not is_cached(which.name) and not reachable([which.host]):
        expected = f"Expected {which.name} in {_cache()}, or a connection to {which.host}"
        raise FileNotFoundError(f"{expected}. Received: neither\n{which.how_to_bring()}")
    try:
        return getattr(keras.datasets, which.name).load_data()[part]
    except Exception as error:  # Keras raises plain exceptions
        expected = f"Expected keras.datasets.{which.name}.load_data() to load"
        raise FileNotFoundError(f"{expected}. Received: {error}\n{which.how_to_bring()}") from error


def _read(which: KerasSet, path: Path) -> tuple[Arrays, Arrays]:
    """Training and test arrays of a published file."""
    if not path.is_file():
        raise FileNotFoundError(f"Expected the file {path}. Received: no such file\n{which.how_to_bring()}")
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != which.sha256:
        raise ValueError(f"Expected {which.file} with sha256 {which.sha256}. Received: {path} with {digest}")
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as found:
            return (found["x_train"], found["y_train"]), (found["x_test"], found["y_test"])
    return _unpacked(path)


def _unpacked(path: Path) -> tuple[Arrays, Arrays]:
    """The arrays of one of CIFAR's archives, whose batches are pickles: it must be the published file."""
    train: list[Arrays] = []
    test: list[Arrays] = []
    with tarfile.open(path) as archive:
        for member in sorted(archive.getmembers(), key=lambda each: each.name):
            name = Path(member.name).name
            file = archive.extractfile(member) if name.startswith(("data_batch", "train", "test")) else None
            if file is None:
                continue
            batch: Any = pickle.load(file, encoding="bytes")
            images = np.asarray(batch[b"data"], np.uint8).reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
            labels = np.asarray(batch[b"labels"] if b"labels" in batch else batch[b"fine_labels"])
            (test if name.startswith("test") else train).append((images, labels))
    parts = [tuple(map(np.concatenate, zip(*several))) for several in (train, test)]
    return parts[0], parts[1]  # type: ignore[return-value]


def _source(
    which: KerasSet,
    arrays: Arrays,
    image_size: Any,
    channels: int,
    split: str,
    labels_per_class: int | None,
    order: Any,
) -> Indexed:
    size, channels, ordering = checks.pair(image_size), checks.channel_count(channels), Batching(**order)
    images, labels = arrays[0], np.asarray(arrays[1], np.int32).reshape(-1)
    images = images[..., np.newaxis] if images.ndim == 3 else images
    array = _in_channels(resized(images, size=size, crop="stretch"), channels)
    if labels_per_class is not None:
        labels = keep_labels(labels, labels_per_class, seed=ordering.seed)
    info = SourceInfo(f"{which.name}/{split}", (*size, channels), len(array), labels, which.classes)
    kind = Indexed if labels_per_class is None else SemiSupervised
    return kind(info, ordering, ArrayReader(array))


def _in_channels(images: np.ndarray, channels: int) -> np.ndarray:
    """uint8 images of one or three channels with 1, 3 or 4, the fourth opaque; gray by the weights of Rec. 601."""
    if channels == 1 and images.shape[-1] == 3:
        return np.rint(images @ np.array([0.299, 0.587, 0.114]))[..., np.newaxis].astype(np.uint8)
    colored = np.repeat(images, 3, axis=-1) if channels > 1 and images.shape[-1] == 1 else images
    return np.pad(colored, [(0, 0)] * 3 + [(0, 1)], constant_values=255) if channels == 4 else colored
