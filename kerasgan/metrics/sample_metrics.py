"""Metrics of what a GAN generates, for `gan.compile(metrics=[...])`: `fit` computes them while it trains.

They say what to generate, how often, and how to compare it with real images; `kerasgan.gan.measuring` does the work.
"""

import difflib
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from kerasgan.metrics import checks
from kerasgan.metrics.features import FeatureNetwork, feature_network
from kerasgan.metrics.frechet import Moments, frechet_distance
from kerasgan.metrics.kernel import mmd2
from kerasgan.metrics.pair_scores import pair_scores

__all__ = ["Diversity", "FrechetDistance", "KernelDistance", "PairScore", "SampleMetric", "get", "names"]

MOST_REALS = 10_000  # real images that are compared, at most: their features are computed once


class SampleMetric:
    """A metric that `fit` computes of images from the same latents each time, between two steps.

    Its value is in the logs of `fit` at the end of each epoch, so that Keras' `ModelCheckpoint(monitor=...)` and
    `EarlyStopping` can use it, and after every `every` steps in the logs of that batch. It changes nothing of the
    training.

    Args:
        every: discriminator steps from one measurement to the next, besides those at the ends of epochs.
        samples: number of generated images.
        data: what to compare with, such as held-out images: whatever `fit` accepts; the data of `fit` if not given.
        labels: the labels of `data`, if it is an array and the model is class-conditional.
        seed: seed of the latents.
        at_epoch_ends: False for measurements every `every` steps alone, where epochs are short.
        name: the name in the logs.

    Raises:
        ValueError: for numbers out of range, or without any occasion to measure.
    """

    larger_is_better = False
    of_pairs = False
    """Whether it compares outputs with the targets of the same inputs, of an image-to-image model."""

    def __init__(
        self,
        *,
        name: str,
        every: int | None = None,
        samples: int = 1000,
        data: Any = None,
        labels: Any = None,
        seed: int = 0,
        at_epoch_ends: bool = True,
    ) -> None:
        if every is None and not at_epoch_ends:
            raise ValueError("Expected every=STEPS without the ends of epochs. Received: every=None")
        self.name, self.data, self.labels, self.at_epoch_ends = name, data, labels, at_epoch_ends
        self.every = None if every is None else checks.integer(every, name="every")
        self.samples = checks.integer(samples, name="samples", least=2)
        self.seed = checks.integer(seed, name="seed", least=0)
        self.compared: Any = None  # the data whose images, or pairs, it has got from `fit`
        self.classes: Any = None  # the classes to generate
        self.pairs: Any = None

    @property
    def worst(self) -> float:
        """The value of images that are not finite."""
        return -math.inf if self.larger_is_better else math.inf

    def better(self, value: float, than: float | None) -> bool:
        """Whether a value is better than another, of which None is the worst; NaN and infinity never are."""
        if not math.isfinite(value):
            return False
        return than is None or (value > than if self.larger_is_better else value < than)

    def get_config(self) -> dict[str, Any] | None:
        """The arguments of `get` for this metric; None if it depends on arrays or functions, which no file keeps."""
        if self.data is not None or type(self) not in _KINDS.values():
            return None
        own = {"every": self.every, "samples": self.samples, "seed": self.seed, "at_epoch_ends": self.at_epoch_ends}
        kind = next(name for name, kind in _KINDS.items() if type(self) is kind)
        return {"name": kind, "title": self.name, **own}


