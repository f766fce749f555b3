"""Moving pictures: frames to and from a GIF, or a video file if imageio-ffmpeg is installed.

GIFs are written by Pillow directly: imageio, which uses Pillow too, keeps all frames in memory and loses transparency.
"""

import contextlib
import itertools
import os
from collections.abc import Generator, Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageSequence

from kerasgan.files import pictures
from kerasgan.files.paths import local, replacing

__all__ = ["ENDINGS", "READABLE", "check", "read", "save"]

ENDINGS = (".gif", ".mp4")
READABLE = frozenset((*ENDINGS, ".avi", ".m4v", ".mkv", ".mov", ".webm"))
FASTEST_GIF = 50  # frames per second: viewers slow down frames shorter than 20 ms


def check(path: str | os.PathLike[str], *, fps: float = 20.0) -> Path:
    """The path, if `save` can write it.

    Raises:
        ValueError: for another ending than .gif or .mp4, or more frames per second than a GIF can show.
        ImportError: for an MP4, if no package that writes one is installed.
    """
    path = local(path)
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise ValueError(f"Expected a file that ends in {' or '.join(ENDINGS)}. Received: {path}")
    if not fps > 0 or (ending == ".gif" and fps > FASTEST_GIF):
        raise ValueError(f"Expected at most {FASTEST_GIF} frames per second in a GIF. Received: fps={fps:g}")
    if ending == ".mp4" and not _reads_videos():
        raise ImportError(f'An MP4 needs pip install "kerasgan[mp4]"; a GIF needs nothing. Received: {path}')
    return path


def save(frames: Iterable[Image.Image], path: str | os.PathLike[str], *, fps: float = 20.0) -> Path:
    """Writes frames of one size, all or nothing; a GIF repeats endlessly. Returns the path.

    Args:
        frames: at least one; an iterator is read frame by frame.
        path: a path that ends in .gif or .mp4; its folder is created if need be.
        fps: frames per second.

    Raises:
        ValueError, ImportError: as in `check`; also ValueError if there is no frame.
    """
    path = check(path, fps=fps)
    remaining = iter(frames)
    first = next(remaining, None)
    if first is None:
        raise ValueError("Expected at least one frame. Received: none")
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as partial:
        if path.suffix.lower() == ".gif":
            hundredths = max(2, round(100 / fps))  # a GIF's unit of time
            first.save(partial, format="GIF", save_all=True, append_images=remaining, duration=hundredths * 10, loop=0)
        else:
            _write_video((_even(frame) for frame in itertools.chain([first], remaining)), partial, fps)
    return path


def read(path: str | os.PathLike[str]) -> Generator[Image.Image, None, None]:
    """The frames of a GIF or a video file, one after the other.

    Raises:
        ValueError: for another kind of file, one that cannot be read, or one without frames.
        ImportError: for other files than GIF, if no package that reads them is installed.
    """
    path = local(path)
    ending = path.suffix.lower()
    if ending not in READABLE:
        raise ValueError(f"Expected a video: {', '.join(sorted(READABLE))}. Received: {path}")
    if ending != ".gif" and not _reads_videos():
        raise ImportError(
            'A video file needs pip install "kerasgan[mp4]"; a GIF or a folder of frames needs nothing. '
            f"Received: {path}"
        )
    reading, count = _read_gif if ending == ".gif" else _read_video, 0
    try:
        with contextlib.closing(reading(path)) as frames:
            for frame in frames:
                yield frame
                count += 1
    except (OSError, SyntaxError, RuntimeError) as error:
        raise ValueError(f"Expected a readable video. Received: {path} ({error})") from error
    if not count:
        raise ValueError(f"Expected a video with frames. Received: {path} without any")


def _reads_videos() -> bool:
    return find_spec("imageio_ffmpeg") is not None


def _read_gif(path: Path) -> Generator[Image.Image, None, None]:
    with pictures.opened(path) as picture:
        yield from (
            frame.convert("RGBA" if "transparency" in frame.info else "RGB")
            for frame in ImageSequence.Iterator(picture)
        )


def _read_video(path: Path) -> Generator[Image.Image, None, None]:
    import imageio.v2 as imageio

    reader: Any
    with imageio.get_reader(path, format="FFMPEG") as reader:  # type: ignore[arg-type]
        yield from map(Image.fromarray, reader)


def _even(frame: Image.Image) -> np.ndarray:
    """(height, width, 3) with even sides, which MP4's usual colors need: the last row or column is repeated."""
    pixels = np.asarray(frame.convert("RGB"))
    height, width, _ = pixels.shape
    return np.ascontiguousarray(np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge"))


def _write_video(frames: Iterable[np.ndarray], path: Path, fps: float) -> None:
    import imageio.v2 as imageio  # version 3 of its interface needs all frames at once

    # any even sizes, where FFmpeg's plugin would stretch pictures to multiples of 16
    options: dict[str, Any] = {"format": "FFMPEG", "fps": fps, "quality": 8, "macro_block_size": 2}
    writer: Any
    with imageio.get_writer(path, **options) as writer:
        for frame in frames:
            writer.append_data(frame)
