"""Fashion-MNIST as a source: its IDX files from a folder, from Debian's package, or from Keras' cache."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Unpack

import numpy as np

from kerasgan.data import checks
from kerasgan.data.decoding import resized
from kerasgan.data.packages import idx, places
from kerasgan.data.semi_supervised import SemiSupervised, keep_labels
from kerasgan.data.sources import ArrayReader, Batching, BatchingOptions, Indexed, SourceInfo
from kerasgan.names import resolve


def fashion_mnist(
    path: str | os.PathLike[str] | None = None,
    *,
    image_size: int | Sequence[int] = 28,
    channels: int = 1,
    split: str = "train",
    only: Sequence[str] = (),
    labels_per_class: int | None = None,
    **order: Unpack[BatchingOptions],
) -> Indexed:
    """Fashion-MNIST: 60,000 training and 10,000 test images of clothes, 28x28 gray, with labels 0 to 9; MIT license.

    Nothing is downloaded. The files are those of Debian's package dataset-fashion-mnist, or of
    `keras.datasets.fashion_mnist`.

    Args:
        path: a folder with the four IDX files, gzipped or not; by default Debian's folder, then Keras' cache.
        image_size: int or (height, width) to which images are resized, antialiased.
        channels: 1, 3 or 4.
        split: "train" or "test".
        only: names of classes, such as "sneaker", whose labels are then their places here; all ten, if empty.
        labels_per_class: keep this many labels of each class, drawn by the seed, and hide the others as -1.
        **order: batch_size=64, seed=0, shuffle=True, flip=False, drop_remainder=True.

    Raises:
        FileNotFoundError: if the files are in none of these places, with the commands that install them.
        ValueError: for another split, an unknown class, more labels than there are, or files that are not those of such
            a set.
    """
    size, channels, ordering = checks.pair(image_size), checks.channel_count(channels), Batching(**order)
    (gray, labels), names = idx.mnist(_folder(path), split), [*idx.FASHION]
    if only:
        names = [resolve(name, idx.FASHION, expected="classes", received=f"only={only!r}") for name in only]
        chosen = np.array([names.index(name) if name in names else -1 for name in idx.FASHION], np.int32)[labels]
        gray, labels = gray[chosen >= 0], chosen[chosen >= 0]
    array = np.repeat(resized(gray[..., np.newaxis], size=size, crop="stretch"), channels, axis=-1)
    if channels == 4:
        array[..., 3] = 255
    if labels_per_class is not None:
        labels = keep_labels(labels, labels_per_class, seed=ordering.seed)
    info = SourceInfo(f"fashion_mnist/{split}", (*size, channels), len(array), labels, names)
    kind = Indexed if labels_per_class is None else SemiSupervised
    return kind(info, ordering, ArrayReader(array))


def _folder(path: str | os.PathLike[str] | None) -> Path:
    if path is not None:
        return Path(path).expanduser()
    keras_home = Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser()
    several = [Path(idx.DEBIAN), keras_home / "datasets" / "fashion-mnist", places.datasets() / "fashion-mnist"]

    def holds(place: Path) -> bool:
        return next(place.glob("train-images-idx3*"), None) is not None

    return places.first(several, holds=holds, what="the files of Fashion-MNIST", how=idx.HOW_TO_BRING)
