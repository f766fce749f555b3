"""Keras-GAN's convolutional generator (eriklindernoren/Keras-GAN, `dcgan` and similar ones) as HDF5 of Keras 2.

Keras 2 numbers layers through a whole session ("conv2d_7"); here they are renumbered within the file, from 1.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from kerasgan.checkpoints.pickles import CheckpointError
from kerasgan.checkpoints.placement import Layout, Placement, one_network
from kerasgan.checkpoints.pytorch import find
from kerasgan.checkpoints.shapes import Shapes, side

if TYPE_CHECKING:
    import keras

__all__ = ["CHANNEL_ORDER", "FAMILIES", "NAME", "skipped", "state"]

NAME = "Keras-GAN"
CHANNEL_ORDER = "rgb"

_WEIGHT = re.compile(r"(?:.*/)?((dense|conv2d|batch_normalization)(?:_\d+)?)/(\w+):0")


def placements(generator: keras.Model) -> list[Placement]:
    """The places of all tensors."""
    layers = {"dense_1": "project", "conv2d_1": "up1", "conv2d_2": "up2", "conv2d_3": "image"}
    norms = {"batch_normalization_1": "up1_norm", "batch_normalization_2": "up2_norm"}
    places = []
    for theirs, ours in {**layers, **norms}.items():
        layer = find(generator, ours)
        for variable in layer.weights:
            places.append(Placement(tensor=f"{theirs}/{variable.name}", variable=variable))
        if theirs in norms and abs(layer.epsilon - 1e-3) > 1e-9:
            raise CheckpointError(f"one with epsilon={layer.epsilon}, not 0.001, in {layer.path}")
    return places


def numbered(names: Iterable[str]) -> Mapping[str, str]:
    """The names in `placements`, each mapped to the file's."""
    layers: dict[str, str] = {}
    found: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for name in names:
        if not (match := _WEIGHT.fullmatch(name)):
            continue
        layer, kind, weight = match.groups()
        if layer not in layers:
            counts[kind] += 1
            layers[layer] = f"{kind}_{counts[kind]}"
        found[f"{layers[layer]}/{weight}"] = name
    return found


def detect(shapes: Shapes) -> Mapping[str, Any]:
    """The arguments of the model of a file."""
    found = {name: shapes[theirs] for name, theirs in numbered(shapes).items()}
    (latent_dim, units), (*_, width), (*_, channels) = (
        found[f"{layer}/kernel"] for layer in ("dense_1", "conv2d_2", "conv2d_3")
    )
    size = 4 * side(units, 2 * width)
    return dict(image_size=size, channels=channels, latent_dim=latent_dim, width=width, variant="upsampling")


FAMILIES: Mapping[str, Layout] = {
    "DCGAN": Layout(
        arguments="DCGAN(variant='upsampling')",
        placements=placements,
        sources=one_network,
        spelling=numbered,
        detect=detect,
        published={"variant": "upsampling"},
    )
}


def state(contents: object) -> Mapping[str, Any] | None:
    """The named tensors of a file, or None if it is not a convolutional generator of Keras 2."""
    if not isinstance(contents, dict) or not contents:
        return None
    known = all(isinstance(name, str) and _WEIGHT.fullmatch(name) for name in contents)
    return contents if known else None


def skipped(name: str) -> str | None:
    """Why the generator does not need a tensor, or None: it needs all."""
    return None
