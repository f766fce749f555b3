"""Decodes one picture file to uint8 pixels of a given size: any mode, upright, antialiased."""

import contextlib
import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from kerasgan.files.pictures import opened
from kerasgan.files.text import warn

Crop = str | int | Sequence[int]

# The endings of files that count as pictures. Formats that need a plug-in (heic, jxl) are included, so that such files
# cause an error that names them instead of being ignored.
COMMON = "png apng jpg jpeg jpe jfif webp bmp dib gif tif tiff ppm pgm pbm pnm tga jp2 ico avif heic heif jxl"
EXTENSIONS = frozenset(f".{name}" for name in COMMON.split(" "))


def checked_crop(crop: Crop) -> Crop:
    """`crop`, or ValueError: "center", "stretch", a positive int or (height, width) in source pixels."""
    if crop in ("center", "stretch"):
        return crop
    sizes = (crop, crop) if isinstance(crop, int) else crop
    if isinstance(sizes, tuple | list) and len(sizes) == 2 and all(isinstance(n, int) and n > 0 for n in sizes):
        return tuple(sizes)
    raise ValueError(
        "Expected 'center' (largest centered part of the target's aspect), 'stretch', or the size of a centered part "
        f"in pixels, int or (height, width). Received: crop={crop!r}"
    )


def box(source: tuple[int, int], target: tuple[int, int], crop: Crop) -> tuple[float, float, float, float]:
    """(top, left, height, width) of the part of a `source`-sized picture that becomes the `target`; sizes (h, w)."""
    height, width = float(source[0]), float(source[1])
    if crop == "stretch":
        return 0.0, 0.0, height, width
    if not isinstance(crop, str):
        inner_height, inner_width = (crop, crop) if isinstance(crop, int) else crop
        height, width = min(height, inner_height), min(width, inner_width)
    scale = min(height / target[0], width / target[1])
    height, width = target[0] * scale, target[1] * scale
    return (source[0] - height) / 2, (source[1] - width) / 2, height, width


def _eight_bit(image: Image.Image) -> Image.Image:
    """16-bit and floating-point pixels as 8-bit gray; other modes as they are."""
    if not image.mode.startswith(("I", "F")):
        return image
    pixels = np.asarray(image)
    low, high = pixels.min(), pixels.max()
    if image.mode == "F" and low >= 0 and high <= 1:
        pixels = pixels * 255.0
    elif image.mode != "F" and low >= 0 and high <= 65535:
        pixels = pixels / 257.0
    else:
        raise ValueError(f"expected 16-bit pixels or floats in [0, 1], received {image.mode} in [{low}, {high}]")
    return Image.fromarray(np.round(pixels).astype(np.uint8))


DEEP_SAMPLE = 8  # pictures that are looked at for the range of their 16 bits


def warn_of_few_bits(paths: Sequence[str | Path]) -> None:
    """Warns where 16-bit pictures hold 8 to 14 bits, as cameras and microscopes write them: they come out nearly black.

    A few pictures of the set are looked at; one that cannot be read is left to who reads all.
    """
    highest = 0
    for path in paths[:: -(-len(paths) // DEEP_SAMPLE) or 1]:
        with contextlib.suppress(OSError, ValueError, SyntaxError, Image.DecompressionBombError), opened(path) as image:
            if not image.mode.startswith("I"):
                return
            highest = max(highest, int(np.asarray(image).max()))
    few_bits(highest, f"the 16-bit pictures beside {paths[0]}" if paths else "")


def few_bits(highest: int, where: str) -> None:
    """Warns where the highest of a set's 16-bit values needs 14 bits or less."""
    bits = highest.bit_length()
    if 0 < bits <= 14:
        warn(
            f"Values of {where} reach {highest}, {bits} bits, of 65535: they are read as nearly black, up to level "
            f"{round(highest / 257)} of 255. If white is {2**bits - 1}, multiply them by {2 ** (16 - bits)} first.",
            stacklevel=3,
        )


def colored(image: Image.Image, channels: int) -> Image.Image:
    """Gray, RGB or RGBA; transparency is composited on white unless alpha is kept."""
    image = _eight_bit(image)
    if channels == 4:
        return image.convert("RGBA")
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, image)
    return image.convert("L" if channels == 1 else "RGB")


def _cut(image: Image.Image, part: tuple[float, float, float, float], step: int = 1) -> Image.Image:
    """`part` (left, top, right, bottom) in whole steps of pixels; `resize(box=...)` would mix in others."""
    left, top, right, bottom = (round(edge / step) * step for edge in part)
    whole = (left, top, max(right, left + step), max(bottom, top + step))
    return image if whole == (0, 0, *image.size) else image.crop(whole)


def _turned(image: Image.Image) -> bool:
    return image.getexif().get(0x0112, 1) in (5, 6, 7, 8)  # orientations that swap height and width


def size_of(path: str | Path) -> tuple[int, int]:
    """(height, width) of an upright picture, from its header. Raises ValueError naming a file that is no picture."""
    try:
        with opened(path) as image:
            return upright_size(image)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"Expected a readable picture. Received: {path} ({_reason(path, error)})") from error


