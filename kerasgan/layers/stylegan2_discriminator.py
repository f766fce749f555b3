"""The discriminator of StyleGAN2 and StyleGAN3 (Karras et al. 2020, 1912.04958), with classes as in 2006.06676."""

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from kerasgan.layers.equalized import EqualizedConv2D, EqualizedDense, scaled_leaky_relu
from kerasgan.layers.labels import label_input
from kerasgan.layers.mapping import class_vector, mapping_layer
from kerasgan.layers.minibatch import MinibatchStdDev
from kerasgan.layers.resampling import FIRResampling2D

__all__ = ["stylegan2_discriminator"]


def stylegan2_discriminator(
    maps: Sequence[tuple[int, int, int]],
    channels: int,
    *,
    num_classes: int | None,
    residual: bool = True,
    group_size: int,
) -> keras.Model:
    """Images, and labels (batch,) if there are classes, to logits (batch, 1).

    `maps` are (height, width, channels), from the smallest to the images' size; `residual`, whether blocks have skip
    connections; `group_size` is that of `MinibatchStdDev`.
    """
    images = keras.Input((*maps[-1][:2], channels), name="images")
    x = _convolution(images, maps[-1][-1], 1, f"image{len(maps)}")
    for index in range(len(maps), 1, -1):
        x = _down(x, maps[index - 1][-1], maps[index - 2][-1], index, residual=residual)
    width = maps[0][-1]
    x = MinibatchStdDev(group_size, name="deviation")(x)
    x = layers.Flatten(name="flat")(_convolution(x, width, 3, "conv1"))
    x = EqualizedDense(width, activation=scaled_leaky_relu, name="dense")(x)
    if num_classes is None:
        logits = EqualizedDense(1, dtype="float32", name="logit")(x)
        return keras.Model(images, logits, name="discriminator")
    labels = label_input(num_classes)
    return keras.Model([images, labels], _projected(x, labels, num_classes), name="discriminator")


def _convolution(x: Any, filters: int, kernel_size: int, name: str, **options: Any) -> Any:
    options = {"padding": "same", "activation": scaled_leaky_relu, **options}
    return EqualizedConv2D(filters, kernel_size, name=name, **options)(x)


def _down(x: Any, width: int, filters: int, index: int, *, residual: bool) -> Any:
    """Halves height and width; the block and its skip connection are summed over sqrt(2), which keeps the variance."""
    y = _convolution(x, width, 3, f"conv{index}")
    y = _convolution(
        FIRResampling2D(padding=(2, 2), name=f"down{index}_blur")(y),
        filters,
        3,
        f"down{index}",
        strides=2,
        padding="valid",
    )
    if not residual:
        return y
    skip = FIRResampling2D(down=2, name=f"skip{index}_down")(x)
    skip = _convolution(skip, filters, 1, f"skip{index}", activation=None, use_bias=False)
    return layers.Rescaling(math.sqrt(0.5), name=f"scaled{index}")(layers.Add(name=f"sum{index}")([y, skip]))


def _projected(x: Any, labels: Any, num_classes: int) -> Any:
    """Logits (batch, 1): the features' inner product with the class, which a mapping network prepares."""
    size = x.shape[-1]
    condition = class_vector(labels, num_classes, size)
    for index in range(1, 9):
        condition = mapping_layer(condition, size, f"mapping{index}")
    features = EqualizedDense(size, name="features")(x)
    product = layers.Dot(axes=-1, dtype="float32", name="product")([features, condition])
    return layers.Rescaling(1 / math.sqrt(size), dtype="float32", name="logit")(product)
