"""Weights of a generator under their paths in it, such as "stem/kernel": what `safetensors.write` writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from kerasgan.checkpoints.placement import Layout, Placement, one_network

if TYPE_CHECKING:
    import keras

__all__ = ["CHANNEL_ORDER", "FAMILIES", "NAME", "skipped", "state"]

NAME = "kerasgan"
CHANNEL_ORDER = "rgb"


def placements(network: keras.Model) -> list[Placement]:
    """The places of all tensors: each weight's own."""
    return [Placement(tensor=weight.path, variable=weight) for weight in network.weights]


FAMILIES: Mapping[str, Layout] = {  # of all families, by the name of their base
    "GAN": Layout(
        arguments="what this model wrote", placements=placements, sources=one_network, detect=lambda shapes: None
    )
}


def state(contents: object) -> Mapping[str, object] | None:
    """The named tensors of a file, or None if their names are no paths; Keras 2 appended ":0" to its own."""
    if not isinstance(contents, dict) or not contents:
        return None
    known = all(isinstance(name, str) and "/" in name and ":" not in name for name in contents)
    return contents if known and all(isinstance(value, np.ndarray) for value in contents.values()) else None


def skipped(name: str) -> str | None:
    """Why the generator does not need a tensor, or None: it needs all."""
    return None
