"""PGGANGenerator: `noise2feat`, `conv_blocks.N` and `torgb_layers.N` of a network that is fully grown.

Its convolutions after an upsampling are transposed ones, which compute the same with a flipped kernel, and whose
weights are scaled by He's constant of their outputs instead of their inputs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasgan.checkpoints.openmmlab.networks import NETWORKS, one_generator
from kerasgan.checkpoints.placement import Layout, Placement
from kerasgan.checkpoints.pytorch import find
from kerasgan.checkpoints.shapes import Shapes, channels_of, count, side, under

if TYPE_CHECKING:
    import keras

__all__ = ["LAYOUT", "placements"]

ARGUMENTS = "PGGAN(image_size=..., root_epsilon=1e-6)"


def placements(generator: keras.Model) -> list[Placement]:
    """The places of all tensors in the generator of `ARGUMENTS`."""
    project, bias = find(generator, "project"), find(generator, "project_bias").bias
    height, width, top = find(generator, "latent_map").output.shape[1:]
    inputs = project.kernel.shape[0]
    places = [
        Placement(
            tensor="noise2feat.linear.weight_orig",
            variable=project.kernel,
            stored=(height * width * top, inputs),
            unfold=(top, height, width, inputs),
            axes=(3, 1, 2, 0),
        ),
        Placement(tensor="noise2feat.bias", variable=bias, stored=(1, top, 1, 1), unfold=(top,)),
        *_convolution("conv_blocks.0", find(generator, "conv1")),
    ]
    sizes = sum(layer.name.startswith("image") and layer.name[5:].isdigit() for layer in generator.layers)
    for index in range(2, sizes + 1):
        places += _transposed(f"conv_blocks.{2 * index - 3}", find(generator, f"up{index}"))
        places += _convolution(f"conv_blocks.{2 * index - 2}", find(generator, f"conv{index}"))
    for index in range(1, sizes + 1):
        places += _convolution(f"torgb_layers.{index - 1}", find(generator, f"image{index}"), image=True)
    return places


def fully_grown(generator: keras.Model) -> list[tuple[Any, Callable[[], np.ndarray]]]:
    """The weight that counts the doublings still missing, and a function that returns zero for it."""
    return [(find(generator, "fade").missing, lambda: np.zeros((), "float32"))]


def _convolution(tensor: str, layer: Any, *, image: bool = False) -> list[Placement]:
    kernel, bias = (3, 0) if image else (None, None)
    return [
        Placement(tensor=f"{tensor}.conv.weight_orig", variable=layer.kernel, axes=(2, 3, 1, 0), colors=kernel),
        Placement(tensor=f"{tensor}.conv.bias", variable=layer.bias, colors=bias),
    ]


def _transposed(tensor: str, layer: Any) -> list[Placement]:
    inputs, outputs = layer.kernel.shape[2:]
    kernel: dict[str, Any] = {"axes": (2, 3, 0, 1), "flip": True, "factor": math.sqrt(inputs / outputs)}
    return [
        Placement(tensor=f"{tensor}.conv.weight_orig", variable=layer.kernel, **kernel),
        Placement(tensor=f"{tensor}.conv.bias", variable=layer.bias),
    ]


def detect(shapes: Shapes) -> Mapping[str, Any]:
    """The arguments of the model of a file."""
    found = under(shapes, *NETWORKS)
    (units, latent_dim), (_, top, *_) = found["noise2feat.linear.weight_orig"], found["noise2feat.bias"]
    images = [
        found[f"torgb_layers.{index}.conv.weight_orig"] for index in range(count(found, r"torgb_layers\.(\d+)\..*"))
    ]
    size = side(units, top) * 2 ** (len(images) - 1)
    widths = channels_of([width for _, width, *_ in images], base=16384)
    return {"image_size": size, "channels": images[0][0], "latent_dim": latent_dim, **widths, "root_epsilon": 1e-6}


LAYOUT = Layout(arguments=ARGUMENTS, placements=placements, sources=one_generator, computed=fully_grown, detect=detect)
