"""BigGANGenerator and BigGANDeepGenerator: `shared_embedding`, `noise2feat`, `conv_blocks` and `output_layer`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kerasgan.checkpoints.openmmlab.attention import attention, numbered, spectral, without_attention
from kerasgan.checkpoints.openmmlab.networks import NETWORKS, one_generator
from kerasgan.checkpoints.placement import Layout, Placement
from kerasgan.checkpoints.pytorch import (
    batch_normalization,
    convolution,
    dense,
    dense_to_map,
    embedding,
    find,
    moving_statistics,
)
from kerasgan.checkpoints.shapes import Shapes, count, side, under

if TYPE_CHECKING:
    import keras

__all__ = ["DEEP_LAYOUT", "LAYOUT", "deep_placements", "placements"]


_SHORTCUT = {"conv1": "conv1", "conv2": "conv2", "shortcut": "skip"}
_BOTTLENECK = {name: name for name in ("conv1", "conv2", "conv3", "conv4")}


def placements(generator: keras.Model) -> list[Placement]:
    """The places of all tensors of BigGANGenerator."""
    top = find(generator, "latent_map").output.shape[1:]
    projection = dense_to_map("noise2feat", find(generator, "project"), shape=top)
    return projection + _classes_blocks_and_image(generator, kernels=_SHORTCUT, norms=2)


def deep_placements(generator: keras.Model) -> list[Placement]:
    """The places of all tensors of BigGANDeepGenerator, whose first map has channels last, as in TensorFlow."""
    projection = dense("noise2feat", find(generator, "project"))
    return projection + _classes_blocks_and_image(generator, kernels=_BOTTLENECK, norms=4)


def _classes_blocks_and_image(generator: keras.Model, *, kernels: dict[str, str], norms: int) -> list[Placement]:
    places = [
        *batch_normalization("output_layer.bn", find(generator, "image_norm"), epsilon=1e-5),
        *convolution("output_layer.conv", find(generator, "image"), image=True),
    ]
    for layer in generator.layers:
        if layer.name == "classes":
            places += embedding("shared_embedding", layer)
    for index, ours in enumerate(numbered(generator)):
        theirs = f"conv_blocks.{index}"
        if ours == "attention":
            places += attention(theirs, generator)
            continue
        for part, name in kernels.items():
            places += convolution(f"{theirs}.{part}.conv", find(generator, f"{ours}_{name}"))
        for number in range(1, norms + 1):
            places += _conditional(f"{theirs}.bn{number}", find(generator, f"{ours}_norm{number}"))
    return places


def _conditional(tensor: str, norm: Any) -> list[Placement]:
    """Gains, stored minus 1, and biases: linear functions of class and latents, or tables of the classes."""
    places = moving_statistics(f"{tensor}.bn", norm.normalization, epsilon=1e-5)
    if hasattr(norm, "gamma"):
        return [
            *places,
            Placement(tensor=f"{tensor}.gain.weight", variable=norm.gamma, offset=1.0),
            Placement(tensor=f"{tensor}.bias.weight", variable=norm.beta),
        ]
    return places + dense(f"{tensor}.gain", norm.gain) + dense(f"{tensor}.bias", norm.bias)


def detect(shapes: Shapes) -> Mapping[str, Any]:
    """The arguments of the BigGAN of a file."""
    from kerasgan.layers.pyramid import power_below
    from kerasgan.models.biggan import UP

    found, attended = without_attention(under(shapes, *NETWORKS))
    weight, estimate = spectral(found)
    if f"conv_blocks.0.conv1.conv.{weight}" not in found or f"conv_blocks.0.conv4.conv.{weight}" in found:
        raise KeyError("BigGAN's blocks")
    (units, first), blocks = found[f"noise2feat.{weight}"], count(found, r"conv_blocks\.(\d+)\..*")
    classes, embedding_dim = _shared(found) or (found["conv_blocks.0.bn1.gain.weight"][0], 0)
    start = side(units, found[f"conv_blocks.0.conv1.conv.{weight}"][1])
    size = start * 2**blocks
    factors = UP[power_below(size)]
    return {
        **_images(found, weight, size=size, factor=factors[-1]),
        "num_classes": classes,
        "latent_dim": first * len(factors) if embedding_dim else first,
        "embedding_dim": embedding_dim,
        "attention_size": 0 if attended is None else start * 2**attended,
        "spectral_estimate": estimate,
    }


def detect_deep(shapes: Shapes) -> Mapping[str, Any]:
    """The arguments of the BigGANDeep of a file."""
    from kerasgan.layers.pyramid import power_below
    from kerasgan.models.biggan_deep import UP

    found, attended = without_attention(under(shapes, *NETWORKS))
    weight, estimate = spectral(found)
    (units, inputs), blocks = found[f"noise2feat.{weight}"], count(found, r"conv_blocks\.(\d+)\..*")
    _, top, *_ = found[f"conv_blocks.0.conv1.conv.{weight}"]
    (classes, embedding_dim), _ = _shared(found) or (), found[f"conv_blocks.0.conv4.conv.{weight}"]
    start = side(units, top)
    size = start * 2 ** (blocks // 2)
    return {
        **_images(found, weight, size=size, factor=UP[power_below(size)][-1]),
        "num_classes": classes,
        "latent_dim": inputs - embedding_dim,
        "embedding_dim": embedding_dim,
        "attention_size": 0 if attended is None else start * 2 ** (attended // 2),
        "spectral_estimate": estimate,
    }


def _shared(found: Shapes) -> tuple[int, ...] | None:
    """The shape of the classes' table, (classes, embedding_dim), if there is one."""
    return next((found[name] for name in found if name.startswith("shared_embedding.weight")), None)


def _images(found: Shapes, weight: str, *, size: int, factor: int) -> dict[str, int]:
    channels, inputs, *_ = found[f"output_layer.conv.{weight}"]
    return {"image_size": size, "channels": channels, "width": inputs // factor}


LAYOUT = Layout(
    arguments="BigGAN(), and BigGAN(embedding_dim=0, spectral_estimate='stored') for CIFAR-10",
    placements=placements,
    sources=one_generator,
    detect=detect,
)
DEEP_LAYOUT = Layout(
    arguments="BigGANDeep(spectral_estimate='stored')",
    placements=deep_placements,
    sources=one_generator,
    detect=detect_deep,
    published={"spectral_estimate": "stored"},
)
