"""Compares a batch of generated images with real ones, in a space small enough to do so during training."""

import functools
import math
from typing import NamedTuple

import numpy as np

__all__ = ["Classes", "Comparison", "Look", "Reference", "apart", "patches_apart", "tiles"]

POOLED = 16  # pixels per side at most: the features describe coarse structure
AXES = 16  # principal axes of the real images, at most
MODES = 10  # clusters of the real images
LOOKED_AT = 128  # images, at most, of which levels and details are measured
PIXELS = 2**18  # of which levels are measured
FAINT = 0.05  # of the range of two: standard deviations are taken for no smaller
FEWEST_TOLD = 50  # images of which two sources can be told
PATCH, PATCHES = 3, 1500  # pixels a side, and how many are compared
LIMIT = 0.99  # from here on a pixel is at the limits of the range from -1 to 1
EQUAL = 1e-3  # of the range of two, root mean square: rounding differs less, two images of a network's more
SPECK = 0.5  # of the range of two: a pixel farther than this from all of its neighbors is a speck
LOOKS = ("levels", "colors", "detail", "clipped", "span", "specks")
FEWEST_ALIKE = 4  # images of a class, real ones and fakes, from which its variance is estimated


class Comparison(NamedTuple):
    """What `Reference.compare` finds.

    diversity: variance of the fakes over that of the real images; 0 if all are the same.
    repeats: share of fakes with a twin among the other fakes.
    duplicates: share of fakes that are equal to another one, whatever they look like.
    distance: Frechet distance of independent axes over the real variance: 0 for the real images, 1 for their mean.
    coverage: share of real images whose cluster gets its share of the fakes; chance costs a few hundredths.
    copies: share of fakes that are nearly one of the real images.
    levels: how far the fakes' pixels are from the real ones, each sorted by value, in standard deviations.
    colors: the same of each channel less the mean of the channels; 0 for a single channel.
    detail: mean squared difference of neighboring pixels over that of the real images: more for noise, less for blur.
    clipped: share of pixels at the limits of the range, less that of the real images.
    span: how many times wider the range of all pixels but a hundredth is in one of both than in the other.
    specks: share of pixels that are much lighter, or much darker, than all of their eight neighbors, less that of the
        real images: impulse noise.
    """

    diversity: float
    repeats: float
    duplicates: float
    distance: float
    coverage: float
    copies: float
    levels: float
    colors: float
    detail: float
    clipped: float
    span: float
    specks: float


