"""Datasets of the Hugging Face library `datasets`: on this machine by random access, or streamed."""

import functools
import io
import os
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any, Unpack

import numpy as np

from kerasgan.data import checks
from kerasgan.data.decoding import Crop, checked_crop, decode
from kerasgan.data.folders import FileReader
from kerasgan.data.shards.form import Example, ShardError, label_of
from kerasgan.data.shards.streaming import ShardStream, over
from kerasgan.data.sources import Batching, BatchingOptions, Indexed, Source, SourceInfo

__all__ = ["hugging_face"]

PREFIX = "hf://datasets/"


def hugging_face(
    name: Any,
    *,
    split: str = "train",
    config: str | None = None,
    streaming: bool = False,
    image_size: int | Sequence[int] = 64,
    channels: int = 3,
    crop: Crop = "center",
    image_key: str | None = None,
    label_key: str | None = None,
    count: int | None = None,
    **order: Unpack[BatchingOptions],
) -> Source:
    """A split of a Hugging Face dataset (`pip install "kerasgan[huggingface]"`), with labels if it has classes.

    On this machine images are read by random access, in an order drawn uniformly in each epoch. A streamed dataset is
    read as in `tfrecords`: up to sixteen of its shards by turns, through a pool, each machine its own shards.

    Args:
        name: of the Hub ("owner/name"), a folder of `save_to_disk`, or a `datasets.Dataset` or `IterableDataset`.
        split, config: as `split` and `name` in `datasets.load_dataset`.
        streaming: whether nothing is downloaded beforehand.
        image_size, channels, crop: as in `folder`.
        image_key: the feature with the picture; if not given, the first of the kind Image.
        label_key: the feature with the class; if not given, the first of the kind ClassLabel.
        count: images per epoch of a streamed dataset whose size is not known.
        **order: batch_size=64, seed=0, shuffle=True, flip=False, drop_remainder=True.

    Raises:
        ValueError: for a dataset without images, or a streamed one of unknown size.
    """
    library = _library()
    size, channels, crop = checks.pair(image_size), checks.channel_count(channels), checked_crop(crop)
    ordering, found = Batching(**order), _loaded(library, name, split, config, streaming)
    shown = f"{name if isinstance(name, str | os.PathLike) else type(name).__name__}/{split}"
    picture, label = _keys(library, found, shown, image_key, label_key)
    names = None if label is None else [str(each) for each in found.features[label].names]
    found = found.cast_column(picture, library.Image(decode=False))
    shape = (*size, channels)
    if isinstance(found, library.Dataset):
        labels = None if label is None else np.array(found[label], np.int32)
        if not len(found):
            raise ValueError(f"Expected at least one image. Received: none in {shown}")
        info = SourceInfo(shown, shape, len(found), labels, names)
        if labels is not None and labels.min() < 0:
            raise ValueError(
                f"Expected labels from 0 on in {shown}. Received: {labels.min()}, as of a split without them"
            )
        rows = Rows(found.select_columns([picture]), picture, shape, crop)
        return RowSource(info, ordering, rows)
    stated = getattr(found.info, "splits", None) or {}
    total = count or (stated[split].num_examples if split in stated else None)
    if not total:
        raise ValueError(f"Expected the number of images of {shown}, which it does not state. Received: count={count}")
    classes = None if names is None else len(names)
    places = range(found.num_shards)
    shards = [(found.shard(len(places), place), f"{shown}, shard {place}") for place in places]
    parts = [functools.partial(_examples, shard, picture, label, classes, where) for shard, where in shards]
    info = SourceInfo(shown, shape, total, class_names=names, labeled=names is not None)
    return ShardStream(info, ordering, over(parts, ordering.seed, ordering.shuffle, shown), crop)


def _library() -> ModuleType:
    try:
        import datasets
    except ImportError as error:
        raise ImportError('Hugging Face datasets need `datasets`: pip install "kerasgan[huggingface]"') from error
    return datasets


def _loaded(library: ModuleType, name: Any, split: str, config: str | None, streaming: bool) -> Any:
    if isinstance(name, library.Dataset | library.IterableDataset):
        return name
    if isinstance(name, library.DatasetDict | library.IterableDatasetDict):
        return _split(name, split)
    if not isinstance(name, str | os.PathLike):
        raise TypeError(f"Expected a name, a folder or a dataset. Received: name={type(name).__name__}")
    folder = os.path.expanduser(os.fspath(name))
    if os.path.isfile(os.path.join(folder, "state.json")) or os.path.isfile(os.path.join(folder, "dataset_dict.json")):
        saved = library.load_from_disk(folder)
        found = saved if isinstance(saved, library.Dataset) else _split(saved, split)
        return found.to_iterable_dataset(num_shards=max(1, len(found.cache_files))) if streaming else found
    return library.load_dataset(folder.removeprefix(PREFIX), config, split=split, streaming=streaming)


def _split(several: Any, split: str) -> Any:
    if split not in several:
        raise ValueError(f"Expected split to be one of {', '.join(several)}. Received: split={split!r}")
    return several[split]


def _keys(
    library: ModuleType, found: Any, shown: str, image_key: str | None, label_key: str | None
) -> tuple[str, str | None]:
    features = found.features or {}
    images = [key for key, kind in features.items() if isinstance(kind, library.Image)]
    labels = [key for key, kind in features.items() if isinstance(kind, library.ClassLabel)]
    for key, several, kind in ((image_key, images, "Image"), (label_key, labels, "ClassLabel")):
        if (key is not None and key not in several) or (kind == "Image" and not several):
            received = ", ".join(f"{name}: {type(each).__name__}" for name, each in features.items()) or "none"
            raise ValueError(f"Expected a feature of the kind {kind} in {shown}. Received: {received}")
    return image_key or images[0], label_key or (labels[0] if labels else None)


class Rows:
    """The pictures of a dataset on this machine."""

    def __init__(self, found: Any, picture: str, image_shape: tuple[int, int, int], crop: Crop) -> None:
        self.found, self.picture, self.image_shape, self.crop = found, picture, image_shape, crop

    def __len__(self) -> int:
        return len(self.found)

    def decode(self, index: int) -> np.ndarray:
        """uint8 pixels of one of them."""
        value = self.found[index][self.picture] or {}
        height, width, channels = self.image_shape
        content: Any = value.get("path") if value.get("bytes") is None else io.BytesIO(value["bytes"])
        if content is None:
            raise ValueError(f"Expected a picture. Received: row {index} (nothing)")
        return decode(content, size=(height, width), channels=channels, crop=self.crop, where=f"row {index}")


class RowSource(Indexed):
    """A dataset on this machine: where a picture is unreadable, the next one comes with its own label."""

    def __init__(self, info: SourceInfo, order: Batching, rows: Rows) -> None:
        self.files = FileReader(rows, unchecked=True)
        super().__init__(info, order, self.files)

    def _targets(self, chosen: np.ndarray) -> np.ndarray:
        return super()._targets(self.files.given(chosen))


def _examples(found: Any, picture: str, label: str | None, classes: int | None, shown: str) -> Iterator[Example]:
    for number, row in enumerate(found):
        value, where = row[picture] or {}, f"example {number} of {shown}"
        content = value.get("bytes")
        if content is None and value.get("path"):
            with open(value["path"], "rb") as file:
                content = file.read()
        if content is None:
            raise ShardError("a picture", where, "nothing")
        yield Example(content, label_of(row[label] if label else None, classes, where), where)
