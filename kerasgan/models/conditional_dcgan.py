"""Conditional DCGAN: the class enters every layer of both networks, as constant planes beside convolutional maps.

Radford, Metz, Chintala, 2016, https://arxiv.org/abs/1511.06434; the network is not in the paper but in its authors'
code for conditional MNIST. Deviations: images are in [-1, 1] at both networks' interfaces ([0, 1] inside); running
statistics of batch normalization are kept and used for sampling; no L2 decay of the weights.
"""

from types import MappingProxyType
from typing import Any

import keras
from keras import layers

from kerasgan.gan import GAN
from kerasgan.gan.constructor_checks import check_classes, check_multiple
from kerasgan.layers import (
    dcgan_convolution,
    dcgan_normal,
    dcgan_transposed,
    label_input,
    leaky_relu,
    normalized,
    one_hot,
)

__all__ = ["ConditionalDCGAN", "discriminator", "generator"]


@keras.saving.register_keras_serializable("kerasgan")
class ConditionalDCGAN(GAN):
    """Class-conditional DCGAN for square images whose size is a multiple of four.

    Args:
        image_size: in pixels, a multiple of 4 from 8 on.
        channels: of the images.
        num_classes: number of classes, 2 or more.
        latent_dim: size of the latent vector.
        width: channels of the larger map; the smaller one has twice, the dense layers 16 times as many.
        prior: of the latents; U(-1, 1) if not given.
        discriminator_norm: what normalizes the discriminator: "batch" (authors' code); "layer", over each image alone,
            or "none", for gradient penalties, which exclude batch normalization.

    Raises:
        ValueError: for a size that is no multiple of 4, fewer than two classes, or an unknown normalization.
    """

    tiny_config = MappingProxyType(dict(image_size=8, num_classes=3, latent_dim=8, width=4))

    def __init__(
        self,
        *,
        image_size: int = 28,
        channels: int = 1,
        num_classes: int = 10,
        latent_dim: int = 100,
        width: int = 64,
        prior: Any = None,
        discriminator_norm: str = "batch",
        name: str | None = None,
    ):
        check_multiple(image_size, 4, smallest=8)
        check_classes(num_classes)
        super().__init__(
            generator(image_size, channels, latent_dim, num_classes=num_classes, width=width),
            discriminator(image_size, channels, num_classes=num_classes, width=width, norm=discriminator_norm),
            prior=prior or "uniform",
            num_classes=num_classes,
            name=name,
        )


def generator(image_size: int, channels: int, latent_dim: int, *, num_classes: int, width: int) -> keras.Model:
    """Latents (batch, latent_dim) and labels (batch,) to images (batch, size, size, channels) in [-1, 1]."""
    latents = keras.Input((latent_dim,), name="latents")
    labels = label_input(num_classes)
    classes, quarter = one_hot(labels, num_classes), image_size // 4
    x = _activated(_dense(_joined(latents, classes), 16 * width, "hidden"), "hidden")
    x = _activated(_dense(_joined(x, classes), 2 * width * quarter**2, "project"), "project")
    x = layers.Reshape((quarter, quarter, 2 * width), name="latent_map")(x)  # (7, 7, 128)
    x = _activated(dcgan_transposed(_joined(x, classes), width, 5, "up", use_bias=False), "up")  # (14, 14, 64)
    x = dcgan_transposed(_joined(x, classes), channels, 5, "image", use_bias=False)  # (28, 28, 1)
    x = layers.Rescaling(2.0, -1.0, name="to_range", dtype="float32")(layers.Activation("sigmoid")(x))
    return keras.Model([latents, labels], x, name="generator")


def discriminator(image_size: int, channels: int, *, num_classes: int, width: int, norm: str = "batch") -> keras.Model:
    """Images and labels (batch,) to logits (batch, 1)."""
    images = keras.Input((image_size, image_size, channels), name="images")
    labels = label_input(num_classes)
    classes = one_hot(labels, num_classes)
    x = layers.Rescaling(0.5, 0.5, name="to_unit")(images)
    x = leaky_relu(dcgan_convolution(_joined(x, classes), width, 5, "down1", use_bias=False), "down1")  # (14, 14, 64)
    x = dcgan_convolution(_joined(x, classes), 2 * width, 5, "down2", use_bias=False)  # (7, 7, 128)
    x = _activated(x, "down2", slope=0.2, norm=norm)
    x = _joined(layers.Flatten(name="flat")(x), classes)
    x = _activated(_dense(x, 16 * width, "hidden"), "hidden", slope=0.2, norm=norm)
    logits = _dense(_joined(x, classes), 1, "logit")
    return keras.Model([images, labels], layers.Activation("linear", dtype="float32")(logits), name="discriminator")


def _joined(x: Any, classes: Any) -> Any:
    """Features (batch, n) or maps (batch, height, width, n) with the one-hot classes as further ones."""
    if len(x.shape) == 4:
        classes = layers.UpSampling2D(x.shape[1:3])(layers.Reshape((1, 1, classes.shape[-1]))(classes))
    return layers.Concatenate()([x, classes])


def _activated(x: Any, name: str, slope: float = 0.0, norm: str = "batch") -> Any:
    """Normalization without scale and shift, then a (leaky) ReLU."""
    x = normalized(x, norm, affine=False, name=f"{name}_norm")
    return layers.LeakyReLU(slope, name=f"{name}_relu")(x)


def _dense(x: Any, units: int, name: str) -> Any:
    return layers.Dense(units, use_bias=False, kernel_initializer=dcgan_normal(), name=name)(x)
