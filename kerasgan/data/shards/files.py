"""TFRecord files and WebDataset's tar files as sources: of this machine by random access, remote ones as a stream."""

import functools
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Unpack

import numpy as np

from kerasgan.data import checks
from kerasgan.data.contents import LOG
from kerasgan.data.decoding import Crop, checked_crop
from kerasgan.data.folders import THREADS, FileReader
from kerasgan.data.shards.form import Entry, Example, Form
from kerasgan.data.shards.streaming import ShardStream, over, pixels_of
from kerasgan.data.shards.tfrecord import TFRecords
from kerasgan.data.shards.webdataset import WebDataset
from kerasgan.data.sources import Batching, BatchingOptions, Indexed, Source, SourceInfo
from kerasgan.files import paths

__all__ = ["checked_classes", "class_names_of", "shard_paths", "tfrecords", "webdataset"]

Place = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]
SAMPLED = 256  # records of a remote shard that tell how many the others hold


def tfrecords(
    path: Place,
    *,
    image_size: int | Sequence[int] = 64,
    channels: int = 3,
    crop: Crop = "center",
    image_key: str | None = None,
    label_key: str | None = None,
    num_classes: int | None = None,
    **order: Unpack[BatchingOptions],
) -> Source:
    """TFRecord files of `tf.train.Example` with encoded pictures; TensorFlow is not needed.

    - Files of this machine are read by random access, in an order drawn uniformly in each epoch: before training their
      headers alone are read. Remote ones (gs://...) are read as a stream, up to sixteen by turns, and each image is
      drawn from a pool of up to 16,384 or 256 MiB; one epoch is about as many images as they hold, by their sizes.
    - A training that is resumed goes on with the next image; a stream reads again, without decoding, what it had read.
    - Of several machines that train together each reads only what its devices need: of a stream, its own shards.
    - An unreadable picture is named in a warning, and another one takes its place.

    Args:
        path: a pattern such as "gs://bucket/train-*", "train-{000..099}.tfrecord" or a folder, or several.
        image_size, channels, crop: as in `folder`.
        image_key: the feature with the picture: JPEG, PNG, ..., or raw bytes with a `shape` (channels, height, width),
            as StyleGAN's tools write them; if not given, the first that there is of image, image/encoded, ..., data.
        label_key: the feature with an integer label; if not given, label or image/class/label.
        num_classes: number of classes; no labels are read if not given.
        **order: batch_size=64, seed=0, shuffle=True, flip=False, drop_remainder=True.

    Raises:
        FileNotFoundError: if the pattern names no file.
        ValueError: that names shard and byte, for what is no TFRecord, a damaged one, or a label out of range.
    """
    form = TFRecords(image_key, label_key, checked_classes(num_classes))
    return _source("tfrecords", form, path, (image_size, channels, crop), num_classes, Batching(**order))


def webdataset(
    path: Place,
    *,
    image_size: int | Sequence[int] = 64,
    channels: int = 3,
    crop: Crop = "center",
    image_key: str | None = None,
    label_key: str | None = None,
    num_classes: int | None = None,
    **order: Unpack[BatchingOptions],
) -> Source:
    """WebDataset shards: tar files of pictures, with labels in `.cls`, or as `label_key` ("label") in `.json`.

    `image_key`: the ending of the pictures, such as "jpg", if there are several kinds of an example. Everything else is
    as in `tfrecords`.
    """
    form = WebDataset(image_key, label_key, checked_classes(num_classes))
    return _source("webdataset", form, path, (image_size, channels, crop), num_classes, Batching(**order))


def checked_classes(num_classes: int | None) -> int | None:
    """`num_classes`, checked."""
    if num_classes is not None and num_classes < 1:
        raise ValueError(f"Expected a positive number of classes, or None. Received: num_classes={num_classes}")
    return num_classes


def class_names_of(num_classes: int | None) -> list[str] | None:
    """Names of classes that have none."""
    return None if num_classes is None else [str(label) for label in range(num_classes)]


def shard_paths(path: Any) -> dict[str, int]:
    """The shards that a pattern, a folder or several of them name, sorted, with their sizes in bytes."""
    several = [path] if isinstance(path, str | os.PathLike) else list(path)
    found: dict[str, int] = {}
    for each in several:
        inside = not paths.is_remote(each) and os.path.isdir(os.path.expanduser(each))
        found |= paths.matching(os.path.join(each, "*") if inside else each)
    if not found:
        raise ValueError(f"Expected the paths of shards. Received: path={path!r}")
    return dict(sorted(found.items()))


