"""Pairs and domains from folders and arrays: two folders, side-by-side pictures, two arrays."""

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Unpack

import numpy as np

from kerasgan.data import checks
from kerasgan.data.builders import tfds
from kerasgan.data.decoding import Crop, checked_crop, size_of
from kerasgan.data.folders import Pictures, folder
from kerasgan.data.listing import found
from kerasgan.data.memory import arrays
from kerasgan.data.sources import Batching, BatchingOptions, Indexed, Reader, Source, SourceInfo, scaled
from kerasgan.data.translation import Images, Jittered, Pairs, Unpaired
from kerasgan.files.paths import here

Files = tuple[str, int, Reader, int]  # name, number of pairs, reader of both, scale of the targets
SUBFOLDERS = "two sub-folders with pictures"


class _Stacked:
    """The images of two readers, stacked along the channels, first those of the inputs."""

    def __init__(self, readers: Sequence[Reader]) -> None:
        self.readers = readers

    def take(self, indices: np.ndarray) -> np.ndarray:
        return np.concatenate([reader.take(indices) for reader in self.readers], axis=-1)

    def prepare(self, indices: np.ndarray) -> None:
        for reader in self.readers:
            reader.prepare(indices)


class _Enlarged:
    """The images of a reader with every pixel repeated, so that flips keep them in register with larger ones."""

    def __init__(self, reader: Reader, scale: int) -> None:
        self.reader, self.scale = reader, scale

    def take(self, indices: np.ndarray) -> np.ndarray:
        return self.reader.take(indices).repeat(self.scale, axis=1).repeat(self.scale, axis=2)

    def prepare(self, indices: np.ndarray) -> None:
        self.reader.prepare(indices)


