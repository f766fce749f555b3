"""Priors of independent, identically distributed latents, and the categorical prior."""

import math
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasgan.latents.prior import Prior, choose, register

__all__ = ["Categorical", "Normal", "TruncatedNormal", "Uniform", "as_indices", "as_probabilities", "sample_indices"]


def _size(prior: Prior, latent_dim: int | None) -> int:
    if latent_dim is None:
        raise ValueError(f"Expected the number of latents of the prior {type(prior).__name__}. Received: none")
    return latent_dim


@register
class Normal(Prior):
    """The standard normal N(0, I)."""

    center, spherical = 0.0, True

    def sample(self, count, latent_dim, seed):
        return keras.random.normal((count, latent_dim), seed=seed, dtype="float32")

    def draw(self, count, latent_dim, seed=None):
        return np.random.default_rng(seed).standard_normal((count, latent_dim), dtype="float32")

    def log_prob(self, latents):
        return -0.5 * ops.sum(ops.square(ops.convert_to_tensor(latents)) + math.log(2 * math.pi), axis=-1)

    def entropy(self, latent_dim=None):
        return 0.5 * _size(self, latent_dim) * math.log(2 * math.pi * math.e)


@register
class TruncatedNormal(Prior):
    """N(0, 1) on [-threshold, threshold]: values beyond it are drawn again (Brock et al. 2019, 1809.11096, 3.1).

    The truncation trick trades variety for fidelity: train with `Normal`, then sample with
    `gan.prior = TruncatedNormal(0.5)`.

    Args:
        threshold: the largest magnitude of a latent.

    Raises:
        ValueError: if `threshold` is not positive.
    """

    center = 0.0

    def __init__(self, threshold: float = 2.0):
        if not threshold > 0:
            raise ValueError(f"Expected a positive threshold. Received: threshold={threshold}")
        self.threshold = float(threshold)

    def sample(self, count, latent_dim, seed):
        unit = keras.random.uniform((count, latent_dim), -1.0, 1.0, seed=seed, dtype="float32")
        return self._bounded(ops.erfinv(unit * self._mass()) * 2**0.5, ops.clip)

    def draw(self, count, latent_dim, seed=None):
        from scipy.special import erfinv

        unit = np.random.default_rng(seed).random((count, latent_dim))
        return self._bounded(erfinv((2 * unit - 1) * self._mass()) * 2**0.5, np.clip).astype("float32")

    def log_prob(self, latents):
        density = -0.5 * (ops.square(latents) + math.log(2 * math.pi)) - math.log(self._mass())
        inside = ops.all(ops.abs(latents) <= self.threshold, axis=-1)
        return ops.where(inside, ops.sum(density, axis=-1), -math.inf)

    def _mass(self) -> float:
        # Equivalent to drawing again until a value fits: the normal's quantiles of a uniform on its middle mass.
        return math.erf(self.threshold / 2**0.5)

    def _bounded(self, values: Any, clip: Any) -> Any:
        return clip(values, -self.threshold, self.threshold)  # an erfinv(1) is infinite, where the mass rounds to 1

    def get_config(self):
        return {"threshold": self.threshold}


@register
class Uniform(Prior):
    """The uniform distribution on the cube [low, high)^latent_dim.

    Args:
        low: lower bound.
        high: upper bound.
        variance: of each latent, around zero, instead of the bounds; with 1 the cube is [-sqrt(3), sqrt(3)).

    Raises:
        ValueError: if `low` is not below `high`, or the variance is not positive.
    """

    def __init__(self, low: float = -1.0, high: float = 1.0, *, variance: float | None = None):
        if variance is not None:
            if not variance > 0 or (low, high) != (-1.0, 1.0):
                received = f"low={low}, high={high}, variance={variance}"
                raise ValueError(f"Expected either bounds or a positive variance. Received: {received}")
            low, high = -math.sqrt(3 * variance), math.sqrt(3 * variance)
        if not low < high:
            raise ValueError(f"Expected low < high. Received: low={low}, high={high}")
        self.low, self.high = float(low), float(high)
        self.center = (self.low + self.high) / 2

    def sample(self, count, latent_dim, seed):
        return keras.random.uniform((count, latent_dim), self.low, self.high, seed=seed, dtype="float32")

    def draw(self, count, latent_dim, seed=None):
        unit = np.random.default_rng(seed).random((count, latent_dim), dtype="float32")
        return np.float32(self.low) + np.float32(self.high - self.low) * unit

    def log_prob(self, latents):
        latents = ops.convert_to_tensor(latents)
        inside = ops.all((latents >= self.low) & (latents < self.high), axis=-1)
        return ops.where(inside, -self.entropy(latents.shape[-1]), -math.inf)

    def entropy(self, latent_dim=None):
        return _size(self, latent_dim) * math.log(self.high - self.low)

    def get_config(self):
        return {"low": self.low, "high": self.high}


