"""The geometric half of ADA's pipe: pixel blitting, and affine transformations that are resampled without aliasing.

Karras et al. 2020 (2006.06676), appendix B. Blitting takes pixels as they are. The other transformations of an image
are one matrix: the image is doubled with the wavelet sym6, sampled bilinearly at the places where the transformed
pixels come from, and halved with the same wavelet reversed, which undoes the doubling. Outside there are mirror images.
Deviation: mirrored are the doubled images instead of the images before, which differs little.
"""

import math
from typing import Any

import numpy as np
from keras import ops

from kerasgan.augment.scheme import Draws
from kerasgan.layers.resampling import fir_padding, fir_resample

__all__ = ["SYM6", "affine_matrix", "blit", "blit_matrix", "transform"]

SYM6 = np.array(  # the least asymmetric of Daubechies' wavelets with 12 taps, scaled to a sum of 1
    [
        0.015404109327027373,
        0.0034907120842174702,
        -0.11799011114819057,
        -0.048311742585633,
        0.4910559419267466,
        0.787641141030194,
        0.3379294217276218,
        -0.07263752278646252,
        -0.021060292512300564,
        0.04472490177066578,
        0.0017677118642428036,
        -0.007800708325034148,
    ]
) / math.sqrt(2)
MARGIN = 3  # pixels: half of the wavelet, which is 12 pixels of the doubled image long
# Places of a doubled image's pixels lie that much, in pixels of the image, beside those of a symmetric filter's.
DELAY = ((len(SYM6) - 1) / 2 - float(np.arange(len(SYM6)) @ SYM6)) / 2


def blit_matrix(draws: Draws, size: tuple[int, int], strength: float) -> Any:
    """Mirroring, quarter turns and whole-pixel translation by up to an eighth of the size, as `affine_matrix`."""
    height, width = size
    inverse = _scaling(draws.chosen(1.0 - 2.0 * draws.below(2), 1.0, strength), 1.0)
    inverse = inverse @ _rotation(-0.5 * math.pi * draws.chosen(draws.below(4), 0.0, strength))
    moved = draws.chosen(1.0, 0.0, strength)  # both directions come together or not at all
    return inverse @ _translation(*(moved * ops.round(draws.uniform(-1, 1) * n / 8) for n in (width, height)))


def affine_matrix(draws: Draws, size: tuple[int, int], strength: float) -> Any:
    """Scaling, rotation, stretching and translation: (batch, 3, 3), from a place (x, y, 1) to the one it comes from.

    Args:
        draws: of the batch.
        size: height and width; places are in pixels from the center.
        strength: factor of the probability.
    """
    height, width = size
    scale = draws.chosen(2.0 ** draws.normal(0.2), 1.0, strength)
    inverse = _scaling(scale, scale)
    # Two rotations, before and after stretching, of which either happens with the probability of one (appendix B).
    either = 1.0 - ops.sqrt(1.0 - ops.minimum(strength * draws.probability, 1.0))
    inverse = inverse @ _rotation(draws.taken(draws.uniform(-math.pi, math.pi), 0.0, either))
    stretch = draws.chosen(2.0 ** draws.normal(0.2), 1.0, strength)
    inverse = inverse @ _scaling(stretch, 1.0 / stretch)
    inverse = inverse @ _rotation(draws.taken(draws.uniform(-math.pi, math.pi), 0.0, either))
    moved = draws.chosen(1.0, 0.0, strength)
    return inverse @ _translation(*(moved * draws.normal(0.125) * n for n in (width, height)))


def _matrix(*rows: tuple[Any, Any, Any]) -> Any:
    like = next(entry for row in rows for entry in row if not isinstance(entry, float))
    return ops.stack([ops.stack([ops.zeros_like(like) + entry for entry in row], axis=-1) for row in rows], axis=-2)


def _scaling(x: Any, y: Any) -> Any:
    return _matrix((x, 0.0, 0.0), (0.0, y, 0.0), (0.0, 0.0, 1.0))


def _rotation(angle: Any) -> Any:
    cosine, sine = ops.cos(angle), ops.sin(angle)
    return _matrix((cosine, -sine, 0.0), (sine, cosine, 0.0), (0.0, 0.0, 1.0))


