"""Label accuracy: whether a conditional generator's images belong to the class they were generated for."""

from typing import Any

import numpy as np

from kerasgan.metrics import checks

__all__ = ["label_accuracy", "label_hits"]


def label_hits(predictions: Any, labels: Any) -> np.ndarray:
    """Whether each image is classified as its label, bool (count,); arguments as those of `label_accuracy`."""
    wanted = checks.labels(labels)
    found = checks.array(predictions)
    if found.ndim == 2 and found.shape[1] > 1:
        if wanted.max() >= found.shape[1]:
            raise ValueError(f"Expected labels below {found.shape[1]} classes. Received: a label {wanted.max()}")
        found = checks.features(found, name="predictions").argmax(axis=1)
    found = checks.labels(found, name="predictions")
    if len(found) != len(wanted):
        raise ValueError(f"Expected as many predictions as labels. Received: {len(found)} and {len(wanted)}")
    return found == wanted


def label_accuracy(predictions: Any, labels: Any) -> float:
    """Share of images that a classifier of real images assigns to the class they were generated for.

    The classifier must not have seen generated images; its accuracy on held-out reals is the number to compare with.

    Args:
        predictions: classes (count,), or scores, logits or probabilities (count, classes), whose largest counts.
        labels: the classes they were generated for, (count,), 0 or larger.

    Returns:
        A share in [0, 1].

    Raises:
        ValueError: if the shapes do not suit or a label is negative or too large.
    """
    return float(label_hits(predictions, labels).mean())
