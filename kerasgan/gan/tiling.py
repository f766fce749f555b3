"""Applies a network of fixed input sizes to images of any size: reflected borders, overlapping tiles."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from kerasgan.files.pictures import to_uint8

__all__ = ["Tiling", "filled", "translate"]

PIXELS = 2**18
SIDE = 512  # of a tile, in pixels of the images
SIDE_OF_OUTPUT = 1024  # of a tile enlarged, for an activation has 64 channels and more there: a quarter of a gigabyte
Network = Callable[[np.ndarray], np.ndarray]


class Tiling(NamedTuple):
    """How large images are cut.

    Args:
        size: side of a tile in pixels; images up to this size are not cut. If not given, 512, or as many as make 1,024
            pixels of the output.
        overlap: pixels that neighboring tiles share, below half of `size`. In the middle half of the overlap the tiles
            are blended. In the quarter next to its border a tile is ignored, because the network lacks the pixels
            beyond. If the receptive field reaches no further than that quarter, the result equals that of the whole
            image.
        batch_size: images or tiles computed at a time, which bounds the memory; as many as make 2^18 pixels of the
            output, at least one, if not given.
        progress: whether to show how many are done.
    """

    size: int | None = None
    overlap: int = 64
    batch_size: int | None = None
    progress: bool = False


def translate(
    network: Network,
    images: np.ndarray,
    tiling: Tiling,
    *,
    multiple: int = 1,
    smallest: int = 1,
    scale: int = 1,
    out: Any = None,
) -> np.ndarray:
    """The network's outputs for images, which are cut into tiles if they are larger than one.

    Args:
        network: (batch, height, width, channels) to (batch, scale * height, scale * width, other channels), for heights
            and widths that are multiples of `multiple`.
        images: float32 (count, height, width, channels), of any size.
        tiling: how they are cut; its size is rounded up to a multiple.
        multiple: what the network's strides need.
        smallest: the smallest height and width that it takes.
        scale: output pixels per input pixel.
        out: float32 or uint8 array of the result's shape, into which rows are written as soon as they are done.

    Returns float32 (count, scale * height, scale * width, other channels), or `out`.

    Raises:
        ValueError: for an overlap that is negative or half a tile and more, or an `out` of another shape or type.
    """
    size = _up(tiling.size or min(SIDE, SIDE_OF_OUTPUT // scale), multiple)
    if not 0 <= 2 * tiling.overlap < size:
        raise ValueError(f"Expected an overlap below half of a tile of {size} pixels. Received: {tiling}")
    height, width = images.shape[1:3]
    area = min(height, size) * min(width, size) * scale**2
    tiling = tiling._replace(size=size, batch_size=tiling.batch_size or max(1, PIXELS // area))
    padded = _reflected(images, *(_up(max(side, smallest), multiple) for side in (height, width)))
    for rows in _done(network, padded, tiling, multiple=multiple, scale=scale):
        shape = len(images), height * scale, width * scale, rows.made.shape[-1]
        out = np.empty(shape, np.float32) if out is None else out
        _write(rows, out, expected=shape)
    return out


def filled(out: Any, made: np.ndarray) -> np.ndarray:
    """Outputs that are all done: they, or `out` with them, as `translate`."""
    if out is not None:
        _write(Rows(0, 0, made), out, expected=made.shape)
    return made if out is None else out


class Rows(NamedTuple):
    """Finished rows of the outputs of images from the `first` on, from the row `top` on; they may go beyond them."""

    first: int
    top: int
    made: np.ndarray


def _done(network: Network, images: np.ndarray, tiling: Tiling, *, multiple: int, scale: int) -> Iterator[Rows]:
    if max(images.shape[1:3]) <= (tiling.size or 0):
        for first, chunk in _chunks(images, tiling.batch_size or 1):
            yield Rows(first, 0, network(chunk))
        return
    for place, image in enumerate(images):
        for top, made in _in_tiles(network, image, tiling, multiple=multiple, scale=scale):
            yield Rows(place, top, made[np.newaxis])


def _write(rows: Rows, out: np.ndarray, *, expected: tuple[int, ...]) -> None:
    if out.shape != expected or out.dtype not in (np.float32, np.uint8):
        received = f"shape={out.shape}, dtype={out.dtype}"
        raise ValueError(f"Expected out to be float32 or uint8 {expected}. Received: {received}")
    part = out[rows.first : rows.first + len(rows.made), rows.top : rows.top + rows.made.shape[1]]
    made = rows.made[:, : part.shape[1], : part.shape[2]]
    part[:] = to_uint8(made) if out.dtype == np.uint8 else made


def _in_tiles(
    network: Network, image: np.ndarray, tiling: Tiling, *, multiple: int, scale: int
) -> Iterator[tuple[int, np.ndarray]]:
    """Rows of the output for one image (height, width, channels) whose sides are multiples, as they are done.

    Yields the first row's place, and the weighted means of the tiles' outputs there. No more than one row of tiles is
    in memory.
    """
    whole = image.shape[:2]
    tile = tuple(min(tiling.size or side, side) for side in whole)
    starts = [_starts(side, tiling, multiple) for side in whole]
    down, across = (_shares(*each, overlap=tiling.overlap, scale=scale) for each in zip(starts, tile, whole))
    strip: Any = None
    for top, after, rows in zip(starts[0], [*starts[0][1:], whole[0]], down):
        for _, chunk in _chunks(list(zip(starts[1], across)), tiling.batch_size or 1):
            outputs = network(np.stack([image[top : top + tile[0], left : left + tile[1]] for left, _ in chunk]))
            if strip is None:
                strip = np.zeros((tile[0] * scale, whole[1] * scale, outputs.shape[-1]), np.float32)
            for (left, columns), output in zip(chunk, outputs):
                strip[:, left * scale : (left + tile[1]) * scale] += np.outer(rows, columns)[..., np.newaxis] * output
        done = (after - top) * scale
        yield top * scale, strip[:done]
        strip = np.concatenate([strip[done:], np.zeros_like(strip[:done])])


def _up(size: int, multiple: int) -> int:
    return -(-size // multiple) * multiple


def _reflected(images: np.ndarray, height: int, width: int) -> np.ndarray:
    """Images padded at the bottom and at the right by reflection."""
    missing = height - images.shape[1], width - images.shape[2]
    return np.pad(images, ((0, 0), (0, missing[0]), (0, missing[1]), (0, 0)), mode="reflect")


def _starts(length: int, tiling: Tiling, multiple: int) -> list[int]:
    """Where tiles begin along one axis: in steps that leave the overlap, aligned with the strides if possible."""
    if length <= tiling.size:
        return [0]
    step = (tiling.size - tiling.overlap) // multiple * multiple or tiling.size - tiling.overlap
    return [*range(0, length - tiling.size, step), length - tiling.size]


def _chunks(rows: Any, count: int) -> Iterator[tuple[int, Any]]:
    for start in range(0, len(rows), count):
        yield start, rows[start : start + count]


def _shares(starts: list[int], side: int, length: int, *, overlap: int, scale: int) -> list[np.ndarray]:
    """The weight of each output row (or column) of every tile, which add up to 1 wherever tiles overlap."""
    ramps = [_ramp(start, side, length, overlap=overlap, scale=scale) for start in starts]
    parts = [slice(start * scale, (start + side) * scale) for start in starts]
    total = np.zeros(length * scale, np.float32)
    for part, ramp in zip(parts, ramps):
        total[part] += ramp
    return [ramp / total[part] for part, ramp in zip(parts, ramps)]


def _ramp(start: int, side: int, length: int, *, overlap: int, scale: int) -> np.ndarray:
    """The weight of each output row (or column) of a tile: 1, less toward borders inside the image."""
    place = np.arange(side * scale, dtype=np.float32) + 0.5
    quarter = max(overlap * scale / 4, 1e-3)
    ramp = np.ones(side * scale, np.float32)
    if start > 0:
        ramp = np.minimum(ramp, (place - quarter) / (2 * quarter))
    if start + side < length:
        ramp = np.minimum(ramp, (side * scale - place - quarter) / (2 * quarter))
    return np.clip(ramp, 1e-6, 1.0)  # not 0: without an overlap no other tile covers the border
