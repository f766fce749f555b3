"""DCGAN: strided convolutions, batch normalisation and no dense hidden layers made adversarial training stable.

Radford, Metz, Chintala: Unsupervised Representation Learning with Deep Convolutional Generative Adversarial Networks,
2016, https://arxiv.org/abs/1511.06434. Layer tables follow the authors' Theano code ("paper": 5x5 kernels, a dense
projection; "imagenet": 3x3 kernels at 32 pixels) and the Torch code of the same year ("torch": 4x4 kernels, latents
projected by a transposed convolution). Deviations: running statistics of batch normalisation are kept and used for
sampling, where the Theano code samples with batch statistics; both players see every batch, where it alternates; no L2
decay of the weights (1e-5 there), and Keras' Adam with its epsilon of 1e-7 (1e-8 there). Not in the paper: a
discriminator without batch normalisation, for the gradient penalties that came after it.
"""

from types import MappingProxyType

import keras
from keras import layers

from kerasgan.gan import GAN
from kerasgan.layers import normalised

__all__ = ["DCGAN", "discriminator", "generator"]

VARIANTS = ("paper", "torch", "imagenet")


@keras.saving.register_keras_serializable("kerasgan")
class DCGAN(GAN):
    """Deep convolutional GAN for square images whose size is a power of two.

    Args:
        image_size: a power of two from 8 on, in pixels; 32 for the variant "imagenet".
        channels: of the images, 1 or more.
        latent_dim: size of the latent vector.
        width: channels next to the image; they double towards the 4x4 map. 128 (paper) and 64 (torch) if not given.
        variant: "paper", "torch" or "imagenet".
        prior: of the latents; U(-1, 1) (paper) and N(0, 1) (torch) if not given.
        output_bias: whether the generator's last layer has a bias, as in some published checkpoints.
        discriminator_norm: what normalises the discriminator: "batch" (paper); "layer", over each image alone, or
            "none", with biases instead, for gradient penalties, which batch normalisation does not go with.

    Raises:
        ValueError: for an unknown variant or normalisation, or a size that is not a power of two from 8 on.
    """

    tiny = MappingProxyType(dict(image_size=16, channels=1, latent_dim=8, width=8))

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
        if variant not in VARIANTS:
            raise ValueError(f"Expected variant to be one of {', '.join(VARIANTS)}. Received: variant={variant!r}")
        smallest, largest = (32, 32) if variant == "imagenet" else (8, 1024)
        powers = [2**n for n in range(3, 11) if smallest <= 2**n <= largest]
        if not isinstance(image_size, int) or image_size not in powers:
            expected = "32" if variant == "imagenet" else "a power of two from 8 to 1024"
            raise ValueError(f"Expected image_size to be {expected}. Received: image_size={image_size}")
        width = width or (64 if variant == "torch" else 128)
        prior = prior or ("normal" if variant == "torch" else "uniform")
        super().__init__(
            generator(image_size, channels, latent_dim, width=width, variant=variant, output_bias=output_bias),
            discriminator(image_size, channels, width=width, variant=variant, norm=discriminator_norm),
            prior=prior,
            name=name,
        )
        self.record(
            image_size=image_size,
            channels=channels,
            latent_dim=latent_dim,
            width=width,
            variant=variant,
            prior=self.prior,
            output_bias=output_bias,
            discriminator_norm=discriminator_norm,
        )


