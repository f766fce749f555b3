"""Inputs computed from targets: edges of photos, halftone, gray, small, blurred or degraded photos, strokes in ink,
pictures with holes, label maps.

A model learns to invert a derivation. It is a function of images (batch, height, width, channels), float32 in [-1, 1],
to inputs of the same range. A target always has the same input: random numbers, such as noise, are drawn from a seed
and the target's own pixels.
"""

import inspect
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from kerasgan.data import blur, degradations, holes, regions
from kerasgan.data.decoding import resized
from kerasgan.data.memory import arrays
from kerasgan.data.pairs import domain_seed
from kerasgan.data.sources import ArrayReader, Batching, Indexed, Source, SourceInfo, scaled
from kerasgan.data.translation import Images, Pairs, Unpaired, first_pairs
from kerasgan.names import resolve

__all__ = ["derivation", "derive_pairs", "names", "register", "unpair"]

Derivation = Callable[[np.ndarray], np.ndarray]
LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601
BAYER = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]], np.float32)
PAPER, INK = (np.array(rgb, np.float32) / 127.5 - 1 for rgb in ((250, 240, 215), (30, 55, 150)))
_DERIVATIONS: dict[str, Callable[..., np.ndarray]] = {}


def register(function: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """Registers a function of images, and of keyword arguments, under its name for `derivation`."""
    _DERIVATIONS[function.__name__] = function
    return function


def names() -> list[str]:
    """The names that `derivation` accepts, sorted."""
    return sorted(_DERIVATIONS)


def derivation(how: "str | Mapping[str, Any] | Derivation") -> Derivation:
    """A derivation from its name, from `{"name": "shrunk", "factor": 4}`, or as it is.

    Raises:
        ValueError: for an unknown name (the message lists the nearest ones), or unknown arguments.
    """
    if callable(how):
        return how
    settings = dict(how) if isinstance(how, Mapping) else {"name": how}
    name = resolve(settings.pop("name", None), names(), expected="a derivation", received=f"derive={how!r}")
    function = _DERIVATIONS[name]
    known = inspect.signature(function).parameters.keys()
    if unknown := settings.keys() - known:
        raise ValueError(f"Expected arguments of {name}: {', '.join(known)}. Received: {', '.join(sorted(unknown))}")
    return lambda images: function(images, **settings)


@register
def unchanged(images: np.ndarray) -> np.ndarray:
    """The images themselves; for models that lose information elsewhere, such as in a network's features."""
    return images


@register
def gray(images: np.ndarray) -> np.ndarray:
    """The luminance, one channel."""
    return images if images.shape[-1] == 1 else (images[..., :3] @ LUMA)[..., np.newaxis]


@register
def blurred(
    images: np.ndarray,
    *,
    kernels: Sequence[Any] = ({"name": "gaussian", "sigma": 1.0},),
    noise: float = 0.01,
    seed: int = 0,
    estimate: bool = False,
) -> np.ndarray:
    """Blurred by a kernel, with noise: clip(k * x + n).

    Args:
        images: images to blur, mirrored beyond their borders.
        kernels: arrays or tables, as in `kerasgan.data.blur.kernel`; one of them is drawn for each image.
        noise: standard deviation of n, for images in [0, 1].
        seed: seed of kernels and noise.
        estimate: whether to append Wiener's two estimates, which use the true kernel and noise, as further channels;
            see `kerasgan.data.blur.estimates`.

    Raises:
        ValueError: for a kernel that is larger than the images.
    """
    made = []
    for image in images:
        rng = _chance(image, seed)
        weights = blur.kernel(kernels[int(rng.integers(len(kernels)))], rng)
        noisy = blur.blurred(image[np.newaxis], weights) + 2 * noise * rng.standard_normal(image.shape)
        noisy = np.clip(noisy, -1, 1).astype(np.float32)
        both = [noisy, blur.estimates(noisy, weights, noise)] if estimate else [noisy]
        made.append(np.concatenate(both, axis=-1)[0])
    return np.stack(made)


@register
def edges(images: np.ndarray, *, strength: float = 1.0) -> np.ndarray:
    """Dark lines on white where the luminance is steep: 1 - 2 min(1, strength * Sobel's gradient / 2), one channel."""
    padded = np.pad(gray(images)[..., 0], ((0, 0), (1, 1), (1, 1)), mode="reflect")
    smooth = (padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]) / 4
    across = smooth[:, :, 2:] - smooth[:, :, :-2]
    smooth = (padded[:, :, :-2] + 2 * padded[:, :, 1:-1] + padded[:, :, 2:]) / 4
    down = smooth[:, 2:] - smooth[:, :-2]
    return (1 - 2 * np.minimum(1, strength * np.hypot(across, down) / 2))[..., np.newaxis].astype(np.float32)


