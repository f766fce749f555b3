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

    def generate(self, count: int, *, labels: Any, seed: int, batch_size: int = 64) -> np.ndarray:
        """Translations, float32 (count, height, width, channels) in [-1, 1], to labels (count,)."""
        rows = np.random.default_rng(seed).integers(len(self._images), size=count)
        images = [self._images[rows[start : start + batch_size]] for start in range(0, count, batch_size)]
        return np.concatenate(
            [
                self.gan.translate(scaled(part), labels[start * batch_size :][: len(part)], batch_size=batch_size)
                for start, part in enumerate(images)
            ]
        )

    def family_scores(self, *arguments: Any, **options: Any) -> dict[str, float]:
        """None."""
        return {}