def _translation(x: Any, y: Any) -> Any:
    return _matrix((1.0, 0.0, x), (0.0, 1.0, y), (0.0, 0.0, 1.0))


def blit(images: Any, inverse: Any) -> Any:
    """The images (batch, height, width, channels), each pixel taken from where its matrix says."""
    height, width = images.shape[1:3]
    y, x = ((np.arange(length) + 0.5) - length / 2 for length in (height, width))
    rows, columns = _sources(inverse, y, x)
    rows, columns = (ops.round(_mirrored(places, n)) for places, n in ((rows, height), (columns, width)))
    return _taken(images, ops.cast(rows, "int32") * width + ops.cast(columns, "int32"))


def transform(images: Any, inverse: Any) -> Any:
    """The transformed images; those whose matrix is the identity are returned unchanged.

    Args:
        images: (batch, height, width, channels), at least 4 x 4 pixels.
        inverse: see `affine_matrix`.
    """
    height, width = images.shape[1:3]
    padded = ops.pad(images, [(0, 0), (MARGIN, MARGIN), (MARGIN, MARGIN), (0, 0)], mode="reflect")
    doubled = fir_resample(padded, SYM6, up=2, gain=4.0)
    rows, columns = _sources(inverse, _places(height), _places(width))
    sampled = _bilinear(doubled, _doubled(rows, height), _doubled(columns, width))
    before, after = fir_padding(len(SYM6), down=2)
    changed = fir_resample(sampled, SYM6[::-1], down=2, padding=(before - 2 * MARGIN, after - 2 * MARGIN))
    same = ops.all(inverse == ops.eye(3, dtype="float32"), axis=(1, 2))
    return ops.where(same[:, None, None, None], images, changed)


def _places(length: int) -> np.ndarray:
    """Pixels of a doubled image with margins, as places relative to the center in pixels of the image."""
    return (np.arange(2 * (length + 2 * MARGIN)) + 0.5) / 2 + DELAY - MARGIN - length / 2


def _doubled(places: Any, length: int) -> Any:
    """Places relative to the center as indices into the doubled and padded image, within it."""
    indices = 2.0 * (_mirrored(places, length) + 0.5 + MARGIN - DELAY) - 0.5
    return ops.clip(indices, 0.0, 2.0 * (length + 2 * MARGIN) - 1.001)


def _sources(inverse: Any, y: np.ndarray, x: np.ndarray) -> tuple[Any, Any]:
    """Rows and columns (batch, height', width') that the places y and x, all relative to the center, come from."""
    across = ops.convert_to_tensor(x[None, None], "float32")
    down = ops.convert_to_tensor(y[None, :, None], "float32")
    a, b, c, d, e, f = (inverse[:, row, column, None, None] for row in (0, 1) for column in (0, 1, 2))
    return d * across + e * down + f, a * across + b * down + c


def _mirrored(places: Any, length: int) -> Any:
    """Places relative to the center as indices into an axis, mirrored at its outer pixels."""
    last = length - 1.0
    return last - ops.abs(ops.mod(places + last / 2, 2 * last) - last)


def _bilinear(images: Any, rows: Any, columns: Any) -> Any:
    """The images at fractional rows and columns (batch, height', width')."""
    width = images.shape[2]
    row, column = ops.floor(rows), ops.floor(columns)
    down, right = (rows - row)[..., None], (columns - column)[..., None]
    corner = ops.cast(row, "int32") * width + ops.cast(column, "int32")
    upper = _taken(images, corner) * (1.0 - right) + _taken(images, corner + 1) * right
    lower = _taken(images, corner + width) * (1.0 - right) + _taken(images, corner + width + 1) * right
    return upper * (1.0 - down) + lower * down


def _taken(images: Any, indices: Any) -> Any:
    """Pixels (batch, height', width', channels) at indices (batch, height', width') into each flattened image."""
    height, width, channels = images.shape[1:]
    flat = ops.reshape(images, (-1, height * width, channels))
    taken = ops.take_along_axis(flat, ops.reshape(indices, (-1, indices.shape[1] * indices.shape[2], 1)), axis=1)
    return ops.reshape(taken, (-1, *indices.shape[1:], channels))
