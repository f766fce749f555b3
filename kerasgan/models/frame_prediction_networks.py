"""The networks of frame prediction (Mathieu, Couprie, LeCun 2016, 1511.05440): each scale corrects the one before."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

__all__ = ["MOST_SCALES", "discriminator", "generator"]

# From coarse to fine: maps in units of the width, and kernels.
GENERATOR = (
    ((2, 4, 2), (3, 3, 3, 3)),
    ((2, 4, 2), (5, 3, 3, 5)),
    ((2, 4, 8, 4, 2), (5, 3, 3, 3, 3, 5)),
    ((2, 4, 8, 4, 2), (7, 5, 5, 5, 5, 7)),
)
# Likewise, and the units of the dense layers.
DISCRIMINATOR = (
    ((1,), (3,), (8, 4)),
    ((1, 2, 2), (3, 3, 3), (16, 8)),
    ((2, 4, 4), (5, 5, 5), (16, 8)),
    ((2, 4, 8, 2), (7, 7, 5, 5), (16, 8)),
)
MOST_SCALES = len(GENERATOR)


def generator(channels: int, *, frames: int, scales: int, width: int) -> keras.Model:
    """Frames stacked by channels, of sides that are multiples of 2^(scales - 1), to the next frame in [-1, 1]."""
    images = keras.Input((None, None, frames * channels), name="images")
    prediction: list[Any] = []
    for index in range(scales):
        level = _generator_at(index, channels, frames=frames, factor=2 ** (scales - 1 - index), width=width)
        prediction = [level([images, *prediction])]
    return keras.Model(images, prediction[0], name="generator")


def discriminator(image_shape: Sequence[int], *, frames: int, scales: int, width: int) -> keras.Model:
    """[Frame, frames before it] to the logits (batch, scales) of all scales, from coarse to fine."""
    height, wide, channels = image_shape
    images = keras.Input(image_shape, name="images")
    inputs = keras.Input((height, wide, frames * channels), name="inputs")
    logits = []
    for index in range(scales):
        factor = 2 ** (scales - 1 - index)
        level = _discriminator_at(index, image_shape, frames=frames, factor=factor, width=width)
        logits.append(level([_pooled(images, factor, f"frame_{index}"), inputs]))
    joined = layers.Concatenate(dtype="float32", name="logits")(logits)
    return keras.Model([images, inputs], joined, name="discriminator")


def _generator_at(index: int, channels: int, *, frames: int, factor: int, width: int) -> keras.Model:
    """[Frames of full size, prediction of the scale before, if any] to this scale's prediction."""
    maps, kernels = GENERATOR[index]
    images = keras.Input((None, None, frames * channels), name="images")
    inputs, x, coarse = [images], _pooled(images, factor, "frames"), None
    if index:
        inputs.append(keras.Input((None, None, channels), name="coarse"))
        coarse = layers.UpSampling2D(2, name="enlarged")(inputs[-1])
        x = layers.Concatenate(name="joined")([x, coarse])
    for place, (count, size) in enumerate(zip(maps, kernels)):
        x = _convolution(x, width * count, size, f"conv{place + 1}", padding="same")
    small = keras.initializers.VarianceScaling(0.01, "fan_in", "untruncated_normal")  # far from where tanh is flat
    options: Any = dict(padding="same", kernel_initializer=small, dtype="float32", name="change")
    x = layers.Conv2D(channels, kernels[-1], **options)(x)
    if coarse is not None:
        x = layers.Add(dtype="float32", name="sum")([coarse, x])
    return keras.Model(inputs, layers.Activation("tanh", dtype="float32", name="tanh")(x), name=f"generator_{index}")


def _discriminator_at(index: int, image_shape: Sequence[int], *, frames: int, factor: int, width: int) -> keras.Model:
    """[Frame of this scale, frames of full size before it] to logits (batch, 1)."""
    height, wide, channels = image_shape
    maps, kernels, units = DISCRIMINATOR[index]
    lost = sum(kernels) - len(kernels)  # at the borders of its valid convolutions
    if min(height, wide) // factor <= lost:
        expected = f"Expected images whose size at scale {index + 1} exceeds {lost} pixels"
        raise ValueError(f"{expected}. Received: image_size={(height, wide)}, {factor} times as large")
    images = keras.Input((height // factor, wide // factor, channels), name="images")
    inputs = keras.Input((height, wide, frames * channels), name="inputs")
    x = layers.Concatenate(name="joined")([_pooled(inputs, factor, "frames"), images])
    for place, (count, size) in enumerate(zip(maps, kernels)):
        x = _convolution(x, width * count, size, f"conv{place + 1}", padding="valid")
    x = layers.Flatten(name="flat")(x)
    for place, count in enumerate(units):
        x = layers.Dense(width * count, activation="relu", name=f"dense{place + 1}")(x)
    logits = layers.Dense(1, dtype="float32", name="logit")(x)
    return keras.Model([images, inputs], logits, name=f"discriminator_{index}")


def _convolution(x: Any, filters: int, size: int, name: str, *, padding: str) -> Any:
    options: Any = dict(padding=padding, activation="relu", kernel_initializer="he_normal", name=name)
    return layers.Conv2D(filters, size, **options)(x)


def _pooled(x: Any, factor: int, name: str) -> Any:
    """Images smaller by a factor, each pixel the mean of its area."""
    return layers.AveragePooling2D(factor, name=f"{name}_pooled")(x) if factor > 1 else x