class FeatureMetric(SampleMetric):
    """A `SampleMetric` that compares features of generated and of real images.

    Args:
        features: a name of `kerasgan.metrics.features.FEATURES` ("thumbnails", "pixels", "digits", "stacked-digits",
            "fashion", "emoji"), a `FeatureNetwork`, or a callable from images (count, height, width, channels),
            uint8 or in [-1, 1], to (count, dimensions), such as `kerasgan.metrics.inception.inception_features(...)`.
        **options: of `SampleMetric`.
    """

    def __init__(self, features: "str | FeatureNetwork | Callable[[Any], Any]" = "thumbnails", **options: Any) -> None:
        super().__init__(**options)
        self.features_name = features if isinstance(features, str) else getattr(features, "name", None)
        self._named = isinstance(features, str)
        if isinstance(features, str) and features.startswith("inception"):
            network = "kerasgan.metrics.inception.inception_features(kerasgan.checkpoints.inception.load()[0])"
            raise ValueError(f"Expected {network}, which has to be downloaded. Received: features={features!r}")
        if isinstance(features, str | FeatureNetwork):
            features = feature_network(features).features
        if not callable(features):
            raise TypeError(f"Expected the name of features, or a callable. Received: features={features!r}")
        self.features: Callable[[Any], Any] = features
        self.reals: Any = None

    def get_config(self) -> dict[str, Any] | None:
        config = super().get_config()
        return {**config, "features": self.features_name} if config is not None and self._named else None

    def compare_with(self, real: Iterable[np.ndarray]) -> None:
        """Computes what the metric needs of the real images, in batches of features (count, dimensions)."""
        raise TypeError(f"{type(self).__name__} must define `compare_with`.")

    def measure(self, fake: Iterable[np.ndarray]) -> float:
        """The metric's value for generated images, in batches of features."""
        raise TypeError(f"{type(self).__name__} must define `measure`.")


class FrechetDistance(FeatureMetric):
    """The Fréchet distance of `kerasgan.metrics.frechet_distance` while a GAN trains; less is better.

    It grows with fewer `samples`, so that values compare at equal numbers.

    Args:
        features: the features by which images are compared: "thumbnails", "pixels", "digits", "stacked-digits",
            "fashion" or "emoji"; or a callable from images (count, height, width, channels), uint8 or in [-1, 1], to
            features (count, dimensions), such as `kerasgan.checkpoints.inception.features()`.
        **options: every, samples, data, labels, seed, at_epoch_ends: see `SampleMetric`.
    """

    def __init__(self, features: Any = "thumbnails", *, name: str = "frechet_distance", **options: Any) -> None:
        super().__init__(features, name=name, **options)

    def compare_with(self, real: Iterable[np.ndarray]) -> None:
        self.reals = _moments(real)

    def measure(self, fake: Iterable[np.ndarray]) -> float:
        return frechet_distance(_moments(fake), self.reals)


class KernelDistance(FeatureMetric):
    """KID while a GAN trains, `kerasgan.metrics.mmd2` over all pairs of up to 5,000 images; less is better.

    Args:
        features: the features by which images are compared: "thumbnails", "pixels", "digits", "stacked-digits",
            "fashion" or "emoji"; or a callable from images (count, height, width, channels), uint8 or in [-1, 1], to
            features (count, dimensions), such as `kerasgan.checkpoints.inception.features()`.
        **options: every, samples, data, labels, seed, at_epoch_ends: see `SampleMetric`.
    """

    def __init__(self, features: Any = "thumbnails", *, name: str = "kernel_distance", **options: Any) -> None:
        super().__init__(features, name=name, **options)

    def compare_with(self, real: Iterable[np.ndarray]) -> None:
        rows = np.concatenate([*real])
        chosen = np.linspace(0, len(rows) - 1, min(len(rows), 5000)).astype(int)
        self.reals = rows[chosen]

    def measure(self, fake: Iterable[np.ndarray]) -> float:
        return mmd2(np.concatenate([*fake]), self.reals)


class Diversity(FeatureMetric):
    """How varied generated images are: their mean squared feature distance, pair by pair, over that of real images.

    1 for the variety of the real images, 0 if all are the same; more is better up to 1. With the features of a
    perceptual network it is the diversity of conditional GANs' papers (Zhu et al. 2017, 1711.11586, section 5) in units
    of the real images'.

    Args:
        features: the features in which images differ: "thumbnails", "pixels", "digits", "stacked-digits", "fashion"
            or "emoji"; or a callable from images (count, height, width, channels), uint8 or in [-1, 1], to features
            (count, dimensions), such as `kerasgan.checkpoints.inception.features()`.
        **options: every, samples, data, labels, seed, at_epoch_ends: see `SampleMetric`.
    """

    larger_is_better = True

    def __init__(self, features: Any = "thumbnails", *, name: str = "diversity", **options: Any) -> None:
        super().__init__(features, name=name, **options)

    def compare_with(self, real: Iterable[np.ndarray]) -> None:
        self.reals = _variance(real)
        if not self.reals > 0:
            raise ValueError("Expected real images that differ, for their diversity. Received: equal features of all")

    def measure(self, fake: Iterable[np.ndarray]) -> float:
        return _variance(fake) / self.reals


