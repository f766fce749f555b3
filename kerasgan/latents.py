"""Latent priors, and labels: what the generator is fed.

A prior draws twice: `sample` inside the training step, with Keras' random numbers on the backend, and `draw` with
NumPy's, which gives the same numbers on every backend, in every exported program and for every batch size.
"""

import difflib
import math
import re
from typing import Any

import keras
import numpy as np

__all__ = ["Normal", "Prior", "TruncatedNormal", "Uniform", "class_labels", "get"]


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
        """The prior as plain data, as exported files carry it and `get` reads it: its name and its numbers."""
        return {"name": re.sub("(?<=[a-z])(?=[A-Z])", "_", type(self).__name__).lower(), **self.get_config()}


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


@keras.saving.register_keras_serializable("kerasgan")
class TruncatedNormal(Prior):
    """N(0, 1) on [-threshold, threshold]: coordinates beyond it are drawn anew (Brock et al. 2019, 1809.11096, 3.1).

    The truncation trick trades variety for fidelity: train with `Normal`, then sample with
    `gan.prior = TruncatedNormal(0.5)`.

    Raises:
        ValueError: if `threshold` is not positive.
    """

    def __init__(self, threshold: float = 2.0):
        if not threshold > 0:
            raise ValueError(f"Expected a positive threshold. Received: threshold={threshold}")
        self.threshold = float(threshold)

    def sample(self, count, latent_dim, seed):
        unit = keras.random.uniform((count, latent_dim), -1.0, 1.0, seed=seed, dtype="float32")
        return self._bounded(keras.ops.erfinv(unit * self._mass()) * 2**0.5, keras.ops.clip)

    def draw(self, count, latent_dim, seed=None):
        from scipy.special import erfinv

        unit = np.random.default_rng(seed).random((count, latent_dim))
        return self._bounded(erfinv((2 * unit - 1) * self._mass()) * 2**0.5, np.clip).astype("float32")

    def _mass(self) -> float:
        # Drawing anew until it fits has this distribution: the normal's quantiles of the uniform on its middle mass.
        return math.erf(self.threshold / 2**0.5)

    def _bounded(self, values: Any, clip: Any) -> Any:
        return clip(values, -self.threshold, self.threshold)  # an erfinv(1) is infinite, where the mass rounds to 1

    def get_config(self):
        return {"threshold": self.threshold}


_PRIORS = {"normal": Normal, "truncated_normal": TruncatedNormal, "uniform": Uniform}


def get(prior: "str | dict | Prior") -> Prior:
    """A prior from its name ("normal", "truncated_normal", "uniform"), `{"name": "uniform", "low": 0.0}`, or as it is.

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


def class_labels(
    count: int, labels: Any = None, *, num_classes: int | None, seed: int | None = None
) -> np.ndarray | None:
    """int32 labels (count,) for a class-conditional model: one for all, one each, or drawn at random if not given.

    Raises:
        ValueError: if they are no ints, of another number, out of range, or given to an unconditional model.
    """
    if num_classes is None:
        if labels is not None:
            raise ValueError(f"Expected no labels: this model is not class-conditional. Received: labels={labels}")
        return None
    if labels is None:
        stream = None if seed is None else [seed, 1]  # not the stream of the latents
        return np.random.default_rng(stream).integers(num_classes, size=count, dtype="int32")
    array = np.asarray(labels)
    if array.dtype.kind not in "iu" or array.shape not in ((), (count,)):
        raise ValueError(f"Expected an int or {count} ints as labels. Received: labels={labels!r}")
    if array.min() < 0 or array.max() >= num_classes:
        raise ValueError(f"Expected labels from 0 to {num_classes - 1}. Received: labels={labels!r}")
    return np.broadcast_to(array, (count,)).astype("int32")
