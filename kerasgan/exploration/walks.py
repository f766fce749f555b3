"""Paths through the latent space: interpolations, walks, vector arithmetic and class grids.

By default none leaves the prior's support. Between two draws of a cube or of a normal prior there are others; between
two categories there are none.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from kerasgan.gan import GAN
    from kerasgan.latents import Prior

__all__ = [
    "arithmetic",
    "class_grid",
    "combine",
    "eased",
    "interpolate",
    "latents_of",
    "linear",
    "loop",
    "path",
    "spherical",
    "walk",
]

METHODS = ("linear", "spherical")


def interpolate(
    gan: "GAN",
    first: Any,
    second: Any,
    *,
    frames: int = 10,
    method: str | None = None,
    labels: Any = None,
    truncation: float = 1.0,
    batch_size: int = 64,
) -> np.ndarray:
    """Images on the path from one latent to another, both ends included.

    Args:
        gan: the model of the latents.
        first: a seed, or a latent (latent_dim,).
        second: likewise.
        frames: number of images, 2 or more.
        method: "linear" or "spherical"; if not given, spherical for a normal prior and linear for others.
        labels: for a class-conditional model: one class for all images, or one for each.
        truncation: as in `gan.generate`.
        batch_size: images computed at a time.

    Raises:
        ValueError: for fewer frames, latents of another size, missing or unknown labels, or a method that would leave
            the prior's support.
    """
    ends = [latents_of(gan, [end] if np.ndim(end) == 0 else np.asarray(end)[None])[0] for end in (first, second)]
    between = path(prior_of(gan), method)(*ends, np.linspace(0, 1, _count(frames, "frames", 2)))
    return _images(gan, between, labels, truncation=truncation, batch_size=batch_size)


def walk(
    gan: "GAN",
    points: Any,
    *,
    frames: int = 60,
    method: str | None = None,
    labels: Any = None,
    truncation: float = 1.0,
    batch_size: int = 64,
) -> np.ndarray:
    """Images on a closed walk through several latents; the first frame follows the last.

    Args:
        gan: the model of the latents.
        points: two or more seeds, or latents (points, latent_dim).
        frames: number of images, at least one for each point.
        method: see `interpolate`.
        labels: for a class-conditional model: one class for all images, or one for each.
        truncation: as in `gan.generate`.
        batch_size: images computed at a time.

    Raises:
        ValueError: for fewer points or frames, and as `interpolate`.
    """
    round_trip = loop(prior_of(gan), latents_of(gan, points, least=2), frames=frames, method=method)
    return _images(gan, round_trip, labels, truncation=truncation, batch_size=batch_size)


def arithmetic(
    gan: "GAN", first: Any, minus: Any, plus: Any, *, labels: Any = None, batch_size: int = 64
) -> np.ndarray:
    """Vector arithmetic on averaged latents: first - minus + plus, as "smiling woman - woman + man" (DCGAN, 6.3.2).

    Args:
        gan: the model of the latents.
        first: the latents of images that show one concept, three in the paper: seeds, or (count, latent_dim).
        minus: likewise; their mean is subtracted.
        plus: likewise; their mean is added.
        labels: for a class-conditional model: one class for all four images, or one for each.
        batch_size: images computed at a time.

    Returns:
        Four images: those of the three means, and that of the result. As in the paper, the result is not normalized: it
        may lie outside a cube from which the prior draws.

    Raises:
        ValueError: as `interpolate`.
    """
    concepts = [latents_of(gan, concept) for concept in (first, minus, plus)]
    path(prior_of(gan), "linear")  # raises for discrete priors
    means = [concept.mean(axis=0) for concept in concepts]
    return _images(gan, np.stack([*means, combine(*concepts)]), labels, batch_size=batch_size)


def class_grid(
    gan: "GAN", rows: int = 4, *, labels: Any = None, seed: int = 0, truncation: float = 1.0, batch_size: int = 64
) -> np.ndarray:
    """The same latents in every class: images row by row, one row for each latent and one column for each class.

    Args:
        gan: a class-conditional model.
        rows: number of latents.
        labels: the columns' classes, as numbers or names; all of them, if not given.
        seed: seed of the latents.
        truncation: as in `gan.generate`.
        batch_size: images computed at a time.

    Raises:
        ValueError: if the model is not class-conditional, or has no such class.
    """
    if gan.num_classes is None:
        raise ValueError(f"Expected a class-conditional model for a class grid. Received: {type(gan).__name__}")
    chosen = range(gan.num_classes) if labels is None else [labels] if np.ndim(labels) == 0 else labels
    classes = list(chosen)
    points = prior_of(gan).draw(_count(rows, "rows"), gan.latent_dim, seed)
    return gan.generate(
        latents=np.repeat(points, len(classes), axis=0),
        labels=classes * rows,
        truncation=truncation,
        batch_size=batch_size,
    )


def linear(first: Any, second: Any, shares: Any) -> np.ndarray:
    """Points on the chord: (1 - share) * first + share * second.

    Args:
        first: (..., latent_dim).
        second: likewise.
        shares: (count,) positions along the chord, from 0 to 1.

    Returns float32 (count, ..., latent_dim).
    """
    first, second, shares = _aligned(first, second, shares)
    return ((1 - shares) * first + shares * second).astype("float32")


def spherical(first: Any, second: Any, shares: Any) -> np.ndarray:
    """Points on the arc: directions turn at constant speed, lengths change linearly.

    For latents of equal length this is sin((1 - share) angle) / sin(angle) first + sin(share angle) / sin(angle)
    second (Shoemake 1985; White 2016, 1609.04468); for others, that formula grows without bound as they come to be
    opposite. Between opposite latents, one of infinitely many half circles is chosen, always the same.

    Arguments and result as those of `linear`.
    """
    first, second, shares = _aligned(first, second, shares)
    lengths = [np.linalg.norm(end, axis=-1, keepdims=True) for end in (first, second)]
    start, end = _unit(first), _unit(second)
    start, end = np.where(lengths[0] > 0, start, end), np.where(lengths[1] > 0, end, start)  # zero has no direction
    angle = 2 * np.arctan2(
        np.linalg.norm(end - start, axis=-1, keepdims=True), np.linalg.norm(end + start, axis=-1, keepdims=True)
    )
    directions = np.cos(shares * angle) * start + np.sin(shares * angle) * _across(start, end)
    return (((1 - shares) * lengths[0] + shares * lengths[1]) * directions).astype("float32")


def eased(shares: Any) -> np.ndarray:
    """(1 - cos(pi share)) / 2: from 0 to 1 without a jerk, slow at both ends and fastest halfway."""
    return (1 - np.cos(np.pi * np.asarray(shares, "float64"))) / 2


def loop(prior: "Prior", points: Any, *, frames: int, method: str | None = None, ease: bool = False) -> np.ndarray:
    """Latents on a closed walk through `points`, with equally many frames between successive points.

    Args:
        prior: the prior of the latents.
        points: (points, ..., latent_dim), two or more.
        frames: at least one for each point.
        method: see `interpolate`.
        ease: whether to slow down at the points, where the direction changes, so that a film has no jerk there.

    Returns float32 (frames, ..., latent_dim), beginning with the first point.

    Raises:
        ValueError: for fewer points or frames, or a method that would leave the prior's support.
    """
    points = np.asarray(points)
    if points.ndim < 2 or len(points) < 2:
        raise ValueError(f"Expected two or more points to walk through. Received: points.shape={points.shape}")
    way = path(prior, method)
    places = np.arange(_count(frames, "frames", len(points))) * len(points) / frames
    shares = [places[places.astype(int) == leg] - leg for leg in range(len(points))]
    legs = [
        way(points[leg], points[(leg + 1) % len(points)], eased(own) if ease else own) for leg, own in enumerate(shares)
    ]
    return np.concatenate(legs)


def combine(first: Any, minus: Any, plus: Any) -> np.ndarray:
    """mean(first) - mean(minus) + mean(plus) of latents (count, latent_dim), as DCGAN's authors: not renormalized."""
    first, minus, plus = (np.asarray(concept, dtype="float64").mean(axis=0) for concept in (first, minus, plus))
    return (first - minus + plus).astype("float32")


