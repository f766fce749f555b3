"""Several priors side by side."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from kerasgan.latents.prior import Prior, get, register, stream

__all__ = ["Columns", "Part", "Product"]


class Part(NamedTuple):
    """One prior of a `Product`.

    Attributes:
        prior: a prior, or what `latents.get` makes one of.
        size: how many latents the generator reads from it; not needed where the prior has a size of its own.
        code: a name by which its latents can be chosen and, in an InfoGAN, are predicted; None for noise.
    """

    prior: Any
    size: int | None = None
    code: str | None = None


@register
class Product(Prior):
    """Independent priors whose latents are joined, in their order.

    Args:
        parts: `Part`s; also accepted are a prior that has a size of its own, a tuple (prior, size) or
            (prior, size, code), and a dictionary of the prior's name and settings with `size` and `code`, so that a
            recipe can say `{ name = "product", parts = [{ name = "normal", size = 62 }, ...] }`.

    Attributes:
        read_dim: how many latents the generator reads; `latent_dim` are drawn.

    Raises:
        ValueError: for no parts, a part without a size, or two codes of the same name.
    """

    def __init__(self, parts: Sequence[Any]):
        self.parts = [_part(part) for part in parts]
        if not self.parts:
            raise ValueError(f"Expected at least one part. Received: parts={parts!r}")
        named = [part.code for part in self.parts if part.code is not None]
        if len(set(named)) < len(named):
            raise ValueError(f"Expected codes of different names. Received: {', '.join(named)}")
        drawn = np.cumsum([0, *(part.prior.drawn_dim(part.size) for part in self.parts)]).tolist()
        self.columns = [slice(*bounds) for bounds in pairwise(drawn)]  # of each part's latents
        self.latent_dim = drawn[-1]
        self.read_dim = sum(part.size or 0 for part in self.parts)

    @property
    def codes(self) -> dict[str, tuple[Prior, slice]]:
        pairs = zip(self.parts, self.columns)
        return {part.code: (part.prior, columns) for part, columns in pairs if part.code is not None}

    def sample(self, count, latent_dim, seed):
        self.check(latent_dim)
        seed = keras.random.SeedGenerator(seed) if isinstance(seed, int) else seed  # an int would give all the same
        return ops.concatenate([prior.sample(count, size, seed) for prior, size in self._drawn()], axis=-1)

    def draw(self, count, latent_dim, seed=None):
        return self.draw_given({}, count, latent_dim, seed)

    def draw_given(self, values, count, latent_dim, seed=None):
        """As `draw`; `values` maps names of codes to their fixed values."""
        self.check(latent_dim)
        if unknown := set(values) - self.codes.keys():
            known = ", ".join(self.codes) or "none"
            raise ValueError(f"Expected codes of the prior: {known}. Received: {', '.join(map(str, sorted(unknown)))}")
        drawn = []
        for index, (part, (prior, size)) in enumerate(zip(self.parts, self._drawn())):
            own = stream(seed, index)
            value = values.get(part.code) if part.code is not None else None
            drawn.append(prior.draw(count, size, own) if value is None else _given(part, value, count, size, own))
        return np.concatenate(drawn, axis=1)

    def truncate(self, latents, truncation):
        """As in `Prior`; discrete parts, such as categories, are not changed."""
        if all(part.prior.center is None for part in self.parts):
            return super().truncate(latents, truncation)
        latents = np.array(latents, dtype="float32")
        for part, columns in zip(self.parts, self.columns):
            if part.prior.center is not None:
                latents[..., columns] = part.prior.truncate(latents[..., columns], truncation)
        return latents

    def log_prob(self, latents):
        return sum(part.prior.log_prob(latents[:, columns]) for part, columns in zip(self.parts, self.columns))

    def entropy(self, latent_dim=None):
        """The sum of the parts' entropies, differential ones and those of categories alike."""
        return sum(prior.entropy(size) for prior, size in self._drawn())

    def drawn_dim(self, latent_dim):
        if latent_dim != self.read_dim:
            expected = f"Expected latent_dim={self.read_dim}, the sum of the prior's parts"
            raise ValueError(f"{expected}. Received: latent_dim={latent_dim}")
        return self.latent_dim

    def transform(self, latents):
        if all(part.prior.drawn_dim(part.size) == part.size for part in self.parts):
            return latents
        parts = [
            part.prior.transform(Columns(columns.start, columns.stop)(latents))
            for part, columns in zip(self.parts, self.columns)
        ]
        return keras.layers.Concatenate(name="latent_parts")(parts)

    def _drawn(self) -> list[tuple[Prior, int]]:
        """The parts' priors and how many latents each draws."""
        return [(part.prior, columns.stop - columns.start) for part, columns in zip(self.parts, self.columns)]

    def get_config(self):
        parts = [
            {"prior": keras.saving.serialize_keras_object(part.prior), "size": part.size, "code": part.code}
            for part in self.parts
        ]
        return {"parts": parts}

    @classmethod
    def from_config(cls, config):
        load = keras.saving.deserialize_keras_object
        return cls([Part(load(part["prior"]), part["size"], part["code"]) for part in config["parts"]])

    def describe(self, latent_dim=None):
        parts = []
        for part, (prior, size) in zip(self.parts, self._drawn()):
            code = {} if part.code is None else {"code": part.code}
            parts.append({**prior.describe(size), "size": size, **code})
        return {"name": "product", "parts": parts}


def _part(part: Any) -> Part:
    if isinstance(part, Mapping):
        settings = dict(part)
        part = Part(size=settings.pop("size", None), code=settings.pop("code", None), prior=settings)
    elif isinstance(part, (str, Prior)):
        part = Part(part)
    prior, size, code = Part(*part)
    prior = get(prior)
    if size is None:
        size = prior.read_dim if isinstance(prior, Product) else prior.latent_dim
    if not isinstance(size, int) or size < 1:
        raise ValueError(f"Expected the size of the part {type(prior).__name__}. Received: size={size!r}")
    prior.check(prior.drawn_dim(size))
    return Part(prior, size, code)


def _given(part: Part, value: Any, count: int, size: int, seed: Any) -> np.ndarray:
    try:
        return part.prior.draw_given(value, count, size, seed)
    except ValueError as error:
        raise ValueError(f"The code {part.code}: {error}") from None


@keras.saving.register_keras_serializable("kerasgan")
class Columns(keras.layers.Layer):
    """The columns from `start` up to `stop` of features (batch, n)."""

    def __init__(self, start: int, stop: int, **options: Any):
        super().__init__(**options)
        self.start, self.stop = start, stop

    def call(self, inputs):
        return inputs[:, self.start : self.stop]

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.stop - self.start)

    def get_config(self):
        return {**super().get_config(), "start": self.start, "stop": self.stop}
