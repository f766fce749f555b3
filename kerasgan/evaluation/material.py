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
        View(
            features=extracted(network.features),
            probabilities=extracted(network.probabilities),
            images=kept.images,
            labels=known,
        )
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
        View(
            features=np.concatenate(features),
            probabilities=np.concatenate(probabilities) if probabilities else None,
            images=kept.images,
            labels=labels,
        )
        for features, probabilities in rows
    ]


class _Kept:
    """The first images of a stream, as uint8."""

    def __init__(self) -> None:
        self._batches: list[np.ndarray] = []
        self._room = KEPT

    def add(self, images: np.ndarray) -> None:
        chosen = images[: self._room]
        self._room -= len(chosen)
        if len(chosen):
            self._batches.append(chosen if chosen.dtype == np.uint8 else pictures.to_uint8(chosen))

    @property
    def images(self) -> np.ndarray:
        return np.concatenate(self._batches)


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
