"""Latent priors: what the generator is fed.

A prior draws twice: `sample` inside the training step, with Keras' random numbers on the backend, and `draw` with
NumPy's, which gives the same numbers on every backend, in every exported program and for every batch size.
"""

import difflib
from typing import Any

import keras
import numpy as np

__all__ = ["Normal", "Prior", "Uniform", "get"]


class Prior:
    """A distribution of latents of shape (count, latent_dim), float32."""

    def sample(self, count: Any, latent_dim: int, seed: Any) -> Any:
        """A tensor (count, latent_dim); `seed` is an int or a `keras.random.SeedGenerator`."""
        raise TypeError(f"{type(self).__name__} must define `sample`.")

    def draw(self, count: int, latent_dim: int, seed: int | None = None) -> np.ndarray:
        """An array (count, latent_dim) from `numpy.random.default_rng(seed)`: the first rows do not depend on count."""
        raise TypeError(f"{type(self).__name__} must define `draw`.")

    def get_config(self) -> dict[str, Any]:
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Prior":
        return cls(**config)

    def describe(self) -> dict[str, Any]:
        """The prior as plain data, as exported files carry it: its lower-case name and its numbers."""
        return {"name": type(self).__name__.lower(), **self.get_config()}


@keras.saving.register_keras_serializable("kerasgan")
class Normal(Prior):
    """The standard normal N(0, I)."""

    def sample(self, count, latent_dim, seed):
        return keras.random.normal((count, latent_dim), seed=seed, dtype="float32")

    def draw(self, count, latent_dim, seed=None):
        return np.random.default_rng(seed).standard_normal((count, latent_dim), dtype="float32")


@keras.saving.register_keras_serializable("kerasgan")
class Uniform(Prior):
    """The uniform distribution on the cube [low, high)^latent_dim; `Uniform(-3**0.5, 3**0.5)` has unit variance.

    Raises:
        ValueError: if `low` is not below `high`.
    """

    def __init__(self, low: float = -1.0, high: float = 1.0):
        if not low < high:
            raise ValueError(f"Expected low < high. Received: low={low}, high={high}")
        self.low, self.high = float(low), float(high)

    def sample(self, count, latent_dim, seed):
        return keras.random.uniform((count, latent_dim), self.low, self.high, seed=seed, dtype="float32")

    def draw(self, count, latent_dim, seed=None):
        unit = np.random.default_rng(seed).random((count, latent_dim), dtype="float32")
        return np.float32(self.low) + np.float32(self.high - self.low) * unit

    def get_config(self):
        return {"low": self.low, "high": self.high}


_PRIORS = {"normal": Normal, "uniform": Uniform}


def get(prior: "str | dict | Prior") -> Prior:
    """A prior from its name ("normal", "uniform"), from `{"name": "uniform", "low": 0.0, "high": 1.0}`, or as it is.

    Raises:
        ValueError: for an unknown name, with the nearest known ones.
    """
    if isinstance(prior, Prior):
        return prior
    settings = {"name": prior} if isinstance(prior, str) else dict(prior)
    name = settings.pop("name", None)
    if name not in _PRIORS:
        near = difflib.get_close_matches(str(name), _PRIORS) or sorted(_PRIORS)
        raise ValueError(f"Expected a latent prior such as {', '.join(near)}. Received: prior={prior!r}")
    return _PRIORS[name](**settings)
