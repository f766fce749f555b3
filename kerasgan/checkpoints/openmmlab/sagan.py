"""SAGANGenerator, which is SNGANGenerator with spectral normalization and one SelfAttentionBlock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kerasgan.checkpoints.openmmlab.attention import attention, numbered, spectral, without_attention
from kerasgan.checkpoints.openmmlab.networks import NETWORKS, one_generator
from kerasgan.checkpoints.placement import Layout, Placement
from kerasgan.checkpoints.pytorch import (
    batch_normalization,
    convolution,
    dense_to_map,
    embedding,
    find,
    moving_statistics,
)
from kerasgan.checkpoints.shapes import Shapes, count, side, under

if TYPE_CHECKING:
    import keras

__all__ = ["LAYOUT", "placements"]


def placements(generator: keras.Model) -> list[Placement]:
    """The places of all tensors."""
    places = [
        *dense_to_map("noise2feat", find(generator, "project"), shape=find(generator, "latent_map").output.shape[1:]),
        *convolution("to_rgb.conv", find(generator, "image"), image=True),
    ]
    spectral = find(generator, "up1_norm1").spectral is not None
    epsilon = 1e-4 if spectral else 1e-5  # the publisher's checkpoints have both or neither
    places += batch_normalization("to_rgb.bn", find(generator, "image_norm"), epsilon=epsilon)
    for index, ours in enumerate(numbered(generator)):
        theirs = f"conv_blocks.{index}"
        if ours == "attention":
            places += attention(theirs, generator)
            continue
        for part, name in (("conv_1", "conv1"), ("conv_2", "conv2"), ("shortcut", "skip")):
            places += convolution(f"{theirs}.{part}.conv", find(generator, f"{ours}_{name}"))
        for number in (1, 2):
            norm = find(generator, f"{ours}_norm{number}")
            places += _conditional(f"{theirs}.norm_{number}", norm, epsilon=epsilon)
    return places


def _conditional(tensor: str, norm: Any, *, epsilon: float) -> list[Placement]:
    """Gains, stored minus 1, and biases of the classes, in plain or spectrally normalized tables."""
    places = moving_statistics(f"{tensor}.norm", norm.normalization, epsilon=epsilon)
    names = f"{tensor}.weight_embedding", f"{tensor}.bias_embedding"
    if norm.spectral is not None:
        return places + embedding(names[0], norm.gain) + embedding(names[1], norm.bias)
    return [
        *places,
        Placement(tensor=f"{names[0]}.weight", variable=norm.gamma, offset=1.0),
        Placement(tensor=f"{names[1]}.weight", variable=norm.beta),
    ]


def detect(shapes: Shapes) -> Mapping[str, Any]:
    """The arguments of the model of a file."""
    found, attended = without_attention(under(shapes, *NETWORKS))
    weight, estimate = spectral(found)
    (units, latent_dim), (channels, width, *_) = found[f"noise2feat.{weight}"], found[f"to_rgb.conv.{weight}"]
    blocks = count(found, r"conv_blocks\.(\d+)\..*")
    first = side(units, found[f"conv_blocks.0.conv_1.conv.{weight}"][1])
    tables = "conv_blocks.0.norm_1.weight_embedding.weight_orig" in found
    wider = found[f"conv_blocks.{blocks - 1}.conv_1.conv.{weight}"][1]
    return {
        "image_size": first * 2**blocks,
        "channels": channels,
        "num_classes": found[f"conv_blocks.0.norm_1.weight_embedding.{'weight_orig' if tables else 'weight'}"][0],
        "latent_dim": latent_dim,
        "width": width,
        "growth": wider // width,
        "attention_size": 0 if attended is None else first * 2**attended,
        "epsilon": 1e-4 if tables else 1e-5,
        "spectral_tables": tables,
        "spectral_estimate": estimate,
    }


LAYOUT = Layout(
    arguments="SAGAN(spectral_estimate='stored') with spectral_tables=True and epsilon=1e-4, or with neither",
    placements=placements,
    sources=one_generator,
    detect=detect,
    published={"spectral_estimate": "stored"},
)
