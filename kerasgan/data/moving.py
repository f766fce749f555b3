"""Sprites that move and bounce off the borders of the frame: videos that need no download of videos."""

import os
from collections.abc import Iterator, Sequence
from typing import Any, Unpack

import numpy as np

from kerasgan.data import checks
from kerasgan.data.clips import Clips, stacked
from kerasgan.data.emoji import emoji
from kerasgan.data.memory import SPLITS
from kerasgan.data.memory import digits as still_digits
from kerasgan.data.sources import Batching, BatchingOptions, Indexed, SourceInfo

__all__ = ["Bouncing", "moving_digits", "moving_emoji"]

FASTEST = 3  # pixels per frame in each direction
GROUND = 64  # of the digits' frames, of 255: with a black one the gradient would vanish in the flat end of tanh
TWILIGHT = (96, 104, 160)  # of the emoji's frames
COUNTS = {"train": 10_000, "test": 50, "all": 10_000}


class Bouncing:
    """A reader of clips (height, width, length * channels), uint8, each drawn on request from its index alone.

    Args:
        sprites: images (count, size, size, channels + 1), uint8, the last channel being their opacity.
        ground: color of the frames, one number for each channel.
        size: (height, width) of a frame.
        number: number of sprites in a clip, of which the later ones are in front.
        length: number of frames in a clip.
        stream: number of the set of clips: other numbers give other clips.
        elastic: whether sprites bounce as light does off a mirror; otherwise their speed along the wall is then drawn
            anew.
    """

    def __init__(
        self,
        sprites: np.ndarray,
        *,
        ground: Sequence[int],
        size: tuple[int, int],
        number: int,
        length: int,
        stream: int,
        elastic: bool,
    ) -> None:
        self.colors, self.opacity = sprites[..., :-1].astype(np.float64), sprites[..., -1:] / 255
        self.ground, self.size = np.asarray(ground, np.uint8), size
        self.number, self.length, self.stream, self.elastic = number, length, stream, elastic

    def take(self, indices: np.ndarray) -> np.ndarray:
        return stacked(np.stack([self._clip(index) for index in indices.tolist()]))

    def prepare(self, indices: np.ndarray) -> None:
        """Nothing to do: clips are drawn faster than files are read."""

    def _clip(self, index: int) -> np.ndarray:
        rng = np.random.default_rng([self.stream, index])
        clip = np.tile(self.ground, (self.length, *self.size, 1))
        side = self.colors.shape[1]
        for sprite in rng.integers(len(self.colors), size=self.number):
            color, opacity = self.colors[sprite], self.opacity[sprite]
            for time, (top, left) in enumerate(self._corners(rng)):
                place = clip[time, top : top + side, left : left + side]
                place[:] = np.rint(place + opacity * (color - place))
        return clip

    def _corners(self, rng: np.random.Generator) -> Iterator[np.ndarray]:
        """A sprite's position in each frame, on a straight line in whole pixels between the walls."""
        room = np.array(self.size) - self.colors.shape[1]
        corner = rng.integers(room + 1)
        velocity = rng.integers(1, FASTEST + 1, size=2) * rng.choice([-1, 1], size=2)
        for _ in range(self.length):
            yield corner
            corner = corner + velocity
            for axis in (0, 1):
                if not 0 <= corner[axis] <= room[axis]:
                    corner[axis] = -corner[axis] if corner[axis] < 0 else 2 * room[axis] - corner[axis]
                    velocity[axis] *= -1
                    if not self.elastic:
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
    strokes = still_digits(image_size=digit_size, split=split, batch_size=1).images()
    sprites = np.concatenate([np.full_like(strokes, 255), strokes], axis=-1)
    clip: Any = {"image_size": image_size, "digits": digits, "frames": frames, "future": future, "count": count}
    return _clips("moving_digits", sprites, [GROUND], split=split, elastic=False, order=Batching(**order), **clip)


def moving_emoji(
    path: str | os.PathLike[str] | None = None,
    *,
    image_size: int | Sequence[int] = 48,
    emoji_size: int = 20,
    sprites: int = 2,
    frames: int = 4,
    future: int = 1,
    split: str = "train",
    only: Sequence[str] = (),
    count: int | None = None,
    **order: Unpack[BatchingOptions],
) -> Clips:
    """Clips of emoji in color that cross the frame and bounce off its borders as light does off a mirror.

    They move by 1 to 3 whole pixels a frame in each direction, on one color, the later ones in front of the others: all
    but what was hidden can be predicted.

    Args:
        path: of the emoji, as in `emoji`.
        image_size: size of the frames: int or (height, width).
        emoji_size: size of the emoji in pixels; the smaller side of the frames exceeds it by 3 or more.
        sprites: number of emoji in a clip.
        frames: number of input frames.
        future: number of following frames.
        split: "train", "test" or "all", as in `emoji`: "train" and "test" have no emoji in common.
        only: categories or subcategories, as in `emoji`.
        count: number of clips; if not given, 10,000, or 50 for the split "test".
        **order: as in `moving_digits`.

    Raises:
        FileNotFoundError: if the emoji are in none of the places where `emoji` looks, with the commands that bring
            them.
        ValueError: for an unknown split, numbers below 1, or emoji that do not fit into the frames.
    """
    drawn = emoji(path, image_size=emoji_size, channels=4, split=split, only=only, batch_size=1).images()
    clip: Any = {"image_size": image_size, "sprites": sprites, "frames": frames, "future": future, "count": count}
    return _clips("moving_emoji", drawn, TWILIGHT, split=split, elastic=True, order=Batching(**order), **clip)


def _clips(
    name: str,
    drawn: np.ndarray,
    ground: Sequence[int],
    *,
    image_size: int | Sequence[int],
    frames: int,
    future: int,
    split: str,
    elastic: bool,
    count: int | None,
    order: Batching,
    **number: int,
) -> Clips:
    """The clips of some sprites; the number of those in a clip comes by the name that its error states."""
    size, (_, side, _, planes) = checks.pair(image_size), drawn.shape
    what = name.removeprefix("moving_")
    if min(size) < side + FASTEST:
        expected = f"Expected frames of {side + FASTEST} pixels or more for {what} of {side}"
        raise ValueError(f"{expected}. Received: image_size={image_size!r}")
    for key, value in {**number, "frames": frames, "future": future, "count": count or 1}.items():
        if not isinstance(value, int) or value < 1:
            raise ValueError(f"Expected a whole number from 1 on. Received: {key}={value!r}")
    length, stream, channels = frames + future, [*SPLITS].index(split), planes - 1
    (each,) = number.values()
    reader = Bouncing(drawn, ground=ground, size=size, number=each, length=length, stream=stream, elastic=elastic)
    info = SourceInfo(f"{name}/{split}", (*size, length * channels), count or COUNTS[split])
    return Clips(Indexed(info, order, reader), channels=channels, frames=frames, future=future)
