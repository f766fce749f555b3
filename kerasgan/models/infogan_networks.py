"""InfoGAN's networks (Chen et al. 2016, 1606.03657), as in the authors' code for MNIST: two heads on one trunk."""

from typing import Any

import keras
from keras import layers

__all__ = ["discriminator", "generator"]


def generator(shape: tuple[int, int, int], latent_dim: int, *, width: int, stages: int, units: int) -> keras.Model:
    """Latents (batch, latent_dim) to images (batch, height, width, channels) in [-1, 1]."""
    size, top = shape[0] // 2**stages, width * 2 ** (stages - 1)
    latents = keras.Input((latent_dim,), name="latents")
    x = _dense(latents, units, "hidden")
    x = _dense(x, top * size**2, "project")
    x = layers.Reshape((size, size, top), name="latent_map")(x)  # (7, 7, 128)
    for index in range(1, stages):  # (14, 14, 64)
        x = _normalisation(_transposed(x, top // 2**index, f"up{index}"), f"up{index}")
        x = layers.ReLU(name=f"up{index}_relu")(x)
    x = layers.Activation("sigmoid", name="sigmoid")(_transposed(x, shape[-1], "image"))  # (28, 28, 1)
    images = layers.Rescaling(2.0, -1.0, name="to_range", dtype="float32")(x)
    return keras.Model(latents, images, name="generator")


def discriminator(
    shape: tuple[int, int, int],
    answers: int,
    *,
    width: int,
    stages: int,
    units: int,
    code_units: int,
    shared: bool = True,
    normalise: bool = True,
    negative_slope: float = 0.01,
) -> keras.Model:
    """Images to logits (batch, 1) and Q's answers on the codes (batch, answers): two heads on one trunk, or on two."""

    def activated(x, name, *, normalise=normalise):
        x = _normalisation(x, name) if normalise else x
        return layers.LeakyReLU(negative_slope, name=f"{name}_lrelu")(x)

    def trunk(x, prefix=""):
        for index in range(stages):  # (14, 14, 64), (7, 7, 128)
            name = f"{prefix}down{index + 1}"
            x = activated(_convolution(x, width * 2**index, name), name, normalise=normalise and index > 0)
        x, name = layers.Flatten(name=f"{prefix}flat")(x), f"{prefix}hidden"
        return activated(layers.Dense(units, kernel_initializer=_normal(), name=name)(x), name)

    images = keras.Input(shape, name="images")
    x = layers.Rescaling(0.5, 0.5, name="to_unit")(images)
    features = trunk(x)
    logits = layers.Dense(1, kernel_initializer=_normal(), name="logit", dtype="float32")(features)
    x = features if shared else trunk(x, "reader_")
    x = activated(layers.Dense(code_units, kernel_initializer=_normal(), name="code_hidden")(x), "code_hidden")
    read = layers.Dense(answers, kernel_initializer=_normal(), name="codes", dtype="float32")(x)
    return keras.Model(images, [logits, read], name="discriminator")


def _normal() -> keras.initializers.Initializer:
    return keras.initializers.RandomNormal(0.0, 0.02)


def _normalisation(x: Any, name: str) -> Any:
    scale = keras.initializers.RandomNormal(1.0, 0.02)
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, gamma_initializer=scale, name=f"{name}_norm")(x)


def _dense(x: Any, units: int, name: str) -> Any:
    x = layers.Dense(units, kernel_initializer=_normal(), name=name)(x)
    return layers.ReLU(name=f"{name}_relu")(_normalisation(x, name))


def _transposed(x: Any, filters: int, name: str) -> Any:
    return layers.Conv2DTranspose(filters, 4, 2, "same", kernel_initializer=_normal(), name=name)(x)


def _convolution(x: Any, filters: int, name: str) -> Any:
    start = keras.initializers.TruncatedNormal(0.0, 0.02)
    return layers.Conv2D(filters, 4, 2, "same", kernel_initializer=start, name=name)(x)
