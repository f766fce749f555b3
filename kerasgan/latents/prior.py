"""What every prior can do, and how one is found by its name."""

import difflib
import re
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

__all__ = ["Prior", "Seed", "choose", "get", "names", "register", "stream"]

Seed = int | Sequence[int] | None


class Prior:
    """A distribution of latents of shape (count, latent_dim), float32.

    Attributes:
        latent_dim: how many latents it draws, or None where it draws as many as it is asked for.
        num_components: of a discrete prior or a mixture the number of its categories or components, else None.
        center: the mean of every latent, where whatever lies between two draws is one too; None for categories, say.
        spherical: whether all latents of one length are equally likely, so that arcs between them stay likely and
            chords do not.
    """

    latent_dim: int | None = None
    num_components: int | None = None
    center: float | None = None
    spherical: bool = False

    @property
    def codes(self) -> "dict[str, tuple[Prior, slice]]":
        """The named parts of a `Product`: the prior of each and the columns of its latents; else none."""
        return {}

    def sample(self, count: Any, latent_dim: int, seed: Any) -> Any:
        """A tensor (count, latent_dim); `seed` is an int or a `keras.random.SeedGenerator`."""
        raise TypeError(f"{type(self).__name__} must define `sample`.")

    def draw(self, count: int, latent_dim: int, seed: Seed = None) -> np.ndarray:
        """An array (count, latent_dim) from `numpy.random.default_rng(seed)`: the first rows do not depend on count."""
        raise TypeError(f"{type(self).__name__} must define `draw`.")

    def draw_given(self, values: Any, count: int, latent_dim: int, seed: Seed = None) -> np.ndarray:
        """As `draw`, where `values` are wanted: categories or components (ints), or the numbers themselves.

        Args:
            values: one for all, or one for each of the `count` rows.
            count: how many.
            latent_dim: size of a row.
            seed: of what `values` leave open.

        Raises:
            ValueError: for values of another shape or out of range.
        """
        array = np.asarray(values, dtype="float32")
        if array.ndim == 1 and latent_dim == 1 != count == len(array):
            array = array[:, None]
        if array.shape not in ((), (latent_dim,), (count, latent_dim)):
            expected = f"Expected a number, {latent_dim} numbers, or an array ({count}, {latent_dim})"
            raise ValueError(f"{expected}. Received: values={values!r}")
        return np.broadcast_to(array, (count, latent_dim)).copy()

    def truncate(self, latents: Any, truncation: float) -> np.ndarray:
        """Latents moved toward the mean: mean + truncation * (latents - mean).

        Args:
            latents: (..., latent_dim).
            truncation: from 0, where all become the mean, to 1, where they stay what they are (psi in some papers).

        Raises:
            ValueError: for another truncation, or a prior between whose latents nothing lies.
        """
        if not 0 <= truncation <= 1:
            raise ValueError(f"Expected a truncation from 0 to 1. Received: truncation={truncation}")
        latents = np.asarray(latents, dtype="float32")
        if truncation == 1:
            return latents
        if self.center is None:
            raise ValueError(f"Expected a prior that can be shrunk to its mean. Received: prior={self.describe()}")
        return np.float32(self.center) + np.float32(truncation) * (latents - np.float32(self.center))

    def log_prob(self, latents: Any) -> Any:
        """The log density (of discrete latents: probability) of each row of `latents`, (count,), in nats."""
        raise TypeError(f"{type(self).__name__} has no log density.")

    def entropy(self, latent_dim: int | None = None) -> float:
        """The (differential) entropy in nats; `latent_dim` is needed where the prior has no size of its own."""
        raise TypeError(f"{type(self).__name__} has no entropy in closed form.")

    def component_entropy(self) -> float:
        """The entropy, in nats, of the category or component that is chosen."""
        raise TypeError(f"{type(self).__name__} has no components.")

    def responsibilities(self, latents: Any) -> Any:
        """The posterior p(component | latents), (count, num_components), differentiable."""
        raise TypeError(f"{type(self).__name__} has no components.")

    def check(self, latent_dim: int) -> None:
        """Raises ValueError unless the prior can draw so many latents."""
        if self.latent_dim is not None and latent_dim != self.latent_dim:
            expected = f"Expected latent_dim={self.latent_dim}, as many as the prior {type(self).__name__} draws"
            raise ValueError(f"{expected}. Received: latent_dim={latent_dim}")

    def drawn_dim(self, latent_dim: int) -> int:
        """How many latents are drawn for a generator that reads `latent_dim`: more only where some are learned."""
        return latent_dim

    def transform(self, latents: Any) -> Any:
        """The symbolic tensor that the generator reads instead of the drawn `latents`: the same unless overridden."""
        return latents

    def network(self, latent_dim: int) -> keras.Model | None:
        """What the prior learns, from the latents that are drawn to those that a generator reads; None for nothing."""
        drawn = keras.Input((self.drawn_dim(latent_dim),), name="latents")
        read = self.transform(drawn)
        return None if read is drawn else keras.Model(drawn, read, name="prior")

    def get_config(self) -> dict[str, Any]:
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Prior":
        return cls(**config)

    def describe(self, latent_dim: int | None = None) -> dict[str, Any]:
        """The prior as plain data that `get` understands and that draws the same, as exported files carry it.

        Whatever the prior, its name is that of a class a reader without kerasgan draws from: "normal", "uniform",
        "categorical", "product" or "gaussian_mixture".
        """
        return {"name": _name(type(self)), **self.get_config()}


_PRIORS: dict[str, Callable[..., Prior]] = {}


def _name(prior: type) -> str:
    """GaussianMixture -> gaussian_mixture."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", prior.__name__).lower()


def register(prior: type) -> type:
    """Makes a class of priors known to `get`, under its name in snake_case, and to Keras' files."""
    _PRIORS[_name(prior)] = prior
    return keras.saving.register_keras_serializable("kerasgan")(prior)


def names() -> list[str]:
    """The names that `get` knows, sorted."""
    return sorted(_PRIORS)


def get(prior: "str | dict | Prior") -> Prior:
    """A prior from its name ("normal"), from `{"name": "uniform", "low": 0.0, "high": 1.0}`, or as it is.

    Raises:
        ValueError: for an unknown name, with the nearest known ones, or settings that the prior does not take.
    """
    if isinstance(prior, Prior):
        return prior
    settings = {"name": prior} if isinstance(prior, str) else dict(prior)
    name = settings.pop("name", None)
    if name not in _PRIORS:
        near = difflib.get_close_matches(str(name), _PRIORS) or names()
        raise ValueError(f"Expected a latent prior such as {', '.join(near)}. Received: prior={prior!r}")
    try:
        return _PRIORS[name](**settings)
    except TypeError as error:
        raise ValueError(f"Expected settings of the prior {name}: {error}. Received: prior={prior!r}") from error


def stream(seed: Seed, index: int) -> Seed:
    """The seed of one of several independent streams; zero is the plain seed's own and one that of the labels."""
    if seed is None:
        return None
    return [*([int(seed)] if isinstance(seed, (int, np.integer)) else seed), index + 2]


def choose(cumulative: np.ndarray, count: int, seed: Seed) -> np.ndarray:
    """`count` indices whose probabilities have the sums `cumulative`, (n,) float64, of which the last is 1."""
    return np.searchsorted(cumulative[:-1], np.random.default_rng(seed).random(count), side="right")
