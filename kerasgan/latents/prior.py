"""The base class of priors, and their registry by name."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

from kerasgan.names import made, resolve

__all__ = ["Prior", "Seed", "choose", "get", "names", "register", "stream"]

Seed = int | Sequence[int] | None


class Prior:
    """A distribution of latents of shape (count, latent_dim), float32.

    Attributes:
        latent_dim: the number of latents of a prior of fixed size, else None.
        num_components: the number of categories or components of a discrete prior or a mixture, else None.
        center: the mean of every latent; None for a prior that cannot be interpolated, such as categories.
        spherical: whether all latents of one length are equally likely, so that arcs between them stay likely and
            chords do not.
    """

    latent_dim: int | None = None
    num_components: int | None = None
    center: float | None = None
    spherical: bool = False

    @property
    def codes(self) -> "dict[str, tuple[Prior, slice]]":
        """The named parts of a `Product`: each one's prior and columns of the latents; empty for other priors."""
        return {}

    def sample(self, count: Any, latent_dim: int, seed: Any) -> Any:
        """A tensor (count, latent_dim); `seed` is an int or a `keras.random.SeedGenerator`."""
        raise TypeError(f"{type(self).__name__} must define `sample`.")

    def draw(self, count: int, latent_dim: int, seed: Seed = None) -> np.ndarray:
        """An array (count, latent_dim) from `numpy.random.default_rng(seed)`: the first rows do not depend on count."""
        raise TypeError(f"{type(self).__name__} must define `draw`.")

    def draw_given(self, values: Any, count: int, latent_dim: int, seed: Seed = None) -> np.ndarray:
        """As `draw`, with `values` fixed: categories or components (ints), or the numbers themselves.

        Args:
            values: one for all, or one for each of the `count` rows.
            count: number of rows.
            latent_dim: size of a row.
            seed: of everything that `values` do not fix.

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
            truncation: from 0, the mean, to 1, unchanged (psi in some papers).

        Raises:
            ValueError: for a truncation out of range, or a discrete prior.
        """
        if not 0 <= truncation <= 1:
            raise ValueError(f"Expected a truncation from 0 to 1. Received: truncation={truncation}")
        latents = np.asarray(latents, dtype="float32")
        if truncation == 1:
            return latents
        if self.center is None:
            raise ValueError(f"Cannot truncate: the prior is discrete. Received: prior={self.describe()}")
        return np.float32(self.center) + np.float32(truncation) * (latents - np.float32(self.center))

    def log_prob(self, latents: Any) -> Any:
        """The log density (of discrete latents: probability) of each row of `latents`, (count,), in nats."""
        raise TypeError(f"{type(self).__name__} has no log density.")

    def entropy(self, latent_dim: int | None = None) -> float:
        """The (differential) entropy in nats; `latent_dim` is required unless the prior has a fixed size."""
        raise TypeError(f"{type(self).__name__} has no entropy in closed form.")

    def component_entropy(self) -> float:
        """The entropy, in nats, of the category or component that is chosen."""
        raise TypeError(f"{type(self).__name__} has no components.")

    def responsibilities(self, latents: Any) -> Any:
        """The posterior p(component | latents), (count, num_components), differentiable."""
        raise TypeError(f"{type(self).__name__} has no components.")

    def levels(self, shares: Any) -> list[Any]:
        """The nodes' probabilities at each level of a hierarchy whose components have the probabilities `shares`.

        Args:
            shares: (count, num_components); the last level's.

        Returns a tensor (count, nodes) for each level.
        """
        return [shares]

    def check(self, latent_dim: int) -> None:
        """Raises ValueError unless the prior can draw `latent_dim` latents."""
        if self.latent_dim is not None and latent_dim != self.latent_dim:
            expected = f"Expected latent_dim={self.latent_dim}, as many as the prior {type(self).__name__} draws"
            raise ValueError(f"{expected}. Received: latent_dim={latent_dim}")

    def drawn_dim(self, latent_dim: int) -> int:
        """The number of latents to draw for a generator that takes `latent_dim`; they differ for trained priors."""
        return latent_dim

    def transform(self, latents: Any) -> Any:
        """The symbolic tensor that the generator takes for the drawn `latents`: the same unless overridden."""
        return latents

    def network(self, latent_dim: int) -> keras.Model | None:
        """The prior's trained network, from drawn latents to those that the generator takes; None if it has none."""
        drawn = keras.Input((self.drawn_dim(latent_dim),), name="latents")
        read = self.transform(drawn)
        return None if read is drawn else keras.Model(drawn, read, name="prior")

    def get_config(self) -> dict[str, Any]:
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Prior":
        return cls(**config)

    def describe(self, latent_dim: int | None = None) -> dict[str, Any]:
        """The prior as plain data, from which `get` makes an equivalent prior, as exported files contain it.

        Its name is always one that programs without kerasgan implement: "normal", "uniform", "categorical", "product"
        or "gaussian_mixture".
        """
        return {"name": _name(type(self)), **self.get_config()}


_PRIORS: dict[str, Callable[..., Prior]] = {}


def _name(prior: type) -> str:
    """GaussianMixture -> gaussian_mixture."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", prior.__name__).lower()


def register(prior: type) -> type:
    """Registers a class of priors for `get`, under its name in snake_case, and for Keras' files."""
    _PRIORS[_name(prior)] = prior
    return keras.saving.register_keras_serializable("kerasgan")(prior)


def names() -> list[str]:
    """The names that `get` accepts, sorted."""
    return sorted(_PRIORS)


def get(prior: "str | dict | Prior") -> Prior:
    """A prior from its name ("normal"), from `{"name": "uniform", "low": 0.0, "high": 1.0}`, or unchanged.

    Raises:
        ValueError: for an unknown name, with the nearest known ones, or settings that the prior does not take.
    """
    if isinstance(prior, Prior):
        return prior
    settings = dict(prior) if isinstance(prior, dict) else {"name": prior}
    name = settings.pop("name", None)
    base = "kerasgan.latents.Prior"
    name = resolve(name, names(), expected="a latent prior", received=f"prior={prior!r}", base=base)
    return made(_PRIORS[name], settings, received=f"prior={prior!r}")


def stream(seed: Seed, index: int) -> Seed:
    """The seed of one of several independent streams; zero is the plain seed's own and one that of the labels."""
    if seed is None:
        return None
    return [*([int(seed)] if isinstance(seed, (int, np.integer)) else seed), index + 2]


def choose(cumulative: np.ndarray, count: int, seed: Seed) -> np.ndarray:
    """`count` indices whose probabilities have the sums `cumulative`, (n,) float64, of which the last is 1."""
    return np.searchsorted(cumulative[:-1], np.random.default_rng(seed).random(count), side="right")