def path(prior: "Prior", method: str | None = None) -> Any:
    """`linear` or `spherical`, as given; if not given, the one that suits the prior.

    The parts of a product prior are interpolated side by side; a discrete part, such as an InfoGAN's category, changes
    halfway.

    Raises:
        ValueError: for another method, or one that would leave the prior's support.
    """
    from kerasgan.latents import Product  # it imports Keras; a command line that plans a walk need not

    if isinstance(prior, Product) and any(part.prior.center is not None for part in prior.parts):
        return _side_by_side(prior, method)
    if method is None:
        method = "spherical" if prior.spherical else "linear"
    if method not in METHODS:
        raise ValueError(f"Expected the method to be one of {', '.join(METHODS)}. Received: method={method!r}")
    if method == "spherical" and not prior.spherical:
        raise ValueError(
            f"Expected method='linear': arcs leave the support of this prior. Received: method={method!r}, "
            f"prior={prior.describe()}"
        )
    if method == "linear" and prior.center is None:
        raise ValueError(f"Cannot interpolate: the prior is discrete. Received: prior={prior.describe()}")
    return linear if method == "linear" else spherical


def _side_by_side(prior: Any, method: str | None) -> Any:
    ways = [_switch if part.prior.center is None else path(part.prior, method) for part in prior.parts]

    def way(first: Any, second: Any, shares: Any) -> np.ndarray:
        first, second = np.asarray(first), np.asarray(second)
        parts = [way(first[..., at], second[..., at], shares) for way, at in zip(ways, prior.columns)]
        return np.concatenate(parts, axis=-1)

    return way


