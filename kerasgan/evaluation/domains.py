"""A model of several domains as a generator of classes, so that its translations are scored as samples are."""

from typing import Any

import numpy as np

from kerasgan.data.sources import scaled

__all__ = ["DOMAIN_METRICS", "Translations"]

DOMAIN_METRICS = ("label_accuracy", "frechet_distance", "precision_recall", "sharpness")


class Translations:
    """Draws images of any domain and translates them to the classes that it is asked for.

    Args:
        gan: a model whose task is `Task.MULTI_DOMAIN`.
        images: a source of the images to draw from.
    """

    def __init__(self, gan: Any, images: Any) -> None:
        self.gan, self._images = gan, images.images()
        self.num_classes, self.image_shape, self.sampler = gan.label_classes, gan.image_shape, gan.sampler
        self.name, self.family = gan.name, type(gan).__name__

    @property
    def prior(self) -> "Translations":
        """Itself: what it draws are places of images to translate."""
        return self

    latent_dim = 1

    def draw(self, count: int, latent_dim: int, seed: int) -> np.ndarray:
        """Places (count, 1) of images."""
        return np.random.default_rng(seed).integers(len(self._images), size=(count, latent_dim))

    def generate(self, *, latents: np.ndarray, labels: Any, seed: int, batch_size: int = 64) -> np.ndarray:
        """Translations, float32 (count, height, width, channels) in [-1, 1], of the images at places to labels."""
        return self.gan.translate(scaled(self._images[latents[:, 0]]), labels, batch_size=batch_size)

    def family_scores(self, *arguments: Any, **options: Any) -> dict[str, float]:
        """None."""
        return {}
