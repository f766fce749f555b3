"""The scores of a card, by name: each compares generated with real images and returns one number or several."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from kerasgan.metrics.density_coverage import density_coverage
from kerasgan.metrics.frechet import frechet_distance
from kerasgan.metrics.inception_score import inception_score
from kerasgan.metrics.kernel import kernel_distance, mmd2
from kerasgan.metrics.label_accuracy import label_accuracy
from kerasgan.metrics.memorization import memorization
from kerasgan.metrics.mode_coverage import label_coverage
from kerasgan.metrics.multiscale_similarity import self_similarity
from kerasgan.metrics.neighbors import Neighbors
from kerasgan.metrics.parzen import parzen_log_likelihood
from kerasgan.metrics.precision_recall import precision_recall
from kerasgan.metrics.sharpness import sharpness
from kerasgan.metrics.sliced_wasserstein import sliced_wasserstein
from kerasgan.names import resolve

__all__ = ["NAMES", "OF_FEATURES", "OF_PIXELS", "OF_PROBABILITIES", "Case", "View", "checked", "class_shares", "score"]


@dataclass(frozen=True, kw_only=True)
class View:
    """One set of images, as input of the scores.

    Args:
        features: (count, dimensions).
        images: some of them, uint8 (kept, height, width, channels).
        rows: which of them, ascending (kept,); the first, if not given.
        probabilities: class probabilities by the feature network, (count, classes), if it returns any.
        labels: the classes of the real images, or those that the generator was given, (count,).
    """

    features: np.ndarray
    images: np.ndarray
    rows: np.ndarray | None = None
    probabilities: np.ndarray | None = None
    labels: np.ndarray | None = None

    def part(self, rows: np.ndarray) -> "View":
        """Some of the images, by ascending index."""
        probabilities, labels = (None if array is None else array[rows] for array in (self.probabilities, self.labels))
        kept = np.arange(len(self.images)) if self.rows is None else self.rows
        inside = np.isin(kept, rows)
        return View(
            features=self.features[rows],
            images=self.images[inside],
            rows=np.searchsorted(rows, kept[inside]),
            probabilities=probabilities,
            labels=labels,
        )

    @property
    def labels_of_images(self) -> np.ndarray | None:
        """The labels of `images`."""
        if self.labels is None:
            return None
        return self.labels[: len(self.images)] if self.rows is None else self.labels[self.rows]

    @property
    def classes(self) -> int:
        """Number of classes, from the largest label; 0 without labels."""
        return 0 if self.labels is None else int(self.labels.max()) + 1

    @cached_property
    def neighbors(self) -> Neighbors:
        """The features with their neighbors, for the scores that compare those."""
        return Neighbors(self.features)

    @cached_property
    def classifier(self) -> Any:
        """Three nearest neighbors among these (real, labeled) images' features."""
        from sklearn.neighbors import KNeighborsClassifier

        return KNeighborsClassifier(n_neighbors=3).fit(self.features, self.labels)


Numbers = dict[str, float]
ALL_PAIRS = 5000  # largest number of images for which the kernel distance uses all pairs


class Case(NamedTuple):
    """Generated images, real ones, and real ones that the generator was not trained on."""

    fake: View
    real: View
    held_out: View | None = None
    seed: int = 0


def _frechet(case: Case) -> Numbers:
    return {"frechet_distance": frechet_distance(case.fake.features, case.real.features)}


def _kernel(case: Case) -> Numbers:
    pair = case.fake.features, case.real.features
    if max(map(len, pair)) <= ALL_PAIRS:  # subsets would estimate the same number
        return {"kernel_distance": mmd2(*pair)}
    return {"kernel_distance": kernel_distance(*pair, subset_size=min(1000, *map(len, pair)), seed=case.seed).mean}


def _precision(case: Case) -> Numbers:
    return precision_recall(case.real.neighbors, case.fake.neighbors)._asdict()


def _density(case: Case) -> Numbers:
    return density_coverage(case.real.neighbors, case.fake.neighbors)._asdict()


def _inception(case: Case) -> Numbers:
    if case.fake.probabilities is None:
        raise ValueError("Expected a feature network that classifies, for inception_score. Received: features alone")
    return {"inception_score": inception_score(case.fake.probabilities, seed=case.seed).mean}