def _switch(first: Any, second: Any, shares: Any) -> np.ndarray:
    first, second, shares = _aligned(first, second, shares)
    return np.where(shares < 0.5, first, second).astype("float32")


def _images(gan: "GAN", points: np.ndarray, labels: Any, **options: Any) -> np.ndarray:
    if gan.num_classes is not None and labels is None:
        raise ValueError(f"Expected a class from 0 to {gan.num_classes - 1} for all images. Received: labels=None")
    return gan.generate(latents=points, labels=labels, **options)


def prior_of(gan: "GAN") -> "Prior":
    """The prior of a model's latents. Raises TypeError for a model that translates images, or for what is no model."""
    if not hasattr(gan, "prior"):
        raise TypeError(f"Expected a model, such as kerasgan.load(name) returns. Received: gan={gan!r}")
    if gan.prior is None:
        raise TypeError(f"{type(gan).__name__} takes images as input: use gan.predict(images), or kerasgan translate.")
    return gan.prior


def latents_of(gan: "GAN", points: Any, least: int = 1) -> np.ndarray:
    """Latents (count, latent_dim) of a model, from latents or from seeds (count,).

    Raises:
        ValueError: for fewer than `least`, or latents of another size.
    """
    from kerasgan.latents import given  # it imports Keras; a command line that plans a walk need not

    size = gan.latent_dim  # raises for an image-to-image model
    array = np.asarray(points)
    if array.ndim == 1 and array.dtype.kind in "iu" and len(array) and array.min() >= 0:
        array = np.concatenate([prior_of(gan).draw(1, size, int(seed)) for seed in array])
    if array.ndim != 2 or array.shape[1] != size or len(array) < least:
        expected = f"Expected {least} or more seeds, from 0 on, or latents of shape (count, {size})"
        received = f"{array.tolist()}" if array.ndim < 2 and array.size < 9 else f"an array of shape {array.shape}"
        raise ValueError(f"{expected}. Received: {received}")
    return given(array, size)


def _count(number: Any, name: str, least: int = 1) -> int:
    if not isinstance(number, (int, np.integer)) or number < least:
        raise ValueError(f"Expected a whole number from {least} on. Received: {name}={number!r}")
    return int(number)


def _aligned(first: Any, second: Any, shares: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    first, second = np.asarray(first, dtype="float64"), np.asarray(second, dtype="float64")
    if first.ndim < 1 or first.shape != second.shape:
        expected = "Expected two latents, or two stacks of them, of one shape (..., latent_dim)"
        raise ValueError(f"{expected}. Received: first.shape={first.shape}, second.shape={second.shape}")
    return first, second, np.asarray(shares, dtype="float64").reshape(-1, *[1] * first.ndim)


def _unit(vectors: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1.0)


def _across(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Unit vectors perpendicular to `start` in the plane of `start` and `end`, or any plane if these are parallel."""
    axes = np.eye(start.shape[-1])[np.abs(start).argmin(axis=-1)]  # never parallel to start, but in one dimension
    rest = _rejected(end, start)
    rest = np.where(np.linalg.norm(rest, axis=-1, keepdims=True) > 1e-6, rest, _rejected(axes, start))
    return _unit(_rejected(_unit(rest), start))  # once more: the first time may leave a rounding error of its own size


def _rejected(vectors: np.ndarray, units: np.ndarray) -> np.ndarray:
    return vectors - (vectors * units).sum(axis=-1, keepdims=True) * units
