"""The networks of semi-supervised GANs (Salimans et al. 2016, 1606.03498), as in the authors' Theano code.

Those with `dense` in their names are for MNIST, the others, convolutional, for CIFAR-10 and SVHN.
"""

from typing import Any

import keras
import numpy as np
from keras import layers

from kerasgan.layers import MinibatchDiscrimination, WeightNormalization

__all__ = ["dense_discriminator", "dense_generator", "discriminator", "generator"]


def dense_generator(shape: tuple[int, int, int], latent_dim: int, *, width: float) -> keras.Model:
    """Latents (batch, latent_dim) to images (batch, height, width, channels) in [-1, 1]."""
    x = latents = keras.Input((latent_dim,), name="latents")
    for index in (1, 2):
        x = layers.Dense(round(500 * width), use_bias=False, name=f"hidden{index}")(x)
        x = layers.Activation("softplus", name=f"hidden{index}_softplus")(_normalized(x, f"hidden{index}"))
    x = _weight_normalized(layers.Dense, int(np.prod(shape)), name="image", learn_gain=True, deviation=None)(x)
    x = layers.Reshape(shape, name="image_map")(layers.Activation("sigmoid", name="sigmoid")(x))
    return keras.Model(latents, layers.Rescaling(2.0, -1.0, dtype="float32", name="to_range")(x), name="generator")


def dense_discriminator(
    shape: tuple[int, int, int], num_classes: int, *, width: float, noises: tuple[float, float], minibatch_kernels: int
) -> keras.Model:
    """Images to class logits (batch, num_classes) and features, the last hidden layer (batch, units)."""
    images = keras.Input(shape, name="images")
    x = layers.Flatten(name="flat")(layers.Rescaling(0.5, 0.5, name="to_unit")(images))
    x = layers.GaussianNoise(noises[0], name="noise")(x)
    for index, units in enumerate((1000, 500, 250, 250, 250), start=1):
        x = _weight_normalized(layers.Dense, max(1, round(units * width)), name=f"hidden{index}")(x)
        features = layers.ReLU(name=f"hidden{index}_relu")(x)
        x = layers.GaussianNoise(noises[1], name=f"hidden{index}_noise")(features)
    outputs = [_class_logits(x, num_classes, minibatch_kernels, 1.0), features]
    return keras.Model(images, outputs, name="discriminator")


def generator(shape: tuple[int, int, int], latent_dim: int, *, width: float) -> keras.Model:
    """Latents (batch, latent_dim) to images (batch, size, size, channels) in [-1, 1]."""
    stages = shape[0].bit_length() - 3  # doublings of the first map
    side = shape[0] >> stages
    top = round(128 * width) * 2 ** (stages - 1)
    latents = keras.Input((latent_dim,), name="latents")
    x = _normalized(layers.Dense(side * side * top, use_bias=False, name="project")(latents), "project")
    x = layers.Reshape((side, side, top), name="latent_map")(layers.ReLU(name="project_relu")(x))
    for index in range(1, stages):
        x = layers.Conv2DTranspose(top // 2**index, 5, 2, "same", use_bias=False, name=f"up{index}")(x)
        x = layers.ReLU(name=f"up{index}_relu")(_normalized(x, f"up{index}"))
    x = _weight_normalized(
        layers.Conv2DTranspose, shape[2], 5, 2, "same", name="image", learn_gain=True, deviation=0.1
    )(x)
    return keras.Model(latents, layers.Activation("tanh", dtype="float32", name="tanh")(x), name="generator")


def discriminator(
    shape: tuple[int, int, int], num_classes: int, *, width: float, noises: tuple[float, float], minibatch_kernels: int
) -> keras.Model:
    """Images to class logits (batch, num_classes) and features, the mean over the last map (batch, filters)."""
    images = keras.Input(shape, name="images")
    x = layers.Dropout(noises[0], name="drop")(images)
    plan = [
        (96, 3, 1),
        (96, 3, 1),
        (96, 3, 2),
        (192, 3, 1),
        (192, 3, 1),
        (192, 3, 2),
        (192, 3, 1),
        (192, 1, 1),
        (192, 1, 1),
    ]
    for index, (filters, kernel, strides) in enumerate(plan, start=1):
        padding, filters = "valid" if index == 7 else "same", max(1, round(filters * width))
        x = _weight_normalized(layers.Conv2D, filters, kernel, strides, padding, name=f"down{index}")(x)
        x = layers.LeakyReLU(negative_slope=0.2, name=f"down{index}_lrelu")(x)
        if strides == 2:
            x = layers.Dropout(noises[1], name=f"down{index}_drop")(x)
    features = layers.GlobalAveragePooling2D(name="features")(x)
    outputs = [_class_logits(features, num_classes, minibatch_kernels, 0.1), features]
    return keras.Model(images, outputs, name="discriminator")


def _class_logits(x: Any, num_classes: int, minibatch_kernels: int, deviation: float) -> Any:
    if minibatch_kernels:
        x = MinibatchDiscrimination(minibatch_kernels, name="minibatch")(x)
    x = _weight_normalized(layers.Dense, num_classes, name="logits", learn_gain=True, deviation=deviation)(x)
    return layers.Activation("linear", dtype="float32", name="class_logits")(x)


def _weight_normalized(
    kind: Any, *arguments: Any, name: str, learn_gain: bool = False, deviation: float | None = 1.0
) -> Any:
    normal = keras.initializers.RandomNormal(stddev=0.05)
    layer = kind(*arguments, use_bias=False, kernel_initializer=normal, name=f"{name}_linear")
    return WeightNormalization(layer, learn_gain=learn_gain, deviation=deviation, name=name)


def _normalized(x: Any, name: str) -> Any:
    return layers.BatchNormalization(scale=False, momentum=0.9, epsilon=1e-6, name=f"{name}_norm")(x)