class Reference:
    """Real images with which generated ones are compared.

    Args:
        images: float32 (count, height, width, channels) in [-1, 1]; a few hundred are enough.
        seed: seed of the clustering.

    Raises:
        ValueError: for fewer than two images.
    """

    def __init__(self, images: np.ndarray, *, seed: int = 0):
        if images.ndim != 4 or len(images) < 2:
            raise ValueError(
                f"Expected images (count, height, width, channels), at least two. Received: {images.shape}"
            )
        pixels = pooled(images)
        self.mean = pixels.mean(axis=0)
        axes = np.linalg.svd(pixels - self.mean, full_matrices=False)[2]
        self.axes = axes[:AXES].T
        self.pixels = pixels
        self.features = (pixels - self.mean) @ self.axes
        self.spread = self.features.std(axis=0)
        self.variance = float(np.sum(self.spread**2)) + 1e-12
        # Most real images have no neighbor within this distance; images nearer than half of it count as the same image.
        distinct = np.unique(pixels, axis=0)
        self.examples = len(distinct)
        self.twin = 0.5 * float(np.median(nearest(distinct, distinct, skip_itself=True))) if len(distinct) > 1 else 0.0
        self.centers = clusters(self.features, min(MODES, len(pixels) // 2), seed=seed)
        self.shares = self._shares(self.features)
        self.look = Look(images)

    def compare(self, images: np.ndarray) -> Comparison:
        """Compares fakes (count, height, width, channels) in [-1, 1]; NaN in all fields if a pixel is not finite."""
        if not np.isfinite(images).all():
            return Comparison(*[float("nan")] * len(Comparison._fields))
        pixels = pooled(images)
        features = (pixels - self.mean) @ self.axes
        spread, shift = features.std(axis=0), features.mean(axis=0)  # the real mean is the origin
        nearest_other = nearest(pixels, pixels, skip_itself=True)
        return Comparison(
            diversity=float(np.sum(spread**2)) / self.variance,
            repeats=float(np.mean(nearest_other < self.twin)),
            duplicates=float(np.mean(nearest_other < EQUAL * math.sqrt(pixels.shape[1]))),
            distance=float(np.sum(shift**2) + np.sum((spread - self.spread) ** 2)) / self.variance,
            coverage=float(np.minimum(self._shares(features), self.shares).sum()),
            copies=float(np.mean(nearest(pixels, self.pixels) < self.twin)),
            **Look(images).compared_with(self.look),
        )

    def _shares(self, features: np.ndarray) -> np.ndarray:
        chosen = np.argmin(squared_distances(features, self.centers), axis=1)
        return np.bincount(chosen, minlength=len(self.centers)) / len(features)


class Look:
    """What pixels say by themselves: their levels, colors and the differences of neighbors, in full size."""

    def __init__(self, images: np.ndarray):
        images = images[:: 1 + len(images) // LOOKED_AT]
        apart = 1 + math.isqrt(images[..., 0].size // PIXELS)
        few = images[:, ::apart, ::apart].reshape(-1, images.shape[-1]).astype("float32")
        color = few - few.mean(axis=1, keepdims=True)
        shares = np.linspace(0.005, 0.995, 100)
        self.levels, self.colors = np.quantile(few, shares, axis=0), np.quantile(color, shares, axis=0)
        self.spread, self.color_spread = few.std(axis=0).mean(), color.std(axis=0).mean()
        self.clipped = float(np.mean(np.abs(few) > LIMIT))
        self.span = float((self.levels[-1] - self.levels[0]).mean())
        self.specks = _specks(images)
        self.detail = sum(np.mean(np.diff(images, axis=axis) ** 2, dtype="float64") for axis in (1, 2))

    def compared_with(self, real: "Look") -> dict[str, float]:
        levels = np.abs(self.levels - real.levels).mean() / max(real.spread, FAINT)
        colors = np.abs(self.colors - real.colors).mean() / max(real.color_spread, FAINT)
        detail = self.detail / (real.detail + 1e-6)
        narrow, wide = sorted((self.span, real.span))
        found = {"levels": levels, "colors": colors, "detail": detail}
        found |= {"clipped": self.clipped - real.clipped, "specks": self.specks - real.specks}
        return {name: float(value) for name, value in {**found, "span": wide / max(narrow, FAINT)}.items()}


class Classes:
    """Real images by class, with which a class-conditional model's are compared.

    Args:
        reference: the real images.
        labels: their classes, (count,).
    """

    def __init__(self, reference: Reference, labels: np.ndarray):
        self.reference, self.labels = reference, np.asarray(labels)
        self.known, counts = np.unique(self.labels, return_counts=True)
        self.known = self.known[counts >= FEWEST_ALIKE]
        members = [reference.features[self.labels == label] for label in self.known]
        self.centers = np.stack([own.mean(axis=0) for own in members]) if members else np.zeros((0, 0))
        self.variances = [float(own.var(axis=0, ddof=1).sum()) for own in members]
        self.told = self._told(reference.features, self.labels)

    def agreement(self, images: np.ndarray, labels: np.ndarray) -> float:
        """How far fakes resemble their classes: 1 as the real images do, 0 by chance.

        It is the share of images that are nearest to the mean of their own class, less chance. NaN where real images
        do not resemble theirs either, as those of photographs.
        """
        if self.told < 0.3 or not np.isfinite(images).all():
            return np.nan
        return self._told(self._features(images), labels) / self.told

    def least_diverse(self, images: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
        """The variance of fakes within their class over that of its real images, where that is least, and the class.

        Both NaN if no class has enough images.
        """
        features, ratios = self._features(images), [(np.nan, np.nan)]
        for label, variance in zip(self.known, self.variances):
            own = features[labels == label]
            if len(own) >= FEWEST_ALIKE and variance > 0:
                ratios.append((float(own.var(axis=0, ddof=1).sum()) / variance, float(label)))
        return min(ratios[1:], default=ratios[0])

    def _features(self, images: np.ndarray) -> np.ndarray:
        return (pooled(images) - self.reference.mean) @ self.reference.axes

    def _told(self, features: np.ndarray, labels: np.ndarray) -> float:
        there = np.isin(labels, self.known)
        if len(self.known) < 2 or not there.any():
            return 0.0
        nearest_class = self.known[np.argmin(squared_distances(features[there], self.centers), axis=1)]
        chance = 1 / len(self.known)
        return float((np.mean(nearest_class == labels[there]) - chance) / (1 - chance))


def pooled(images: np.ndarray) -> np.ndarray:
    """Images as rows of means over equal tiles, at most POOLED per side."""
    return tiles(images).reshape(len(images), -1)


def tiles(images: np.ndarray) -> np.ndarray:
    """Images of the means over equal tiles, at most POOLED per side."""
    count, height, width, channels = images.shape
    tall, wide = -(-height // POOLED), -(-width // POOLED)
    cut = images[:, : height // tall * tall, : width // wide * wide]
    parts = cut.reshape(count, height // tall, tall, width // wide, wide, channels)
    return parts.mean(axis=(2, 4)).astype("float32")


def squared_distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    squares = np.sum(first**2, axis=1)[:, None] + np.sum(second**2, axis=1)[None] - 2 * first @ second.T
    return squares.clip(min=0)


def nearest(first: np.ndarray, second: np.ndarray, *, skip_itself: bool = False) -> np.ndarray:
    """The distance of each row of `first` to the nearest of `second`."""
    squares = squared_distances(first, second)
    if skip_itself:
        np.fill_diagonal(squares, np.inf)
    return np.sqrt(squares.min(axis=1))


def apart(first: np.ndarray, second: np.ndarray) -> float:
    """How well two sets of rows can be told by their nearest neighbors.

    The share of rows whose nearest other row is of their own set (1610.06545), of the set in which it is the lower: a
    part of the kinds of the other set is not apart. 1 for sets of two kinds, 0.5 for sets of one kind: of sets of
    unequal size the odds are compared with those of chance. Rows that both sets have count as told wrongly. NaN for
    fewer than 50 distinct rows.
    """
    sets = [np.unique(rows, axis=0) for rows in (first, second)]
    if min(map(len, sets)) < FEWEST_TOLD:
        return np.nan
    told = []
    for own, other in (sets, reversed(sets)):
        share = float(np.mean(nearest(own, own, skip_itself=True) < nearest(own, other)))
        chance = (len(own) - 1) / (len(own) + len(other) - 1)
        told.append(share * (1 - chance) / (share * (1 - chance) + (1 - share) * chance))
    return min(told)


def patches_apart(first: np.ndarray, second: np.ndarray) -> float:
    """How well the patches of two sets of images, of three pixels a side in full size, can be told by their neighbors.

    The share whose nearest other patch is of their own set: 0.5 for images of one kind, or less, as patches of the same
    image are not compared; they are alike whatever the kind. Nor are patches that occur twice, such as those of a blank
    background. NaN for fewer than 50 others.
    """
    (rows, images), (others, theirs) = (_patches(each) for each in (first, second))
    count = min(len(rows), len(others))
    if count < FEWEST_TOLD:
        return np.nan
    across, told = squared_distances(rows[:count], others[:count]), []
    for own, sources, axis in ((rows[:count], images[:count], 1), (others[:count], theirs[:count], 0)):
        within = squared_distances(own, own)
        within[sources[:, None] == sources[None]] = np.inf
        told.append(np.mean(within.min(axis=1) < across.min(axis=axis)))
    return float(np.mean(told))


def _patches(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distinct patches as rows, in an order of chance, and the index of the image that each is from."""
    rng, (count, height, width, _) = np.random.default_rng(0), images.shape
    side = min(PATCH, height, width)
    ends = (count, height - side + 1, width - side + 1)
    places = np.stack([rng.integers(0, end, PATCHES) for end in ends], axis=1)
    rows = np.stack([images[i, top : top + side, left : left + side].ravel() for i, top, left in places])
    kept = rng.permutation(np.unique(rows, axis=0, return_index=True)[1])
    return rows[kept], places[kept, 0]


def _specks(images: np.ndarray) -> float:
    """The share of pixels within an image, of each channel by itself, that differ from all neighbors to one side."""
    height, width = images.shape[1:3]
    if min(height, width) < 3:
        return 0.0
    inner = images[:, 1:-1, 1:-1]
    places = [(top, left) for top in range(3) for left in range(3) if (top, left) != (1, 1)]
    around = [images[:, top : top + height - 2, left : left + width - 2] for top, left in places]
    light, dark = functools.reduce(np.maximum, around), functools.reduce(np.minimum, around)
    return float(np.mean((inner > light + SPECK) | (inner < dark - SPECK)))


def clusters(features: np.ndarray, count: int, *, seed: int, iterations: int = 20) -> np.ndarray:
    """Centers (count, dimensions) by k-means, started far from each other (k-means++).

    scikit-learn's k-means starts elsewhere for the same seed, and the doctor's limits were set with these centers.
    """
    generator = np.random.default_rng(seed)
    centers = features[[generator.integers(len(features))]]
    for _ in range(count - 1):
        squares = squared_distances(features, centers).min(axis=1)
        total = squares.sum()
        chances = squares / total if total > 0 else None
        centers = np.concatenate([centers, features[[generator.choice(len(features), p=chances)]]])
    for _ in range(iterations):
        chosen = np.argmin(squared_distances(features, centers), axis=1)
        members = [features[chosen == index] for index in range(count)]
        centers = np.stack([own.mean(axis=0) if len(own) else old for own, old in zip(members, centers)])
    return centers
