"""SNGANGenerator with classes: `noise2feat`, `conv_blocks.N` and `to_rgb`; gains are stored minus 1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kerasgan.checkpoints.openmmlab.networks import NETWORKS, one_generator
from kerasgan.checkpoints.pickles import CheckpointError
from kerasgan.checkpoints.placement import Layout, Placement
from kerasgan.checkpoints.pytorch import batch_normalization, convolution, dense_to_map, find, moving_statistics
from kerasgan.checkpoints.shapes import Shapes, count, side, under

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


def detect(shapes: Shapes) -> Mapping[str, Any]:
    """The arguments of the model of a file."""
    found = under(shapes, *NETWORKS)
    if "noise2feat.u0" in found:
        raise KeyError("without spectral normalization")
    (units, latent_dim), (_, top, *_) = found["noise2feat.weight"], found["conv_blocks.0.conv_1.conv.weight"]
    channels, width, *_ = found["to_rgb.conv.weight"]
    return {
        "image_size": side(units, top) * 2 ** count(found, r"conv_blocks\.(\d+)\..*"),
        "channels": channels,
        "num_classes": found["conv_blocks.0.norm_1.weight_embedding.weight"][0],
        "latent_dim": latent_dim,
        "width": width,
        "epsilon": 1e-4,
    }


LAYOUT = Layout(
    arguments=ARGUMENTS,
    placements=placements,
    sources=one_generator,
    detect=detect,
    published={"num_classes": 2, "epsilon": 1e-4},
)
