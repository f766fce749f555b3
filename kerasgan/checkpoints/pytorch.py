"""PyTorch's layers as Keras' layers: the places of their tensors, for every publisher that trained with PyTorch.

Where a layer is of another kind they raise CheckpointError with what was received; `assign` adds what is expected.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kerasgan.checkpoints.pickles import CheckpointError
from kerasgan.checkpoints.placement import Placement

if TYPE_CHECKING:
    import keras

__all__ = ["batch_normalisation", "convolution", "dense_to_map", "find", "moving_statistics", "transposed_convolution"]

# PyTorch's convolution is (out, in, height, width), Keras' (height, width, in, out); transposed ones have in and out
# exchanged in both, so that one order of axes serves.
_CONVOLUTION = (2, 3, 1, 0)


def find(network: keras.Model, name: str) -> Any:
    """The layer of that name. Raises CheckpointError where there is none."""
    for layer in network.layers:
        if layer.name == name:
            return layer
    raise CheckpointError(f"one without a layer {name!r}")


def convolution(tensor: str, layer: Any, *, image: bool = False) -> list[Placement]:
    """Weight and bias, where it has one, below the name `tensor`; `image`: whether the layer's output is the image."""
    return _convolution(tensor, layer, colours=3 if image else None)


def transposed_convolution(tensor: str, layer: Any, *, image: bool = False) -> list[Placement]:
    """As `convolution`, for a transposed one."""
    return _convolution(tensor, layer, colours=2 if image else None)


def _convolution(tensor: str, layer: Any, *, colours: int | None) -> list[Placement]:
    if len(layer.kernel.shape) != 4:
        raise CheckpointError(f"one whose layer {layer.name!r} is no convolution but {type(layer).__name__}")
    places = [Placement(tensor=f"{tensor}.weight", variable=layer.kernel, axes=_CONVOLUTION, colours=colours)]
    if layer.use_bias:
        places.append(Placement(tensor=f"{tensor}.bias", variable=layer.bias, colours=None if colours is None else 0))
    return places


def dense_to_map(tensor: str, layer: Any, *, shape: tuple[int, int, int]) -> list[Placement]:
    """Weight and bias of a dense layer whose outputs are a map: channels first there, `shape` (channels last) here."""
    height, width, channels = shape
    unfold = (channels, height, width)
    return [
        Placement(tensor=f"{tensor}.weight", variable=layer.kernel, axes=(3, 1, 2, 0), unfold=unfold),
        Placement(tensor=f"{tensor}.bias", variable=layer.bias, axes=(1, 2, 0), unfold=unfold),
    ]


def batch_normalisation(tensor: str, layer: Any, *, epsilon: float) -> list[Placement]:
    """Gain, bias and moving statistics; raises CheckpointError unless the layer has the publisher's epsilon."""
    return [
        Placement(tensor=f"{tensor}.weight", variable=layer.gamma),
        Placement(tensor=f"{tensor}.bias", variable=layer.beta),
        *moving_statistics(tensor, layer, epsilon=epsilon),
    ]


def moving_statistics(tensor: str, layer: Any, *, epsilon: float) -> list[Placement]:
    """As `batch_normalisation`, without gain and bias."""
    if abs(layer.epsilon - epsilon) > 1e-9:
        raise CheckpointError(f"one with epsilon={layer.epsilon}, not {epsilon}, in {layer.path}")
    return [
        Placement(tensor=f"{tensor}.running_mean", variable=layer.moving_mean),
        Placement(tensor=f"{tensor}.running_var", variable=layer.moving_variance),
    ]
