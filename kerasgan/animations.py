"""Pictures that move: frames to and from a GIF, or an MP4 where a program that knows those is installed."""

import contextlib
import importlib
import itertools
import os
from collections.abc import Callable, Generator, Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageSequence

from kerasgan.storage import local

__all__ = ["ENDINGS", "READABLE", "check", "read", "save"]

ENDINGS = (".gif", ".mp4")
READABLE = frozenset((*ENDINGS, ".avi", ".m4v", ".mkv", ".mov", ".webm"))
FASTEST_GIF = 50  # frames per second: viewers slow down those whose frames last less than 20 ms
ENCODERS = ("imageio_ffmpeg", "cv2")


def check(path: str | os.PathLike[str], *, fps: float = 20.0) -> Path:
    """The path, if `save` can write it.

    Raises:
        ValueError: for another ending than .gif and .mp4, or more frames per second than a GIF can show.
        ImportError: for an MP4, if nothing that writes one is installed.
    """
    path = local(path)
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise ValueError(f"Expected a file that ends in {' or '.join(ENDINGS)}. Received: {path}")
    if not fps > 0 or (ending == ".gif" and fps > FASTEST_GIF):
        raise ValueError(f"Expected at most {FASTEST_GIF} frames per second in a GIF. Received: fps={fps:g}")
    if ending == ".mp4" and _encoder() is None:
        raise ImportError(
            "An MP4 needs a program that writes it: pip install imageio-ffmpeg (or opencv-python-headless); "
            f"a GIF needs nothing. Received: {path}"
        )
    return path


def save(frames: Iterable[Image.Image], path: str | os.PathLike[str], *, fps: float = 20.0) -> Path:
    """Writes frames of one size in one go, endlessly repeated in a GIF; returns the path.

    Args:
        frames: at least one; an iterator is read frame by frame.
        path: ends in .gif or .mp4; its folder is created if need be.
        fps: frames per second.

    Raises:
        ValueError, ImportError: as `check`; ValueError also if there is no frame.
    """
    path = check(path, fps=fps)
    remaining = iter(frames)
    first = next(remaining, None)
    if first is None:
        raise ValueError("Expected at least one frame. Received: none")
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".partial.{path.name}")  # the ending stays: encoders choose the format by it
    try:
        if path.suffix.lower() == ".gif":
            hundredths = max(2, round(100 / fps))  # a GIF's unit of time
            first.save(partial, format="GIF", save_all=True, append_images=remaining, duration=hundredths * 10, loop=0)
        else:
            arrays = (_even(frame) for frame in itertools.chain([first], remaining))
            _WRITERS[_encoder() or ""](arrays, partial, fps)
        return partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def read(path: str | os.PathLike[str]) -> Generator[Image.Image, None, None]:
    """The frames of a GIF or a video file, one after the other.

    Raises:
        ValueError: for another kind of file, one that cannot be read, or one without frames.
        ImportError: for other files than GIF, if nothing that reads them is installed.
    """
    path = local(path)
    ending = path.suffix.lower()
    if ending not in READABLE:
        raise ValueError(f"Expected a video: {', '.join(sorted(READABLE))}. Received: {path}")
    if ending != ".gif" and _encoder() is None:
        raise ImportError(
            "A video file needs a program that reads it: pip install imageio-ffmpeg (or opencv-python-headless); a GIF "
            f"or a folder of frames needs nothing. Received: {path}"
        )
    reading, count = _read_gif if ending == ".gif" else _READERS[_encoder() or ""], 0
    try:
        with contextlib.closing(reading(path)) as frames:
            for frame in frames:
                yield frame
                count += 1
    except (OSError, SyntaxError, RuntimeError) as error:
        raise ValueError(f"Expected a readable video. Received: {path} ({error})") from error
    if not count:
        raise ValueError(f"Expected a video with frames. Received: {path} without any")


def _read_gif(path: Path) -> Generator[Image.Image, None, None]:
    with Image.open(path) as picture:
        yield from (
            frame.convert("RGBA" if "transparency" in frame.info else "RGB")
            for frame in ImageSequence.Iterator(picture)
        )


def _read_ffmpeg(path: Path) -> Generator[Image.Image, None, None]:
    library: Any = importlib.import_module("imageio_ffmpeg")
    frames = library.read_frames(os.fspath(path), pix_fmt="rgb24")
    size = next(frames)["size"]  # what it gives before the frames
    with contextlib.closing(frames):
        yield from (Image.frombytes("RGB", size, pixels) for pixels in frames)


def _read_opencv(path: Path) -> Generator[Image.Image, None, None]:
    library: Any = importlib.import_module("cv2")
    capture = library.VideoCapture(os.fspath(path))
    try:
        while (found := capture.read())[0]:
            yield Image.fromarray(np.ascontiguousarray(found[1][..., ::-1]))  # OpenCV's colours are blue, green, red
    finally:
        capture.release()


_READERS: dict[str, Callable[[Path], Generator[Image.Image, None, None]]] = {
    "imageio_ffmpeg": _read_ffmpeg,
    "cv2": _read_opencv,
}


def _even(frame: Image.Image) -> np.ndarray:
    """(height, width, 3) with even sides, which MP4's usual colours need: the last row or column is repeated."""
    pixels = np.asarray(frame.convert("RGB"))
    height, width, _ = pixels.shape
    return np.ascontiguousarray(np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge"))


def _encoder() -> str | None:
    return next((name for name in ENCODERS if find_spec(name) is not None), None)


def _write_ffmpeg(frames: Iterable[np.ndarray], path: Path, fps: float) -> None:
    remaining = iter(frames)
    first = next(remaining)
    library: Any = importlib.import_module("imageio_ffmpeg")
    size = (first.shape[1], first.shape[0])
    writer = library.write_frames(os.fspath(path), size, fps=fps, quality=8, macro_block_size=2)
    writer.send(None)  # starts it
    try:
        for frame in itertools.chain([first], remaining):
            writer.send(frame)
    finally:
        writer.close()


def _write_opencv(frames: Iterable[np.ndarray], path: Path, fps: float) -> None:
    remaining = iter(frames)
    first = next(remaining)
    library: Any = importlib.import_module("cv2")
    size = (first.shape[1], first.shape[0])
    writer = library.VideoWriter(os.fspath(path), library.VideoWriter_fourcc(*"mp4v"), fps, size)
    if not writer.isOpened():
        raise OSError(f"Expected OpenCV to open {path} as an MP4; it did not. Try pip install imageio-ffmpeg.")
    try:
        for frame in itertools.chain([first], remaining):
            writer.write(frame[..., ::-1])  # OpenCV's colours are blue, green, red
    finally:
        writer.release()


_WRITERS: dict[str, Callable[[Iterable[np.ndarray], Path, float], None]] = {
    "imageio_ffmpeg": _write_ffmpeg,
    "cv2": _write_opencv,
}
