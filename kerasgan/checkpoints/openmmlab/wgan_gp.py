"""WGANGPGenerator: `noise2feat`, `conv_blocks` (every third one only upsamples) and `to_rgb`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kerasgan.checkpoints.openmmlab.networks import NETWORKS, one_generator
from kerasgan.checkpoints.placement import Layout, Placement
from kerasgan.checkpoints.pytorch import batch_normalization, convolution, find
from kerasgan.checkpoints.shapes import Shapes, count, side, under

if TYPE_CHECKING:
    import keras

__all__ = ["LAYOUT", "placements"]


def placements(generator: keras.Model) -> list[Placement]:
    """The places of all tensors."""
    names = {"conv_blocks.0": "first"}
    for index in range(1, 1 + sum(layer.name.endswith("_larger") for layer in generator.layers)):
        names |= {f"conv_blocks.{3 * index + part - 2}": f"up{index}_{part}" for part in (1, 2)}
    places = [
        *_projection("noise2feat", find(generator, "project")),
        *batch_normalization("noise2feat.norm", find(generator, "project_norm"), epsilon=1e-5),
        *convolution("to_rgb.conv", find(generator, "image"), image=True),
    ]
    for theirs, ours in names.items():
        places += convolution(f"{theirs}.conv", find(generator, ours))
        places += batch_normalization(f"{theirs}.bn", find(generator, f"{ours}_norm"), epsilon=1e-5)
    return places


def _projection(tensor: str, layer: Any) -> list[Placement]:
    """A dense layer to a map (channels first), here a transposed convolution of one pixel, and a bias per channel."""
    height, width, outputs, inputs = layer.kernel.shape
    return [
        Placement(
            tensor=f"{tensor}.linear.weight",
            variable=layer.kernel,
            stored=(outputs * height * width, inputs),
            unfold=(outputs, height, width, inputs),
            axes=(1, 2, 0, 3),
        ),
        Placement(tensor=f"{tensor}.bias", variable=layer.bias, stored=(1, outputs, 1, 1)),
    ]


def detect(shapes: Shapes) -> Mapping[str, Any]:
    """The arguments of the model of a file."""
    found = under(shapes, *NETWORKS)
    (units, latent_dim), (_, top, *_) = found["noise2feat.linear.weight"], found["noise2feat.bias"]
    channels, width, *_ = found["to_rgb.conv.weight"]
    doublings = count(found, r"conv_blocks\.(\d+)\..*") // 2  # of two convolutions each, after the first one
    size = side(units, top) * 2**doublings
    return dict(image_size=size, channels=channels, latent_dim=latent_dim, width=width, variant="plain")


LAYOUT = Layout(
    arguments="WGANGP(variant='plain')",
    placements=placements,
    sources=one_generator,
    detect=detect,
    published={"variant": "plain"},
)
