"""PyTorch's layers as Keras layers: the places of their tensors, for every publisher that trained with PyTorch.

A layer with spectral normalization has, with `estimate="stored"`, the tensors of PyTorch's `spectral_norm`
(`weight_orig`, `weight_u`, `weight_v`), and with "iterated" those of BigGAN-PyTorch's layers (`weight`, `u0`). For a
layer of another kind, CheckpointError says what was received; `assign` adds what is expected.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from kerasgan.checkpoints.pickles import CheckpointError
from kerasgan.checkpoints.placement import Placement

if TYPE_CHECKING:
    import keras

__all__ = [
    "batch_normalization",
    "convolution",
    "dense",
    "dense_to_map",
    "embedding",
    "find",
    "moving_statistics",
    "transposed_convolution",
]

# PyTorch's convolution is (out, in, height, width), Keras' (height, width, in, out); in transposed ones in and out
# are exchanged in both, so that the same order of axes applies.
_CONVOLUTION = (2, 3, 1, 0)
_AS_IT_IS: Mapping[str, Any] = MappingProxyType({})


def find(network: keras.Model, name: str) -> Any:
    """The layer of that name. Raises CheckpointError if there is none."""
    for layer in network.layers:
        if layer.name == name:
            return layer
    raise CheckpointError(f"one without a layer {name!r}")


def convolution(tensor: str, layer: Any, *, image: bool = False, from_image: bool = False) -> list[Placement]:
    """Weight and, if there is one, bias, with names that begin with `tensor`.

    `image`: whether the layer's output is the image; `from_image`: whether its input is one.
    """
    places = _convolution(tensor, layer, outputs_axis=3 if image else None)
    if from_image:
        places[0] = dataclasses.replace(places[0], colors=2)
    height, width, inputs, _ = layer.kernel.shape
    v = {"unfold": (inputs, height, width), "axes": (1, 2, 0)}
    return places + _singular_vectors(tensor, layer, u={"colors": -1 if image else None}, v=v)


def transposed_convolution(tensor: str, layer: Any, *, image: bool = False) -> list[Placement]:
    """As `convolution`, for a transposed one without spectral normalization."""
    return _convolution(tensor, layer, outputs_axis=2 if image else None)


def _convolution(tensor: str, layer: Any, *, outputs_axis: int | None) -> list[Placement]:
    if len(layer.kernel.shape) != 4:
        raise CheckpointError(f"one whose layer {layer.name!r} is no convolution but {type(layer).__name__}")
    places = [Placement(tensor=_weight(tensor, layer), variable=layer.kernel, axes=_CONVOLUTION, colors=outputs_axis)]
    if layer.use_bias:
        colors = None if outputs_axis is None else 0
        places.append(Placement(tensor=f"{tensor}.bias", variable=layer.bias, colors=colors))
    return places


def dense(tensor: str, layer: Any) -> list[Placement]:
    """Weight and, if there is one, bias."""
    places = [Placement(tensor=_weight(tensor, layer), variable=layer.kernel, axes=(1, 0))]
    if layer.use_bias:
        places.append(Placement(tensor=f"{tensor}.bias", variable=layer.bias))
    return places + _singular_vectors(tensor, layer)


def dense_to_map(tensor: str, layer: Any, *, shape: tuple[int, int, int]) -> list[Placement]:
    """As `dense`, for outputs that are reshaped to a map: channels first in the file, `shape` (channels last) here."""
    height, width, channels = shape
    inputs, outputs = layer.kernel.shape
    weight: dict[str, Any] = {
        "stored": (outputs, inputs),
        "unfold": (channels, height, width, inputs),
        "axes": (3, 1, 2, 0),
    }
    vector: dict[str, Any] = {"stored": (outputs,), "unfold": (channels, height, width), "axes": (1, 2, 0)}
    places = [Placement(tensor=_weight(tensor, layer), variable=layer.kernel, **weight)]
    if layer.use_bias:
        places.append(Placement(tensor=f"{tensor}.bias", variable=layer.bias, **vector))
    return places + _singular_vectors(tensor, layer, u=vector)


def embedding(tensor: str, layer: Any) -> list[Placement]:
    """A table. PyTorch's u belongs to its rows and v to its columns; in Keras it is the reverse."""
    places = [Placement(tensor=_weight(tensor, layer), variable=layer.embeddings)]
    if not hasattr(layer, "estimate"):
        return places
    if layer.estimate != "stored":
        raise CheckpointError(f"one with an iterated singular value for the table {layer.path}")
    for theirs, ours in (("u", layer.v), ("v", layer.u)):
        places.append(Placement(tensor=f"{tensor}.weight_{theirs}", variable=ours, stored=(ours.shape[1],)))
    return places


def _weight(tensor: str, layer: Any) -> str:
    return f"{tensor}.weight_orig" if getattr(layer, "estimate", None) == "stored" else f"{tensor}.weight"


def _singular_vectors(
    tensor: str, layer: Any, *, u: Mapping[str, Any] = _AS_IT_IS, v: Mapping[str, Any] = _AS_IT_IS
) -> list[Placement]:
    """Those of a layer with spectral normalization; `u` and `v` are options of their placements, such as an order."""
    estimate = getattr(layer, "estimate", None)
    if estimate is None:
        return []
    outputs = layer.u.shape[1]
    if estimate == "iterated":
        return [Placement(tensor=f"{tensor}.u0", variable=layer.u, **{**u, "stored": (1, outputs)})]
    return [
        Placement(tensor=f"{tensor}.weight_u", variable=layer.u, **{**u, "stored": (outputs,)}),
        Placement(tensor=f"{tensor}.weight_v", variable=layer.v, **{**v, "stored": (layer.v.shape[1],)}),
    ]


def batch_normalization(tensor: str, layer: Any, *, epsilon: float) -> list[Placement]:
    """Gain, bias and moving statistics; raises CheckpointError unless the layer has the publisher's epsilon."""
    return [
        Placement(tensor=f"{tensor}.weight", variable=layer.gamma),
        Placement(tensor=f"{tensor}.bias", variable=layer.beta),
        *moving_statistics(tensor, layer, epsilon=epsilon),
    ]


def moving_statistics(tensor: str, layer: Any, *, epsilon: float) -> list[Placement]:
    """As `batch_normalization`, without gain and bias."""
    if abs(layer.epsilon - epsilon) > 1e-9:
        raise CheckpointError(f"one with epsilon={layer.epsilon}, not {epsilon}, in {layer.path}")
    return [
        Placement(tensor=f"{tensor}.running_mean", variable=layer.moving_mean),
        Placement(tensor=f"{tensor}.running_var", variable=layer.moving_variance),
    ]
