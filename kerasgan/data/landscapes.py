"""Endless Sky's photographs of landscapes, as a source of crops."""

import os
import re
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Unpack

from kerasgan.data import checks
from kerasgan.data.decoding import resized
from kerasgan.data.packages import landscapes as packaged
from kerasgan.data.packages import places
from kerasgan.data.photos import Patches
from kerasgan.data.sources import ArrayReader, Batching, BatchingOptions, Indexed, SourceInfo
from kerasgan.names import resolve

SPLITS = ("train", "test", "all")
HELD_OUT = 5  # one photographer's series in so many


def landscapes(
    path: str | os.PathLike[str] | None = None,
    *,
    image_size: int | Sequence[int] = 64,
    channels: int = 3,
    split: str = "train",
    scale: float = 1.0,
    strict: bool = False,
    vary: bool = False,
    picture: str | None = None,
    **order: Unpack[BatchingOptions],
) -> Patches | Indexed:
    """Crops of 273 photographs of landscapes, 720x360 pixels, from the data of the game Endless Sky.

    Nothing is downloaded. `.pictures` are the photographs themselves, `.picture_names` their names. They have various
    licenses, by Debian's copyright file: 100 name their photographer under Creative Commons, or are of NASA or the
    USGS.

    Args:
        path: Debian's package `endless-sky-data` as a .deb, or the folder that it is installed or unpacked into; by
            default the installed package, then the cache.
        image_size: int or (height, width) of the crops.
        channels: 1 or 3.
        split: "train"; "test", a fifth of the photographs, all of a photographer's series of one kind together; "all".
        scale: shrinks the photographs first (0.5 halves them), so that crops show more of the scene.
        strict: whether to take only the 100 whose license is beyond doubt: for whatever is shown or published.
        vary: augments the training as in `photos`.
        picture: name of the one photograph to take, of any split: not in crops, but as large a part from its middle as
            has the aspect ratio, shrunk.
        **order: batch_size=64, seed=0, shuffle=True, flip=False, drop_remainder=True.

    Raises:
        FileNotFoundError: if the photographs are in none of these places, with the commands that bring them.
        ValueError: for an unknown split or photograph, a file that cannot be read, or crops larger than a photograph.
    """
    size, ordering = checks.pair(image_size), Batching(**order)
    if split not in SPLITS:
        raise ValueError(f"Expected split to be one of {', '.join(SPLITS)}. Received: split={split!r}")
    if channels not in (1, 3):
        raise ValueError(f"Expected channels 1 (gray) or 3 (RGB). Received: channels={channels!r}")
    if not 0 < scale <= 1:
        raise ValueError(f"Expected a scale above 0, 1 at most. Received: scale={scale!r}")
    found = packaged.read(_place() if path is None else Path(path).expanduser(), strict=strict)
    if picture is not None:
        return _whole(found, picture, size, channels, ordering)
    chosen = [each for each in found if split == "all" or held_out(each.name) == (split == "test")]
    if not chosen:
        raise ValueError(f"Expected photographs of the split. Received: split={split!r} with none of {len(found)}")
    pictures = [each.pixels(channels) for each in chosen]
    if scale < 1:
        height, width = (round(side * scale) for side in pictures[0].shape[:2])
        pictures = [resized(each[None], size=(height, width), crop="stretch")[0] for each in pictures]
    names = [each.name for each in chosen]
    return Patches(f"landscapes/{split}", pictures, size, ordering, vary=vary, picture_names=names)


def _whole(
    found: Sequence[packaged.Landscape], picture: str, size: tuple[int, int], channels: int, order: Batching
) -> Indexed:
    names = [each.name for each in found]
    name = resolve(picture, names, expected="the name of a photograph,", received=f"picture={picture!r}")
    pixels = resized(found[names.index(name)].pixels(channels)[None], size=size)
    return Indexed(SourceInfo(f"landscapes/{name}", (*size, channels), 1), order, ArrayReader(pixels))


def held_out(name: str) -> bool:
    """Whether a photograph is of the split "test": by its kind and photographer, as "canyon7-harro" says them.

    Those without a photographer's name are of many, and stand for themselves.
    """
    kind, author = re.sub(r"\d", "", name.partition("-")[0]), name.partition("-")[2]
    return zlib.crc32((f"{kind}-{author}" if author else name).encode()) % HELD_OUT == 0


def _place() -> Path:
    def holds(place: Path) -> bool:
        return (place / packaged.PICTURES).is_dir() or place.is_file()

    several = [Path("/"), *sorted(places.datasets().glob("endless-sky-data*"))]
    return places.first(several, holds=holds, what="photographs of landscapes", how=packaged.HOW_TO_BRING)
