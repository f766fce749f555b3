"""DCGAN: strided convolutions, batch normalization and no dense hidden layers made adversarial training stable.

Radford, Metz, Chintala: Unsupervised Representation Learning with Deep Convolutional Generative Adversarial Networks,
2016, https://arxiv.org/abs/1511.06434. Layer tables follow the authors' Theano code ("paper": 5x5 kernels, a dense
projection; "imagenet": 3x3 kernels at 32 pixels) and the Torch code of the same year ("torch": 4x4 kernels, latents
projected by a transposed convolution). Deviations: running statistics of batch normalization are kept and used for
sampling, where the Theano code samples with batch statistics; both networks are updated on every batch, where it
alternates; no L2 decay of the weights (1e-5 there), and Keras' Adam with its epsilon of 1e-7 (1e-8 there). Not in the
paper: a discriminator without batch normalization, for the gradient penalties that came after it; "upsampling", the
generator of Keras-GAN (https://github.com/eriklindernoren/Keras-GAN): nearest pixels before 3x3 convolutions.
"""

from types import MappingProxyType

import keras
from keras import layers

from kerasgan.gan import GAN
from kerasgan.gan.constructor_checks import check_choice, check_doublings, check_multiple
from kerasgan.layers import (
    dcgan_convolution,
    dcgan_normal,
    dcgan_transposed,
    leaky_relu,
    norm_relu,
    normalized,
    tanh_images,
)

__all__ = ["DCGAN", "discriminator", "generator"]

VARIANTS = ("paper", "torch", "imagenet", "upsampling")
KERNELS = {"paper": 5, "torch": 4, "imagenet": 3, "upsampling": 3}


@keras.saving.register_keras_serializable("kerasgan")
class DCGAN(GAN):
    """Deep convolutional GAN for square images.

    Args:
        image_size: 4, 5, 6 or 7 times a power of two, from 8 on, in pixels; the variant "imagenet" has 32, 40, 48 or
            56, "upsampling" any multiple of 4.
        channels: of the images, 1 or more.
        latent_dim: size of the latent vector.
        width: channels next to the image; they double toward the smallest map. 128 (paper) or 64 if not given.
        variant: "paper", "torch", "imagenet" or "upsampling".
        prior: of the latents; U(-1, 1) (paper) or N(0, 1) if not given.
        output_bias: whether the generator's last layer has a bias, as in some published checkpoints.
        discriminator_norm: what normalizes the discriminator: "batch" (paper); "layer", over each image alone, or
            "none", with biases instead, for gradient penalties, which exclude batch normalization.

    Raises:
        ValueError: for an unknown variant or normalization, or a size that the variant does not have.
    """

    tiny_config = MappingProxyType(dict(image_size=16, channels=1, latent_dim=8, width=8))

    def __init__(
        self,
        *,
        image_size: int = 64,
        channels: int = 3,
        latent_dim: int = 100,
        width: int | None = None,
        variant: str = "paper",
        prior=None,
        output_bias: bool = False,
        discriminator_norm: str = "batch",
        name: str | None = None,
    ):
        check_choice("variant", variant, VARIANTS)
        _check_size(image_size, variant)
        later = variant in ("torch", "upsampling")
        width = (64 if later else 128) if width is None else width
        prior = prior or ("normal" if later else "uniform")
        super().__init__(
            generator(image_size, channels, latent_dim, width=width, variant=variant, output_bias=output_bias),
            discriminator(image_size, channels, width=width, variant=variant, norm=discriminator_norm),
            prior=prior,
            name=name,
        )
        self.resolve_arguments(width=width)


def _check_size(image_size: int, variant: str) -> None:
    if variant == "imagenet":
        check_choice("image_size", image_size, (32, 40, 48, 56))
    elif variant == "upsampling":
        check_multiple(image_size, 4, smallest=8, largest=1024)
    else:
        check_doublings(image_size)


