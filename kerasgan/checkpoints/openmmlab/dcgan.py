"""DCGANGenerator: `noise2feat`, `upsampling.N` and `output_layer`, all of 4x4 transposed convolutions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerasgan.checkpoints.openmmlab.networks import one_generator
from kerasgan.checkpoints.placement import Layout, Placement
from kerasgan.checkpoints.pytorch import batch_normalization, find, transposed_convolution

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


LAYOUT = Layout(arguments=ARGUMENTS, placements=placements, sources=one_generator)
