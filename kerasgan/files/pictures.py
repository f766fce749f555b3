"""Pictures of generated images: sample grids and film strips of a training, as PIL images and PNG files."""

import contextlib
import importlib
import io
import math
import os
import stat
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

from kerasgan.files.paths import local, replacing

__all__ = [
    "GAP",
    "encoded",
    "film",
    "grid",
    "grid_labels",
    "labeled",
    "opened",
    "read_film",
    "reduced",
    "save",
    "single",
    "to_uint8",
]

Picture = Image.Image
SMALLEST_CELL = 64  # pixels below which an image is hard to see on a screen
GAP = 2  # pixels between the images of a grid
MARGIN = 124  # pixels left of a film strip's rows, for their steps
FONT = 15  # pixels of a text's height
PADDING = 8  # pixels around the texts of a grid
BACKGROUND = 48  # a gray that differs from black and from white images
LARGE, PIXELS_PER_BYTE = 1 << 24, 100  # see `opened`
# Those that PIL, or a plug-in of it, decodes itself.
FORMATS = frozenset(
    ["AVIF", "BMP", "DIB", "GIF", "HEIF", "ICO", "JPEG", "JPEG2000", "JXL", "MPO", "PNG", "PPM", "TGA", "TIFF", "WEBP"]
)
# Module and package of those that a plug-in decodes: photographs of iPhones are HEIF.
PLUG_INS = {"HEIF": ("pillow_heif", "pillow-heif"), "JXL": ("pillow_jxl", "pillow-jxl-plugin")}
STEPS_KEY = "steps"  # the text chunk of a film strip's PNG that holds the steps of its rows


def to_uint8(images: Any) -> np.ndarray:
    """Floats in [-1, 1] as uint8 in [0, 255], rounded and clipped; NaN, from a diverged model, becomes middle gray."""
    pixels = np.nan_to_num(np.asarray(images, dtype="float32"), nan=0.0, posinf=1.0, neginf=-1.0)
    return np.rint(np.clip(pixels, -1.0, 1.0) * 127.5 + 127.5).astype("uint8")


def visible(images: Any) -> np.ndarray:
    """Images (..., channels) with the channels that a picture can show: of two the first, of more than four three."""
    array = np.asarray(images)
    channels = array.shape[-1]
    return array if channels in (1, 3, 4) else array[..., : 3 if channels > 4 else 1]


def grid(images: Any, *, columns: int | None = None, scale: int | None = None, border: int = GAP) -> Picture:
    """One picture of many images, row by row.

    Args:
        images: (count, height, width, channels); float in [-1, 1], or uint8. Of two channels the first is shown, of
            more than four the first three.
        columns: images per row; as square as possible if not given.
        scale: whole number of screen pixels per pixel, by nearest neighbor; if not given, the smallest that makes an
            image at least 64 pixels high.
        border: screen pixels between the images and around them.

    Raises:
        ValueError: for another shape, numbers below 1, or a border below 0.
    """
    array = np.asarray(images)
    if array.ndim != 4 or 0 in array.shape:
        expected = "Expected images (count, height, width, channels)"
        raise ValueError(f"{expected}. Received: shape={array.shape}")
    array = visible(array)
    count, height, width, channels = array.shape
    columns = math.ceil(math.sqrt(count)) if columns is None else columns
    scale = math.ceil(SMALLEST_CELL / height) if scale is None else scale
    if columns < 1 or scale < 1:
        raise ValueError(f"Expected whole numbers from 1. Received: columns={columns}, scale={scale}")
    if border < 0:
        raise ValueError(f"Expected a whole number from 0. Received: border={border}")
    pixels = array if array.dtype == np.uint8 else to_uint8(array)
    pixels = pixels.repeat(scale, axis=1).repeat(scale, axis=2)
    down, right = height * scale + border, width * scale + border
    shape = (math.ceil(count / columns) * down + border, columns * right + border, channels)
    canvas = np.full(shape, BACKGROUND, "uint8")
    for index, image in enumerate(pixels):
        top, left = border + index // columns * down, border + index % columns * right
        canvas[top : top + height * scale, left : left + width * scale] = image
    return Image.fromarray(canvas[..., 0] if channels == 1 else canvas)


