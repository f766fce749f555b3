"""Scores of generated handwritten digits against the 1,797 real ones that scikit-learn embeds.

Samples are resized to the real images' 8x8 pixels with antialiasing, then compared pixel by pixel, so that the score
does not depend on a feature network.
"""

from functools import cache
from typing import Any

import numpy as np
from PIL import Image

from kerasgan.metrics.frechet import frechet_distance

__all__ = ["digit_scores", "halves_distance", "to_pixels"]


def to_pixels(images: np.ndarray) -> np.ndarray:
    """Images (count, height, width, 1) in [-1, 1] as (count, 64): 8x8 pixels, antialiased (bilinear).

    Raises:
        ValueError: unless the images have one channel.
    """
    if images.ndim != 4 or images.shape[-1] != 1:
        raise ValueError(f"Expected images (count, height, width, 1). Received: images.shape={images.shape}")
    small = [Image.fromarray(image).resize((8, 8), Image.Resampling.BILINEAR) for image in images[..., 0].astype("f4")]
    return np.stack([np.asarray(image) for image in small]).reshape(len(images), 64)


@cache
def _reference(image_size: int) -> tuple[np.ndarray, Any]:
    """The real digits' pixels after the same resizing, and a 3-nearest-neighbor classifier of them."""
    from sklearn.neighbors import KNeighborsClassifier

    from kerasgan import data

    source = data.digits(image_size=image_size)
    pixels = to_pixels(source.images().astype("float32") / 127.5 - 1.0)
    return pixels, KNeighborsClassifier(n_neighbors=3).fit(pixels, source.labels)


def digit_scores(images: np.ndarray, labels: np.ndarray | None = None) -> dict[str, Any]:
    """How close generated digits are to the 1,797 of `kerasgan.data.digits`.

    Args:
        images: (count, size, size, 1), floats in [-1, 1].
        labels: the classes with which they were generated, (count,), if the model is conditional.

    Returns:
        `frechet_distance` of the 64 pixels in [-1, 1] to all real digits; `class_shares`, the share of each digit
        among the samples by a 3-nearest-neighbor classifier on the real digits; with labels, `label_accuracy`, the
        share of samples that it assigns to their label.
    """
    reals, classifier = _reference(images.shape[1])
    pixels = to_pixels(images)
    found = classifier.predict(pixels)
    shares = np.bincount(found, minlength=10) / len(found)
    scores: dict[str, Any] = {"frechet_distance": frechet_distance(pixels, reals), "class_shares": shares.tolist()}
    if labels is not None:
        scores["label_accuracy"] = float(np.mean(found == np.asarray(labels)))
    return scores


def halves_distance(image_size: int = 32, seed: int = 0) -> float:
    """The same distance between two random halves of the real digits: a lower bound for what a generator can reach."""
    pixels = _reference(image_size)[0]
    order = np.random.default_rng(seed).permutation(len(pixels))
    half = len(pixels) // 2
    return frechet_distance(pixels[order[:half]], pixels[order[half:]])
