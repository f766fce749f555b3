"""Where the tensors of a published checkpoint belong: one tensor in a network, one network in a GAN."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import keras

    from kerasgan.gan import GAN


@dataclass(frozen=True, kw_only=True)
class Placement:
    """One tensor's place.

    Args:
        tensor: its name in the file, without the network's prefix.
        variable: the Keras variable that takes it.
        axes: the tensor's axes in the order of the variable's; None where they are the same.
        stored: the tensor's shape, where it is not the variable's in the order of `axes`.
        unfold: the shape to give the tensor before its axes are exchanged, such as (channels, height, width) of a map
            that the file stores flat.
        part: (start, stop) of the tensor's last axis where the variable takes only these; else None.
        flip: whether the variable's first two axes run the other way, as those of a transposed convolution's kernel do.
        factor: what to multiply the tensor by, such as one of He's constant by another.
        offset: what to add to the tensor, such as the 1 of a gain that the file stores as its difference from 1; one
            number, or one for each element of the variable's last axis.
        colors: the axis, in the order of `axes`, along which the colors of an image lie (the last layer's, or those
            of the first layer of a network of images); else None.
    """

    tensor: str
    variable: Any
    axes: tuple[int, ...] | None = None
    stored: tuple[int, ...] | None = None
    unfold: tuple[int, ...] | None = None
    part: tuple[int, int] | None = None
    flip: bool = False
    factor: float = 1.0
    offset: float | np.ndarray = 0.0
    colors: int | None = None

    @property
    def expected_shape(self) -> tuple[int, ...]:
        """The shape that the tensor must have in the file."""
        if self.stored is not None:
            return self.stored
        shape = tuple(self.variable.shape)
        if self.axes is None:
            return shape
        return tuple(shape[self.axes.index(axis)] for axis in range(len(shape)))

    def value(self, tensor: np.ndarray, *, reverse_colors: bool) -> np.ndarray:
        """The variable's value; `reverse_colors` exchanges the first and last color of the image."""
        tensor = tensor if self.unfold is None else tensor.reshape(self.unfold)
        tensor = tensor if self.part is None else tensor[..., slice(*self.part)]
        value = tensor if self.axes is None else tensor.transpose(self.axes)
        if reverse_colors and self.colors is not None:
            value = np.flip(value, self.colors)
        value = value.reshape(self.variable.shape)
        if self.flip:
            value = np.flip(value, (0, 1))
        return np.array(value * self.factor + self.offset, dtype="float32", order="C")


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How one family lies in a publisher's files.

    Args:
        arguments: of the family's models that have the published architecture, for error messages.
        placements: the places of all tensors of one network, their names without the network's prefix.
        sources: from a GAN and the names in a file: each network to fill with the prefix of its tensors.
        computed: weights of a network that follow from the others and are in no file, each with what computes it.
        spelling: from the names in a file, without the network's prefix: those in `placements` that it spells
            otherwise, each with the file's.
    """

    arguments: str
    placements: Callable[[keras.Model], list[Placement]]
    sources: Callable[[GAN, Iterable[str]], list[tuple[keras.Model, str]]]
    computed: Callable[[keras.Model], list[tuple[Any, Callable[[], np.ndarray]]]] = lambda network: []
    spelling: Callable[[Iterable[str]], Mapping[str, str]] = lambda names: {}


def one_network(gan: GAN, names: Iterable[str]) -> list[tuple[keras.Model, str]]:
    """The sources of a file that is one generator and nothing else: the moving average, if there is one, takes it too.

    PyTorch's `DataParallel` puts `module.` before every name.
    """
    prefix = "module." if all(name.startswith("module.") for name in names) else ""
    networks = [gan.generator] if gan.sampler is gan.generator else [gan.generator, gan.sampler]
    return [(network, prefix) for network in networks]


def each_parts(gan: GAN) -> list[Mapping[str, keras.Model]]:
    """The parts, by name, of the generator and, if there is one, of its moving average."""
    return [gan.generator_parts] if gan.sampler is gan.generator else [gan.generator_parts, gan.sampler_parts]


def generator_and_average(
    gan: GAN, names: Iterable[str], *, plain: str, averaged: str
) -> list[tuple[keras.Model, str]]:
    """The sources of a file that has a generator, its moving average or both, under these prefixes or, of one, none.

    A GAN with one generator only takes the file's moving average; both of a GAN take a file's only one.
    """
    names = tuple(names)
    present = [prefix for prefix in (plain, averaged) if any(name.startswith(prefix) for name in names)] or [""]
    if gan.sampler is gan.generator:
        return [(gan.generator, present[-1])]
    return [(gan.generator, present[0]), (gan.sampler, present[-1])]
