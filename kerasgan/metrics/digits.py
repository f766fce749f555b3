"""Scores of generated handwritten digits against the 1,797 real ones that scikit-learn embeds.

Samples are resized to the real images' 8x8 pixels with antialiasing, then compared pixel by pixel, so that the score
does not depend on a feature network.
"""

from functools import cache
from typing import Any

import numpy as np
from PIL import Image

from kerasgan.metrics import checks
from kerasgan.metrics.frechet import frechet_distance
from kerasgan.metrics.label_accuracy import label_accuracy

__all__ = ["digit_scores", "halves_distance", "to_pixels"]


def to_pixels(images: Any) -> np.ndarray:
    """Images (count, height, width, 1), uint8 or in [-1, 1], as (count, 64) in [-1, 1]: 8x8 pixels, antialiased.

    Raises:
        TypeError, ValueError: if the images do not suit, or have several channels.
    """
    pixels = (checks.images(images) * 2.0 - 1.0).astype("float32")
    if pixels.shape[-1] != 1:
        raise ValueError(f"Expected images (count, height, width, 1). Received: images.shape={pixels.shape}")
    small = [Image.fromarray(image).resize((8, 8), Image.Resampling.BILINEAR) for image in pixels[..., 0]]
    return np.stack([np.asarray(image) for image in small]).reshape(len(pixels), 64)


@cache
def _reference(image_size: int) -> tuple[np.ndarray, Any]:
    """The real digits' pixels after the same resizing, and a 3-nearest-neighbor classifier of them."""
    from sklearn.neighbors import KNeighborsClassifier

    from kerasgan import data

    source = data.digits(image_size=image_size)
    pixels = to_pixels(source.images().astype("float32") / 127.5 - 1.0)
    return pixels, KNeighborsClassifier(n_neighbors=3).fit(pixels, source.labels)


def digit_scores(images: Any, labels: Any = None) -> dict[str, Any]:
    """How close generated digits are to the 1,797 of `kerasgan.data.digits`.

    Args:
        images: (count, size, size, 1), uint8 or floats in [-1, 1].
        labels: the classes with which they were generated, (count,), if the model is conditional.

    Returns:
        `frechet_distance` of the 64 pixels in [-1, 1] to all real digits; `class_shares`, the share of each digit
        among the samples by a 3-nearest-neighbor classifier on the real digits; with labels, `label_accuracy`, the
        share of samples that it assigns to their label.

    Raises:
        TypeError, ValueError: if images or labels do not suit.
    """
    pixels = to_pixels(images)
    reals, classifier = _reference(checks.array(images).shape[1])
    found = classifier.predict(pixels)
    shares = np.bincount(found, minlength=10) / len(found)
    scores: dict[str, Any] = {"frechet_distance": frechet_distance(pixels, reals), "class_shares": shares.tolist()}
    if labels is not None:
        scores["label_accuracy"] = label_accuracy(found, labels)
    return scores


def halves_distance(image_size: int = 32, seed: int = 0) -> float:
    """The same distance between two random halves of the real digits: a lower bound for what a generator can reach."""
    pixels = _reference(image_size)[0]
    order = np.random.default_rng(seed).permutation(len(pixels))
    half = len(pixels) // 2
    return frechet_distance(pixels[order[:half]], pixels[order[half:]])
