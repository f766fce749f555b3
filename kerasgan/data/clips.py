"""Clips: frames of a video as inputs, and the following frames as targets, stacked along their channels."""

import numpy as np

from kerasgan.data.sources import Raw, Reader, Source, SourceInfo
from kerasgan.data.translation import Images, Pairs, Wrapped

TRIES = 25  # positions tried for a part with enough motion (the authors' code of 1511.05440)


class Clips(Pairs):
    """Batches (frames, following frames), float32 (batch, height, width, count * channels) in [-1, 1].

    Args:
        source: source of `frames + future` images stacked along their channels, the oldest first.
        channels: channels of one image.
        frames: number of input frames.
        future: number of following frames; further ones of the source are left out.
    """

    def __init__(self, source: Source, *, channels: int, frames: int, future: int) -> None:
        self.channels, self.frames, self.future = channels, frames, future
        first, last = frames * channels, (frames + future) * channels

        def split(images: np.ndarray) -> Images:
            return images[..., :first], images[..., first:last]

        super().__init__(source, split)

    def shortened(self, future: int) -> "Clips":
        """The same clips with fewer following frames."""
        return Clips(self.source, channels=self.channels, frames=self.frames, future=future)


class Windows:
    """Clips of successive images, stacked along their channels, from a reader of images.

    Args:
        reader: reader of the images of all videos, one video after the other.
        starts: first images of the clips, int64 (count,), as indices of the reader.
        length: number of images in a clip.
        stride: step from one image to the next.
    """

    def __init__(self, reader: Reader, starts: np.ndarray, *, length: int, stride: int) -> None:
        self.reader, self.starts = reader, starts
        self.offsets = stride * np.arange(length)

    def _places(self, indices: np.ndarray) -> np.ndarray:
        return self.starts[indices][:, np.newaxis] + self.offsets

    def take(self, indices: np.ndarray) -> np.ndarray:
        places = self._places(indices)
        images = self.reader.take(places.ravel())
        return stacked(images.reshape(*places.shape, *images.shape[1:]))

    def prepare(self, indices: np.ndarray) -> None:
        self.reader.prepare(self._places(indices).ravel())


def stacked(clips: np.ndarray) -> np.ndarray:
    """Clips (count, time, height, width, channels) as (count, height, width, time * channels)."""
    count, time, height, width, channels = clips.shape
    return np.moveaxis(clips, 1, 3).reshape(count, height, width, time * channels)


def unstacked(images: np.ndarray, channels: int) -> np.ndarray:
    """The inverse of `stacked`: (count, time, height, width, channels)."""
    count, height, width, planes = images.shape
    return np.moveaxis(images.reshape(count, height, width, planes // channels, channels), 3, 1)


class MovingParts(Wrapped):
    """Random parts of a source's clips in which something moves, drawn anew each epoch.

    Of up to 25 positions, the first whose images differ enough from each other, otherwise the one with the largest
    difference.

    Args:
        source: source of images stacked along their channels.
        size: (height, width) of the parts.
        channels: channels of one image.
        motion: mean absolute difference of successive images, in units of [-1, 1], that is enough.
    """

    def __init__(self, source: Source, size: tuple[int, int], *, channels: int, motion: float) -> None:
        height, width, planes = source.image_shape
        if size[0] > height or size[1] > width:
            raise ValueError(
                f"Expected patches within frames of {height} x {width} pixels. Received: image_size={size}"
            )
        super().__init__(source, SourceInfo(source.name, (*size, planes), source.count))
        self.channels, self.motion = channels, motion

    def __getitem__(self, index: int) -> np.ndarray:
        rng = np.random.default_rng([self.order.seed, self.epoch, index, 3])
        return np.stack([self._part(clip, rng) for clip in self.source[index]])

    def _part(self, clip: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        height, width, _ = self.image_shape
        room = np.subtract(clip.shape[:2], (height, width))
        best, most = clip, -1.0
        for top, left in rng.integers(room + 1, size=(TRIES, 2)):
            part = clip[top : top + height, left : left + width]
            moved = float(np.abs(part[..., self.channels :] - part[..., : -self.channels]).mean())
            if moved > most:
                best, most = part, moved
            if moved >= self.motion:
                return part
        return best

    def in_order(self) -> Raw:
        height, width, _ = self.image_shape
        for images, _ in self.source.in_order():
            top, left = (images.shape[1] - height) // 2, (images.shape[2] - width) // 2
            yield images[:, top : top + height, left : left + width], None
