"""mimicry's generators (kwotsin/mimicry): {"model_state_dict": ..., "optimizer_state_dict": ..., "global_step": ...}.

One residual network, which its SNGAN, SSGAN and InfoMax-GAN share, and with classes cGAN-PD: `l1`, `block2` and so on,
then `bN` and `cN` for the image. Its blocks upsample with bilinear interpolation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasgan.checkpoints.pickles import CheckpointError
from kerasgan.checkpoints.placement import Layout, Placement, one_network
from kerasgan.checkpoints.pytorch import batch_normalization, convolution, dense_to_map, find, moving_statistics
from kerasgan.checkpoints.shapes import Shapes, count, side

if TYPE_CHECKING:
    import keras

__all__ = ["CHANNEL_ORDER", "FAMILIES", "NAME", "skipped", "state"]

NAME = "mimicry"
CHANNEL_ORDER = "rgb"


def placements(generator: keras.Model) -> list[Placement]:
    """The places of all tensors."""
    if find(generator, "block1_up").interpolation != "bilinear":
        raise CheckpointError("one with nearest interpolation")
    blocks = sum(layer.name.endswith("_conv1") for layer in generator.layers)
    top = find(generator, "latent_map").output.shape[1:]
    places = [
        *dense_to_map("l1", find(generator, "project"), shape=top),
        *batch_normalization(f"b{blocks + 2}", find(generator, "norm"), epsilon=1e-5),
        *convolution(f"c{blocks + 2}", find(generator, "image"), image=True),
    ]
    for index in range(1, blocks + 1):
        theirs, ours = f"block{index + 1}", f"block{index}"
        for part, name in (("c1", "conv1"), ("c2", "conv2"), ("c_sc", "shortcut")):
            places += convolution(f"{theirs}.{part}", find(generator, f"{ours}_{name}"))
        for number in (1, 2):
            places += _normalization(f"{theirs}.b{number}", find(generator, f"{ours}_norm{number}"))
    return places


def _normalization(tensor: str, norm: Any) -> list[Placement]:
    """With classes, each row of one table holds the gains of a class, then its biases."""
    if not hasattr(norm, "gain_and_bias"):
        return batch_normalization(tensor, norm, epsilon=1e-5)
    classes, channels = norm.gamma.shape
    table: dict[str, Any] = {"tensor": f"{tensor}.embed.weight", "stored": (classes, 2 * channels)}
    return [
        *moving_statistics(f"{tensor}.bn", norm.normalization, epsilon=1e-5),
        Placement(**table, variable=norm.gamma, part=(0, channels)),
        Placement(**table, variable=norm.beta, part=(channels, 2 * channels)),
    ]


def detect(shapes: Shapes) -> Mapping[str, Any]:
    """The arguments of the model of a file."""
    blocks = count(shapes, r"block(\d+)\..*")
    (units, latent_dim), (_, top, *_) = shapes["l1.weight"], shapes["block2.c1.weight"]
    channels, width, *_ = shapes[f"c{blocks + 2}.weight"]
    sizes = dict(channels=channels, latent_dim=latent_dim, width=width, epsilon=1e-5, interpolation="bilinear")
    table = shapes.get("block2.b1.embed.weight")
    return {"image_size": side(units, top) * 2**blocks, "num_classes": table and table[0], **sizes}


FAMILIES: Mapping[str, Layout] = {
    "SNGAN": Layout(
        arguments="SNGAN(epsilon=1e-5, interpolation='bilinear')",
        placements=placements,
        sources=one_network,
        detect=detect,
        published={"epsilon": 1e-5, "interpolation": "bilinear"},
    )
}


def state(contents: object) -> Mapping[str, object] | None:
    """The named tensors of a file, or None if it is not mimicry's."""
    first = ("l1.weight", "block2.c1.weight")
    if not isinstance(contents, dict) or not all(isinstance(contents.get(name), np.ndarray) for name in first):
        return None
    return contents


def skipped(name: str) -> str | None:
    """Why the generator does not need a tensor, or None."""
    return "counts training steps" if name.endswith(".num_batches_tracked") else None
