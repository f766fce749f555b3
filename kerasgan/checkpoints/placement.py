"""Where the tensors of a published checkpoint belong: each tensor in a network, each network in a GAN."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasgan.checkpoints.shapes import Shapes
from kerasgan.checkpoints.tensors import release

if TYPE_CHECKING:
    import keras

    from kerasgan.gan import GAN


@dataclass(frozen=True, kw_only=True)
class Placement:
    """The place of one tensor.

    Args:
        tensor: its name in the file, without the network's prefix.
        variable: the Keras variable that receives it.
        axes: the tensor's axes in the order of the variable's; None if they are the same.
        stored: the tensor's shape, if it is not the variable's in the order of `axes`.
        unfold: the shape to give the tensor before its axes are exchanged, such as (channels, height, width) for a
            feature map that the file stores flat.
        part: (start, stop) of the tensor's last axis if the variable receives only these; otherwise None.
        flip: whether to reverse the variable's first two axes, as for the kernel of a transposed convolution.
        factor: factor for the tensor, such as the ratio of two of He's constants.
        offset: number to add to the tensor, such as 1 for a gain that the file stores as its difference from 1; one
            number, or one for each element of the variable's last axis.
        colors: the axis, in the order of `axes`, of the image's colors (in the last layer, or in the first layer of a
            network with images as inputs); otherwise None.
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
        value = tensor if self.unfold is None else tensor.reshape(self.unfold)
        value = value if self.part is None else value[..., slice(*self.part)]
        value = value if self.axes is None else value.transpose(self.axes)
        if reverse_colors and self.colors is not None:
            value = np.flip(value, self.colors)
        value = value.reshape(self.variable.shape)
        if self.flip:
            value = np.flip(value, (0, 1))
        if self.factor != 1.0 or np.any(self.offset):
            value = value * self.factor + self.offset
        value = np.array(value, dtype="float32", order="C")
        release(tensor)
        return value


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How the generator of one family is stored in a publisher's files.

    Args:
        arguments: arguments of the family's models that have the published architecture, for error messages.
        placements: the places of all tensors of one network, their names without the network's prefix.
        sources: from a GAN and the names in a file: each network to load, with the prefix of its tensors.
        computed: weights of a network that are computed from the others and stored in no file, each with its function.
        discriminator: the places of all tensors of the discriminator, if the publisher's files have one.
        discriminator_prefix: of its tensors.
        spelling: from the names in a file, without the network's prefix: those names of `placements` that differ in it,
            each mapped to the file's.
        detect: from the shapes of a file's tensors, by name: the arguments of the family's model that it holds. Raises
            KeyError or IndexError for another network, whose tensors have other names or shapes, or returns None.
        published: those of `arguments` with which the smallest model of the family, `tiny_config`, has the published
            architecture.
    """

    arguments: str
    placements: Callable[[keras.Model], list[Placement]]
    sources: Callable[[GAN, Iterable[str]], list[tuple[keras.Model, str]]]
    computed: Callable[[keras.Model], list[tuple[Any, Callable[[], np.ndarray]]]] = lambda network: []
    discriminator: Callable[[keras.Model], list[Placement]] | None = None
    discriminator_prefix: str = ""
    spelling: Callable[[Iterable[str]], Mapping[str, str]] = lambda names: {}
    detect: Callable[[Shapes], Mapping[str, Any] | None]
    published: Mapping[str, Any] = field(default_factory=dict)


# The keys of a generator and of its moving average, in files that hold both.
AVERAGED = ("params", "params_ema")


def one_network(gan: GAN, names: Iterable[str]) -> list[tuple[keras.Model, str]]:
    """The sources of a file with a single generator, which also fills the moving average, if there is one."""
    networks = [gan.generator] if gan.sampler is gan.generator else [gan.generator, gan.sampler]
    return [(network, "") for network in networks]


def each_parts(gan: GAN) -> list[Mapping[str, keras.Model]]:
    """The parts, by name, of the generator and, if there is one, of its moving average."""
    return [gan.generator_parts] if gan.sampler is gan.generator else [gan.generator_parts, gan.sampler_parts]


def generator_and_average(
    gan: GAN, names: Iterable[str], *, plain: str, averaged: str
) -> list[tuple[keras.Model, str]]:
    """The sources of a file with a generator, its moving average or both, under these prefixes; a single one may have
    none.

    A GAN with only one generator loads the file's moving average; a GAN with both loads a file's only one into both.
    """
    names = tuple(names)
    present = [prefix for prefix in (plain, averaged) if any(name.startswith(prefix) for name in names)] or [""]
    if gan.sampler is gan.generator:
        return [(gan.generator, present[-1])]
    return [(gan.generator, present[0]), (gan.sampler, present[-1])]
