"""Networks of one's own whose last activation does not suit a GAN, said when it is made."""

import warnings
from typing import Any

import keras

from kerasgan.keras_internals import output_path

__all__ = ["warn_of_ranges"]

PROBABILITIES = {"sigmoid", "hardsigmoid", "softmax"}
NOT_NEGATIVE = {*PROBABILITIES, "relu", "relu6", "softplus", "exponential"}
SHAPING = ("Reshape", "Flatten", "Permute", "Identity", "Cropping2D", "UpSampling2D")


def warn_of_ranges(generator: keras.Model, discriminator: keras.Model) -> None:
    """Warns of a generator that cannot reach all of [-1, 1], and of a discriminator that gives probabilities.

    The objectives take logits: of a probability they would take the sigmoid once more, and learn next to nothing.

    Args:
        generator: from its last layer back to the first that does more than shape its input.
        discriminator: likewise.
    """
    activation = _last_activation(generator)
    if activation in NOT_NEGATIVE:
        _warn("a generator of images in [-1, 1]: end it in tanh, or without an activation", "generator", activation)
    activation = _last_activation(discriminator)
    if activation in PROBABILITIES:
        _warn("a discriminator that gives logits: end it without an activation", "discriminator", activation)


def _warn(expected: str, network: str, activation: str) -> None:
    warnings.warn(f"Expected {expected}. Received: a {network} that ends in a {activation}", stacklevel=5)


def _last_activation(network: Any) -> str | None:
    """The name of the activation of a network's output, in small letters without underscores."""
    for operation in output_path(network):
        if type(operation).__name__ in SHAPING:
            continue
        activation = getattr(operation, "activation", None)
        name = getattr(activation, "__name__", None) or type(activation or operation).__name__
        if name != "linear":
            return name.lower().replace("_", "")
        if not isinstance(operation, keras.layers.Activation):
            return None
    return None
