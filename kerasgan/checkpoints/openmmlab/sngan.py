"""SNGANGenerator with classes: `noise2feat`, `conv_blocks.N` and `to_rgb`; gains are stored minus 1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kerasgan.checkpoints.openmmlab.networks import one_generator
from kerasgan.checkpoints.pickles import CheckpointError
from kerasgan.checkpoints.placement import Layout, Placement
from kerasgan.checkpoints.pytorch import batch_normalization, convolution, dense_to_map, find, moving_statistics

if TYPE_CHECKING:
    import keras

__all__ = ["LAYOUT", "placements"]

ARGUMENTS = "SNGAN(num_classes=..., epsilon=1e-4)"


def placements(generator: keras.Model) -> list[Placement]:
    """The places of all tensors in the generator of `ARGUMENTS`."""

    places = [
        *dense_to_map("noise2feat", find(generator, "project"), shape=find(generator, "latent_map").output.shape[1:]),
        *batch_normalization("to_rgb.bn", find(generator, "norm"), epsilon=1e-4),
        *convolution("to_rgb.conv", find(generator, "image"), image=True),
    ]
    for index in range(sum(layer.name.endswith("_conv1") for layer in generator.layers)):
        theirs, ours = f"conv_blocks.{index}", f"block{index + 1}"
        for part in ("conv_1", "conv_2", "shortcut"):
            places += convolution(f"{theirs}.{part}.conv", find(generator, f"{ours}_{part.replace('_', '')}"))
        for part in ("norm_1", "norm_2"):
            places += _conditional(f"{theirs}.{part}", find(generator, f"{ours}_{part.replace('_', '')}"))
    return places


def _conditional(tensor: str, norm: Any) -> list[Placement]:
    if not hasattr(norm, "gain_and_bias"):
        raise CheckpointError("one without classes")
    return [
        *moving_statistics(f"{tensor}.norm", norm.normalization, epsilon=1e-4),
        Placement(tensor=f"{tensor}.weight_embedding.weight", variable=norm.gamma, offset=1.0),
        Placement(tensor=f"{tensor}.bias_embedding.weight", variable=norm.beta),
    ]


LAYOUT = Layout(arguments=ARGUMENTS, placements=placements, sources=one_generator)