def labeled(picture: Picture, *, columns: Sequence[str] = (), rows: Sequence[str] = (), corner: str = "") -> Picture:
    """A grid with a text above each column, one left of each row, and one that says what the columns are.

    Args:
        picture: a grid of equally wide columns and equally high rows.
        columns: a text for each column, or none; texts that are wider than a column are set smaller.
        rows: a text for each row, or none.
        corner: a text left of those of the columns.
    """
    font = ImageFont.load_default(FONT)
    left = max((math.ceil(font.getlength(text)) + 2 * PADDING for text in (*rows, corner) if text), default=0)
    top = FONT + 2 * PADDING if any((*columns, corner)) else 0
    size = (picture.width + left, picture.height + top)
    canvas = Image.new(picture.mode, size, color=_shade(picture.mode, BACKGROUND))
    canvas.paste(picture, (left, top))
    draw, white = ImageDraw.Draw(canvas), _shade(picture.mode, 255)
    draw.text((left - PADDING, top / 2), corner, fill=white, anchor="rm", font=font)
    for index, text in enumerate(columns):
        width = picture.width / len(columns)
        fitting = ImageFont.load_default(max(6.0, FONT * min(1.0, width / max(1.0, font.getlength(text)))))
        draw.text((left + (index + 0.5) * width, top / 2), text, fill=white, anchor="mm", font=fitting)
    for index, text in enumerate(rows):
        height = picture.height / len(rows)
        draw.text((left - PADDING, top + (index + 0.5) * height), text, fill=white, anchor="rm", font=font)
    return canvas


def single(image: Any) -> Picture:
    """One image (height, width, channels) as it is: float in [-1, 1], or uint8; its channels as in `grid`."""
    pixels = visible(image if image.dtype == np.uint8 else to_uint8(image))
    return Image.fromarray(pixels.squeeze(-1) if pixels.shape[-1] == 1 else pixels)


def reduced(images: Any, side: int) -> np.ndarray:
    """uint8 images whose height is at most `side` pixels, shrunk with antialiasing where they are larger.

    Their channels are those that `grid` shows.
    """
    pixels = visible(images if images.dtype == np.uint8 else to_uint8(images))
    height, width, channels = pixels.shape[1:]
    if height <= side:
        return pixels
    size = (max(1, round(width * side / height)), side)
    small = [Image.fromarray(image.squeeze(-1) if channels == 1 else image).resize(size) for image in pixels]
    return np.stack([np.asarray(image) for image in small]).reshape(len(pixels), size[1], size[0], channels)


