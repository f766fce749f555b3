"""DCGANGenerator: `noise2feat`, `upsampling.N` and `output_layer`, all of 4x4 transposed convolutions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kerasgan.checkpoints.openmmlab.networks import NETWORKS, one_generator
from kerasgan.checkpoints.placement import Layout, Placement
from kerasgan.checkpoints.pytorch import batch_normalization, find, transposed_convolution
from kerasgan.checkpoints.shapes import Shapes, count, under

if TYPE_CHECKING:
    import keras

__all__ = ["LAYOUT", "placements"]

ARGUMENTS = "DCGAN(variant='torch', output_bias=True)"


def placements(generator: keras.Model) -> list[Placement]:
    """The places of all tensors in the generator of `ARGUMENTS`."""
    ups = sum(layer.name.startswith("up") and layer.name.endswith("_norm") for layer in generator.layers)
    names = {"noise2feat": "project"} | {f"upsampling.{index}": f"up{index + 1}" for index in range(ups)}
    places = transposed_convolution("output_layer.conv", find(generator, "image"), image=True)
    for theirs, ours in names.items():
        places += transposed_convolution(f"{theirs}.conv", find(generator, ours))
        norm = find(generator, f"{ours}_norm")
        places += batch_normalization(f"{theirs}.bn", norm, epsilon=1e-5)
    return places


def detect(shapes: Shapes) -> Mapping[str, Any]:
    """The arguments of the model of a file."""
    found = under(shapes, *NETWORKS)
    (latent_dim, _, first, _), (width, channels, *_) = (
        found[f"{name}.conv.weight"] for name in ("noise2feat", "output_layer")
    )
    return {
        "image_size": first * 2 ** (1 + count(found, r"upsampling\.(\d+)\..*")),
        "channels": channels,
        "latent_dim": latent_dim,
        "width": width,
        "variant": "torch",
        "output_bias": "output_layer.conv.bias" in found,
    }


LAYOUT = Layout(
    arguments=ARGUMENTS,
    placements=placements,
    sources=one_generator,
    detect=detect,
    published={"variant": "torch", "output_bias": True},
)
