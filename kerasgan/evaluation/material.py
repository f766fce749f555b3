"""The input of a score card: features, and some pixels, of real and of generated images, computed in batches."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kerasgan.evaluation.scores import View
from kerasgan.files import pictures
from kerasgan.metrics import checks
from kerasgan.metrics.features import FEATURES, FeatureNetwork, feature_network
from kerasgan.metrics.statistics import ContentHash, cached

__all__ = ["FEATURES", "FeatureNetwork", "RealImages", "feature_network", "generated", "real_images"]

KEPT = 4096  # largest number of images of a set for scores that use pixels


@dataclass(frozen=True, kw_only=True)
class RealImages:
    """A set of real images, read once: a view by each feature network, its name, count and sha256."""

    views: list[View]
    name: str
    count: int
    sha256: str


def real_images(
    real: Any, networks: Sequence[FeatureNetwork], *, batch_size: int, shape: tuple, cache: str | Path | None = None
) -> RealImages:
    """Reads a source of `kerasgan.data` or an array of images.

    Features of networks with weights are cached by the network's identity and the sha256 of the images.

    Raises:
        ValueError: if the images are not of the shape (height, width, channels), or there are none.
    """
    content, kept, labels, count = ContentHash(), _Kept(), [], 0
    for images, classes in _batches(real, batch_size):
        if images.shape[1:] != shape:
            raise ValueError(f"Expected real images of the generator's shape {shape}. Received: {images.shape[1:]}")
        content.update(images)
        kept.add(images)
        labels += [] if classes is None else [classes]
        count += len(images)
    if not count:  # scores that need two or more say so themselves
        raise ValueError("Expected real images. Received: none")
    digest = content.hexdigest()

    def extracted(extract: Callable[[Any], Any] | None) -> Any:
        if extract is None:
            return None

        def compute() -> np.ndarray:
            return np.concatenate([checks.features(extract(images)) for images, _ in _batches(real, batch_size)])

        if cache is None or getattr(extract, "weights", None) is None:
            return compute()
        key = f"features {extract.identity}\n{digest}"  # type: ignore[attr-defined]
        return cached(compute, directory=cache, key=key, read=_read, write=lambda rows, path: np.savez(path, rows=rows))

    known = np.concatenate(labels) if labels else None
    views = [
        kept.view(features=extracted(network.features), probabilities=extracted(network.probabilities), labels=known)
        for network in networks
    ]
    name = Path(getattr(real, "name", "an array")).name  # only the folder's own name: a card contains no paths
    return RealImages(views=views, name=name, count=count, sha256=digest)


def generated(
    gan: Any, networks: Sequence[FeatureNetwork], *, count: int, labels: Any, seed: int, batch_size: int
) -> list[View]:
    """A view by each feature network of images that a GAN generates."""
    kept = _Kept()
    rows: list[tuple[list, list]] = [([], []) for _ in networks]
    latents = gan.prior.draw(count, gan.latent_dim, seed)  # as `generate` draws them; all images may be too many
    for start in range(0, count, batch_size):
        part = slice(start, start + batch_size)
        chosen = None if labels is None else labels[part]
        batch = gan.generate(latents=latents[part], labels=chosen, seed=seed, batch_size=batch_size)
        kept.add(batch)
        for network, (features, probabilities) in zip(networks, rows):
            features.append(checks.features(network.features(batch)))
            probabilities += [] if network.probabilities is None else [network.probabilities(batch)]
    return [
        kept.view(
            features=np.concatenate(features),
            probabilities=np.concatenate(probabilities) if probabilities else None,
            labels=labels,
        )
        for features, probabilities in rows
    ]


class _Kept:
    """Some images of a stream, as uint8, in its order: all, or KEPT of which each image is one with the same chance.

    The first ones would be of few classes: a folder's images, and labels in its proportions, are sorted by class.
    """

    def __init__(self) -> None:
        self._places: list[tuple[int, np.ndarray]] = []  # row of the stream, image
        self._count = 0
        self._random = np.random.default_rng(0)

    def add(self, images: np.ndarray) -> None:
        """Takes a batch in (Vitter 1985, Random Sampling with a Reservoir, algorithm R)."""
        for image in images:
            place = self._count if self._count < KEPT else int(self._random.integers(self._count + 1))
            if place < KEPT:
                pixels = image.copy() if image.dtype == np.uint8 else pictures.to_uint8(image)
                self._places[place : place + 1] = [(self._count, pixels)]
            self._count += 1

    def view(self, **others: Any) -> View:
        rows, images = zip(*sorted(self._places, key=lambda each: each[0]))
        return View(images=np.stack(images), rows=np.array(rows), **others)


def _batches(real: Any, batch_size: int) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
    if hasattr(real, "in_order"):
        yield from real.in_order()
        return
    stack = checks.array(real)
    for start in range(0, len(stack), batch_size):
        yield stack[start : start + batch_size], None


def _read(path: Path) -> np.ndarray:
    with np.load(path) as file:
        return file["rows"]
