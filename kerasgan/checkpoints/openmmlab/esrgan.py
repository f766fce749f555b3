"""RRDBNet (mmediting): `conv_first`, `body.N.rdbM.convK`, `conv_body`, `conv_upN`, `conv_hr`, `conv_last`.

Its images are in [0, 1], those of the network here in [-1, 1].
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kerasgan.checkpoints.openmmlab.networks import NETWORKS, one_generator
from kerasgan.checkpoints.openmmlab.srgan import in_our_range
from kerasgan.checkpoints.placement import Layout, Placement
from kerasgan.checkpoints.pytorch import convolution, find
from kerasgan.checkpoints.shapes import Shapes, count, under

if TYPE_CHECKING:
    import keras

__all__ = ["LAYOUT", "detect", "placements"]


def placements(generator: keras.Model) -> list[Placement]:
    """The places of all tensors in the generator."""
    layers = {layer.name: layer for layer in generator.layers}
    blocks = sum(name.removeprefix("block").removesuffix("_sum").isdecimal() for name in layers)
    places = _stem(generator)
    for block in range(blocks):
        for dense in (1, 2, 3):
            for part in range(1, 6):
                ours = find(generator, f"block{block + 1}_dense{dense}_conv{part}")
                places += convolution(f"body.{block}.rdb{dense}.conv{part}", ours)
    ups = {
        f"conv_{name.removesuffix('_nearest')}": name.removesuffix("_nearest") for name in layers if "_nearest" in name
    }
    names = {"conv_body": "trunk", **ups, "conv_hr": "last"}
    for theirs, name in names.items():
        places += convolution(theirs, find(generator, name))
    return places + in_our_range(convolution("conv_last", find(generator, "image"), image=True), offset=-1.0)


def _stem(generator: keras.Model) -> list[Placement]:
    """The first convolution; after a pixel unshuffle PyTorch orders its inputs (channel, row, column)."""
    layer, channels = find(generator, "stem"), generator.inputs[0].shape[-1]
    height, width, inputs, outputs = layer.kernel.shape
    if inputs == channels:
        return convolution("conv_first", layer, from_image=True)
    factor = int((inputs // channels) ** 0.5)
    weight, bias = convolution("conv_first", layer)
    cells = (outputs, channels, factor, factor, height, width)
    axes = (4, 5, 2, 3, 1, 0)
    return [dataclasses.replace(weight, stored=weight.expected_shape, unfold=cells, axes=axes, colors=4), bias]


def detect(shapes: Shapes) -> Mapping[str, Any]:
    """The arguments of the model of a file."""
    found = under(shapes, *NETWORKS)
    (width, inputs, *_), (channels, *_) = found["conv_first.weight"], found["conv_last.weight"]
    # Four or sixteen times as many inputs as outputs are cells of pixels, not that many kinds of measurements.
    unshuffle = {4: 2, 16: 4}.get(inputs // channels, 1) if inputs % channels == 0 else 1
    sizes = {
        "channels": channels,
        "input_channels": inputs // unshuffle**2,
        "scale": 2 ** count(found, r"conv_up(\d+)\.weight") // unshuffle,
        "blocks": count(found, r"body\.(\d+)\..*"),
        "width": width,
        "growth": found["body.0.rdb1.conv1.weight"][0],
        "unshuffle": unshuffle,
    }
    return sizes


LAYOUT = Layout(arguments="ESRGAN()", placements=placements, sources=one_generator, detect=detect)
