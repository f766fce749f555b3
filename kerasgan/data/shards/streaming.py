"""Examples that are read one after the other, in an order that is shuffled through a pool."""

import io
import itertools
import math
import random
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Self

import numpy as np
from PIL import Image

from kerasgan.data.decoding import Crop, colored, decode, resized
from kerasgan.data.folders import THREADS
from kerasgan.data.shards.form import Example
from kerasgan.data.sources import WHOLE, Batch, Batching, Raw, Share, SourceInfo, Stream
from kerasgan.files.text import warn

__all__ = ["Order", "ShardStream", "mixed", "pixels_of"]

LANES = 4, 16  # fewest and most shards that are read by turns
SHARE = 8  # an eighth of the shards: if all were, each epoch would begin with the first images of all
POOL, POOL_BYTES = 2**14, 2**28  # most examples, and their encoded bytes, from which the next one is drawn
AHEAD = 3  # batches that are decoded before they are asked for
Begin = Callable[[], Iterator[Example]]
Order = Callable[[int, int, Share], Iterable[Example]]
"""Examples by epoch (-1: file order, once), round (passes within the epoch) and share, in their order."""


def mixed(parts: Sequence[Begin], rng: random.Random) -> Iterator[Example]:
    """All examples of many parts, of which some are read by turns, drawn from a pool of those that were read."""
    lanes: list[Iterator[Example]] = []
    pool: list[Example] = []
    waiting, weight = deque(parts), 0
    most = min(max(LANES[0], len(parts) // SHARE), LANES[1])
    while True:
        while waiting and len(lanes) < most:
            lanes.append(waiting.popleft()())
        if lanes:
            place = int(rng.random() * len(lanes))
            example = next(lanes[place], None)
            if example is None:
                lanes[place] = lanes[-1]
                lanes.pop()
                continue
            pool.append(example)
            weight += len(example.content)
        elif not pool:
            return
        if not lanes or len(pool) >= POOL or weight >= POOL_BYTES:
            place = int(rng.random() * len(pool))
            pool[place], pool[-1] = pool[-1], pool[place]
            drawn = pool.pop()
            weight -= len(drawn.content)
            yield drawn


def over(parts: Sequence[Begin], seed: int, shuffle: bool, where: str) -> Order:
    """The order of parts such as shards: each machine reads every so many-th of them, which differ by epoch."""

    def examples(epoch: int, again: int, share: Share) -> Iterable[Example]:
        if epoch < 0:
            return itertools.chain.from_iterable(part() for part in parts)
        if len(parts) < share.workers:
            expected = f"Expected a shard for each of {share.workers} machines"
            raise ValueError(f"{expected}. Received: {len(parts)} in {where}")
        order = [*parts]
        if not shuffle:
            return itertools.chain.from_iterable(part() for part in order[share.worker :: share.workers])
        random.Random(f"{seed} {epoch} {again}").shuffle(order)
        own = order[share.worker :: share.workers]
        return mixed(own, random.Random(f"{seed} {epoch} {again} {share.worker}"))

    return examples


def pixels_of(example: Example, image_shape: tuple[int, int, int], crop: Crop) -> np.ndarray:
    """uint8 pixels of one example. Raises ValueError that says where an unreadable one lies."""
    height, width, channels = image_shape
    shape = example.shape or ()
    if len(shape) == 3 and shape[0] in (1, 3, 4) and min(shape) > 0 and math.prod(shape) == len(example.content):
        raw = np.frombuffer(example.content, np.uint8).reshape(shape).transpose(1, 2, 0)
        picture = colored(Image.fromarray(np.ascontiguousarray(raw.squeeze(-1) if shape[0] == 1 else raw)), channels)
        return resized(np.asarray(picture).reshape(1, *shape[1:], channels), size=(height, width), crop=crop)[0]
    content = io.BytesIO(example.content)
    return decode(content, size=(height, width), channels=channels, crop=crop, where=example.where)


class ShardStream(Stream):
    """Batches of examples that are read in the order of a stream; any batch of an epoch may be the first.

    Args:
        info: facts; an epoch has `info.count` images, though there be more or fewer.
        order: as of every source.
        examples: in their order.
        crop: as in `kerasgan.data.folder`.
    """

    def __init__(self, info: SourceInfo, order: Batching, examples: Order, crop: Crop) -> None:
        self.examples, self.crop = examples, crop
        super().__init__(info, order, lambda epoch: self._raw(-1, 0, WHOLE))

    def _restart(self) -> None:
        super()._restart()
        self._next, self._of = 0, WHOLE

    def copy(self, *, with_labels: bool | None = None) -> Self:
        twin = super().copy(with_labels=with_labels)
        twin._begin = lambda epoch: twin._raw(-1, 0, WHOLE)
        return twin

    def __getitem__(self, index: int) -> Batch:
        if not 0 <= index < len(self):
            raise IndexError(f"Expected a batch from 0 to {len(self) - 1}. Received: index={index}")
        self._passed = self._passed or index == len(self) - 1
        if index < self.start:
            return self._blank()
        if self._opened != self.epoch or self._of is not self.share:
            self._restart()
            self._opened, self._of = self.epoch, self.share
        elif index < len(self._head):
            return self._head[index]
        if index != self._next or not self._given:
            self._next, self._iterator = index, self._raw(self.epoch, index, self.share)
        images, labels = next(self._iterator)
        self._given, self._next = self._given + 1, index + 1
        images = self.order.mirrored(images, self.epoch, index)
        batch = (images, labels) if self.with_labels and labels is not None else images
        if index == len(self._head) < 2:
            self._head.append(batch)
        return batch

    def _blank(self) -> Batch:
        images = np.zeros((self.batch_size, *self.image_shape), np.float32)
        labeled = self.with_labels and self.info.labeled
        return (images, np.zeros(self.batch_size, np.int32)) if labeled else images

    def _raw(self, epoch: int, skip: int, share: Share) -> Raw:
        """The batches from number `skip` on, of which those before it are read, not decoded."""
        rows = share.rows(self.batch_size)
        own = self.batch_size if rows is None else len(rows)
        examples = self._endless(epoch, share) if epoch >= 0 else iter(self.examples(-1, 0, share))
        for _ in itertools.islice(examples, skip * own):
            pass
        with ThreadPoolExecutor(THREADS) as pool:
            queue: deque[list[tuple[Example, Future[np.ndarray]]]] = deque()
            for batch in range(skip, len(self)) if epoch >= 0 else itertools.count():
                while len(queue) < AHEAD and (several := [*itertools.islice(examples, own)]):
                    queue.append(
                        [(each, pool.submit(pixels_of, each, self.image_shape, self.crop)) for each in several]
                    )
                if not queue:
                    return
                yield self._assembled(queue.popleft(), rows, batch, epoch)

    def _endless(self, epoch: int, share: Share) -> Iterator[Example]:
        for again in itertools.count():
            empty = True
            for example in self.examples(epoch, again, share):
                empty = False
                yield example
            if empty:
                raise ValueError(f"Expected at least one image. Received: none from {self.name}")

    def _assembled(self, parts: Any, rows: np.ndarray | None, batch: int, epoch: int) -> Any:
        if epoch >= 0 and rows is None and self.count is not None and not self.order.drop_remainder:
            parts = parts[: max(1, self.count - batch * self.batch_size)]
        pixels, labels = _readable(parts)
        if epoch < 0:
            return pixels, labels
        images = np.divide(pixels, 127.5, dtype=np.float32) - 1
        if rows is None:
            return images, labels
        whole, targets = np.zeros((self.batch_size, *self.image_shape), np.float32), np.zeros(self.batch_size, np.int32)
        whole[rows] = images
        if labels is not None:
            targets[rows] = labels
        return whole, None if labels is None else targets


def _readable(parts: list[tuple[Example, Future[np.ndarray]]]) -> tuple[np.ndarray, np.ndarray | None]:
    """Pixels and labels of a batch; in the place of an unreadable picture, which is named, the next of the batch."""
    found: list[tuple[np.ndarray, int | None]] = []
    missing: list[int] = []
    last: ValueError | None = None
    for place, (example, future) in enumerate(parts):
        try:
            found.append((future.result(), example.label))
        except ValueError as error:
            reason, last = str(error).rpartition("Received: ")[2], error
            warn(f"Left out an unreadable picture, another one takes its place: {reason}", stacklevel=3)
            missing.append(place)
    if not found and last is not None:
        raise ValueError(f"{last}, and so are all {len(parts)} of its batch") from last
    for place in missing:
        found.insert(place, found[min(place, len(found) - 1)])
    labels = None if found[0][1] is None else np.array([label for _, label in found], np.int32)
    return np.stack([pixels for pixels, _ in found]), labels
