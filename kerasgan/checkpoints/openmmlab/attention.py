"""SelfAttentionBlock: `theta` (query), `phi` (key), `g` (value), `o` and `gamma` (output); one of `conv_blocks`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kerasgan.checkpoints.placement import Placement
from kerasgan.checkpoints.pytorch import convolution, find
from kerasgan.checkpoints.shapes import Shapes

if TYPE_CHECKING:
    import keras

__all__ = ["attention", "numbered", "spectral", "without_attention"]


def numbered(generator: keras.Model) -> list[str]:
    """The names of the layers that end each of `conv_blocks`, in order: residual sums and the attention's."""
    return [
        layer.name
        for layer in generator.layers
        if layer.name == "attention" or (layer.name.startswith("up") and layer.name.removeprefix("up").isdigit())
    ]


def attention(tensor: str, generator: keras.Model) -> list[Placement]:
    """The places of the attention's tensors."""
    places = [Placement(tensor=f"{tensor}.gamma", variable=find(generator, "attention_gate").gamma)]
    for theirs, ours in (("theta", "query"), ("phi", "key"), ("g", "value"), ("o", "output")):
        places += convolution(f"{tensor}.{theirs}.conv", find(generator, f"attention_{ours}"))
    return places


def without_attention(shapes: Shapes) -> tuple[Shapes, int | None]:
    """The tensors of residual blocks alone, renumbered, and the number of those before the attention, if there is
    one."""
    place = next((int(name.split(".")[1]) for name in shapes if re.fullmatch(r"conv_blocks\.\d+\.gamma", name)), None)
    if place is None:
        return shapes, None

    def renumbered(name: str) -> str:
        found = re.fullmatch(r"conv_blocks\.(\d+)\.(.*)", name)
        later = found is not None and int(found[1]) > place
        return f"conv_blocks.{int(found[1]) - 1}.{found[2]}" if found and later else name

    own = f"conv_blocks.{place}."
    return {renumbered(name): shape for name, shape in shapes.items() if not name.startswith(own)}, place


def spectral(shapes: Shapes) -> tuple[str, str]:
    """The name of weights in layers with spectral normalization, and `spectral_estimate`. Raises KeyError without."""
    if "noise2feat.weight_orig" in shapes:
        return "weight_orig", "stored"
    shapes["noise2feat.u0"]
    return "weight", "iterated"