def grid_labels(count: int | None, num_classes: int | None) -> tuple[np.ndarray | None, int | None]:
    """Labels and columns of a grid with a column per class.

    Args:
        count: number of images; if not given, up to four of each class, or 64 if there are more than 128 classes.
        num_classes: number of the model's classes, or None.

    Returns:
        int32 labels (count,) or None, and the number of columns or None. With more classes than images the labels are
        spread evenly over the classes.
    """
    if num_classes is None:
        return None, None
    if count is None:
        count = num_classes * max(1, min(4, 128 // num_classes)) if num_classes <= 128 else 64
    if num_classes <= count:
        return np.arange(count, dtype="int32") % num_classes, num_classes
    return np.linspace(0, num_classes - 1, count).astype("int32"), None


def film(rows: Sequence[Picture], steps: Sequence[int]) -> Picture:
    """Rows of equal size, one below the other, each with its step at the left."""
    width, height = rows[0].size
    canvas = Image.new(rows[0].mode, (width + MARGIN, height * len(rows)), color=_shade(rows[0].mode, BACKGROUND))
    draw, font = ImageDraw.Draw(canvas), ImageFont.load_default(FONT)
    for index, (row, step) in enumerate(zip(rows, steps)):
        canvas.paste(row, (MARGIN, index * height))
        place = (MARGIN - 8, index * height + height // 2)
        draw.text(place, f"step {step:,}", fill=_shade(row.mode, 255), anchor="rm", font=font)
    canvas.info[STEPS_KEY] = " ".join(map(str, steps))
    return canvas


def opened(path: str | os.PathLike[str] | io.BytesIO) -> Picture:
    """The picture in a file, or in bytes, of unknown origin, not decoded yet.

    Decoded, it has at most 100 pixels for each byte of the file, or 16 million: photographs have 10 at most, but a
    blank PNG of 13,000 x 13,000 pixels, half a gigabyte in memory, has 1,000.

    Raises:
        OSError: for such a picture; for what is no file, such as a named pipe, at which PIL would wait for ever; and
            for formats that another program would decode, such as EPS, or a plug-in that is not installed.
    """
    size = len(path.getbuffer()) if isinstance(path, io.BytesIO) else _file_size(path)
    Image.init()
    _refuse_large(*_largest_in_icon(path, size), size)
    picture = _identified(path)
    try:
        _refuse_large(picture.width, picture.height, size)
    except OSError:
        picture.close()
        raise
    return picture


def _identified(path: str | os.PathLike[str] | io.BytesIO) -> Picture:
    """The picture in a file, in a format of PIL's, or of a plug-in that is installed; OSError for another."""
    try:
        return Image.open(path, formats=[each for each in Image.ID if each in FORMATS])
    except Image.UnidentifiedImageError:
        known = ", ".join(sorted(FORMATS & Image.OPEN.keys()))
    kind = _of_plug_in(path)
    if kind is None or kind in Image.OPEN:
        raise OSError(f"none of the formats {known}")
    module, package = PLUG_INS[kind]
    try:
        plug_in = importlib.import_module(module)
    except ImportError:
        raise OSError(f"{kind}, which needs a plug-in of Pillow: pip install {package}") from None
    getattr(plug_in, "register_heif_opener", bool)()  # others register themselves
    return Image.open(path, formats=[kind])


def _of_plug_in(path: str | os.PathLike[str] | io.BytesIO) -> str | None:
    """Which format of a plug-in a file has, by its first bytes, or None."""
    with contextlib.nullcontext(path) if isinstance(path, io.BytesIO) else open(path, "rb") as file:
        file.seek(0)
        head = file.read(12)
        file.seek(0)
    if head[4:8] == b"ftyp" and head[8:11] in (b"hei", b"hev", b"mif", b"msf"):
        return "HEIF"
    return "JXL" if head.startswith((b"\xff\x0a", b"\0\0\0\x0cJXL ")) else None


def _refuse_large(width: int, height: int, size: int) -> None:
    if width * height > max(LARGE, PIXELS_PER_BYTE * size):
        raise OSError(f"{width} x {height} pixels in {size} bytes, more than any photograph has")


def _largest_in_icon(path: str | os.PathLike[str] | io.BytesIO, size: int) -> tuple[int, int]:
    """The largest width and height in an ICO file, which PIL decodes when it opens it; 0 for other files.

    Its header says 256 at most, whatever the PNG or bitmap in it has.
    """
    with contextlib.nullcontext(path) if isinstance(path, io.BytesIO) else open(path, "rb") as file:
        file.seek(0)
        head = file.read(6)
        entries = (
            [file.read(16) for _ in range(head[4] + 256 * head[5])]
            if head[:4] == b"\0\0\1\0" and len(head) == 6
            else []
        )
        largest = 0, 0
        for place in (int.from_bytes(entry[12:16], "little") for entry in entries):
            file.seek(place)
            begin = file.read(24)
            order = ">" if begin.startswith(b"\x89PNG") else "<"
            sizes = begin[16:24] if order == ">" else begin[4:12]
            if len(sizes) == 8:
                width, height = (abs(number) for number in struct.unpack(f"{order}ii", sizes))
                largest = max(largest, (width, height), key=lambda both: both[0] * both[1])
        file.seek(0)
    return largest


def _file_size(path: str | os.PathLike[str]) -> int:
    state = os.stat(path)
    if not stat.S_ISREG(state.st_mode):
        raise OSError("a named pipe, device or folder, not a file")
    return state.st_size


def read_film(path: str | os.PathLike[str] | io.BytesIO) -> tuple[list[Picture], list[int]]:
    """The rows and steps of a film strip that `save` wrote, so that a resumed training can continue it.

    Raises:
        ValueError: for another picture.
    """
    try:
        with opened(path) as found:
            found.load()
            picture = found.copy()
    except SyntaxError as error:  # PIL's, of a damaged PNG
        raise ValueError(f"Expected a film strip that kerasgan wrote. Received: {path}, {error}") from error
    steps = [int(step) for step in picture.info.get(STEPS_KEY, "").split()]
    if not steps:
        raise ValueError(f"Expected a film strip that kerasgan wrote. Received: {path}")
    height = picture.height // len(steps)
    tops = range(0, height * len(steps), height)
    return [picture.crop((MARGIN, top, picture.width, top + height)) for top in tops], steps


def save(picture: Picture, path: str | os.PathLike[str]) -> Path:
    """Writes a PNG all or nothing, so that a viewer never sees half of it; returns its path."""
    path = local(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as partial:
        partial.write_bytes(encoded(picture))
    return path


def encoded(picture: Picture) -> bytes:
    """A picture as PNG."""
    notes, written = PngImagePlugin.PngInfo(), io.BytesIO()
    if STEPS_KEY in picture.info:
        notes.add_text(STEPS_KEY, picture.info[STEPS_KEY])
    picture.save(written, format="PNG", pnginfo=notes)
    return written.getvalue()


def _shade(mode: str, value: int) -> int | tuple[int, ...]:
    if mode == "L":
        return value
    return (value, value, value) if mode == "RGB" else (value, value, value, 255)
