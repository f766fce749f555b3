"""ResnetGenerator, twice: `generators.A` translates images of domain B to domain A, `generators.B` the reverse."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from kerasgan.checkpoints.openmmlab.networks import by_domain
from kerasgan.checkpoints.pickles import CheckpointError
from kerasgan.checkpoints.placement import Layout, Placement, each_parts
from kerasgan.checkpoints.pytorch import convolution, find, transposed_convolution
from kerasgan.checkpoints.shapes import Shapes, count, under

if TYPE_CHECKING:
    import keras

    from kerasgan.gan import GAN

__all__ = ["LAYOUT", "placements"]


def placements(generator: keras.Model) -> list[Placement]:
    """The places of all tensors in one generator, `gan.generator_ab` or `gan.generator_ba`."""
    blocks = sum(layer.name.endswith("_sum") for layer in generator.layers)
    names = ["stem", "down1", "down2", *(f"block{index + 1}" for index in range(blocks)), "up2", "up1", "image"]
    places = []
    for index, name in enumerate(names):
        if name.startswith("block"):
            for part in (0, 1):
                layer = find(generator, f"{name}_conv{part + 1}")
                places += convolution(f"model.{index}.block.{part}.conv", layer)
        elif name.startswith("up"):
            places += transposed_convolution(f"model.{index}.conv", find(generator, name))
        else:
            ends = {"from_image": name == "stem", "image": name == "image"}
            places += convolution(f"model.{index}.conv", find(generator, name), **ends)
    return places


def sources(gan: GAN, names: Iterable[str]) -> list[tuple[keras.Model, str]]:
    """Both generators: the files list domain a, the output of the second direction, before domain b."""
    prefixes = by_domain(names)
    if not 1 <= len(prefixes) <= 2:
        raise CheckpointError(f"Expected the generators of two domains. Received: {', '.join(prefixes) or 'none'}")
    if len(prefixes) == 1:
        warnings.warn(
            f"The file holds one generator, {prefixes[0]}: its weights are loaded into generator_ab only.", stacklevel=4
        )
    ways = ("ab",) if len(prefixes) == 1 else ("ba", "ab")
    return [(parts[way], prefix) for parts in each_parts(gan) for way, prefix in zip(ways, prefixes)]


def detect(shapes: Shapes) -> Mapping[str, Any]:
    """The arguments of the model of a file, whose last generator translates domain a to domain b."""
    found = under(shapes, by_domain(shapes)[-1])
    (width, inputs, *_), blocks = found["model.0.conv.weight"], count(found, r"model\.(\d+)\.block\..*")
    channels = found[f"model.{5 + blocks}.conv.weight"][0]
    sizes = dict(input_channels=inputs, channels=channels, blocks=blocks, width=width)
    return sizes if inputs == channels else {**sizes, "identity_weight": 0.0}


LAYOUT = Layout(arguments="CycleGAN()", placements=placements, sources=sources, detect=detect)
