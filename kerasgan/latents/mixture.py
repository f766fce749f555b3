"""Mixtures of Gaussians with given components."""

import math
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasgan.latents.plain import as_indices, as_probabilities, sample_indices
from kerasgan.latents.prior import Prior, choose, register, stream

__all__ = ["GaussianMixture"]


@register
class GaussianMixture(Prior):
    """p(z) = sum_k w_k N(z; m_k, diag(s_k^2)): each latent vector is drawn from one of several Gaussians.

    Args:
        means: of the components, (num_components, latent_dim); if not given, drawn from U(-1, 1) with `seed`.
        scales: standard deviations: one for all, (num_components,) or (num_components, latent_dim).
        weights: of the components, equal if not given; they are divided by their sum.
        num_components: if no means are given.
        latent_dim: if no means are given.
        seed: of the means, if none are given.

    Raises:
        ValueError: if there are neither means nor both numbers, or shapes do not fit, or scales are not positive.
    """

    def __init__(
        self,
        means: Any = None,
        scales: Any = 0.2,
        weights: Any = None,
        *,
        num_components: int | None = None,
        latent_dim: int | None = None,
        seed: int = 0,
    ):
        if means is None:
            if not (num_components and latent_dim):
                received = f"num_components={num_components}, latent_dim={latent_dim}"
                raise ValueError(f"Expected means, or num_components and latent_dim. Received: {received}")
            means = np.random.default_rng(seed).uniform(-1, 1, (num_components, latent_dim))
        elif (num_components, latent_dim) != (None, None):
            raise ValueError("Expected either means, or num_components and latent_dim. Received: both")
        self.means = np.asarray(means, dtype="float32")
        if self.means.ndim != 2 or not self.means.size or not np.all(np.isfinite(self.means)):
            expected = "Expected finite means (num_components, latent_dim)"
            raise ValueError(f"{expected}. Received: means of the shape {self.means.shape}")
        self.num_components, self.latent_dim = self.means.shape
        self.scales = _scales(scales, self.means.shape)
        self.weights = as_probabilities(weights, self.num_components)

    def sample(self, count, latent_dim, seed):
        self.check(latent_dim)
        seed = keras.random.SeedGenerator(seed) if isinstance(seed, int) else seed
        index = sample_indices(self.weights, count, seed)
        noise = keras.random.normal((count, latent_dim), seed=seed, dtype="float32")
        means, scales = (ops.take(ops.convert_to_tensor(array), index, axis=0) for array in (self.means, self.scales))
        return means + scales * noise

    def draw(self, count, latent_dim, seed=None):
        index = choose(np.cumsum(self.weights), count, stream(seed, 0))
        return self.draw_given(index, count, latent_dim, seed)

    def draw_given(self, values, count, latent_dim, seed=None):
        """As `draw`, from the components `values`: an int for all, or one for each row."""
        self.check(latent_dim)
        index = as_indices(values, count, self.num_components)
        noise = np.random.default_rng(stream(seed, 1)).standard_normal((count, latent_dim), dtype="float32")
        return self.means[index] + self.scales[index] * noise

    def log_prob(self, latents):
        return ops.logsumexp(self._log_joint(latents), axis=-1)

    def responsibilities(self, latents):
        """r_k = w_k N(z; m_k, s_k) / p(z), the posterior of the component, (count, num_components)."""
        return ops.softmax(self._log_joint(latents), axis=-1)

    def component_entropy(self):
        positive = self.weights[self.weights > 0]
        return float(-np.sum(positive * np.log(positive)))

    def mean(self) -> np.ndarray:
        """sum_k w_k m_k, (latent_dim,)."""
        return self.weights @ self.means

    def covariance(self) -> np.ndarray:
        """sum_k w_k (diag(s_k^2) + m_k m_k^T) - m m^T, (latent_dim, latent_dim)."""
        centered = self.means - self.mean()
        return np.diag(self.weights @ np.square(self.scales)) + (self.weights[:, None] * centered).T @ centered

    def _log_joint(self, latents: Any) -> Any:
        """log w_k + log N(z; m_k, s_k) for each row and component."""
        means, scales = ops.convert_to_tensor(self.means), ops.convert_to_tensor(self.scales)
        standard = (ops.expand_dims(ops.convert_to_tensor(latents), 1) - means) / scales
        with np.errstate(divide="ignore"):
            constants = np.log(self.weights) - np.sum(np.log(self.scales), axis=-1, dtype="float64")
        constants -= 0.5 * self.means.shape[1] * math.log(2 * math.pi)
        return ops.convert_to_tensor(constants, dtype="float32") - 0.5 * ops.sum(ops.square(standard), axis=-1)

    def get_config(self):
        arrays = {"means": self.means, "scales": self.scales, "weights": self.weights}
        return {name: array.tolist() for name, array in arrays.items()}

    def describe(self, latent_dim=None):
        return {"name": "gaussian_mixture", **GaussianMixture.get_config(self)}


def _scales(scales: Any, shape: tuple[int, int]) -> np.ndarray:
    array = np.asarray(scales, dtype="float32")
    if array.shape not in ((), shape[:1], shape) or not np.all(array > 0) or not np.all(np.isfinite(array)):
        expected = f"Expected positive scales: one, {shape[:1]} or {shape}"
        raise ValueError(f"{expected}. Received: scales={scales!r}")
    return np.broadcast_to(array[:, None] if array.ndim == 1 else array, shape).copy()