def _modes(case: Case) -> Numbers:
    if case.fake.probabilities is None:
        raise ValueError("Expected a feature network that classifies, for mode_coverage. Received: features alone")
    found = label_coverage(case.fake.probabilities.argmax(axis=1), modes=case.fake.probabilities.shape[1])
    return {"modes": float(found.captured), "modes_divergence": found.divergence}


def _sliced(case: Case) -> Numbers:
    count = min(len(case.fake.images), len(case.real.images))
    pair = case.real.images[:count], case.fake.images[:count]
    return {"sliced_wasserstein": sliced_wasserstein(*pair, seed=case.seed).mean}


def _similarity(case: Case) -> Numbers:
    return {"self_similarity": self_similarity(case.fake.images, seed=case.seed)}


def _sharpness(case: Case) -> Numbers:
    return {"sharpness": float(sharpness(case.fake.images).mean())}


def _memorization(case: Case) -> Numbers:
    held_out = None if case.held_out is None else case.held_out.features
    found = memorization(case.fake.features, case.real.features, held_out=held_out)
    return {"nearer_than_reals": found.nearer, "near_copies": found.near_copies}


def _parzen(case: Case) -> Numbers:
    if case.held_out is None:
        raise ValueError("Expected held_out images for parzen_log_likelihood, half to choose sigma. Received: none")
    pixels = [view.images.reshape(len(view.images), -1) / 255.0 for view in (case.fake, case.held_out)]
    half = len(pixels[1]) // 2
    found = parzen_log_likelihood(pixels[0], pixels[1][half:], validation=pixels[1][:half])
    return {"parzen_log_likelihood": found.mean}


def _shares(case: Case) -> Numbers:
    shares = class_shares(case.fake, case.real)
    return {"rarest_class": float(shares.min()), "commonest_class": float(shares.max())}


def _accuracy(case: Case) -> Numbers:
    _labeled(case.real, "label_accuracy")
    if case.fake.labels is None:
        raise ValueError("Expected a class-conditional model for label_accuracy. Received: a model without labels")
    return {"label_accuracy": label_accuracy(case.real.classifier.predict(case.fake.features), case.fake.labels)}


def _labeled(real: View, name: str) -> None:
    if real.labels is None:
        raise ValueError(f"Expected real images with labels, for {name}. Received: images without")


def class_shares(fake: View, real: View) -> np.ndarray:
    """The share of each class among generated images, by three nearest real neighbors; float64 (classes,)."""
    _labeled(real, "class_shares")
    found = real.classifier.predict(fake.features)
    return np.bincount(found, minlength=real.classes) / len(found)


_SCORES: dict[str, Callable[[Case], Numbers]] = {
    "class_shares": _shares,
    "density_coverage": _density,
    "frechet_distance": _frechet,
    "inception_score": _inception,
    "kernel_distance": _kernel,
    "label_accuracy": _accuracy,
    "memorization": _memorization,
    "mode_coverage": _modes,
    "parzen_log_likelihood": _parzen,
    "precision_recall": _precision,
    "self_similarity": _similarity,
    "sharpness": _sharpness,
    "sliced_wasserstein": _sliced,
}
NAMES = tuple(_SCORES)
"""The names of all scores."""

OF_FEATURES = {"density_coverage", "frechet_distance", "inception_score", "kernel_distance", "precision_recall"}
"""Scores that depend on the feature network: computed with each; the others with the first."""

OF_PIXELS = {"parzen_log_likelihood", "self_similarity", "sharpness", "sliced_wasserstein"}
"""Scores of the images themselves."""

OF_PROBABILITIES = {"inception_score", "mode_coverage"}
"""Scores that need a network with class probabilities."""


def checked(names: Sequence[str]) -> tuple[str, ...]:
    """The names as `NAMES` spells them. Raises ValueError for an unknown one, with the nearest ones."""
    return tuple(resolve(name, NAMES, expected="metrics", received=repr(name)) for name in names)


def score(name: str, case: Case) -> Numbers:
    """The numbers of one score, one of `NAMES`.

    Raises:
        ValueError: if the images lack what the score needs: labels, held-out images, probabilities, a size.
    """
    return _SCORES[name](case)
