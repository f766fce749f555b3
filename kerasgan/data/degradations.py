"""Random degradations of photographs as by cameras, screens and the web: blur, resizing, noise and JPEG, twice.

Wang et al.: Real-ESRGAN: Training Real-World Blind Super-Resolution with Pure Synthetic Data, 2021,
https://arxiv.org/abs/2107.10833, with the probabilities and ranges of the authors' options. Images are resized with
antialiasing here, and JPEG is PIL's.
"""

import io
import math
from typing import NamedTuple

import numpy as np
from PIL import Image
from scipy.special import j1

__all__ = ["blur_kernel", "degraded", "sinc_kernel"]

SIZES = range(7, 22, 2)  # of kernels, in pixels
# name: (probability, whether it is isotropic, exponents of the squared distance)
SHAPES = {
    "isotropic": (0.45, True, (1.0, 1.0)),
    "anisotropic": (0.25, False, (1.0, 1.0)),
    "generalized isotropic": (0.12, True, (0.5, 4.0)),
    "generalized anisotropic": (0.03, False, (0.5, 4.0)),
    "plateau isotropic": (0.12, True, (1.0, 2.0)),
    "plateau anisotropic": (0.03, False, (1.0, 2.0)),
}
SINC = 0.1  # probability of a low-pass filter in place of a blur
FINAL_SINC = 0.8
GAUSSIAN = 0.5  # probability of Gaussian noise; otherwise Poisson noise
GRAY = 0.4  # probability of noise that is the same for all colors
QUALITY = (30, 96)  # quality of JPEG, the last one excluded
FILTERS = (Image.Resampling.BOX, Image.Resampling.BILINEAR, Image.Resampling.BICUBIC)


class Stage(NamedTuple):
    """One pass: probabilities of blur, enlarging and shrinking, and ranges of its random numbers."""

    blur: float
    sigma: tuple[float, float]
    enlarge: float
    shrink: float
    scale: tuple[float, float]
    noise: tuple[float, float]
    poisson: tuple[float, float]


FIRST = Stage(1.0, (0.2, 3.0), 0.2, 0.7, (0.15, 1.5), (1.0, 30.0), (0.05, 3.0))
SECOND = Stage(0.8, (0.2, 1.5), 0.3, 0.4, (0.3, 1.2), (1.0, 25.0), (0.05, 2.5))


def degraded(image: np.ndarray, rng: np.random.Generator, *, factor: int) -> np.ndarray:
    """An image (height, width, channels) in [0, 1], smaller by a whole factor and degraded, in 8 bits per color."""
    height, width, _ = image.shape
    small = height // factor, width // factor
    image = _stage(image, rng, FIRST, (height, width))
    image = _stage(image, rng, SECOND, small)
    last = rng.random() < 0.5  # whether JPEG comes last, or before the final resizing
    image = image if last else _compressed(image, rng)
    image = np.clip(_resized(image, small, FILTERS[rng.integers(len(FILTERS))]), 0, 1)
    if rng.random() < FINAL_SINC:
        image = np.clip(_filtered(image, sinc_kernel(_size(rng), rng.uniform(math.pi / 3, math.pi))), 0, 1)
    image = _compressed(image, rng) if last else image
    return np.rint(image * 255) / 255


def _stage(image: np.ndarray, rng: np.random.Generator, stage: Stage, base: tuple[int, int]) -> np.ndarray:
    """Blur, resizing relative to the size `base`, noise, JPEG."""
    if rng.random() < stage.blur:
        image = _filtered(image, _drawn_kernel(rng, stage.sigma))
    choice, (least, most) = rng.random(), stage.scale
    if choice < stage.enlarge:
        scale = rng.uniform(1.0, most)
    else:
        scale = rng.uniform(least, 1.0) if choice < stage.enlarge + stage.shrink else 1.0
    height, width = (max(1, int(side * scale)) for side in base)
    image = np.clip(_resized(image, (height, width), FILTERS[rng.integers(len(FILTERS))]), 0, 1)
    noise = _gaussian_noise if rng.random() < GAUSSIAN else _poisson_noise
    image = np.clip(image + noise(image, rng, stage, gray=rng.random() < GRAY), 0, 1)
    return _compressed(image, rng)


