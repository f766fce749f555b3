"""How many modes of a known mixture the samples cover: the ring of 8, the grid of 25, stacked digits."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kerasgan.metrics import checks

__all__ = ["Modes", "grid", "label_coverage", "mode_coverage", "ring", "stacked_digits"]


@dataclass(frozen=True)
class Modes:
    """The result: `counts` (modes,) of samples in each mode, and `total`, the number of samples."""

    counts: np.ndarray = field(repr=False)
    total: int

    @property
    def captured(self) -> int:
        """Modes with at least one sample."""
        return int(np.count_nonzero(self.counts))

    @property
    def high_quality(self) -> float:
        """Share of samples that belong to a mode."""
        return float(self.counts.sum() / self.total)

    @property
    def divergence(self) -> float:
        """KL(modes of the samples || all modes alike) in nats: 0 for even, log(modes) for one mode; NaN for no sample.

        Finite samples of an even distribution give about (modes - 1) / (2 samples).
        """
        from scipy.stats import entropy

        return float(entropy(self.counts, np.ones_like(self.counts))) if self.counts.any() else float("nan")


def ring(modes: int = 8, *, radius: float = 1.0) -> np.ndarray:
    """Centers of Gaussians for `mode_coverage`, evenly on a circle about the origin: float64 (modes, 2).

    PacGAN (1712.04086) and VEEGAN (1705.07761) take eight of them, with the deviation 0.01.

    Args:
        modes: how many there are.
        radius: of the circle.
    """
    angles = 2 * np.pi * np.arange(checks.integer(modes, name="modes")) / modes
    return radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def grid(side: int = 5, *, spacing: float = 2.0) -> np.ndarray:
    """Centers of Gaussians for `mode_coverage`, in a square about the origin: float64 (side * side, 2).

    PacGAN (1712.04086) and VEEGAN (1705.07761) take 5 x 5 of them, with the deviation 0.05.

    Args:
        side: how many there are along each side.
        spacing: distance between neighbors.
    """
    steps = spacing * (np.arange(checks.integer(side, name="side")) - (side - 1) / 2)
    return np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1).reshape(-1, 2)


def mode_coverage(points: Any, centers: Any, *, deviation: float, within: float = 3.0) -> Modes:
    """Count samples of a mixture of round Gaussians within `within` deviations of their nearest center.

    The papers draw 2,500 points and report `captured` and `high_quality`; points of the true ring or grid are of high
    quality with probability 1 - exp(-within^2 / 2) = 0.9889.

    Args:
        points: samples (count, dimensions).
        centers: (modes, dimensions), as `ring()` or `grid()`.
        deviation: the standard deviation of each mode.
        within: how many deviations a sample may be away.

    Returns:
        `Modes` with `.captured`, `.high_quality`, `.divergence` and `.counts`.

    Raises:
        ValueError: if the shapes do not suit, a number is not finite, or the deviation is not positive.
    """
    from sklearn.metrics import pairwise_distances_argmin

    points, centers = checks.feature_pair(points, centers)
    if not (deviation > 0 and within > 0):
        raise ValueError(f"Expected positive numbers. Received: deviation={deviation!r}, within={within!r}")
    closest = pairwise_distances_argmin(points, centers)
    away = np.linalg.norm(points.astype("float64") - centers[closest], axis=1)
    return Modes(np.bincount(closest[away <= within * deviation], minlength=len(centers)), len(points))


def label_coverage(labels: Any, *, modes: int) -> Modes:
    """Count samples by the mode that a classifier assigns to each of them.

    Args:
        labels: integers (count,) from 0 to modes - 1.
        modes: how many there are.

    Returns:
        `Modes` with `.captured`, `.divergence` and `.counts`.

    Raises:
        ValueError: for other labels.
    """
    found = checks.labels(labels)
    if found.max() >= checks.integer(modes, name="modes"):
        raise ValueError(f"Expected labels below modes={modes}. Received: a label {found.max()}")
    return Modes(np.bincount(found, minlength=modes), len(found))


def stacked_digits(images: Any, classify: Callable[[np.ndarray], Any]) -> Modes:
    """Modes among 1,000 of images with a digit in each color (Srivastava et al. 2017, 1705.07761).

    As PacGAN's code: 26,000 samples, one sample captures a mode, divergence from the uniform distribution, natural
    logarithm. Uniform samples of that count give a divergence of about 0.0192; papers differ in its direction.

    Args:
        images: (count, height, width, 3), uint8 or floats in [-1, 1].
        classify: images (count, height, width, 1) to labels (count,) from 0 to 9.

    Raises:
        ValueError: if images or labels do not suit.
    """
    stack = checks.array(images)
    if stack.ndim != 4 or stack.shape[-1] != 3:
        raise ValueError(f"Expected images (count, height, width, 3). Received: images.shape={stack.shape}")
    digits = [checks.labels(classify(stack[..., channel : channel + 1]), name="classify()") for channel in range(3)]
    if any(found.shape != (len(stack),) or found.max() > 9 for found in digits):
        raise ValueError(f"Expected a label from 0 to 9 for each of {len(stack)} images. Received: others")
    return label_coverage(100 * digits[0] + 10 * digits[1] + digits[2], modes=1000)