def generator(
    image_size: int, channels: int, latent_dim: int, *, width: int, variant: str, output_bias: bool = False
) -> keras.Model:
    """Latents (batch, latent_dim) to images (batch, image_size, image_size, channels) in [-1, 1]."""
    stages = image_size.bit_length() - 3  # doublings from 4x4 to image_size
    kernel = {"paper": 5, "torch": 4, "imagenet": 3}[variant]
    latents = keras.Input((latent_dim,), name="latents")
    x = _project(latents, width * 2 ** (stages - 1), variant)  # (4, 4, top)
    if variant == "imagenet":
        # 256 up, 256, 128 up, 128, 64 up: a stride-1 layer after all but the last doubling
        for index, (filters, strides) in enumerate([(2, 2), (2, 1), (1, 2), (1, 1), (0.5, 2)], start=1):
            x = _up(x, int(width * filters), kernel, f"up{index}", strides=strides)
        output_strides = 1
    else:
        for index in range(1, stages):
            x = _up(x, width * 2 ** (stages - 1 - index), kernel, f"up{index}")
        output_strides = 2
    x = _transposed(x, channels, kernel, "image", strides=output_strides, use_bias=output_bias)
    images = layers.Activation("tanh", dtype="float32", name="tanh")(x)
    return keras.Model(latents, images, name="generator")


def discriminator(image_size: int, channels: int, *, width: int, variant: str, norm: str = "batch") -> keras.Model:
    """Images to logits (batch, 1)."""
    stages = image_size.bit_length() - 3
    kernel = {"paper": 5, "torch": 4, "imagenet": 3}[variant]
    images = keras.Input((image_size, image_size, channels), name="images")
    if variant == "imagenet":
        plan = [(width * 2 ** (index // 2), 1 + index % 2) for index in range(6)]  # strides 1, 2, 1, 2, 1, 2
    else:
        plan = [(width * 2**index, 2) for index in range(stages)]
    x = images
    for index, (filters, strides) in enumerate(plan, start=1):
        x = _convolution(x, filters, kernel, f"down{index}", strides=strides, use_bias=norm == "none")
        if index > 1:
            x = _normalisation(x, f"down{index}", norm)
        x = layers.LeakyReLU(negative_slope=0.2, name=f"down{index}_lrelu")(x)
    if variant == "torch":
        x = _convolution(x, 1, 4, "logit", strides=1, padding="valid")
        logits = layers.Flatten(name="flat")(x)
    else:
        x = layers.Flatten(name="flat")(x)
        logits = layers.Dense(1, use_bias=False, kernel_initializer=_normal(), name="logit")(x)
    return keras.Model(images, layers.Activation("linear", dtype="float32")(logits), name="discriminator")


def _normal(mean: float = 0.0) -> keras.initializers.Initializer:
    return keras.initializers.RandomNormal(mean, 0.02)


def _normalisation(x, name: str, norm: str = "batch"):
    return normalised(x, norm, gamma_initializer=_normal(1.0), name=f"{name}_norm")


def _project(latents, top: int, variant: str):
    """Latents to a map (4, 4, top); the paper normalises each of its 16 * top units, Torch's code each channel."""
    if variant == "torch":
        x = layers.Reshape((1, 1, latents.shape[-1]), name="latent_map")(latents)
        x = _normalisation(_transposed(x, top, 4, "project", strides=1, padding="valid"), "project")
        return layers.ReLU(name="project_relu")(x)
    x = layers.Dense(16 * top, use_bias=False, kernel_initializer=_normal(), name="project")(latents)
    x = layers.ReLU(name="project_relu")(_normalisation(x, "project"))
    return layers.Reshape((4, 4, top), name="latent_map")(x)


def _transposed(x, filters: int, kernel: int, name: str, *, strides: int, padding: str = "same", use_bias=False):
    return layers.Conv2DTranspose(
        filters, kernel, strides, padding, use_bias=use_bias, kernel_initializer=_normal(), name=name
    )(x)


def _convolution(x, filters: int, kernel: int, name: str, *, strides: int, padding: str = "same", use_bias=False):
    return layers.Conv2D(filters, kernel, strides, padding, use_bias=use_bias, kernel_initializer=_normal(), name=name)(
        x
    )


def _up(x, filters: int, kernel: int, name: str, *, strides: int = 2):
    x = _normalisation(_transposed(x, filters, kernel, name, strides=strides), name)
    return layers.ReLU(name=f"{name}_relu")(x)