def generator(
    image_size: int, channels: int, latent_dim: int, *, width: int, variant: str, output_bias: bool = False
) -> keras.Model:
    """Latents (batch, latent_dim) to images (batch, image_size, image_size, channels) in [-1, 1]."""
    latents = keras.Input((latent_dim,), name="latents")
    if variant == "upsampling":
        images = tanh_images(_upsampled(latents, image_size // 4, channels, width))
        return keras.Model(latents, images, name="generator")
    stages = image_size.bit_length() - 3  # doublings to image_size
    kernel = KERNELS[variant]
    x = _project(latents, image_size >> stages, width * 2 ** (stages - 1), variant)  # (side, side, top)
    if variant == "imagenet":
        # 256 up, 256, 128 up, 128, 64 up: a stride-1 layer after all but the last doubling
        for index, (filters, strides) in enumerate([(2, 2), (2, 1), (1, 2), (1, 1), (0.5, 2)], start=1):
            x = _up(x, int(width * filters), kernel, f"up{index}", strides=strides)
        output_strides = 1
    else:
        for index in range(1, stages):
            x = _up(x, width * 2 ** (stages - 1 - index), kernel, f"up{index}")
        output_strides = 2
    x = dcgan_transposed(x, channels, kernel, "image", strides=output_strides, use_bias=output_bias)
    return keras.Model(latents, tanh_images(x), name="generator")


def discriminator(image_size: int, channels: int, *, width: int, variant: str, norm: str = "batch") -> keras.Model:
    """Images to logits (batch, 1)."""
    stages = image_size.bit_length() - 3
    kernel = KERNELS[variant]
    images = keras.Input((image_size, image_size, channels), name="images")
    if variant == "imagenet":
        plan = [(width * 2 ** (index // 2), 1 + index % 2) for index in range(6)]  # strides 1, 2, 1, 2, 1, 2
    else:
        plan = [(width * 2**index, 2) for index in range(stages)]
    x = images
    for index, (filters, strides) in enumerate(plan, start=1):
        x = dcgan_convolution(x, filters, kernel, f"down{index}", strides=strides, use_bias=norm == "none")
        if index > 1:
            x = normalized(x, norm, gamma_initializer=dcgan_normal(1.0), name=f"down{index}_norm")
        x = leaky_relu(x, f"down{index}")
    if variant == "torch":
        x = dcgan_convolution(x, 1, x.shape[1], "logit", strides=1, padding="valid", use_bias=False)
        logits = layers.Flatten(name="flat")(x)
    else:
        x = layers.Flatten(name="flat")(x)
        logits = layers.Dense(1, use_bias=False, kernel_initializer=dcgan_normal(), name="logit")(x)
    return keras.Model(images, layers.Activation("linear", dtype="float32")(logits), name="discriminator")


def _upsampled(latents, side: int, channels: int, width: int):
    """Two doublings by nearest pixels, before biased 3x3 convolutions with Keras' default normalization."""
    x = layers.Dense(side * side * 2 * width, "relu", kernel_initializer=dcgan_normal(), name="project")(latents)
    x = layers.Reshape((side, side, 2 * width), name="latent_map")(x)
    for index, filters in ((1, 2 * width), (2, width)):
        x = layers.UpSampling2D(name=f"up{index}_larger")(x)
        x = dcgan_convolution(x, filters, 3, f"up{index}", strides=1)
        x = layers.BatchNormalization(momentum=0.8, epsilon=1e-3, name=f"up{index}_norm")(x)
        x = layers.ReLU(name=f"up{index}_relu")(x)
    return dcgan_convolution(x, channels, 3, "image", strides=1)


def _project(latents, side: int, top: int, variant: str):
    """Latents to a map (side, side, top); the paper normalizes each of its units, Torch's code each channel."""
    if variant == "torch":
        x = layers.Reshape((1, 1, latents.shape[-1]), name="latent_map")(latents)
        x = dcgan_transposed(x, top, side, "project", strides=1, padding="valid", use_bias=False)
        return _norm_relu(x, "project")
    x = layers.Dense(side * side * top, use_bias=False, kernel_initializer=dcgan_normal(), name="project")(latents)
    return layers.Reshape((side, side, top), name="latent_map")(_norm_relu(x, "project"))


def _norm_relu(x, name: str):
    return norm_relu(x, name, gamma_initializer=dcgan_normal(1.0))


def _up(x, filters: int, kernel: int, name: str, *, strides: int = 2):
    return _norm_relu(dcgan_transposed(x, filters, kernel, name, strides=strides, use_bias=False), name)
