"""Memorisation: are samples nearer to training images than new real images are."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kerasgan.metrics import checks
from kerasgan.metrics.neighbours import centred, nearest, radii

__all__ = ["Memorisation", "memorisation"]


@dataclass(frozen=True, kw_only=True)
class Memorisation:
    """What was found; `distances` and `indices` (samples,) name each sample's nearest training image.

    Args:
        nearer: probability that a sample is nearer to the training images than a held-out real is, ties counting half:
            0.5 for samples like new reals, 1 for copies, 0 for samples far from all images.
        p_value: of the one-sided Mann-Whitney test that samples are nearer; a small one is evidence of copying.
        near_copies: share of samples nearer than the threshold.
        threshold: the distance below which only the chosen share of held-out reals lies.
        distances: from each sample to its nearest training image.
        indices: of those training images.
    """

    nearer: float
    p_value: float
    near_copies: float
    threshold: float
    distances: np.ndarray = field(repr=False)
    indices: np.ndarray = field(repr=False)


def memorisation(samples: Any, training: Any, *, held_out: Any = None, share: float = 0.01) -> Memorisation:
    """Compare samples' distances to their nearest training images with those of held-out reals.

    The data-copying test of Meehan et al. 2020 (2004.05675), without its division into cells. In pixels it
    finds copies only; in the features of a network, also variations.

    Args:
        samples: features (count, dimensions), or flattened images; all in one unit.
        training: likewise: what the generator was trained on.
        held_out: likewise: real images that it was not trained on; at least 1 / share of them make a sharp threshold.
            Without any, each training image is compared with the other ones.
        share: of held-out reals that count as near-copies by chance.

    Returns:
        `Memorisation`.

    Raises:
        ValueError: if the shapes do not suit, a feature is not finite, or the share is not in (0, 1).
    """
    from scipy.stats import mannwhitneyu

    if not 0 < share < 1:
        raise ValueError(f"Expected a share between 0 and 1. Received: share={share!r}")
    found = nearest(samples, training)
    if held_out is None:
        rows = checks.features(training, name="training", least=2)
        usual = radii(centred(rows, rows)[0], 1)
    else:
        usual = nearest(checks.features(held_out, name="held_out"), training).distances
    test = mannwhitneyu(found.distances, usual, alternative="less")
    threshold = float(np.quantile(usual, share, method="lower"))
    return Memorisation(
        nearer=float(1 - test.statistic / (len(usual) * len(found.distances))),
        p_value=float(test.pvalue),
        near_copies=float(np.mean(found.distances < threshold)),
        threshold=threshold,
        distances=found.distances,
        indices=found.indices,
    )