class PairScore(SampleMetric):
    """How close an image-to-image model's outputs are to their targets while it trains: a mean over pairs.

    Args:
        score: a name of `kerasgan.metrics.pair_scores`: "structural_similarity", "peak_signal_to_noise" or
            "mean_absolute_error"; or a distance of two stacks of images, such as `kerasgan.checkpoints.lpips.load()`,
            of which less is better.
        samples: number of pairs.
        data: held-out pairs, in any form that `fit` of a family that learns from pairs accepts; if not given, those of
            `fit`. Families that are trained without pairs need them.
        **options: every, at_epoch_ends: see `SampleMetric`.
    """

    of_pairs = True
    SCORES = ("mean_absolute_error", "peak_signal_to_noise", "structural_similarity")

    def __init__(
        self,
        score: "str | Callable[[Any, Any], Any]" = "structural_similarity",
        *,
        name: str | None = None,
        samples: int = 64,
        **options: Any,
    ) -> None:
        if not callable(score) and score not in self.SCORES:
            raise ValueError(f"Expected one of {', '.join(self.SCORES)}, or a distance. Received: score={score!r}")
        named: Any = score
        if callable(score):
            named = getattr(score, "name", None) or getattr(score, "__name__", "distance")
        super().__init__(name=name or named, samples=samples, **options)
        self.score = score
        self.larger_is_better = not callable(score) and score != "mean_absolute_error"

    def get_config(self) -> dict[str, Any] | None:
        config = super().get_config()
        return None if config is None or callable(self.score) else {**config, "score": self.score}

    def measure(self, made: np.ndarray, targets: np.ndarray, *, scale: int) -> float:
        """The mean score of outputs (count, height, width, channels) in [-1, 1]; `scale` as in `pair_scores`."""
        if callable(self.score):
            return float(np.mean(checks.array(self.score(made, targets))))
        return float(np.mean(pair_scores(made, targets, scale=scale)[self.score]))


def _moments(batches: Iterable[np.ndarray]) -> Moments:
    moments = Moments()
    for rows in batches:
        moments.update(rows)
    return moments


def _variance(batches: Iterable[np.ndarray]) -> float:
    """Half of the mean squared distance between two rows, of any number of dimensions (Chan et al. 1983, eq. 2.1)."""
    count, mean, squares = 0, np.zeros(1), 0.0
    for batch in batches:
        rows = np.asarray(batch, "float64")
        own, total = rows.mean(axis=0), count + len(rows)
        squares += float(((rows - own) ** 2).sum() + ((own - mean) ** 2).sum() * count * len(rows) / total)
        mean, count = mean + (own - mean) * len(rows) / total, total
    if count < 2:
        raise ValueError(f"Expected at least two images. Received: {count}")
    return squares / (count - 1)


_KINDS: Mapping[str, type[SampleMetric]] = {
    "diversity": Diversity,
    "frechet_distance": FrechetDistance,
    "kernel_distance": KernelDistance,
    **dict.fromkeys(PairScore.SCORES, PairScore),
}


def names() -> list[str]:
    """The names that `get` accepts, sorted."""
    return sorted(_KINDS)


def get(metric: "str | Mapping[str, Any] | SampleMetric") -> SampleMetric:
    """A metric from its name, from `{"name": "frechet_distance", "every": 500}`, or unchanged.

    In such a table `title` is the name in the logs, if that is another.

    Raises:
        ValueError: for anything else, with the names; for an unknown or wrong setting.
    """
    if isinstance(metric, SampleMetric):
        return metric
    settings = dict(metric) if isinstance(metric, Mapping) else {"name": metric}
    name = settings.pop("name", None)
    kind = _KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        near = difflib.get_close_matches(str(name), _KINDS, cutoff=0.4) or names()
        raise ValueError(
            f"Expected metrics of generated images, such as {', '.join(near)}, or kerasgan.metrics.FrechetDistance(); "
            "a keras.metrics.Metric belongs to a subclass that makes and updates it itself. "
            f"Received: metrics={metric!r}"
        )
    if "title" in settings:
        settings["name"] = settings.pop("title")
    if kind is PairScore:
        settings.setdefault("score", str(name))
    try:
        return kind(**settings)
    except TypeError as error:
        raise ValueError(f"Expected settings of {kind.__name__}. Received: metrics={metric!r}: {error}") from error
