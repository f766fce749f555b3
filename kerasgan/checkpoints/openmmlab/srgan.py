"""MSRResNet (mmediting): `conv_first`, `trunk_net.N`, `upsampleN` before a pixel shuffle, `conv_hr`, `conv_last`.

Its images are in [0, 1], those of the network here in [-1, 1]. The enlarged input, which is added to the last layer's
output, is in [-1, 1] already, so that this output counts twice.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kerasgan.checkpoints.openmmlab.networks import NETWORKS, one_generator
from kerasgan.checkpoints.placement import Layout, Placement
from kerasgan.checkpoints.pytorch import convolution, find
from kerasgan.checkpoints.shapes import Shapes, count, under

if TYPE_CHECKING:
    import keras

__all__ = ["LAYOUT", "in_our_range", "placements", "shuffled"]


def placements(generator: keras.Model) -> list[Placement]:
    """The places of all tensors in the generator of `LAYOUT.arguments`."""
    names = {layer.name for layer in generator.layers}
    blocks = sum(name.startswith("block") and name.endswith("_sum") for name in names)
    places = convolution("conv_first", find(generator, "stem"), from_image=True)
    for index in range(blocks):
        for part in (1, 2):
            places += convolution(f"trunk_net.{index}.conv{part}", find(generator, f"block{index + 1}_conv{part}"))
    for level in range(1, 1 + sum(name.endswith("_shuffle") for name in names)):
        places += shuffled(f"upsample{level}.upsample_conv", find(generator, f"up{level}"), factor=2)
    places += convolution("conv_hr", find(generator, "last"))
    last = convolution("conv_last", find(generator, "image"), image=True)
    return places + in_our_range(last, offset=0.0)


def in_our_range(last: list[Placement], *, offset: float) -> list[Placement]:
    """The placements of a last layer, [weight, bias], for images in [0, 1], rescaled: 2 x + `offset`."""
    weight, bias = last
    return [dataclasses.replace(weight, factor=2.0), dataclasses.replace(bias, factor=2.0, offset=offset)]


def shuffled(tensor: str, layer: Any, *, factor: int) -> list[Placement]:
    """A convolution before a pixel shuffle, whose outputs PyTorch orders (channel, row, column)."""
    height, width, inputs, outputs = layer.kernel.shape
    channels = outputs // factor**2
    weight, bias = convolution(tensor, layer)
    cells = (channels, factor, factor)
    unfold, axes = (*cells, inputs, height, width), (4, 5, 3, 1, 2, 0)
    return [
        dataclasses.replace(weight, stored=weight.expected_shape, unfold=unfold, axes=axes),
        dataclasses.replace(bias, stored=(outputs,), unfold=cells, axes=(1, 2, 0)),
    ]


def detect(shapes: Shapes) -> Mapping[str, Any]:
    """The arguments of the model of a file."""
    found = under(shapes, *NETWORKS)
    (width, channels, *_), _ = found["conv_first.weight"], found["trunk_net.0.conv1.weight"]
    blocks, doublings = (count(found, rf"{name}(\d+)\..*") for name in (r"trunk_net\.", "upsample"))
    return dict(channels=channels, scale=2**doublings, variant="modified", blocks=blocks, width=width)


LAYOUT = Layout(
    arguments="SRGAN(variant='modified')",
    placements=placements,
    sources=one_generator,
    detect=detect,
    published={"variant": "modified"},
)
