"""Standing statistics: means and variances for batch normalization, averaged over many batches of the generator."""

from collections.abc import Iterable
from typing import Any

import keras

from kerasgan import gradients
from kerasgan.keras_internals import layers_below

__all__ = ["accumulate"]


def accumulate(network: keras.Model, batches: Iterable[Any]) -> int:
    """Replaces every moving mean and variance in `network` by the plain average over batches (1809.11096).

    Everything else is unchanged: weights, the vectors of spectral normalization, which layers are trainable.

    Args:
        network: a built model.
        batches: its inputs, batch after batch.

    Returns the number of batch normalizations found; if there are none, the network is not called.
    """
    found = [layer for layer in layers_below(network) if hasattr(layer, "moving_mean") and hasattr(layer, "momentum")]
    kept = [(layer, layer.momentum, layer.trainable) for layer in found]
    statistics = {id(variable) for layer in found for variable in (layer.moving_mean, layer.moving_variance)}
    others = [variable for variable in network.non_trainable_variables if id(variable) not in statistics]
    others = [(variable, variable.value + 0) for variable in others if "float" in variable.dtype]
    try:
        for layer in found:
            layer.trainable = True  # a moving average's layers are frozen, and frozen layers ignore the batch
        for done, inputs in enumerate(batches if found else ()):
            for layer in found:
                layer.momentum = done / (done + 1)  # the k-th batch then counts one k-th
            with gradients.none():
                network(inputs, training=True)
    finally:
        for layer, momentum, trainable in kept:
            layer.momentum, layer.trainable = momentum, trainable
        for variable, value in others:
            variable.assign(value)
    return len(found)
