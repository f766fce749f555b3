"""Handwritten digits that move and bounce off the borders of the frame: videos that need no download."""

from collections.abc import Iterator, Sequence
from typing import Unpack

import numpy as np

from kerasgan.data import checks
from kerasgan.data.clips import Clips
from kerasgan.data.memory import SPLITS
from kerasgan.data.memory import digits as still_digits
from kerasgan.data.sources import Batching, BatchingOptions, Indexed, SourceInfo

FASTEST = 3  # pixels per frame in each direction
GROUND = 64  # background, of 255: with a black one the gradient would vanish in the flat end of tanh
COUNTS = {"train": 10_000, "test": 50, "all": 10_000}


class Bouncing:
    """A reader of clips (height, width, length), uint8, each drawn on request from its index alone.

    Args:
        digits: images (count, size, size), uint8, of the strokes alone.
        size: (height, width) of a frame.
        number: number of digits in a clip.
        length: number of frames in a clip.
        stream: number of the set of clips: other numbers give other clips.
    """

    def __init__(self, digits: np.ndarray, size: tuple[int, int], *, number: int, length: int, stream: int) -> None:
        self.digits = GROUND + np.rint(digits * ((255 - GROUND) / 255)).astype(np.uint8)
        self.size = size
        self.number, self.length, self.stream = number, length, stream

    def take(self, indices: np.ndarray) -> np.ndarray:
        return np.stack([self._clip(index) for index in indices.tolist()])

    def prepare(self, indices: np.ndarray) -> None:
        """Nothing to do: clips are drawn faster than files are read."""

    def _clip(self, index: int) -> np.ndarray:
        rng = np.random.default_rng([self.stream, index])
        clip = np.full((*self.size, self.length), GROUND, np.uint8)
        side = self.digits.shape[1]
        for digit in self.digits[rng.integers(len(self.digits), size=self.number)]:
            for time, (top, left) in enumerate(self._corners(rng)):
                place = clip[top : top + side, left : left + side, time]
                np.maximum(place, digit, out=place)
        return clip

    def _corners(self, rng: np.random.Generator) -> Iterator[np.ndarray]:
        """A digit's position in each frame: a straight line in whole pixels; at a wall it bounces at random."""
        room = np.array(self.size) - self.digits.shape[1]
        corner = rng.integers(room + 1)
        velocity = rng.integers(1, FASTEST + 1, size=2) * rng.choice([-1, 1], size=2)
        for _ in range(self.length):
            yield corner
            corner = corner + velocity
            for axis in (0, 1):
                if not 0 <= corner[axis] <= room[axis]:
                    corner[axis] = -corner[axis] if corner[axis] < 0 else 2 * room[axis] - corner[axis]
                    velocity[axis] *= -1
                    velocity[1 - axis] = rng.integers(-FASTEST, FASTEST + 1)


def moving_digits(
    *,
    image_size: int | Sequence[int] = 32,
    digit_size: int = 16,
    digits: int = 2,
    frames: int = 4,
    future: int = 1,
    split: str = "train",
    count: int | None = None,
    **order: Unpack[BatchingOptions],
) -> Clips:
    """Clips of scikit-learn's handwritten digits that cross the frame and bounce off its borders, white on gray.

    They move by 1 to 3 whole pixels a frame in each direction, so that only a prediction can be blurred. At a wall a
    digit turns back, and its speed along the wall is drawn at random: the frames after a bounce are unpredictable.

    Args:
        image_size: size of the frames: int or (height, width).
        digit_size: size of the digits in pixels; the smaller side of the frames exceeds it by 3 or more.
        digits: number of digits in a clip.
        frames: number of input frames.
        future: number of following frames.
        split: "train", "test" or "all", as in `digits`: "train" and "test" have no digit in common.
        count: number of clips; if not given, 10,000, or 50 for the split "test".
        **order: batch_size=64, seed=0, shuffle=True, flip=False, drop_remainder=True. A clip's content depends only on
            the split and its index.

    Raises:
        ValueError: for an unknown split, numbers below 1, or digits that do not fit into the frames.
    """
    size, ordering = checks.pair(image_size), Batching(**order)
    still = still_digits(image_size=digit_size, split=split, batch_size=1)
    if min(size) < digit_size + FASTEST:
        expected = f"Expected frames of {digit_size + FASTEST} pixels or more for digits of {digit_size}"
        raise ValueError(f"{expected}. Received: image_size={image_size!r}")
    for name, number in (("digits", digits), ("frames", frames), ("future", future), ("count", count or 1)):
        if not isinstance(number, int) or number < 1:
            raise ValueError(f"Expected a whole number from 1 on. Received: {name}={number!r}")
    length, stream = frames + future, [*SPLITS].index(split)
    reader = Bouncing(still.images()[..., 0], size, number=digits, length=length, stream=stream)
    info = SourceInfo(f"moving_digits/{split}", (*size, length), count or COUNTS[split])
    return Clips(Indexed(info, ordering, reader), channels=1, frames=frames, future=future)
