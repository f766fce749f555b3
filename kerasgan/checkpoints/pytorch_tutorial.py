"""`netG` of PyTorch's DCGAN tutorial and example: a state dict of transposed convolutions in one sequence, `main`.

Every third layer of the sequence, from 0 on, is a convolution; batch normalization and a ReLU follow all but the last.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasgan.checkpoints.placement import Layout, Placement, one_network
from kerasgan.checkpoints.pytorch import batch_normalization, find, transposed_convolution
from kerasgan.checkpoints.shapes import LIMIT, Shapes

if TYPE_CHECKING:
    import keras

__all__ = ["CHANNEL_ORDER", "FAMILIES", "NAME", "skipped", "state"]

NAME = "PyTorch's DCGAN tutorial"
CHANNEL_ORDER = "rgb"


def placements(generator: keras.Model) -> list[Placement]:
    """The places of all tensors."""
    ups = sum(layer.name.startswith("up") and layer.name.endswith("_norm") for layer in generator.layers)
    places = transposed_convolution(f"main.{3 * ups + 3}", find(generator, "image"), image=True)
    for index, name in enumerate(["project", *(f"up{number}" for number in range(1, ups + 1))]):
        places += transposed_convolution(f"main.{3 * index}", find(generator, name))
        places += batch_normalization(f"main.{3 * index + 1}", find(generator, f"{name}_norm"), epsilon=1e-5)
    return places


def detect(shapes: Shapes) -> Mapping[str, Any]:
    """The arguments of the model of a file."""
    last = max(int(name.split(".")[1]) for name in shapes)
    if last > 3 * LIMIT:
        raise KeyError(f"{last} layers")
    (latent_dim, _, first, _), (width, channels, *_) = shapes["main.0.weight"], shapes[f"main.{last}.weight"]
    sizes = dict(image_size=first * 2 ** (last // 3), channels=channels, latent_dim=latent_dim, width=width)
    return {**sizes, "variant": "torch", "output_bias": f"main.{last}.bias" in shapes}


FAMILIES: Mapping[str, Layout] = {
    "DCGAN": Layout(
        arguments="DCGAN(variant='torch')",
        placements=placements,
        sources=one_network,
        detect=detect,
        published={"variant": "torch"},
    )
}


def state(contents: object) -> Mapping[str, object] | None:
    """The named tensors of a file, or None if it is not the tutorial's generator."""
    if not isinstance(contents, dict) or not contents:
        return None
    known = all(isinstance(name, str) and re.fullmatch(r"main\.\d+\.\w+", name) for name in contents)
    return contents if known and all(isinstance(value, np.ndarray) for value in contents.values()) else None


def skipped(name: str) -> str | None:
    """Why the generator does not need a tensor, or None."""
    return "counts training steps" if name.endswith(".num_batches_tracked") else None
