"""Activations with the names and slopes that many families share, for functional models."""

from typing import Any

from keras import layers

from kerasgan.layers.normalization import normalized

__all__ = ["leaky_relu", "norm_relu", "tanh_images"]


def leaky_relu(x: Any, name: str) -> Any:
    """A leaky ReLU of slope 0.2, the layer `{name}_lrelu`."""
    return layers.LeakyReLU(negative_slope=0.2, name=f"{name}_lrelu")(x)


def norm_relu(x: Any, name: str, norm: str = "batch", **options: Any) -> Any:
    """The layers `{name}_norm`, with `norm` and options as of `normalized`, and `{name}_relu`."""
    return layers.ReLU(name=f"{name}_relu")(normalized(x, norm, name=f"{name}_norm", **options))


def tanh_images(x: Any) -> Any:
    """Images in [-1, 1], in float32 whatever the precision of the network."""
    return layers.Activation("tanh", dtype="float32", name="tanh")(x)
