"""Residual blocks and the ends of the networks that SAGAN and BigGAN build of them (1805.08318, 1809.11096).

SNGAN's and WGAN-GP's blocks stand in their own files: they convolve and resample in another order, and the weights of
published checkpoints and of stored entries are in theirs.
"""

from collections.abc import Callable
from typing import Any

from keras import layers

from kerasgan.layers.activations import tanh_images
from kerasgan.layers.shapes import SumPooling
from kerasgan.layers.spectral import Projection

__all__ = ["norm_relu_images", "projection_logits", "residual_down", "residual_up"]


def residual_up(x: Any, filters: int, name: str, normalize: Callable, convolution: Callable) -> Any:
    """A residual block that doubles height and width.

    Args:
        x: maps (batch, height, width, channels).
        filters: channels of the maps that it makes.
        name: prefix of its layers' names.
        normalize: of (x, name), conditional batch normalization.
        convolution: makes a layer of (filters, kernel_size, **options).
    """
    skip = convolution(filters, 1, name=f"{name}_skip")(x)
    x = layers.ReLU(name=f"{name}_relu1")(normalize(x, f"{name}_norm1"))
    x = convolution(filters, 3, name=f"{name}_conv1")(layers.UpSampling2D(name=f"{name}_double")(x))
    x = layers.ReLU(name=f"{name}_relu2")(normalize(x, f"{name}_norm2"))
    x = convolution(filters, 3, name=f"{name}_conv2")(x)
    return layers.Add(name=name)([x, layers.UpSampling2D(name=f"{name}_skip_double")(skip)])


def residual_down(
    x: Any, filters: int, name: str, convolution: Callable, *, first: bool = False, pool: bool = True
) -> Any:
    """A residual block that halves height and width if `pool`; the `first` one takes images, which have signs."""
    skip = layers.AveragePooling2D(2, name=f"{name}_skip_pool")(x) if pool else x  # 1x1 convolutions and means commute
    if pool or x.shape[-1] != filters:
        skip = convolution(filters, 1, name=f"{name}_skip")(skip)
    x = x if first else layers.ReLU(name=f"{name}_relu1")(x)
    x = convolution(filters, 3, name=f"{name}_conv1")(x)
    x = convolution(filters, 3, name=f"{name}_conv2")(layers.ReLU(name=f"{name}_relu2")(x))
    x = layers.AveragePooling2D(2, name=f"{name}_pool")(x) if pool else x
    return layers.Add(name=name)([x, skip])


def norm_relu_images(x: Any, channels: int, convolution: Callable, *, epsilon: float = 1e-5) -> Any:
    """The last map to images in [-1, 1]; its batch normalization is not conditional."""
    x = layers.BatchNormalization(momentum=0.9, epsilon=epsilon, name="image_norm")(x)
    return tanh_images(convolution(channels, 3, name="image")(layers.ReLU(name="image_relu")(x)))


def projection_logits(x: Any, labels: Any, num_classes: int, dense: Callable, **embedding: Any) -> Any:
    """Logits (batch, 1) of the last map: one from its sum over all places, plus that sum's projection on the class.

    Args:
        x: maps (batch, height, width, channels).
        labels: (batch,).
        num_classes: number of classes.
        dense: makes a layer of (units, **options).
        **embedding: options of the classes' `SpectralEmbedding`.
    """
    x = SumPooling(name="sum")(layers.ReLU(name="last_relu")(x))
    projected = Projection(num_classes, embedding=embedding, name="projection", dtype="float32")([x, labels])
    return layers.Add(name="logits", dtype="float32")([dense(1, name="logit")(x), projected])