class _SideBySide:
    """The halves of wide images, stacked along their channels."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader

    def take(self, indices: np.ndarray) -> np.ndarray:
        return np.concatenate(np.split(self.reader.take(indices), 2, axis=2), axis=-1)

    def prepare(self, indices: np.ndarray) -> None:
        self.reader.prepare(indices)


def pairs(
    inputs: Any,
    targets: Any = None,
    *,
    image_size: int | Sequence[int] | None = None,
    input_channels: int = 3,
    channels: int = 3,
    jitter: int = 0,
    reverse: bool = False,
    crop: Crop = "center",
    **order: Unpack[BatchingOptions],
) -> Pairs:
    """Pairs of images: inputs of a model, and its targets.

    Args:
        inputs: one of
            - an array (count, height, width, channels), uint8 or floats in [-1, 1];
            - a folder, whose pictures have the same names as those in `targets`, or these followed by the scale, as
              0001x4.png for 0001.png, and are as large or smaller by a whole factor;
            - without `targets`, a folder of pictures with input and target side by side;
            - without `targets`, a folder with two sub-folders of pictures with equal names: the smaller pictures are
              the inputs; if all have one size, those of the first in alphabetical order.
        targets: likewise; arrays may be larger than the inputs by a whole factor.
        image_size: int or (height, width) of one image, of the larger if there are two sizes; 256 for folders if not
            given.
        input_channels: channels of the inputs, for folders.
        channels: channels of the targets, for folders.
        jitter: images are read larger by this many pixels, and random parts of the final size are cropped.
        reverse: exchanges inputs and targets, as for data sets whose pictures have the photo first.
        crop: as in `folder`.
        **order: batch_size=64, seed=0, shuffle=True, flip=False, drop_remainder=True.

    Raises:
        ValueError, TypeError, FileNotFoundError: naming the files or numbers that do not match.
    """
    ordering, jitter, scale = Batching(**order), _jitter(jitter), 1
    if isinstance(inputs, str | Path):
        read = _enlarged(image_size or 256, jitter)
        several = checks.channel_count(input_channels), checks.channel_count(channels)
        several = several[::-1] if reverse else several
        name, count, reader, scale = _files(here(inputs), targets, read, several, checked_crop(crop))
        if scale > 1 and jitter:
            raise ValueError(f"Expected folders of two sizes without jitter. Received: {jitter=}")
        info = SourceInfo(name, (*read, sum(several)), count)  # type: ignore[arg-type]
        source: Source = Indexed(info, ordering, reader)
    else:
        if targets is None:
            raise ValueError("Expected two arrays, inputs and targets. Received: targets=None")
        both = [checks.image_array(images) for images in (inputs, targets)]
        scale = _scale(*both)
        if scale > 1:
            if image_size is not None or jitter:
                received = f"image_size={image_size!r}, jitter={jitter}"
                raise ValueError(f"Expected arrays of two sizes to be taken as they are. Received: {received}")
            both[0] = both[0].repeat(scale, axis=1).repeat(scale, axis=2)  # so that flips keep both aligned
        source, several = _stacked_arrays(both, image_size, jitter, order)
    if jitter:
        source = Jittered(source, jitter)
    return Pairs(source, _channel_split(several[0], reverse=reverse, scale=scale))


def _jitter(jitter: Any) -> int:
    if not isinstance(jitter, int) or jitter < 0:
        raise ValueError(f"Expected a number of pixels from 0 on. Received: jitter={jitter!r}")
    return jitter


def _scale(inputs: np.ndarray, targets: np.ndarray) -> int:
    """The factor by which the targets are larger; 1 if it is no whole number."""
    (height, width), (high, wide) = inputs.shape[1:3], targets.shape[1:3]
    scale = high // height
    return scale if scale and (height * scale, width * scale) == (high, wide) else 1


def _channel_split(first: int, *, reverse: bool, scale: int = 1) -> Callable[[np.ndarray], Images]:
    def split(images: np.ndarray) -> Images:
        parts = images[:, ::scale, ::scale, :first], images[..., first:]
        return parts[::-1] if reverse else parts  # type: ignore[return-value]

    return split


def _stacked_arrays(
    both: list[np.ndarray], image_size: Any, jitter: int, order: Any
) -> tuple[Indexed, tuple[int, int]]:
    shapes = [images.shape for images in both]
    if shapes[0][:3] != shapes[1][:3]:
        raise ValueError(
            "Expected as many inputs as targets, of one height and width or smaller by a whole factor. "
            f"Received: inputs.shape={shapes[0]}, targets.shape={shapes[1]}"
        )
    if both[0].dtype != both[1].dtype:
        both = [scaled(images) for images in both]
    size = None if image_size is None else _enlarged(image_size, jitter)
    return arrays(np.concatenate(both, axis=-1), image_size=size, **order), (shapes[0][3], shapes[1][3])


def _files(inputs: Path, targets: Any, size: Any, channels: tuple[int, int], crop: Crop) -> Files:
    """What is read from two folders, or from one with sub-folders or side-by-side pictures."""
    inputs = inputs.expanduser()
    name = str(inputs)
    if targets is None:
        below = subfolders(inputs)
        if not below:
            return _side_by_side(inputs, size, channels, crop)
        inputs, targets = below
        if size_of(found(inputs)[0]) > size_of(found(targets)[0]):
            inputs, targets = targets, inputs
    matched = _matched(inputs, here(targets))
    scale = _common_factor(*matched)
    smaller = (_divided(size, scale, "image_size"), crop if isinstance(crop, str) else _divided(crop, scale, "crop"))
    small = Pictures(matched[0], (*smaller[0], channels[0]), smaller[1]).read(False)[0]
    large = Pictures(matched[1], (*size, channels[1]), crop, step=scale).read(False)[0]
    return name, len(matched[0]), _Stacked([_Enlarged(small, scale) if scale > 1 else small, large]), scale


def _divided(size: Any, scale: int, name: str) -> Any:
    """The size of the inputs for that of the targets."""
    if size[0] % scale or size[1] % scale:
        expected = f"Expected multiples of {scale}: the targets are so many times as large as the inputs"
        raise ValueError(f"{expected}. Received: {name}={tuple(size)}")
    return size[0] // scale, size[1] // scale


def _side_by_side(path: Path, size: Any, channels: tuple[int, int], crop: Crop) -> Files:
    if channels[0] != channels[1]:
        raise ValueError(f"Expected side-by-side pictures of as many channels each. Received: {channels} in {path}")
    paths = found(path)
    for each in paths:
        high, wide = size_of(each)
        if wide % 2:
            raise ValueError(
                f"Expected input and target side by side, in a picture of even width. Received: {each} of "
                f"{wide} x {high} pixels; two folders are given as two arguments"
            )
    height, width = size
    reader, _ = Pictures(paths, (height, 2 * width, channels[0]), crop).read(False)
    return str(path), len(paths), _SideBySide(reader), 1


def subfolders(path: Path) -> list[Path]:
    """The two sub-folders of a folder without pictures of its own, in alphabetical order; none if it has pictures."""
    pictures = found(path)  # raises where there are none at all
    loose = [each for each in pictures if each.parent == path]
    names = sorted({each.relative_to(path).parts[0] for each in pictures} - {each.name for each in loose})
    if loose and len(names) == 2:  # what is meant nobody knows
        raise ValueError(f"Expected pictures, or {SUBFOLDERS}. Received: {loose[0]} beside {' and '.join(names)}")
    if loose:
        return []
    if len(names) != 2:
        raise ValueError(f"Expected pictures, or {SUBFOLDERS}. Received: path={path} with {', '.join(names)}")
    return [path / name for name in names]


def _matched(inputs: Path, targets: Path) -> tuple[list[Path], list[Path]]:
    """The files of both folders, matched by name without ending. Raises unless both have the same names."""
    named = [_named(root) for root in (inputs, targets)]
    shorter = [_without_scale(pictures) for pictures in named]
    named = min((named, shorter), key=lambda both: len(both[0].keys() ^ both[1].keys()))
    for (own, root), (there, other) in ((zip(named, (inputs, targets))), zip(named[::-1], (targets, inputs))):
        lonely = sorted(own.keys() - there.keys())
        if lonely:
            raise ValueError(
                f"Expected a picture of the same name in {other} for each of the {len(own)} in {root}. "
                f"Received: none for {own[lonely[0]]}" + (f" and {len(lonely) - 1} more" if lonely[1:] else "")
            )
    order = sorted(named[0])
    return [named[0][name] for name in order], [named[1][name] for name in order]


def _named(root: Path) -> dict[Path, Path]:
    """The pictures of a folder by their names below it, without endings. Raises ValueError for two of one name."""
    named: dict[Path, Path] = {}
    for each in found(root):
        other = named.setdefault(each.relative_to(root).with_suffix(""), each)
        if other is not each:
            raise ValueError(f"Expected one picture of each name. Received: {other} and {each}")
    return named


def _without_scale(named: dict[Path, Path]) -> dict[Path, Path]:
    """The same by names that do not say the scale, as 0001 for 0001x4; unchanged where several would have one name."""
    short = {name.with_name(re.sub(r"(?<=.)x\d+$", "", name.name)): path for name, path in named.items()}
    return short if len(short) == len(named) else named


def _common_factor(inputs: list[Path], targets: list[Path]) -> int:
    """How many times as high and wide the targets are. Raises ValueError for pairs that cropping would part."""
    factors: dict[int, str] = {}
    for first, second in zip(inputs, targets):
        (height, width), (high, wide) = size_of(first), size_of(second)
        factor = high // height
        sizes = f"{first} of {width} x {height} and {second} of {wide} x {high}"
        if not factor or (height * factor, width * factor) != (high, wide):
            raise ValueError(
                f"Expected pairs of one size in pixels, or targets larger by a whole factor. Received: {sizes}"
            )
        factors.setdefault(factor, sizes)
    if len(factors) > 1:
        raise ValueError(f"Expected targets all larger by one factor. Received: {'; '.join(factors.values())}")
    return next(iter(factors))


def unpaired(
    first: Any,
    second: Any = None,
    *,
    split: Sequence[str] | None = None,
    image_size: int | Sequence[int] | None = None,
    channels: int = 3,
    jitter: int = 0,
    crop: Crop = "center",
    data_dir: str | os.PathLike[str] | None = None,
    **order: Unpack[BatchingOptions],
) -> Unpaired:
    """Images of two domains, each shuffled independently.

    Args:
        first: an array, a folder, or a source of `kerasgan.data`; or without `second`, a folder with two sub-folders,
            or with `split` the name of a TensorFlow dataset, such as "cycle_gan/horse2zebra".
        second: likewise; sources must have one batch size.
        split: the splits that hold the domains, such as ("trainA", "trainB").
        image_size: int or (height, width); 256 for folders if not given; sources have their own.
        channels: channels of pictures from folders.
        jitter: as in `pairs`.
        crop: as in `folder`.
        data_dir: where the TensorFlow dataset is, or is to be downloaded to.
        **order: batch_size=64, seed=0, shuffle=True, flip=False, drop_remainder=True; for arrays and folders.

    Raises:
        ValueError, TypeError, FileNotFoundError: for an empty domain, or files that cannot be read.
    """
    jitter = _jitter(jitter)
    if split is not None:
        if second is not None or len(split) != 2:
            raise ValueError(f"Expected one data set and two splits of it. Received: second={second}, split={split}")
        options: Any = {"image_size": _enlarged(image_size or 256, jitter), "channels": channels, "crop": crop}
        first, second = (
            tfds(first, split=part, data_dir=data_dir, **options, **_own(order, stream))
            for stream, part in enumerate(split)
        )
    elif second is None:
        if not isinstance(first, str | Path):
            raise ValueError(f"Expected two domains, or a folder. Received: {type(first).__name__}, second=None")
        below = subfolders(here(first))
        if not below:
            raise ValueError(f"Expected {SUBFOLDERS}, one for each domain. Received: path={first} with pictures")
        first, second = below
    sides = [
        _domain(side, image_size, channels, jitter, crop, _own(order, stream))
        for stream, side in enumerate((first, second))
    ]
    return Unpaired(*sides)


def _own(order: Any, stream: int) -> Any:
    return {**order, "seed": domain_seed(order.get("seed", 0), stream)}


def _enlarged(image_size: Any, jitter: int) -> tuple[int, int]:
    height, width = checks.pair(image_size)
    return height + jitter, width + jitter


def domain_seed(seed: int, stream: int) -> int:
    """A different seed for each domain: with one seed for both, arrays of one length would stay paired."""
    Batching(seed=seed)  # raises for an invalid seed
    return int(np.random.SeedSequence([seed, stream]).generate_state(1)[0])


def _domain(side: Any, image_size: Any, channels: int, jitter: int, crop: Crop, order: Any) -> Source:
    if isinstance(side, Source):
        source = side
    elif isinstance(side, str | Path):
        size = _enlarged(image_size or 256, jitter)
        source = folder(side, image_size=size, channels=channels, crop=crop, labels=False, **order)
    else:
        source = arrays(side, image_size=_enlarged(image_size, jitter) if image_size else None, **order)
    return Jittered(source.copy(with_labels=False), jitter) if jitter else source
