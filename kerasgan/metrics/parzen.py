"""Parzen-window log-likelihood: the score of the first GAN papers."""

from typing import Any, NamedTuple

import numpy as np
from scipy.special import logsumexp

from kerasgan.metrics import checks

__all__ = ["SIGMAS", "ParzenLikelihood", "parzen_log_density", "parzen_log_likelihood"]

SIGMAS = tuple(np.logspace(-1, 0, 10).tolist())
_BLOCK = 1 << 22  # distances in memory at once


class ParzenLikelihood(NamedTuple):
    """In nats per image: mean and standard error over test images, the bandwidth chosen and what each one gave."""

    mean: float
    standard_error: float
    sigma: float
    validation: dict[float, float]


def parzen_log_density(samples: Any, points: Any, *, sigma: float) -> np.ndarray:
    """Log density of points under Gaussians of deviation `sigma` about the samples, all of one weight.

    Args:
        samples: centers (count, dimensions).
        points: points at which to evaluate, (count, dimensions).
        sigma: the bandwidth, in units of the samples.

    Returns:
        float64 (count of points,), in nats.

    Raises:
        ValueError: if the shapes do not suit, a number is not finite, or sigma is not positive.
    """
    samples, points = checks.feature_pair(samples, points)
    return _densities(samples, points, (_positive(sigma),))[0]


def _positive(sigma: float) -> float:
    if not 0 < sigma < np.inf:
        raise ValueError(f"Expected a positive bandwidth. Received: sigma={sigma!r}")
    return float(sigma)


def _densities(samples: np.ndarray, points: np.ndarray, sigmas: tuple[float, ...]) -> np.ndarray:
    """Log densities (sigmas, points), each squared distance being computed once."""
    from sklearn.metrics.pairwise import euclidean_distances

    center = samples.mean(axis=0, dtype="float64")  # the fast formula for distances is imprecise far from the origin
    samples, points = samples - center, points - center
    result = np.empty((len(sigmas), len(points)))
    rows = max(1, _BLOCK // len(samples))
    for start in range(0, len(points), rows):
        part = slice(start, start + rows)
        squares = euclidean_distances(points[part], samples, squared=True)
        for index, sigma in enumerate(sigmas):
            result[index, part] = logsumexp(squares / (-2 * sigma**2), axis=1)
    peak = samples.shape[1] * np.log(np.array(sigmas) * np.sqrt(2 * np.pi))
    return result - np.log(len(samples)) - peak[:, np.newaxis]


def parzen_log_likelihood(
    samples: Any, test: Any, *, validation: Any, sigmas: tuple[float, ...] = SIGMAS
) -> ParzenLikelihood:
    """Mean log-likelihood of test images under a Parzen window on samples (Goodfellow et al. 2014, 1406.2661, sec. 5).

    The authors' protocol: 10,000 samples; of ten bandwidths from 0.1 to 1 the one with the highest mean on validation
    images (MNIST: 1,000); then the mean over all test images and its standard error, deviation / sqrt(count). Pixels
    are in [0, 1]: in [-1, 1] the number falls by dimensions * log 2 and the bandwidths count half as much. The score
    ranks models unreliably (Theis et al. 2016, 1511.01844); it serves for comparison with old papers.

    Args:
        samples: generated images, flattened, (count, dimensions).
        test: likewise.
        validation: likewise; must not be the test images.
        sigmas: the bandwidths to choose from.

    Returns:
        `(mean, standard_error, sigma, validation)`; the last maps each bandwidth to its mean on the validation images.

    Raises:
        ValueError: if the shapes do not suit, a number is not finite, or a bandwidth is not positive.
    """
    samples, test = checks.feature_pair(samples, test, least=2)
    samples, validation = checks.feature_pair(samples, validation)
    if not len(sigmas):
        raise ValueError(f"Expected at least one bandwidth. Received: sigmas={sigmas!r}")
    grid = tuple(_positive(sigma) for sigma in sigmas)
    means = dict(zip(grid, _densities(samples, validation, grid).mean(axis=1).tolist()))
    best = max(means, key=means.__getitem__)
    found = _densities(samples, test, (best,))[0]
    return ParzenLikelihood(float(found.mean()), float(found.std() / np.sqrt(len(found))), best, means)