@register
def halftone(images: np.ndarray) -> np.ndarray:
    """Each color of each pixel black or white: Bayer's ordered dithering with thresholds in cells of 4 x 4 (1973)."""
    repeats = -(-images.shape[1] // 4), -(-images.shape[2] // 4)
    thresholds = np.tile((BAYER + 0.5) / 8 - 1, repeats)[: images.shape[1], : images.shape[2], np.newaxis]
    return np.where(images > thresholds, 1, -1).astype(np.float32)


@register
def hole(images: np.ndarray, *, shape: str = "center", share: float = 0.5, seed: int = 0) -> np.ndarray:
    """With a hole, gray and transparent: alpha is a further channel, -1 in the hole and 1 elsewhere.

    Args:
        images: pictures.
        shape: "center", "square", "strokes" or "mixed": see `kerasgan.data.holes.drawn`.
        share: side of the square as a share of each side of the picture.
        seed: seed of the holes.

    Raises:
        ValueError: for another shape.
    """
    drawn = [holes.drawn(shape, image.shape[:2], _chance(image, seed), share=share) for image in images]
    return holes.with_hole(images, np.stack(drawn))


@register
def inked(images: np.ndarray) -> np.ndarray:
    """White strokes on black as blue ink on cream paper, bleeding a little into the paper: RGB.

    The ink's share of a pixel is min(1, 1.6 (s / 2 + the sum of its neighbors' s / 8)), with s from 0, black, to 1.
    """
    strokes = np.pad((gray(images)[..., 0] + 1) / 2, ((0, 0), (1, 1), (1, 1)))
    around = strokes[:, :-2, 1:-1] + strokes[:, 2:, 1:-1] + strokes[:, 1:-1, :-2] + strokes[:, 1:-1, 2:]
    share = np.minimum(1, 1.6 * (strokes[:, 1:-1, 1:-1] / 2 + around / 8))[..., np.newaxis]
    return ((1 - share) * PAPER + share * INK).astype(np.float32)


@register
def painted(
    images: np.ndarray,
    *,
    palette: Sequence[Sequence[int]] = regions.OPENMOJI,
    ink: int | None = None,
    smooth: float = 0.0,
) -> np.ndarray:
    """As if painted with a few colors: label maps in the colors of a palette, RGB.

    Args:
        images: RGB.
        palette: colors of the labels, from 0 to 255; OpenMoji's, of which 1 is the ink, if not given.
        ink: place in the palette of the color of lines, which are left out: the regions beside them grow together.
        smooth: standard deviation of a Gaussian in pixels, by which images are blurred first.

    Raises:
        ValueError: for a palette of other than three channels, or an ink that is not in it.
    """
    colors = regions.checked(palette, ink)
    labels = regions.labels(images, colors, ink=ink, smooth=smooth)
    return (colors / 127.5 - 1).astype(np.float32)[labels]


@register
def shrunk(images: np.ndarray, *, factor: int = 4) -> np.ndarray:
    """Smaller by a whole factor, with PIL's antialiased bicubic filter, which equals that of MATLAB's `imresize`."""
    return resized(images, size=_divided(images, factor), crop="stretch")


@register
def degraded(images: np.ndarray, *, factor: int = 4, seed: int = 0) -> np.ndarray:
    """Smaller by a whole factor, and degraded like photographs from the web: see `kerasgan.data.degradations`."""
    _divided(images, factor)
    made = [degradations.degraded((image + 1.0) / 2, _chance(image, seed), factor=factor) for image in images]
    return (2 * np.stack(made) - 1).astype(np.float32)


def _chance(image: np.ndarray, seed: int) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(image.tobytes())])


def _divided(images: np.ndarray, factor: int) -> tuple[int, int]:
    height, width = images.shape[1:3]
    if factor < 1 or height % factor or width % factor:
        raise ValueError(f"Expected a whole factor of {height} and {width} pixels. Received: factor={factor!r}")
    return height // factor, width // factor


def derive_pairs(images: Any, how: Any, **order: Any) -> Pairs:
    """Pairs whose inputs are derived from their targets.

    Args:
        images: the targets: a source of `kerasgan.data`, of pairs too, or an array.
        how: a name (`kerasgan.data.derivations.names()`), a mapping with a name and arguments, or a function of
            float32 images (batch, height, width, channels) in [-1, 1].
        **order: for an array: batch_size=64, seed=0, shuffle=True, flip=False, drop_remainder=True.

    Raises:
        ValueError: for an unknown derivation.
    """
    derive = derivation(how)
    source = images if isinstance(images, Source) else arrays(images, **order)
    if isinstance(source, Pairs):  # others are derived from the targets in the place of its inputs
        parted, source = source.split, source.source
    else:
        parted = None

    def split(images: np.ndarray) -> Images:
        targets = images if parted is None else parted(images)[1]
        return derive(targets), targets

    return Pairs(source, split)


def unpair(pairs: Pairs) -> Unpaired:
    """Two domains without a common image: the inputs of the even pairs, and the targets of the odd ones.

    The true mapping between them is known, but not used in training: outputs for held-out inputs can be compared with
    their targets, which is impossible for two unrelated domains.

    Raises:
        ValueError: for fewer than two pairs.
    """
    inputs, targets = first_pairs(pairs.in_order(), pairs.count or 0)
    if len(targets) < 2:
        raise ValueError(f"Expected at least two pairs. Received: {len(targets)} in {pairs.name}")
    sides = []
    for stream, (kind, images) in enumerate((("inputs", inputs[::2]), ("targets", targets[1::2]))):
        info = SourceInfo(f"{pairs.name}/{kind}", images.shape[1:], len(images))
        order = Batching(
            batch_size=pairs.batch_size,
            seed=domain_seed(pairs.order.seed, stream),
            shuffle=pairs.order.shuffle,
            flip=pairs.order.flip,
        )
        sides.append(Indexed(info, order, ArrayReader(scaled(images))))
    return Unpaired(*sides)
