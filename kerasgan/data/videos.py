"""Clips from videos: folders of frames, GIF and MP4 files, arrays."""

import contextlib
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Unpack

import numpy as np

from kerasgan.data import checks
from kerasgan.data.clips import Clips, MovingParts, Windows
from kerasgan.data.decoding import EXTENSIONS, colored, decode, opened, resized, upright_size
from kerasgan.data.folders import MEMORY_BUDGET, Pictures
from kerasgan.data.sources import ArrayReader, Batching, BatchingOptions, Indexed, Reader, Source, SourceInfo
from kerasgan.files import films
from kerasgan.files.paths import here

FRAMES = EXTENSIONS - films.READABLE  # a GIF counts as a video


class Video(NamedTuple):
    """The frames of a video: a folder's pictures, or the file that holds all of them, and (height, width)."""

    path: Path
    frames: list[Path]
    size: tuple[int, int]


def clips(
    videos: Any,
    *,
    frames: int = 4,
    future: int = 1,
    image_size: int | Sequence[int] | None = None,
    channels: int = 3,
    stride: int = 1,
    frame_size: int | Sequence[int] | None = None,
    motion: float = 0.0,
    **order: Unpack[BatchingOptions],
) -> Clips:
    """Every run of successive frames in some videos: the first as inputs of a model, the rest as targets.

    Args:
        videos: a GIF, MP4 or other video file; a folder of such files, or of pictures, which are the frames of one
            video, or with a folder of pictures for each video; an array (videos, time, height, width, channels), uint8
            or floats in [-1, 1]; or a list of arrays (time, height, width, channels).
        frames: number of input frames.
        future: number of following frames.
        image_size: int or (height, width) to crop (centered) and resize frames to; if not given, the videos' own size,
            which must be the same for all.
        channels: 1 (gray), 3 (RGB) or 4, for frames from files.
        stride: step between frames; 1 takes every frame.
        frame_size: if given, frames are resized to this, and images are random parts of them, drawn anew each epoch.
        motion: least mean absolute difference of successive images, in units of [-1, 1], of such parts.
        **order: batch_size=64, seed=0, shuffle=True, flip=False, drop_remainder=True; for clips.

    Folders of pictures are decoded when needed if they do not fit into memory; video files must fit.

    Raises:
        ValueError, TypeError, FileNotFoundError: naming the video and the numbers: no frames, too few of them, frames
            or videos of other sizes, a file that cannot be read.
        ImportError: for video files other than GIF, if no package that reads them is installed.
    """
    ordering, length = Batching(**order), frames + future
    for name, number in (("frames", frames), ("future", future), ("stride", stride)):
        if not isinstance(number, int) or number < 1:
            raise ValueError(f"Expected a whole number from 1 on. Received: {name}={number!r}")
    read_size = frame_size or image_size
    if isinstance(videos, str | Path):
        reader, named, shape = _read(here(videos), read_size, checks.channel_count(channels))
        name = str(videos)
    else:
        reader, named, shape = _given(videos, read_size)
        name = "array"
    starts = _starts(named, 1 + (length - 1) * stride)
    windows = Windows(reader, starts, length=length, stride=stride)
    height, width, planes = shape
    source: Source = Indexed(SourceInfo(name, (height, width, length * planes), len(starts)), ordering, windows)
    if frame_size is not None:
        source = MovingParts(source, checks.pair(image_size or frame_size), channels=planes, motion=motion)
    return Clips(source, channels=planes, frames=frames, future=future)


def _starts(videos: Iterable[tuple[str, int]], span: int) -> np.ndarray:
    """The first frames of clips of `span` frames, for videos (name, frames) that follow each other."""
    starts, before = [], 0
    for name, count in videos:
        if count < span:
            raise ValueError(f"Expected videos of {span} frames or more. Received: {name} with {count}")
        starts.append(before + np.arange(count - span + 1))
        before += count
    return np.concatenate(starts)


def _given(videos: Any, image_size: Any) -> tuple[Reader, list[tuple[str, int]], tuple[int, ...]]:
    """(reader of all frames, names and counts of the videos, shape of a frame) of arrays."""
    arrays = [np.asarray(video) for video in videos]
    if not arrays or any(array.ndim != 4 for array in arrays):
        shapes = ", ".join(str(array.shape) for array in arrays[:3]) or "none"
        raise ValueError(f"Expected videos as arrays (time, height, width, channels). Received: {shapes}")
    kinds = [(array.shape[1:], array.dtype) for array in arrays]
    others = [array for array, kind in zip(arrays, kinds) if kind != kinds[0]]
    if others:
        received = " and ".join(f"{array.shape} {array.dtype}" for array in (arrays[0], others[0]))
        raise ValueError(f"Expected videos of one frame size and dtype. Received: {received}")
    images = checks.image_array(np.concatenate(arrays))
    images = images if image_size is None else resized(images, size=checks.pair(image_size))
    return ArrayReader(images), [(f"video {n}", len(each)) for n, each in enumerate(arrays)], images.shape[1:]


