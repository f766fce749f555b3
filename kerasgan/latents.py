"""Latent priors, and labels: what the generator is fed.

A prior draws twice: `sample` inside the training step, with Keras' random numbers on the backend, and `draw` with
NumPy's, which gives the same numbers on every backend, in every exported program and for every batch size.
"""

import difflib
from typing import Any

import keras
import numpy as np

__all__ = ["Normal", "Prior", "Uniform", "class_labels", "get", "given"]


class Prior:
    """A distribution of latents of shape (count, latent_dim), float32."""

    centre: float | None = None
    """The mean of every component where whatever lies between two latents is one too; None for categories, say."""
    spherical: bool = False
    """Whether all latents of one length are equally likely, so that arcs between them stay likely and chords do not."""

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

    centre, spherical = 0.0, True

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
        self.centre = (self.low + self.high) / 2

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


def given(latents: Any, latent_dim: int) -> np.ndarray:
    """float32 latents (count, latent_dim) that a caller brings, at least one.

    Raises:
        ValueError: for another shape, or numbers that are not finite.
    """
    array = np.asarray(latents)
    if array.ndim != 2 or not len(array) or array.shape[1] != latent_dim:
        raise ValueError(f"Expected latents of shape (count, {latent_dim}). Received: latents.shape={array.shape}")
    if array.dtype.kind not in "fiu" or not np.isfinite(array).all():
        raise ValueError(f"Expected finite numbers as latents. Received: {array.dtype} latents, not all finite")
    return array.astype("float32")


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
