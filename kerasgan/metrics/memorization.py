"""Memorization: whether samples are nearer to training images than new real images are."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kerasgan.metrics import checks
from kerasgan.metrics.neighbors import Nearest, centered, nearest, radii

__all__ = ["Habits", "Memorization", "memorization"]


@dataclass(frozen=True, kw_only=True)
class Memorization:
    """The result; `distances` and `indices` (samples,) name each sample's nearest training image.

    Args:
        nearer: probability that a sample is nearer to the training images than a held-out real is, ties counting half:
            0.5 for samples like new reals, 1 for copies, 0 for samples far from all images.
        p_value: p-value of the one-sided Mann-Whitney test that samples are nearer; a small one is evidence of copying.
        near_copies: share of samples nearer than the threshold.
        threshold: the distance below which only the chosen share of held-out reals lies.
        distances: from each sample to its nearest training image.
        indices: indices of those training images.
    """

    nearer: float
    p_value: float
    near_copies: float
    threshold: float
    distances: np.ndarray = field(repr=False)
    indices: np.ndarray = field(repr=False)


class Habits:
    """How near real images usually are to training images; arguments and errors as those of `memorization`."""

    def __init__(self, training: Any, held_out: Any = None, *, share: float) -> None:
        if not 0 < share < 1:
            raise ValueError(f"Expected a share between 0 and 1. Received: share={share!r}")
        self._training = rows = checks.features(training, name="training", least=1 if held_out is not None else 2)
        if held_out is None:
            usual = radii(centered(rows, rows)[0], 1)
        else:
            usual = nearest(checks.features(held_out, name="held_out"), rows).distances
        self.usual = np.sort(usual)
        self.threshold = float(np.quantile(usual, share, method="lower"))

    def nearest(self, samples: Any) -> Nearest:
        """Each sample's nearest training image."""
        return nearest(samples, self._training)

    def nearer(self, distances: np.ndarray) -> np.ndarray:
        """For each distance, the share of real images that lie farther away, ties counting half: (count,)."""
        below, upto = (np.searchsorted(self.usual, distances, side=side) for side in ("left", "right"))
        return 1 - (below + upto) / (2 * len(self.usual))


def memorization(samples: Any, training: Any, *, held_out: Any = None, share: float = 0.01) -> Memorization:
    """Compare samples' distances to their nearest training images with those of held-out reals.

    The data-copying test of Meehan et al. 2020 (2004.05675), without its division into cells. In pixels it
    finds copies only; in the features of a network, also variations of training images.

    Args:
        samples: features (count, dimensions), or flattened images; all in one unit.
        training: likewise, of the images that the generator was trained on.
        held_out: likewise, of real images that it was not trained on; a precise threshold needs at least 1 / share of
            them. If not given, each training image is compared with the other ones.
        share: share of held-out reals that count as near-copies by chance.

    Returns:
        `Memorization`.

    Raises:
        ValueError: if the shapes do not suit, a feature is not finite, or the share is not in (0, 1).
    """
    from scipy.stats import mannwhitneyu

    habits = Habits(training, held_out, share=share)
    found = habits.nearest(samples)
    return Memorization(
        nearer=float(habits.nearer(found.distances).mean()),
        p_value=float(mannwhitneyu(found.distances, habits.usual, alternative="less").pvalue),
        near_copies=float(np.mean(found.distances < habits.threshold)),
        threshold=habits.threshold,
        distances=found.distances,
        indices=found.indices,
    )