def _read(path: Path, image_size: Any, channels: int) -> tuple[Reader, list[tuple[str, int]], tuple[int, ...]]:
    """As `_given`, for files."""
    videos = found(path)
    others = [video for video in videos if video.size != videos[0].size]
    if image_size is None and others:
        received = " and ".join(f"{v.path} of {v.size[0]} x {v.size[1]}" for v in (videos[0], others[0]))
        raise ValueError(f"Expected videos of one height and width, or an image_size. Received: {received}")
    size = videos[0].size if image_size is None else checks.pair(image_size)
    shape = (*size, channels)
    if all(video.frames for video in videos):
        reader, _ = Pictures([frame for video in videos for frame in video.frames], shape, "center").read(False)
        return reader, [(str(video.path), len(video.frames)) for video in videos], shape
    decoded: list[np.ndarray] = []
    for video in videos:
        decoded.append(_decoded(video.path, shape))
        if sum(each.nbytes for each in decoded) > MEMORY_BUDGET:
            raise ValueError(
                f"Expected video files of at most {MEMORY_BUDGET >> 20} MiB in all when decoded to {shape}; write the "
                "frames of larger ones into a folder each, which are read when needed. "
                f"Received: {path}, more than that with {video.path}"
            )
    counts = [(str(video.path), len(each)) for video, each in zip(videos, decoded)]
    return ArrayReader(np.concatenate(decoded)), counts, shape


def video(path: str | os.PathLike[str], *, channels: int = 3) -> np.ndarray:
    """All frames of one video, a file or a folder of pictures, in full size: uint8 (time, height, width, channels).

    Raises:
        ValueError, FileNotFoundError, ImportError: as `clips`, and for a folder of several videos.
    """
    several = found(here(path))
    if len(several) > 1:
        raise ValueError(f"Expected one video. Received: {path} with {len(several)}")
    shape = (*several[0].size, checks.channel_count(channels))
    if not several[0].frames:
        return _decoded(several[0].path, shape)
    return np.stack([decode(frame, channels=channels) for frame in several[0].frames])


def _decoded(path: Path, shape: tuple[int, int, int]) -> np.ndarray:
    """All frames of a video file: uint8 (time, height, width, channels)."""
    height, width, channels = shape
    result = []
    for frame in films.read(path):
        pixels = np.asarray(colored(frame, channels)).reshape(1, frame.height, frame.width, channels)
        result.append(resized(pixels, size=(height, width)))
    return np.concatenate(result)


def found(path: Path) -> list[Video]:
    """The videos at a path, sorted by name, numbers in names by value.

    Raises:
        FileNotFoundError: if there is nothing.
        ValueError: for a video without frames, one whose frames differ in size, or files and folders of frames mixed.
    """
    if not path.exists():
        raise FileNotFoundError(f"Expected a video, or a folder of them. Received: path={path}, which does not exist")
    if path.is_file():
        return [_file(path)]
    files: list[Path] = []
    folders: list[Video] = []
    for place in [path, *sorted((each for each in path.rglob("*") if each.is_dir()), key=_natural)]:
        inside = sorted((each for each in place.iterdir() if not each.name.startswith(".")), key=_natural)
        pictures = [each for each in inside if each.suffix.lower() in FRAMES]
        own = [each for each in inside if each.suffix.lower() in films.READABLE]
        files += own
        if pictures:
            folders.append(_folder(place, pictures))
        elif not own and not any(each.is_dir() for each in inside):
            raise ValueError(f"Expected a video: frames as pictures, or a file. Received: {place} without frames")
    if files and folders:
        raise ValueError(f"Expected video files or folders of frames. Received: both, {files[0]} and {folders[0].path}")
    return [_file(file) for file in files] or folders


def _natural(path: Path) -> list[tuple[int, str]]:
    """A sort key with frame2.png before frame10.png."""
    parts = re.split(r"(\d+)", str(path))
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]


def _file(path: Path) -> Video:
    with contextlib.closing(films.read(path)) as frames:
        first = next(frames)
    return Video(path, [], (first.height, first.width))


def _folder(path: Path, frames: list[Path]) -> Video:
    sizes = []
    for frame in frames:
        try:
            with opened(frame) as picture:
                sizes.append(upright_size(picture))
        except (OSError, ValueError, SyntaxError) as error:
            raise ValueError(f"Expected a readable picture. Received: {frame} ({error})") from error
        if sizes[-1] != sizes[0]:
            shown = [
                f"{each} of {height} x {width}"
                for each, (height, width) in zip((frames[0], frame), (sizes[0], sizes[-1]))
            ]
            raise ValueError(f"Expected frames of one height and width in a video. Received: {' and '.join(shown)}")
    return Video(path, frames, sizes[0])
