"""Applies a network of fixed input sizes to images of any size: reflected borders, overlapping tiles."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from kerasgan.files.pictures import to_uint8

__all__ = ["Tiling", "filled", "translate"]

PIXELS = 2**18
SIDE = 512  # of a tile, in pixels of the images
SIDE_OF_OUTPUT = 768  # of a tile enlarged: an activation with 64 channels has 150 MB there
OVERLAP, OVERLAP_ENLARGED = 64, 32
Network = Callable[..., np.ndarray]


class Tiling(NamedTuple):
    """How large images are cut.

    Args:
        size: side of a tile in pixels; images up to this size are not cut. If not given, 512, or as many as make 768
            pixels of the output.
        overlap: pixels that neighboring tiles share, below half of `size`; if not given, 64, or 32 for a network that
            enlarges, or a quarter of a tile that is too small for that. In the middle half of the overlap the tiles are
            blended. In the quarter next to its border a tile is ignored, because the network lacks the pixels beyond.
            If the receptive field reaches no further than that quarter, the result equals that of the whole image.
        batch_size: images or tiles computed at a time, which bounds the memory; as many as make 2^18 pixels of the
            output, at least one, if not given.
        progress: whether to show how many are done.
    """

    size: int | None = None
    overlap: int | None = None
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
    beside: Sequence[np.ndarray] = (),
) -> np.ndarray:
    """The network's outputs for images, which are cut into tiles if they are larger than one.

    Args:
        network: (batch, height, width, channels) to (batch, scale * height, scale * width, other channels), for heights
            and widths that are multiples of `multiple`; its further arguments are rows of `beside`.
        images: float32 (count, height, width, channels), of any size.
        tiling: how they are cut; its size is rounded up to a multiple.
        multiple: what the network's strides need.
        smallest: the smallest height and width that it takes.
        scale: output pixels per input pixel.
        out: float32 or uint8 array of the result's shape, into which rows are written as soon as they are done.
        beside: further inputs of the network, such as labels, each with a row for each image.

    Returns float32 (count, scale * height, scale * width, other channels), or `out`.

    Raises:
        ValueError: for an overlap that is negative or half a tile and more, or an `out` of another shape or type.
    """
    height, width = images.shape[1:3]
    cut = _cut(tiling, (height, width), multiple=multiple, scale=scale)
    padded = _reflected(images, *(_up(max(side, smallest), multiple) for side in (height, width)))
    for rows in _done(network, padded, cut, beside):
        shape = len(images), height * scale, width * scale, rows.made.shape[-1]
        out = np.empty(shape, np.float32) if out is None else out
        _write(rows, out, expected=shape)
    return out


def filled(out: Any, made: np.ndarray) -> np.ndarray:
    """Outputs that are all done: they, or `out` with them, as `translate`."""
    if out is not None:
        _write(Rows(0, 0, made), out, expected=made.shape)
    return made if out is None else out


class Cut(NamedTuple):
    """How images are cut, decided: as `Tiling`, with what the network needs."""

    size: int
    overlap: int
    batch_size: int
    multiple: int
    scale: int


def _cut(tiling: Tiling, sides: tuple[int, int], *, multiple: int, scale: int) -> Cut:
    """For images of this height and width."""
    usual = OVERLAP if scale == 1 else OVERLAP_ENLARGED
    if tiling.size and 2 * usual >= _up(tiling.size, multiple):
        usual = tiling.size // 4
    overlap = usual if tiling.overlap is None else tiling.overlap
    size = _up(tiling.size or max(min(SIDE, SIDE_OF_OUTPUT // scale), 2 * overlap + 1), multiple)
    if not 0 <= 2 * overlap < size:
        raise ValueError(f"Expected an overlap below half of a tile of {size} pixels. Received: overlap={overlap}")
    pixels = math.prod(min(side, size) * scale for side in sides)
    return Cut(size, overlap, tiling.batch_size or max(1, PIXELS // pixels), multiple, scale)


class Rows(NamedTuple):
    """Finished rows of the outputs of images from the `first` on, from the row `top` on; they may go beyond them."""

    first: int
    top: int
    made: np.ndarray


def _done(network: Network, images: np.ndarray, cut: Cut, beside: Sequence[np.ndarray]) -> Iterator[Rows]:
    if max(images.shape[1:3]) <= cut.size:
        for first, chunk in _chunks(images, cut.batch_size):
            yield Rows(first, 0, network(chunk, *(rows[first : first + len(chunk)] for rows in beside)))
        return
    for place, image in enumerate(images):

        def of_image(tiles: np.ndarray, place: int = place) -> np.ndarray:
            return network(tiles, *(rows[[place] * len(tiles)] for rows in beside))

        for top, made in _in_tiles(of_image, image, cut):
            yield Rows(place, top, made[np.newaxis])


def _write(rows: Rows, out: np.ndarray, *, expected: tuple[int, ...]) -> None:
    if out.shape != expected or out.dtype not in (np.float32, np.uint8):
        received = f"shape={out.shape}, dtype={out.dtype}"
        raise ValueError(f"Expected out to be float32 or uint8 {expected}. Received: {received}")
    part = out[rows.first : rows.first + len(rows.made), rows.top : rows.top + rows.made.shape[1]]
    made = rows.made[:, : part.shape[1], : part.shape[2]]
    if out.dtype == np.float32:
        part[:] = made
        return
    for start in range(0, made.shape[1], 64):  # rounding takes several times the memory of what it rounds
        part[:, start : start + 64] = to_uint8(made[:, start : start + 64])


def _in_tiles(network: Network, image: np.ndarray, cut: Cut) -> Iterator[tuple[int, np.ndarray]]:
    """Rows of the output for one image (height, width, channels) whose sides are multiples, as they are done.

    Yields the first row's place, and the weighted means of the tiles' outputs there. No more than one row of tiles is
    in memory.
    """
    whole, scale = image.shape[:2], cut.scale
    tile = tuple(min(cut.size, side) for side in whole)
    starts = [_starts(side, cut) for side in whole]
    down, across = (_shares(*each, cut) for each in zip(starts, tile, whole))
    strip: Any = None
    for top, after, rows in zip(starts[0], [*starts[0][1:], whole[0]], down):
        for _, chunk in _chunks(list(zip(starts[1], across)), cut.batch_size):
            outputs = network(np.stack([image[top : top + tile[0], left : left + tile[1]] for left, _ in chunk]))
            if strip is None:
                strip = np.zeros((tile[0] * scale, whole[1] * scale, outputs.shape[-1]), np.float32)
            for (left, columns), output in zip(chunk, outputs):
                strip[:, left * scale : (left + tile[1]) * scale] += np.outer(rows, columns)[..., np.newaxis] * output
        done = (after - top) * scale
        yield top * scale, strip[:done]
        strip[: len(strip) - done] = strip[done:]
        strip[len(strip) - done :] = 0.0


def _up(size: int, multiple: int) -> int:
    return -(-size // multiple) * multiple


def _reflected(images: np.ndarray, height: int, width: int) -> np.ndarray:
    """Images padded at the bottom and at the right by reflection."""
    missing = height - images.shape[1], width - images.shape[2]
    return np.pad(images, ((0, 0), (0, missing[0]), (0, missing[1]), (0, 0)), mode="reflect")


def _starts(length: int, cut: Cut) -> list[int]:
    """Where tiles begin along one axis: in steps that leave the overlap, aligned with the strides if possible."""
    if length <= cut.size:
        return [0]
    step = (cut.size - cut.overlap) // cut.multiple * cut.multiple or cut.size - cut.overlap
    return [*range(0, length - cut.size, step), length - cut.size]


def _chunks(rows: Any, count: int) -> Iterator[tuple[int, Any]]:
    for start in range(0, len(rows), count):
        yield start, rows[start : start + count]


def _shares(starts: list[int], side: int, length: int, cut: Cut) -> list[np.ndarray]:
    """The weight of each output row (or column) of every tile, which add up to 1 wherever tiles overlap."""
    ramps = [_ramp(start, side, length, overlap=cut.overlap, scale=cut.scale) for start in starts]
    parts = [slice(start * cut.scale, (start + side) * cut.scale) for start in starts]
    total = np.zeros(length * cut.scale, np.float32)
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
