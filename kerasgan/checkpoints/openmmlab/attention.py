"""SelfAttentionBlock: `theta` (query), `phi` (key), `g` (value), `o` and `gamma` (output); one of `conv_blocks`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerasgan.checkpoints.placement import Placement
from kerasgan.checkpoints.pytorch import convolution, find

if TYPE_CHECKING:
    import keras

__all__ = ["attention", "numbered"]


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
