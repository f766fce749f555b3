"""Applies a network of fixed input sizes to images of any size: reflected borders, overlapping tiles."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Tiling", "translate"]

PIXELS = 2**18
Network = Callable[[np.ndarray], np.ndarray]


class Tiling(NamedTuple):
    """How large images are cut.

    Args:
        size: side of a tile in pixels; images up to this size are not cut.
        overlap: pixels that neighboring tiles share, below half of `size`. In the middle half of the overlap the tiles
            are blended. In the quarter next to its border a tile is ignored, because the network lacks the pixels
            beyond. If the receptive field reaches no further than that quarter, the result equals that of the whole
            image.
        batch_size: images or tiles computed at a time, which bounds the memory; as many as make 2^18 pixels, at least
            one, if not given.
        progress: whether to show how many are done.
    """

    size: int = 512
    overlap: int = 64
    batch_size: int | None = None
    progress: bool = False


def translate(
    network: Network, images: np.ndarray, tiling: Tiling, *, multiple: int = 1, smallest: int = 1, scale: int = 1
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

    Returns float32 (count, scale * height, scale * width, other channels).

    Raises:
        ValueError: for an overlap that is negative or half a tile and more.
    """
    size = _up(tiling.size, multiple)
    if not 0 <= 2 * tiling.overlap < size:
        raise ValueError(f"Expected an overlap below half of a tile of {size} pixels. Received: {tiling}")
    height, width = images.shape[1:3]
    count = tiling.batch_size or max(1, PIXELS // (min(height, size) * min(width, size)))
    padded = _reflected(images, *(_up(max(side, smallest), multiple) for side in (height, width)))
    if max(height, width) <= size:
        made = np.concatenate([network(chunk) for chunk in _chunks(padded, count)])
    else:
        tiling = tiling._replace(size=size, batch_size=count)
        made = np.stack([_in_tiles(network, image, tiling, multiple=multiple, scale=scale) for image in padded])
    return made[:, : height * scale, : width * scale]


def _in_tiles(network: Network, image: np.ndarray, tiling: Tiling, *, multiple: int, scale: int) -> np.ndarray:
    """One image (height, width, channels) whose sides are multiples: the weighted mean of the tiles' outputs."""
    whole = image.shape[:2]
    tile = tuple(min(tiling.size, side) for side in whole)
    places = list(itertools.product(*(_starts(side, tiling, multiple) for side in whole)))
    total, weights = np.zeros(1, np.float32), np.zeros((whole[0] * scale, whole[1] * scale, 1), np.float32)
    for chunk in _chunks(places, tiling.batch_size or 1):
        outputs = network(np.stack([image[top : top + tile[0], left : left + tile[1]] for top, left in chunk]))
        if total.ndim == 1:
            total = np.zeros((*weights.shape[:2], outputs.shape[-1]), np.float32)
        for (top, left), output in zip(chunk, outputs):
            sides = zip((top, left), tile, whole)
            ramps = [_ramp(*side, overlap=tiling.overlap, scale=scale) for side in sides]
            weight = np.outer(*ramps)[..., np.newaxis]
            part = np.s_[top * scale : (top + tile[0]) * scale, left * scale : (left + tile[1]) * scale]
            total[part] += weight * output
            weights[part] += weight
    return total / weights


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


def _chunks(rows: Any, count: int) -> Iterator[Any]:
    for start in range(0, len(rows), count):
        yield rows[start : start + count]


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