def _source(
    kind: str, form: Form, path: Any, images: tuple[Any, int, Crop], num_classes: int | None, order: Batching
) -> Source:
    shape = (*checks.pair(images[0]), checks.channel_count(images[1]))
    crop, shards = checked_crop(images[2]), shard_paths(path)
    name = f"{kind} {path if isinstance(path, str | os.PathLike) else next(iter(shards))}"
    names, labeled = class_names_of(num_classes), num_classes is not None
    if not any(map(paths.is_remote, shards)):
        records = Records(form, shards, shape, crop, labeled)
        LOG.info("%s images in %s shards: %s.", f"{len(records):,}", f"{len(shards):,}", path)
        info = SourceInfo(name, shape, len(records), records.known, names, labeled)
        return ShardSource(info, order, records)
    count = _estimated(form, shards)
    LOG.info("About %s images in %s remote shards, read as a stream: %s.", f"{count:,}", f"{len(shards):,}", path)
    parts = [functools.partial(_examples, form, shard, size) for shard, size in shards.items()]
    info = SourceInfo(name, shape, count, class_names=names, labeled=labeled)
    return ShardStream(info, order, over(parts, order.seed, order.shuffle, name), crop)


def _examples(form: Form, shard: str, size: int) -> Iterator[Example]:
    """All of one shard, in its order."""
    with paths.reading(shard) as file:
        for entry in form.entries(file, shard, size):
            yield form.example(file, shard, entry)


def _estimated(form: Form, shards: dict[str, int]) -> int:
    """About how many examples there are, by the size of the first ones."""
    for shard, size in shards.items():
        number, last = 0, 0
        with paths.reading(shard) as file:
            for entry in form.entries(file, shard, size):
                number, last = number + 1, entry.offset + entry.length
                if number == SAMPLED:
                    break
        if number:
            return max(1, round(sum(shards.values()) * number / (last if number == SAMPLED else size)))
    raise ValueError(f"Expected at least one picture. Received: none in {', '.join([*shards][:3])}")


class Records:
    """Examples in files of this machine, found by their headers; `labels` are filled in where they are read later."""

    def __init__(
        self, form: Form, shards: dict[str, int], image_shape: tuple[int, int, int], crop: Crop, labeled: bool
    ) -> None:
        self.form, self.shards, self.image_shape, self.crop = form, list(shards), image_shape, crop
        with ThreadPoolExecutor(THREADS) as pool:
            tables = list(pool.map(self._scanned, shards.items()))
        self.entries = np.concatenate(tables)
        if not len(self.entries):
            raise ValueError(f"Expected at least one picture. Received: none in {', '.join(self.shards[:3])}")
        self.shard_of = np.repeat(np.arange(len(tables), dtype=np.int32), [len(table) for table in tables])
        self.labels = self.entries[:, 2].astype(np.int32) if labeled else None
        self.known = self.labels if labeled and (self.entries[:, 2] >= 0).all() else None

    def _scanned(self, shard: tuple[str, int]) -> np.ndarray:
        with open(shard[0], "rb") as file:
            found = [
                (*entry[:2], -1 if entry.label is None else entry.label) for entry in self.form.entries(file, *shard)
            ]
        return np.array(found, np.int64).reshape(-1, 3)

    def __len__(self) -> int:
        return len(self.entries)

    def decode(self, index: int) -> np.ndarray:
        """uint8 pixels of one of them."""
        name, (offset, length, label) = self.shards[self.shard_of[index]], self.entries[index].tolist()
        with open(name, "rb") as file:
            example = self.form.example(file, name, Entry(offset, length, None if label < 0 else label))
        if self.labels is not None and example.label is not None:
            self.labels[index] = example.label
        return pixels_of(example, self.image_shape, self.crop)


class ShardSource(Indexed):
    """Shards of this machine, whose examples may be read in any order."""

    def __init__(self, info: SourceInfo, order: Batching, records: Records) -> None:
        self.files = FileReader(records, unchecked=True)
        self.records = records
        super().__init__(info, order, self.files)

    def _targets(self, chosen: np.ndarray) -> np.ndarray:
        return np.maximum(self.records.labels[self.files.given(chosen)], 0)  # type: ignore[index]