def upright_size(image: Image.Image) -> tuple[int, int]:
    """(height, width) as it is looked at, of a picture that may not be decoded yet."""
    tags = getattr(image, "tag_v2", {})  # of a TIFF: PIL's size is that on disk, or already the upright one
    width, height = tags.get(256, image.width), tags.get(257, image.height)
    return (width, height) if _turned(image) else (height, width)


def decode(
    path: str | Path | io.BytesIO,
    *,
    size: tuple[int, int] | None = None,
    channels: int,
    crop: Crop = "center",
    step: int = 1,
    look: Callable[[Image.Image], None] | None = None,
    where: str | None = None,
) -> np.ndarray:
    """The picture at `path`, or in bytes, as uint8 (height, width, channels). Raises ValueError naming what is none.

    Without a `size`, the whole picture in its own size. For animations, the first frame. JPEG files are decoded at the
    smallest of their built-in scales that still has twice the target's pixels, which costs no sharpness and saves most
    of the time on photographs. Parts are cut at multiples of `step` pixels, so that they match the same part of a
    picture that is smaller by this factor. `look` gets the picture as it is in the file, and errors name `where` it is
    instead of the path.
    """
    try:
        with opened(path) as image:
            if look is not None:
                look(image)
            full, upright = image.size[::-1], upright_size(image)
            size = size or upright
            top, left, height, width = box(upright, size, crop)
            scale = min(height / size[0], width / size[1]) / 2
            if image.format == "JPEG" and scale >= 2 and step == 1:
                image.draft(None, (int(full[1] / scale), int(full[0] / scale)))
            ImageOps.exif_transpose(image, in_place=True)
            picture = colored(image, channels)
            down, across = picture.height / upright[0], picture.width / upright[1]  # 1 unless `draft` made it smaller
            part = (left * across, top * down, (left + width) * across, (top + height) * down)
            picture = _cut(picture, part, step).resize(size[::-1], Image.Resampling.BICUBIC)
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError, MemoryError, TypeError) as error:
        raise ValueError(f"Expected a readable picture. Received: {where or path} ({_reason(path, error)})") from error
    pixels = np.asarray(picture)
    return pixels[..., np.newaxis] if channels == 1 else pixels


def why_unreadable(path: Path) -> str:
    """The path of a picture that cannot be decoded, with the reason."""
    try:
        decode(path, channels=3)
    except ValueError as error:
        return str(error).partition("Received: ")[2]
    return str(path)


def _reason(path: str | Path | io.BytesIO, error: Exception) -> str:
    if not isinstance(path, io.BytesIO) and Path(path).is_file() and Path(path).stat().st_size == 0:
        return "the file is empty"
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    return f"{type(error).__name__}: {error}"


def resized(images: np.ndarray, *, size: tuple[int, int], crop: Crop = "center") -> np.ndarray:
    """`images` (count, height, width, channels), uint8 or float32, antialiased to `size`, in their own dtype."""
    if images.shape[1:3] == size:
        return images
    top, left, height, width = box(images.shape[1:3], size, crop)
    part = (left, top, left + width, top + height)
    result = np.empty((len(images), *size, images.shape[-1]), images.dtype)
    for image, target in zip(images, result, strict=True):
        for channel in range(images.shape[-1]):  # one plane at a time: PIL has no float RGB
            plane = _cut(Image.fromarray(np.ascontiguousarray(image[..., channel])), part)
            target[..., channel] = plane.resize(size[::-1], Image.Resampling.BICUBIC)
    # Bicubic overshoots beside an edge; PIL clips 8-bit pixels itself.
    return result if images.dtype == np.uint8 else np.clip(result, -1.0, 1.0)
