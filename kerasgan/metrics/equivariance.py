"""EQ-T and EQ-R: whether a generator's images move and turn as its input does (Karras et al. 2021, 2106.12423)."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from kerasgan.metrics import checks

__all__ = ["rotation_equivariance", "translation_equivariance"]

_LOBES = 3  # of Lanczos' window
_FINER = 4  # samples per pixel between which a rotated image is interpolated linearly
_REACH = 2 * _LOBES  # pixels, of two windows convolved
_RANGE = 64  # pixels, over which sinc functions are convolved


def translation_equivariance(
    generate: Callable[[np.ndarray, np.ndarray], Any],
    latents: Any,
    *,
    fractional: bool = False,
    largest: float = 0.125,
    batch_size: int = 16,
    seed: int = 0,
) -> float:
    """EQ-T: how nearly moving a generator's input moves its images, in decibels (2106.12423, equation 3, appendix E.1).

    The peak signal-to-noise ratio between images that were moved and images that were generated moved, over all pixels
    that both have: 10 log10 of 2^2 over the mean square of their difference. Infinity for none.

    Args:
        generate: (latents, transform) to images (batch, height, width, channels) in [-1, 1]. `transform` (3, 3) is in
            homogeneous coordinates (x, y, 1) with the origin at the image's center and its side as unit: the point p
            of an image shows what is at `transform` p without it, as `StyleGAN3.render` takes it.
        latents: rows (count, ...), or styles; the paper takes 50,000.
        fractional: whether to move by fractions of a pixel too, and the images by Lanczos' filter of three lobes
            (EQ-T_frac, appendix E.2).
        largest: translation along each axis, drawn from -largest to largest, of the image's side.
        batch_size: latents that are moved alike.
        seed: of the translations.

    Raises:
        ValueError: for no latents, settings out of range, or images without a pixel that both have.
    """
    if not 0 < largest < 1:
        raise ValueError(f"Expected a share of the image between 0 and 1. Received: largest={largest}")

    def compared(rng: np.random.Generator, rows: np.ndarray, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        height, width = images.shape[1:3]
        shift = rng.uniform(-largest, largest, 2) * (width, height)
        shift = shift if fractional else np.round(shift)
        moved = checks.array(generate(rows, _matrix(offset=-shift / (width, height)))).astype("float64")
        across, down = (_moved(size, by, fractional) for size, by in zip((width, height), shift))
        expected = np.einsum("ij,bjwc->biwc", down[0], np.einsum("ij,bhjc->bhic", across[0], images))
        return moved - expected, np.outer(down[1], across[1])

    return _decibels(generate, latents, compared, batch_size, seed)


def rotation_equivariance(
    generate: Callable[[np.ndarray, np.ndarray], Any],
    latents: Any,
    *,
    largest: float = 180.0,
    batch_size: int = 16,
    seed: int = 0,
) -> float:
    """EQ-R: how nearly turning a generator's input turns its images, in decibels (2106.12423, appendix E.3).

    As `translation_equivariance`, for rotations about the image's center. An image is turned by the ideal filter for
    what the pixels of both the old and the new image can hold, under Lanczos' windows of three lobes; from the image
    that was generated turned, the same filter removes what the other cannot have.

    Args:
        generate: as of `translation_equivariance`, for square images.
        latents: likewise.
        largest: angle, degrees, drawn from -largest to largest.
        batch_size: latents that are turned alike.
        seed: of the angles.

    Raises:
        ValueError: for no latents, settings out of range, or images that are not square or have fewer than 16 pixels.
    """
    if not 0 < largest <= 180:
        raise ValueError(f"Expected degrees from above 0 to 180. Received: largest={largest}")

    def compared(rng: np.random.Generator, rows: np.ndarray, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if images.shape[1] != images.shape[2] or images.shape[1] < 16:
            raise ValueError(f"Expected square images of 16 pixels or more. Received: images.shape={images.shape}")
        angle = np.deg2rad(rng.uniform(-largest, largest))
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        turned = checks.array(generate(rows, _matrix(linear=turn.T))).astype("float64")
        expected, inside = _turned(images, turn)
        return _filtered(turned, _band_filter(turn.T, 1)) - expected, inside

    return _decibels(generate, latents, compared, batch_size, seed)


def _decibels(
    generate: Callable[..., Any], latents: Any, compared: Callable[..., Any], batch_size: int, seed: int
) -> float:
    rows = checks.array(latents)
    if len(rows) == 0 or batch_size < 1:
        raise ValueError(f"Expected latents, in batches. Received: {len(rows)} latents, batch_size={batch_size}")
    rng = checks.generator(seed)
    squares = values = 0.0
    for part in _parts(rows, batch_size):
        images = checks.array(generate(part, _matrix())).astype("float64")
        if images.ndim != 4:
            raise ValueError(f"Expected images (batch, height, width, channels). Received: shape={images.shape}")
        errors, valid = compared(rng, part, images)
        squares += np.sum(errors**2 * valid[:, :, None])
        values += valid.sum() * len(images) * images.shape[-1]
    if values == 0:
        raise ValueError(f"Expected images with pixels that stay inside. Received: images.shape={images.shape}")
    return float(10 * np.log10(4 * values / squares)) if squares else float("inf")


def _parts(rows: np.ndarray, size: int) -> Iterator[np.ndarray]:
    return (rows[start : start + size] for start in range(0, len(rows), size))


def _matrix(*, linear: Any = None, offset: Any = None) -> np.ndarray:
    matrix = np.eye(3)
    matrix[:2, :2] = matrix[:2, :2] if linear is None else linear
    matrix[:2, 2] = 0 if offset is None else offset
    return matrix.astype("float32")


def _moved(size: int, shift: float, fractional: bool) -> tuple[np.ndarray, np.ndarray]:
    """What moves a row of pixels: a matrix (size, size); and which results are made of existing pixels only."""
    sources = np.arange(size) - shift
    first = np.floor(sources).astype(int) - (_LOBES - 1) if fractional else np.round(sources).astype(int)
    places = first[:, None] + np.arange(2 * _LOBES if fractional else 1)
    weights = np.ones((size, 1))
    if fractional:
        distances = places - sources[:, None]
        weights = np.sinc(distances) * np.sinc(distances / _LOBES)
        weights /= weights.sum(axis=1, keepdims=True)
    exists = (places >= 0) & (places < size)
    matrix = np.zeros((size, size))
    np.add.at(matrix, (np.arange(size)[:, None], places.clip(0, size - 1)), weights * exists)
    return matrix, np.asarray(exists.all(axis=1))


def _band_filter(turn: np.ndarray, finer: int) -> np.ndarray:
    """The filter for signals within the band of the pixels before and after a rotation: odd sizes, square.

    Both bands are squares, and the product of their indicators is, as a filter, the convolution of two sinc functions,
    of which one is turned; likewise the window. Each of the `finer`^2 phases passes a constant unchanged.
    """
    line = np.fft.ifftshift(np.arange(-_RANGE * finer + 1, _RANGE * finer)) / finer
    straight = np.stack(np.meshgrid(line, line))
    tilted = np.einsum("ij,jyx->iyx", turn, straight)

    def both(kernel: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        spectra = [np.fft.rfft2(kernel(x) * kernel(y)) for x, y in (straight, tilted)]
        return np.fft.irfft2(spectra[0] * spectra[1], s=(len(line),) * 2)

    ideal = both(np.sinc)
    window = both(lambda x: np.where(np.abs(x) < _LOBES, np.sinc(x / _LOBES), 0.0))
    middle, reach = len(line) // 2, _REACH * finer - 1
    part = slice(middle - reach, middle + reach + 1)
    found = np.fft.fftshift(ideal * window)[part, part]
    for row in range(finer):
        for column in range(finer):
            found[row::finer, column::finer] /= found[row::finer, column::finer].sum()
    return found


def _filtered(images: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    from scipy.signal import fftconvolve

    return fftconvolve(images, kernel[None, :, :, None], mode="same", axes=(1, 2))


def _turned(images: np.ndarray, turn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Square images turned about their center, and which pixels are made of existing ones only."""
    from scipy.ndimage import map_coordinates

    count, size, _, channels = images.shape
    spread = np.zeros((count, size * _FINER, size * _FINER, channels))
    spread[:, ::_FINER, ::_FINER] = images
    finer = _filtered(spread, _band_filter(turn, _FINER))
    line = np.arange(size) - (size - 1) / 2
    sources = np.einsum("ij,jyx->iyx", turn.T, np.stack(np.meshgrid(line, line))) + (size - 1) / 2
    places = sources[::-1] * _FINER  # rows, then columns
    flat = np.moveaxis(finer, 3, 1).reshape(-1, size * _FINER, size * _FINER)
    turned = np.stack([map_coordinates(each, places, order=1) for each in flat])
    reach = (_REACH * _FINER - 1) / _FINER
    inside = ((sources >= reach) & (sources <= size - 1 - reach)).all(axis=0)
    border = np.zeros((size, size), bool)
    border[_REACH - 1 : 1 - _REACH, _REACH - 1 : 1 - _REACH] = True  # of the other image's filter
    return np.moveaxis(turned.reshape(count, channels, size, size), 1, 3), inside & border