@register
class Categorical(Prior):
    """One of several categories, as a one-hot vector.

    Args:
        num_categories: number of categories, 2 or more.
        probabilities: of the categories, equal if not given; they are divided by their sum.

    Raises:
        ValueError: for fewer than two categories, or probabilities of another number or below zero.
    """

    def __init__(self, num_categories: int, probabilities: Any = None):
        if not isinstance(num_categories, (int, np.integer)) or num_categories < 2:
            raise ValueError(f"Expected at least two categories. Received: num_categories={num_categories!r}")
        self.latent_dim = self.num_components = int(num_categories)
        self.probabilities = as_probabilities(probabilities, self.latent_dim)

    def sample(self, count, latent_dim, seed):
        self.check(latent_dim)
        return ops.one_hot(sample_indices(self.probabilities, count, seed), latent_dim, dtype="float32")

    def draw(self, count, latent_dim, seed=None):
        self.check(latent_dim)
        return np.eye(latent_dim, dtype="float32")[choose(np.cumsum(self.probabilities), count, seed)]

    def draw_given(self, values, count, latent_dim, seed=None):
        self.check(latent_dim)
        return np.eye(latent_dim, dtype="float32")[as_indices(values, count, latent_dim)]

    def log_prob(self, latents):
        return ops.log(
            ops.sum(
                ops.convert_to_tensor(latents) * ops.convert_to_tensor(self.probabilities, dtype="float32"), axis=-1
            )
        )

    def entropy(self, latent_dim=None):
        positive = self.probabilities[self.probabilities > 0]
        return float(-np.sum(positive * np.log(positive)))

    def component_entropy(self):
        return self.entropy()

    def responsibilities(self, latents):
        return latents

    def get_config(self):
        return {"num_categories": self.latent_dim, "probabilities": self.probabilities.tolist()}


def as_probabilities(values: Any, count: int) -> np.ndarray:
    """float64 probabilities (count,) with the sum 1, uniform where `values` is None.

    Raises:
        ValueError: if there are not `count`, one is negative, or all are zero.
    """
    if values is None:
        return np.full(count, 1 / count)
    array = np.asarray(values, dtype="float64")
    if array.shape != (count,) or not np.all(array >= 0) or not 0 < array.sum() < math.inf:
        raise ValueError(f"Expected {count} probabilities from 0 on. Received: {values!r}")
    return array if abs(array.sum() - 1) < 1e-12 else array / array.sum()  # unchanged when written and read again


def as_indices(values: Any, count: int, num_components: int) -> np.ndarray:
    """An index for each of `count` rows from one for all or one each.

    Raises:
        ValueError: if they are not ints, not `count` of them, or out of range.
    """
    array = np.asarray(values)
    if array.dtype.kind not in "iu" or array.shape not in ((), (count,)):
        raise ValueError(f"Expected an int or {count} ints. Received: values={values!r}")
    if array.min() < 0 or array.max() >= num_components:
        raise ValueError(f"Expected ints from 0 to {num_components - 1}. Received: values={values!r}")
    return np.broadcast_to(array, (count,))


def sample_indices(probabilities: np.ndarray, count: Any, seed: Any) -> Any:
    """A tensor of `count` indices with the given probabilities."""
    bounds = ops.convert_to_tensor(np.cumsum(probabilities)[:-1], dtype="float32")
    uniform = keras.random.uniform((count, 1), seed=seed, dtype="float32")
    return ops.sum(ops.cast(uniform >= bounds, "int32"), axis=-1)
