"""Pyramids of sizes, and Laplacian ones: an image as one small image and a band of detail for each larger size.

Burt and Adelson 1983. `down` blurs and decimates by averaging areas, `up` expands by bilinear interpolation between
pixel centers; both are linear, take any ratio of sizes and give the same numbers on every backend. Sizes are listed
from coarse to fine.
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

__all__ = ["Down", "Up", "doublings", "down", "laplacian", "nearest_doublings", "power_below", "reconstruct", "up"]


def doublings(image_size: int | Sequence[int]) -> list[tuple[int, int]]:
    """Heights and widths from a map whose shorter side is 4 to 7 pixels to the image, each twice those before.

    Raises:
        ValueError: if doublings of such a map do not result in `image_size`, which is an int or (height, width).
    """
    height, width = (image_size, image_size) if isinstance(image_size, int) else tuple(image_size)
    count = (min(height, width) // 4).bit_length() - 1
    if count < 1 or height % 2**count or width % 2**count:
        near = nearest_doublings(height) if height == width else "256 or (384, 512)"
        expected = f"a map of 4 to 7 pixels doubled one or more times, such as {near}"
        raise ValueError(f"Expected image_size to be {expected}. Received: image_size={image_size}")
    return [(height >> shift, width >> shift) for shift in range(count, -1, -1)]


def nearest_doublings(image_size: int, *, smallest: int = 8, largest: int = 1024) -> str:
    """The sizes next to a size, below and above, that doublings of a map of 4 to 7 pixels result in, for an error."""
    sizes = [side << count for count in range(1, 10) for side in range(4, 8)]  # in order
    sizes = [size for size in sizes if smallest <= size <= largest]
    below, above = [size for size in sizes if size < image_size], [size for size in sizes if size > image_size]
    return " or ".join(map(str, [*below[-1:], *above[:1]]))


def power_below(size: int) -> int:
    """The largest power of two that is no larger than a size."""
    return 1 << (size.bit_length() - 1)


def down(images: Any, size: int | Sequence[int]) -> Any:
    """Images (batch, height, width, channels) in another size: each pixel the mean of its area.

    `size` is an int or (height, width).
    """
    return _applied(images, size, _area_weights)


def up(images: Any, size: int | Sequence[int]) -> Any:
    """Images (batch, height, width, channels) in another size, as of `down`, bilinear, edges held constant."""
    return _applied(images, size, _linear_weights)


def laplacian(images: Any, sizes: Sequence[int]) -> list[tuple[Any, Any]]:
    """The pairs (band, low-pass) of a pyramid, from coarse to fine; the coarsest is (small image, None).

    I_{k+1} = d(I_k), l_k = u(I_{k+1}), h_k = I_k - l_k (Denton et al. 2015, 1506.05751, section 2.2).

    Args:
        images: (batch, size, size, channels), of the last of the sizes.
        sizes: in pixels, increasing.

    Raises:
        ValueError: if the images are not of the last size.
    """
    if tuple(images.shape[1:3]) != (sizes[-1], sizes[-1]):
        raise ValueError(f"Expected images of {sizes[-1]} pixels. Received: shape={tuple(images.shape)}")
    pairs: list[tuple[Any, Any]] = []
    for size, smaller in zip(sizes[:0:-1], sizes[-2::-1]):
        coarse = down(images, smaller)
        low = up(coarse, size)
        pairs.append((images - low, low))
        images = coarse
    return [(images, None), *pairs[::-1]]


def reconstruct(bands: Sequence[Any]) -> Any:
    """The image of a pyramid's bands, from coarse to fine: I_k = u(I_{k+1}) + h_k, exact but for rounding."""
    image = bands[0]
    for band in bands[1:]:
        image = up(image, band.shape[1]) + band
    return image


def _applied(images: Any, size: int | Sequence[int], weights: Any) -> Any:
    height, width, channels = images.shape[1:]
    rows, columns = (
        ops.cast(weights(length, target), images.dtype) for length, target in zip((height, width), _sides(size))
    )
    lines = ops.matmul(rows, ops.reshape(images, (-1, height, width * channels)))
    return ops.matmul(columns, ops.reshape(lines, (-1, rows.shape[0], width, channels)))


def _sides(size: int | Sequence[int]) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else (size[0], size[1])


def _area_weights(source: int, target: int) -> np.ndarray:
    """(target, source): the share of each source pixel in a target pixel's area."""
    edges, pixels = np.arange(target + 1) * (source / target), np.arange(source)
    overlap = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return (overlap.clip(0) * (target / source)).astype("float32")


def _linear_weights(source: int, target: int) -> np.ndarray:
    """(target, source): weights of the two source pixels whose centers are nearest to a target pixel's center."""
    places = ((np.arange(target) + 0.5) * (source / target) - 0.5).clip(0, source - 1)
    return (1 - np.abs(places[:, None] - np.arange(source))).clip(0).astype("float32")


@keras.saving.register_keras_serializable("kerasgan")
class Down(keras.layers.Layer):
    """`down` as a layer.

    Args:
        size: of the outputs, in pixels, an int or (height, width).
        **options: of `keras.layers.Layer`.
    """

    operator = staticmethod(down)

    def __init__(self, size: int | Sequence[int], **options: Any):
        super().__init__(**options)
        self.size = size if isinstance(size, int) else tuple(size)

    def call(self, images):
        return self.operator(images, self.size)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], *_sides(self.size), input_shape[-1])

    def get_config(self):
        return {**super().get_config(), "size": self.size}


@keras.saving.register_keras_serializable("kerasgan")
class Up(Down):
    """`up` as a layer; arguments as those of `Down`."""

    operator = staticmethod(up)
