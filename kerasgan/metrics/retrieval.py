"""Retrieval: how often the target nearest to an output is its own, for pairs that need not agree in every pixel."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from kerasgan.metrics import checks
from kerasgan.metrics.features import thumbnails
from kerasgan.metrics.neighbors import centered, distances

__all__ = ["retrieval"]


def retrieval(
    made: Any, targets: Any, *, features: Callable[[Any], Any] = thumbnails, ranks: Sequence[int] = (1, 5)
) -> dict[str, np.ndarray]:
    """For each output 1.0 if its own target is among the nearest `k` of all targets, otherwise 0.0: the top-k accuracy.

    Equal distances count against it. With random outputs the mean is k / count.

    Args:
        made: images (count, height, width, channels), uint8 or floats in [-1, 1].
        targets: likewise, in the same order.
        features: of images; the distance is Euclidean.
        ranks: the values of k.

    Returns `{"retrieval_top_1": float64 (count,), ...}`.

    Raises:
        ValueError: for different numbers of outputs and targets.
    """
    rows = [checks.features(features(images), name="features").astype("float64") for images in (made, targets)]
    if len(rows[0]) != len(rows[1]):
        raise ValueError(f"Expected a target for each output. Received: {len(rows[0])} and {len(rows[1])} images")
    nearer = np.empty(len(rows[0]), int)
    for place, block in distances(*centered(*rows)):
        own = block[np.arange(len(block)), np.arange(place.start, place.stop)]
        nearer[place] = (block <= own[:, None]).sum(axis=1) - 1
    return {f"retrieval_top_{k}": (nearer < k).astype("float64") for k in ranks}