def blur_kernel(
    size: int, sigma: tuple[float, float], angle: float, *, exponent: float = 1.0, plateau: bool = False
) -> np.ndarray:
    """exp(-q^exponent / 2), or with a plateau 1 / (1 + q^exponent), normalized: (size, size).

    q is the squared distance from the center in units of `sigma`, along axes turned by `angle` radians.
    """
    places = np.arange(size) - size // 2
    across, down = np.meshgrid(places, places)
    turned = across * np.cos(angle) + down * np.sin(angle), down * np.cos(angle) - across * np.sin(angle)
    squared = (turned[0] / sigma[0]) ** 2 + (turned[1] / sigma[1]) ** 2
    weights = 1 / (1 + squared**exponent) if plateau else np.exp(-0.5 * squared**exponent)
    return weights / weights.sum()


def sinc_kernel(size: int, cutoff: float) -> np.ndarray:
    """The low-pass filter with a cutoff in radians per pixel, which causes ringing, normalized: (size, size).

    cutoff / (2 pi r) J1(cutoff r), with r the distance from the center.
    """
    places = np.arange(size) - size // 2
    distance = np.hypot(*np.meshgrid(places, places))
    distance[size // 2, size // 2] = 1.0
    weights = cutoff / (2 * math.pi * distance) * j1(cutoff * distance)
    weights[size // 2, size // 2] = cutoff**2 / (4 * math.pi)
    return weights / weights.sum()


def _drawn_kernel(rng: np.random.Generator, sigma: tuple[float, float]) -> np.ndarray:
    size = _size(rng)
    if rng.random() < SINC:
        return sinc_kernel(size, rng.uniform(math.pi / (3 if size < 13 else 5), math.pi))
    name = rng.choice([*SHAPES], p=[shape[0] for shape in SHAPES.values()])
    _, is_round, (least, most) = SHAPES[name]
    first, second = rng.uniform(*sigma, size=2)
    middle = min(max(1.0, least), most)  # half of the exponents are below that of a Gaussian, half above
    exponent = rng.uniform(least, middle) if rng.random() < 0.5 else rng.uniform(middle, most)
    deviations = (first, first) if is_round else (first, second)
    options = {"exponent": exponent, "plateau": name.startswith("plateau")}
    return blur_kernel(size, deviations, rng.uniform(-math.pi, math.pi), **options)


def _size(rng: np.random.Generator) -> int:
    return int(rng.choice(SIZES))


def _filtered(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Convolved; mirrored beyond the border."""
    half = len(kernel) // 2
    padded = np.pad(image, ((half, half), (half, half), (0, 0)), mode="symmetric")
    from scipy.signal import fftconvolve  # with half of SciPy: 0.8 s that no other command needs

    return fftconvolve(padded, kernel[..., np.newaxis], mode="valid", axes=(0, 1))


def _resized(image: np.ndarray, size: tuple[int, int], resample: Image.Resampling) -> np.ndarray:
    planes = [Image.fromarray(np.float32(plane)).resize(size[::-1], resample) for plane in np.moveaxis(image, -1, 0)]
    return np.stack([np.asarray(plane) for plane in planes], axis=-1).astype("float64")


def _gaussian_noise(image: np.ndarray, rng: np.random.Generator, stage: Stage, *, gray: bool) -> np.ndarray:
    deviation = rng.uniform(*stage.noise) / 255
    return deviation * rng.standard_normal((*image.shape[:2], 1 if gray else image.shape[2]))


def _poisson_noise(image: np.ndarray, rng: np.random.Generator, stage: Stage, *, gray: bool) -> np.ndarray:
    """Shot noise of a sensor with as many levels as the image has, rounded up to a power of two."""
    light = np.rint((image.mean(axis=-1, keepdims=True) if gray else image) * 255) / 255
    levels = 2.0 ** math.ceil(math.log2(len(np.unique(light))))
    return rng.uniform(*stage.poisson) * (rng.poisson(light * levels) / levels - light)


def _compressed(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The image after JPEG compression."""
    pixels, file = np.rint(image * 255).astype("uint8"), io.BytesIO()
    picture = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
    picture.save(file, "JPEG", quality=int(rng.integers(*QUALITY)))
    with Image.open(file) as opened:
        return np.asarray(opened).reshape(image.shape) / 255.0
