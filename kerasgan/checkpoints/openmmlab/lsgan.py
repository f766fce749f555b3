"""LSGANGenerator: `noise2feat_head`, `noise2feat_tail` and `conv_blocks`, the last of which produces the image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kerasgan.checkpoints.openmmlab.networks import NETWORKS, one_generator
from kerasgan.checkpoints.placement import Layout, Placement
from kerasgan.checkpoints.pytorch import batch_normalization, dense_to_map, find, transposed_convolution
from kerasgan.checkpoints.shapes import Shapes, count, side, under

if TYPE_CHECKING:
    import keras

__all__ = ["LAYOUT", "placements"]


def placements(generator: keras.Model) -> list[Placement]:
    """The places of all tensors."""
    ups = sum(layer.name.startswith("up") and layer.name.endswith("_norm") for layer in generator.layers)
    top = find(generator, "latent_map").output.shape[1:]
    places = [
        *dense_to_map("noise2feat_head.0", find(generator, "project"), shape=top),
        *batch_normalization("noise2feat_tail.0", find(generator, "latent_norm"), epsilon=1e-5),
        *transposed_convolution(f"conv_blocks.{ups}.conv", find(generator, "image"), image=True),
    ]
    for index in range(ups):
        places += transposed_convolution(f"conv_blocks.{index}.conv", find(generator, f"up{index + 1}"))
        norm = find(generator, f"up{index + 1}_norm")
        places += batch_normalization(f"conv_blocks.{index}.bn", norm, epsilon=1e-5)
    return places


def detect(shapes: Shapes) -> Mapping[str, Any]:
    """The arguments of the model of a file."""
    found = under(shapes, *NETWORKS)
    (units, latent_dim), (top,) = found["noise2feat_head.0.weight"], found["noise2feat_tail.0.weight"]
    layers = count(found, r"conv_blocks\.(\d+)\..*")
    doublings = (layers + 1) // 2
    return {
        "image_size": side(units, top) * 2**doublings,
        "channels": found[f"conv_blocks.{layers - 1}.conv.weight"][1],
        "latent_dim": latent_dim,
        "width": top // 4,
        "variant": "torch",
        "doublings": doublings,
        "prior": "normal",
    }


LAYOUT = Layout(
    arguments="LSGAN(variant='torch')",
    placements=placements,
    sources=one_generator,
    detect=detect,
    published={"variant": "torch"},
)
