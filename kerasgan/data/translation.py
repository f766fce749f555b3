"""Image-to-image sources: batches (inputs, targets) of pairs, or of two domains without pairs."""

import copy
from collections.abc import Callable
from typing import Any, Self

import numpy as np

from kerasgan.data.sources import Raw, Source, SourceInfo, scaled

Images = tuple[np.ndarray, np.ndarray]


class Wrapped(Source):
    """A source that transforms another source's batches, in the same order and epoch."""

    def __init__(self, source: Source, info: SourceInfo) -> None:
        self.source = source
        super().__init__(info, source.order)
        self.with_labels = False

    @property
    def epoch(self) -> int:  # type: ignore[override]
        """The epoch of the wrapped source."""
        return self.source.epoch

    @epoch.setter
    def epoch(self, epoch: int) -> None:
        self.source.epoch = epoch

    @property
    def num_batches(self) -> int | None:
        return self.source.num_batches

    def on_epoch_end(self) -> None:
        self.source.on_epoch_end()

    def copy(self, *, with_labels: bool | None = None) -> Self:
        twin = copy.copy(self)
        twin.source = self.source.copy(with_labels=False)
        return twin


class Jittered(Wrapped):
    """Random parts of a source's images, drawn anew each epoch: `jitter` pixels smaller in both directions."""

    def __init__(self, source: Source, jitter: int) -> None:
        height, width, channels = source.image_shape
        super().__init__(source, SourceInfo(source.name, (height - jitter, width - jitter, channels), source.count))
        self.jitter = jitter

    def __getitem__(self, index: int) -> np.ndarray:
        images = self.source[index]
        rng = np.random.default_rng([self.order.seed, self.epoch, index, 1])
        corners = rng.integers(self.jitter + 1, size=(len(images), 2))
        height, width, _ = self.image_shape
        return np.stack([image[top : top + height, left : left + width] for image, (top, left) in zip(images, corners)])

    def in_order(self) -> Raw:
        top = self.jitter // 2
        height, width, _ = self.image_shape
        for images, _ in self.source.in_order():
            yield images[:, top : top + height, top : top + width], None


class Pairs(Wrapped):
    """Batches (inputs, targets), float32 in [-1, 1], that `split` makes of one source's images.

    The source's operations on an image (order, flips, random crops) therefore apply to both alike.

    Args:
        source: source of single images, cropped and mirrored.
        split: images (batch, height, width, channels), float32 in [-1, 1], to (inputs, targets).
    """

    paired = True

    def __init__(self, source: Source, split: Callable[[np.ndarray], Images]) -> None:
        source = source.copy(with_labels=False)
        blank = np.zeros((1, *source.image_shape), np.float32)
        inputs, targets = split(blank)
        super().__init__(source, SourceInfo(source.name, targets.shape[1:], source.count))
        self.split, self.input_shape = split, inputs.shape[1:]

    def __getitem__(self, index: int) -> Images:  # type: ignore[override]
        return self.split(self.source[index])  # type: ignore[arg-type]

    def in_order(self) -> Any:
        """All pairs once, in file order and unmirrored, in batches (inputs, targets)."""
        return (self.split(scaled(images)) for images, _ in self.source.in_order())

    def examples(self, count: int) -> Images:
        """The first `count` pairs in file order."""
        return first_pairs(self.in_order(), count)


class Unpaired(Source):
    """Batches (first, second) of two domains without pairs.

    Both are float32 (batch, height, width, channels) in [-1, 1]. Each domain is shuffled independently. An epoch is one
    pass over the larger one; the smaller one starts again, in a new order, whenever it is exhausted.

    Args:
        first: source of the first domain's images; labels are left out.
        second: likewise of the second's.

    Raises:
        ValueError: for different batch sizes, or a source whose number of batches is unknown.
    """

    paired = False

    def __init__(self, first: Source, second: Source) -> None:
        sides = tuple(side.copy(with_labels=False) for side in (first, second))
        if sides[0].batch_size != sides[1].batch_size:
            received = f"{first.batch_size} and {second.batch_size}"
            raise ValueError(f"Expected two sources of one batch size. Received: {received}")
        if None in (first.num_batches, second.num_batches):
            raise ValueError("Expected sources with a known number of images. Received: one without")
        larger = max(sides, key=len)
        names = f"{first.name} and {second.name}"
        super().__init__(SourceInfo(names, second.image_shape, larger.count), larger.order)
        self.sides, self.input_shape = sides, first.image_shape
        self.with_labels = False

    @property
    def num_batches(self) -> int:
        return max(map(len, self.sides))

    def __getitem__(self, index: int) -> Images:  # type: ignore[override]
        if not 0 <= index < len(self):
            raise IndexError(f"Expected a batch from 0 to {len(self) - 1}. Received: index={index}")
        self._passed = self._passed or index == len(self) - 1
        batches = []
        for side in self.sides:
            side.epoch, place = divmod(self.epoch * len(self) + index, len(side))
            batches.append(side[place])
        least = min(map(len, batches))  # the last batches may be smaller
        return batches[0][:least], batches[1][:least]  # type: ignore[return-value]

    def copy(self, *, with_labels: bool | None = None) -> Self:
        twin = copy.copy(self)
        twin.sides = tuple(side.copy(with_labels=False) for side in self.sides)
        return twin

    def in_order(self) -> Any:
        """Batches (first, second) in file order, until one domain ends."""
        sides = (side.in_order() for side in self.sides)
        for (first, _), (second, _) in zip(*sides):
            least = min(len(first), len(second))
            yield scaled(first[:least]), scaled(second[:least])

    def examples(self, count: int) -> Images:
        """The first `count` images of both, or as many as both have."""
        return first_pairs(self.in_order(), count)


def first_pairs(batches: Any, count: int) -> Images:
    found: list[Images] = []
    for batch in batches:
        found.append(batch)
        if sum(len(targets) for _, targets in found) >= count:
            break
    inputs, targets = (np.concatenate(part)[:count] for part in zip(*found))
    return inputs, targets
