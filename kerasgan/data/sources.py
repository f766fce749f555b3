"""Sources: batches for `fit`, in an order that is a function of (seed, epoch) only."""

import copy
import dataclasses
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol, Self, TypedDict

import keras
import numpy as np

Batch = np.ndarray | tuple[np.ndarray, np.ndarray]
Raw = Iterator[tuple[np.ndarray, np.ndarray | None]]


class BatchingOptions(TypedDict, total=False):
    """Keyword arguments that every source takes; see `Batching` for defaults."""

    batch_size: int
    seed: int
    shuffle: bool
    flip: bool
    drop_remainder: bool


@dataclasses.dataclass(frozen=True)
class Batching:
    """How images become batches. `flip` mirrors half of the images horizontally, drawn anew each epoch.

    `drop_remainder` leaves out the last, smaller batch of an epoch (other epochs contain those images); a set that is
    smaller than one batch still gives one batch. Raises ValueError for a batch size below 1 or a negative seed.
    """

    batch_size: int = 64
    seed: int = 0
    shuffle: bool = True
    flip: bool = False
    drop_remainder: bool = True

    def __post_init__(self) -> None:
        for name, least in (("batch_size", 1), ("seed", 0)):
            value = getattr(self, name)
            if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < least:
                raise ValueError(f"Expected an integer of at least {least}. Received: {name}={value!r}")

    def batch_count(self, count: int) -> int:
        """Number of batches that `count` images give per epoch."""
        if self.drop_remainder:
            return max(1, count // self.batch_size)
        return -(-count // self.batch_size)

    def permutation(self, count: int, epoch: int) -> np.ndarray:
        """The order of `count` images in one epoch: int64 (count,)."""
        if not self.shuffle:
            return np.arange(count)
        return np.random.default_rng([self.seed, epoch]).permutation(count)

    def mirrored(self, images: np.ndarray, epoch: int, index: int) -> np.ndarray:
        """`images` (batch, height, width, channels) with half of them flipped, if `flip`."""
        if self.flip:
            chosen = np.random.default_rng([self.seed, epoch, index]).random(len(images)) < 0.5
            images[chosen] = images[chosen, :, ::-1]
        return images


@dataclasses.dataclass(frozen=True)
class SourceInfo:
    """The facts about a source that are known before its first batch; `count` is None if it is unknown."""

    name: str
    image_shape: tuple[int, int, int]
    count: int | None
    labels: np.ndarray | None = None
    class_names: list[str] | None = None
    labeled: bool = False


class Reader(Protocol):
    """Random access to the images of a source: uint8 or float32 (count, height, width, channels)."""

    def take(self, indices: np.ndarray) -> np.ndarray: ...

    def prepare(self, indices: np.ndarray) -> None: ...


class ArrayReader:
    """Images held in memory."""

    def __init__(self, images: np.ndarray) -> None:
        self.array = images

    def take(self, indices: np.ndarray) -> np.ndarray:
        return self.array[indices]

    def prepare(self, indices: np.ndarray) -> None:
        """Nothing to do: the images are in memory."""


class Share(NamedTuple):
    """The part of each batch that the devices of this machine see; other parts of it are left black, unread.

    `rows` are the places in a batch of so many images, None for all.
    """

    worker: int = 0
    workers: int = 1
    rows: Callable[[int], np.ndarray | None] = lambda count: None


WHOLE = Share()


def scaled(images: np.ndarray) -> np.ndarray:
    """uint8 [0, 255] or float in [-1, 1] as float32 in [-1, 1]; a new array."""
    if images.dtype != np.uint8:
        return images.astype(np.float32)
    # Dividing, not multiplying by the reciprocal: 255 must become exactly 1.
    result = np.divide(images, 127.5, dtype=np.float32)
    result -= 1.0
    return result


class Source(keras.utils.PyDataset):
    """Batches for `fit`: float32 images in [-1, 1] (batch, height, width, channels), or (images, int32 labels).

    Batch `source[i]` depends only on the seed, the epoch and `i`; `epoch` may be set to continue a run, and advances
    after a complete pass. Pass `shuffle=False` to Keras' own `fit`, which otherwise shuffles the batches again.
    """

    def __init__(self, info: SourceInfo, order: Batching, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.info, self.order = info, order
        self.epoch = 0
        self.start = 0  # batches before this one are not read: a resumed `fit` skips them
        self.share = WHOLE  # of several machines that train together, one reads what it needs
        self._passed = False
        self.with_labels = info.labeled or info.labels is not None

    @property
    def name(self) -> str:
        """The origin of the images, for messages and cards."""
        return self.info.name

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels)."""
        return self.info.image_shape

    @property
    def count(self) -> int | None:
        """Number of images."""
        return self.info.count

    @property
    def labels(self) -> np.ndarray | None:
        """int32 (count,) in the order of `images()`; None without labels, or if all data would have to be read."""
        return self.info.labels

    @property
    def class_names(self) -> list[str] | None:
        """Names of the classes, by label; None without labels or names."""
        return self.info.class_names

    @property
    def num_classes(self) -> int | None:
        """Number of classes; None without labels."""
        if self.class_names is not None:
            return len(self.class_names)
        return None if self.labels is None else int(self.labels.max()) + 1

    @property
    def batch_size(self) -> int:
        """Images per batch."""
        return self.order.batch_size

    @property
    def num_batches(self) -> int | None:
        """Batches per epoch; None if unknown."""
        return None if self.count is None else self.order.batch_count(self.count)

    def __len__(self) -> int:
        batches = self.num_batches
        if batches is None:
            raise TypeError(f"The number of batches of {self.name} is unknown")
        return batches

    def copy(self, *, with_labels: bool | None = None) -> Self:
        """An independent source of the same images, whose epoch and `with_labels` can change on their own."""
        twin = copy.copy(self)
        twin.share = WHOLE
        if with_labels is not None:
            if with_labels and not self.with_labels and self.labels is None and not self.info.labeled:
                raise ValueError(f"Expected a source with labels. Received: {self.name} without labels")
            twin.with_labels = with_labels
        return twin

    def images(self, count: int | None = None) -> np.ndarray:
        """The first `count` images (all, if None) in file order: uint8 [0, 255], or float32 [-1, 1] for float data."""
        raise NotImplementedError

    def in_order(self) -> Raw:
        """All images once, in file order and unmirrored, in batches: (images as from `images`, labels or None)."""
        raise NotImplementedError

    def on_epoch_end(self) -> None:
        """Advances to the next epoch's order, if the last batch was reached.

        Keras also calls this before training, after reading the first batches, and within a pass if `steps_per_epoch`
        is below the number of batches.
        """
        if self._passed:
            self.epoch, self._passed = self.epoch + 1, False

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} {self.name}: {self.count} images {self.image_shape}, {self.num_classes} classes>"
        )


class Indexed(Source):
    """A source with random access to its images."""

    def __init__(self, info: SourceInfo, order: Batching, reader: Reader) -> None:
        super().__init__(info, order)
        self.reader = reader
        self._shuffled: tuple[int, np.ndarray] = (-1, np.empty(0, np.int64))

    def _permutation(self, epoch: int) -> np.ndarray:
        if self._shuffled[0] != epoch:  # one tuple, so that threads see either the old epoch or the new one
            self._shuffled = (epoch, self.order.permutation(self.info.count or 0, epoch))
        return self._shuffled[1]

    def __getitem__(self, index: int) -> Batch:
        if not 0 <= index < len(self):
            raise IndexError(f"Expected a batch from 0 to {len(self) - 1}. Received: index={index}")
        epoch, size = self.epoch, self.batch_size
        self._passed = self._passed or index == len(self) - 1
        if index < self.start:
            return self._blank()
        permutation = self._permutation(epoch)
        chosen, *ahead = (permutation[start * size : (start + 1) * size] for start in range(index, index + 3))
        own = self.share.rows(len(chosen))
        needed = slice(None) if own is None else own
        self.reader.prepare(np.concatenate([chosen[needed], *(each[needed] for each in ahead if len(each) == size)]))
        images = scaled(self.reader.take(chosen[needed]))
        if own is not None:
            whole = np.zeros((len(chosen), *images.shape[1:]), np.float32)
            whole[own] = images
            images = whole
        images = self.order.mirrored(images, epoch, index)
        return (images, self._targets(chosen)) if self._gives_labels else images

    @property
    def _gives_labels(self) -> bool:
        return self.with_labels and (self.labels is not None or self.info.labeled)

    def _blank(self) -> Batch:
        images = np.zeros((self.batch_size, *self.image_shape), np.float32)
        return (images, np.zeros(self.batch_size, np.int32)) if self._gives_labels else images

    def _targets(self, chosen: np.ndarray) -> np.ndarray:
        """The labels of one batch, given which images it holds; a new array."""
        return self.info.labels[chosen]  # type: ignore[index]

    def in_order(self) -> Raw:
        for start in range(0, self.info.count or 0, self.batch_size):
            rows = np.arange(start, min(start + self.batch_size, self.info.count or 0))
            images = self.reader.take(rows)
            yield images, self._targets(rows) if self.labels is not None or self.info.labeled else None

    def images(self, count: int | None = None) -> np.ndarray:
        total = self.info.count or 0
        return self.reader.take(np.arange(total if count is None else min(count, total)))


PROBED = 2  # Keras reads this many batches for their shapes before it starts from 0


class Stream(Source):
    """A source that can only be read from its beginning: TFDS sets too large for memory, PyTorch loaders.

    `begin(epoch)` returns an iterator of raw (images, labels or None) batches; epoch -1 is file order.
    """

    def __init__(self, info: SourceInfo, order: Batching, begin: Callable[[int], Raw]) -> None:
        super().__init__(info, order)
        self._begin = begin
        self._restart()

    def _restart(self) -> None:
        self._opened: int | None = None
        self._iterator: Raw = iter(())
        self._head: list[Batch] = []
        self._given = 0

    def _open(self) -> None:
        self._restart()
        self._opened, self._iterator = self.epoch, self._begin(self.epoch)

    def copy(self, *, with_labels: bool | None = None) -> Self:
        twin = super().copy(with_labels=with_labels)
        twin._restart()  # two readers must not share one iterator
        return twin

    def __getitem__(self, index: int) -> Batch:
        if self._opened != self.epoch or (index == 0 and self._given > PROBED):
            self._open()
        if index < len(self._head):
            return self._head[index]
        raw = next(self._iterator, None)
        if raw is None:  # the end of a stream of unknown length, or batches requested out of order
            self.epoch += 1
            self._open()
            raw = next(self._iterator, None)
        if raw is None:
            raise ValueError(f"Expected at least one batch. Received: nothing from {self.name}")
        batch = self._finished(*raw)
        self._given += 1
        self._passed = self._passed or self._given == self.num_batches
        if len(self._head) < PROBED:
            self._head.append(batch)
        return batch

    def _finished(self, images: np.ndarray, labels: np.ndarray | None) -> Batch:
        images = self.order.mirrored(scaled(images), self.epoch, self._given)
        return (images, labels.astype(np.int32)) if self.with_labels and labels is not None else images

    def in_order(self) -> Raw:
        return self._begin(-1)

    def images(self, count: int | None = None) -> np.ndarray:
        taken: list[np.ndarray] = []
        for images, _ in self.in_order():
            taken.append(images)
            if count is not None and sum(map(len, taken)) >= count:
                break
        return np.concatenate(taken)[:count]


class SyncEpoch(keras.callbacks.Callback):
    """Sets a source's epoch to `fit`'s, so that `initial_epoch` continues the order of an interrupted run.

    Args:
        source: the data of `fit`.
        start: number of batches of the first epoch that `fit` skips.
        first: the source's epoch in epoch 0 of `fit`.
    """

    def __init__(self, source: Source, *, start: int = 0, first: int = 0) -> None:
        super().__init__()
        self.source, self.start, self.first = source, start, first

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Called by Keras; does nothing for passes that are longer or shorter than an epoch (`steps_per_epoch`)."""
        if (self.params or {}).get("steps") == self.source.num_batches:
            self.source.epoch, self.source.start, self.start = self.first + epoch, self.start, 0
