"""DeePSiM's networks (Dosovitskiy, Brox 2016, 1602.02644): features to images, and images with features to logits."""

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from kerasgan.layers import ImageRange

__all__ = ["discriminator", "generator"]


def generator(
    features: Sequence[int], image_shape: Sequence[int], *, units: int, width: int, weight_decay: float = 0.0
) -> keras.Model:
    """Features, vectors or maps, to images in [-1, 1]: dense layers or convolutions, then one doubling after another.

    The first three doublings are each followed by a convolution. What is larger than the image is cut away around it.
    """
    *size, channels = image_shape
    options = _kernels(weight_decay)
    inputs = keras.Input(features, name="features")
    if len(features) == 1:
        x = _from_vector(inputs, units=units, maps=8 * width, **options)
    else:
        x = _from_maps(inputs, size, filters=16 * width, **options)
    doublings = _doublings(x.shape[1:3], size)
    for level in range(doublings - 1, 0, -1):
        filters = width * 2 ** (level - 1)
        x = layers.Conv2DTranspose(min(filters, 8 * width), 4, 2, "same", name=f"deconv{level}", **options)(x)
        x = _lrelu(x, f"deconv{level}")
        if level >= doublings - 3:
            x = layers.Conv2D(min(filters, 16 * width), 3, padding="same", name=f"conv{level}", **options)(x)
            x = _lrelu(x, f"conv{level}")
    strides = 2 if doublings else 1
    x = layers.Conv2DTranspose(channels, 4, strides, "same", dtype="float32", name="deconv0", **options)(x)
    x = _middle(x, size)
    return keras.Model(inputs, ImageRange(dtype="float32", name="range")(x), name="generator")


def discriminator(
    image_shape: Sequence[int], features: Sequence[int], *, width: int, stride: int, weight_decay: float = 0.0
) -> keras.Model:
    """[Images, features] to logits: convolutions without padding to the mean of their maps, beside the features."""
    images, inputs = keras.Input(image_shape, name="images"), keras.Input(features, name="features")
    options = {**_kernels(weight_decay), "use_bias": True}
    x = images
    table = ((stride + 3, stride, 1), (5, 1, 2), (3, 2, 4), (3, 1, 8), (3, 2, 8))  # 7x7 of the paper's stride of 4
    for level, (kernel, strides, factor) in enumerate(table, start=1):
        if min(x.shape[1:3]) < kernel:
            raise ValueError(f"Expected larger images, or a smaller discriminator_stride. Received: {stride}")
        x = layers.Conv2D(factor * width, kernel, strides, name=f"conv{level}", **options)(x)
        x = layers.ReLU(name=f"conv{level}_relu")(x)
    x = layers.Dropout(0.5, name="mean_dropout")(layers.GlobalAveragePooling2D(name="mean")(x))
    y = layers.Flatten(name="flat")(inputs)
    for level, factor in enumerate((32, 16), start=1):
        y = layers.Dense(factor * width, name=f"features{level}", **options)(y)
        y = layers.ReLU(name=f"features{level}_relu")(y)
    x = layers.Dense(16 * width, name="joined_dense", **options)(layers.Concatenate(name="joined")([x, y]))
    x = layers.Dropout(0.5, name="joined_dropout")(layers.ReLU(name="joined_relu")(x))
    logits = layers.Dense(1, dtype="float32", name="logits", **options)(x)
    return keras.Model([images, inputs], logits, name="discriminator")


def _from_vector(x, *, units: int, maps: int, **options: Any):
    """Three dense layers, the last one of maps of 4x4."""
    options["use_bias"] = True
    for name, size in (("defc7", units), ("defc6", units), ("defc5", 16 * maps)):
        x = _lrelu(layers.Dense(size, name=name, **options)(x), name)
    return layers.Reshape((4, 4, maps), name="maps")(x)


def _from_maps(x, size: Sequence[int], *, filters: int, **options: Any):
    """Three convolutions, the last one without padding unless doublings of the maps meet the image's size."""
    meets = all(side * 2 ** _doublings(x.shape[1:3], size) == target for side, target in zip(x.shape[1:3], size))
    for index, padding in enumerate(("same", "same", "same" if meets else "valid"), start=1):
        x = _lrelu(layers.Conv2D(filters, 3, padding=padding, name=f"maps{index}", **options)(x), f"maps{index}")
    return x


def _doublings(maps: Sequence[int], size: Sequence[int]) -> int:
    """How many it takes until maps are as high and wide as the image."""
    return max(0, *(math.ceil(math.log2(target / side)) for side, target in zip(maps, size)))


def _middle(x, size: Sequence[int]):
    spare = [side - target for side, target in zip(x.shape[1:3], size)]
    if not any(spare):
        return x
    return layers.Cropping2D([(each // 2, each - each // 2) for each in spare], dtype="float32", name="middle")(x)


def _lrelu(x, name: str):
    return layers.LeakyReLU(negative_slope=0.3, name=f"{name}_lrelu")(x)


def _kernels(weight_decay: float) -> dict[str, Any]:
    """He's weights, their decay, and no biases, which the authors keep at zero outside the dense layers."""
    regularizer = keras.regularizers.L2(weight_decay / 2) if weight_decay else None
    return {"kernel_initializer": "he_normal", "kernel_regularizer": regularizer, "use_bias": False}
