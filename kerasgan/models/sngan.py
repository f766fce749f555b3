"""SNGAN: every weight of the discriminator has spectral norm 1, and the class enters as an inner product.

Miyato, Kataoka, Koyama, Yoshida: Spectral Normalization for Generative Adversarial Networks, 2018,
https://arxiv.org/abs/1802.05957; Miyato, Koyama: cGANs with Projection Discriminator, 2018,
https://arxiv.org/abs/1802.05637. Layer tables, initialization and training follow the authors' Chainer code; that of
the 64-pixel generator is the discriminator's mirrored. Deviations: the generator's step follows the last of the
discriminator's five steps, not the first, has its batch size (twice as large there) and the labels of its real batch.
"""

import math
from types import MappingProxyType
from typing import Any

import keras
from keras import layers

from kerasgan.gan import GAN
from kerasgan.gan.constructor_checks import check_choice, check_classes, check_doublings
from kerasgan.layers import (
    ConditionalBatchNormalization,
    Projection,
    SpectralConv2D,
    SpectralDense,
    SumPooling,
    label_input,
    tanh_images,
    with_labels,
)
from kerasgan.layers.pyramid import power_below
from kerasgan.optimizers import for_both

__all__ = ["SNGAN", "discriminator", "generator"]

# By the largest power of two that an image is no smaller than: channels, in units of the width, of the generator's
# first map and after each of its blocks, which all double the size.
GENERATOR = {16: (1, 1, 1), 32: (1, 1, 1, 1), 64: (16, 8, 4, 2, 1), 128: (16, 16, 8, 4, 2, 1)}
# Channels after each of the discriminator's blocks, and how many of the blocks halve the size.
DISCRIMINATOR = {
    16: ((1, 1, 1, 1), 2),
    32: ((1, 1, 1, 1), 2),
    64: ((1, 2, 4, 8, 16), 5),
    128: ((1, 2, 4, 8, 16, 16), 5),
}


@keras.saving.register_keras_serializable("kerasgan")
class SNGAN(GAN):
    """Residual networks with spectral normalization; with `num_classes` a projection discriminator.

    Args:
        image_size: 32, 48, 64 or 128 as in the papers, 16 (the network for 32 with a block less), or others from 16 to
            224 that are 4, 5, 6 or 7 times a power of two.
        channels: of the images.
        num_classes: number of classes, 2 or more; None for an unconditional model.
        latent_dim: size of the latent vector.
        width: the generator's channels next to the image; 256 for images up to 63 pixels, else 64, if not given.
        discriminator_width: the discriminator's; 128 for images up to 63 pixels, else 64, if not given.
        epsilon: of batch normalization; OpenMMLab's checkpoints were trained with 1e-4, mimicry's with 1e-5.
        interpolation: how the generator's blocks enlarge: "nearest", or "bilinear" as mimicry's.
        prior: of the latents.

    Raises:
        ValueError: for another size or interpolation, or fewer than two classes.
    """

    tiny_config = MappingProxyType(dict(image_size=16, num_classes=3, latent_dim=8, width=4, discriminator_width=4))

    def __init__(
        self,
        *,
        image_size: int = 32,
        channels: int = 3,
        num_classes: int | None = None,
        latent_dim: int = 128,
        width: int | None = None,
        discriminator_width: int | None = None,
        epsilon: float = 2e-5,
        interpolation: str = "nearest",
        prior: Any = "normal",
        name: str | None = None,
    ):
        check_choice("interpolation", interpolation, ("nearest", "bilinear"))
        check_doublings(image_size, smallest=16, largest=224)
        check_classes(num_classes, optional=True)
        published, discriminator_default = (256, 128) if image_size < 64 else (64, 64)
        width = published if width is None else width
        discriminator_width = discriminator_default if discriminator_width is None else discriminator_width
        shape = (image_size, image_size, channels)
        own: dict[str, Any] = dict(width=width, epsilon=epsilon, interpolation=interpolation)
        super().__init__(
            generator(shape, latent_dim, num_classes=num_classes, **own),
            discriminator(shape, num_classes=num_classes, width=discriminator_width),
            prior=prior,
            num_classes=num_classes,
            name=name,
        )
        self.resolve_arguments(width=width, discriminator_width=discriminator_width)

    def default_compile_args(self):
        """1802.05957, section 4 and appendix B.4, residual networks; the rate's linear decay depends on the steps."""
        optimizers = for_both(lambda: keras.optimizers.Adam(2e-4, beta_1=0.0, beta_2=0.9))
        return {"objective": "hinge", "discriminator_steps": 5, **optimizers}


def generator(
    shape: tuple[int, int, int],
    latent_dim: int,
    *,
    num_classes: int | None,
    width: int,
    epsilon: float,
    interpolation: str,
) -> keras.Model:
    """Latents (batch, latent_dim), and labels (batch,) if there are classes, to images in [-1, 1]."""
    latents = keras.Input((latent_dim,), name="latents")
    labels = label_input(num_classes)

    def normalize(x: Any, name: str) -> Any:
        if num_classes is None:
            return layers.BatchNormalization(momentum=0.9, epsilon=epsilon, name=name)(x)
        return ConditionalBatchNormalization(num_classes, momentum=0.9, epsilon=epsilon, name=name)([x, labels])

    first, *rest = GENERATOR[power_below(shape[0])]
    side = shape[0] >> len(rest)
    x = layers.Dense(side * side * first * width, kernel_initializer=_glorot(), name="project")(latents)
    x = layers.Reshape((side, side, first * width), name="latent_map")(x)
    for index, factor in enumerate(rest, start=1):
        x = _up_block(x, factor * width, normalize, f"block{index}", interpolation=interpolation)
    x = layers.ReLU(name="relu")(layers.BatchNormalization(momentum=0.9, epsilon=epsilon, name="norm")(x))
    x = layers.Conv2D(shape[-1], 3, padding="same", kernel_initializer=_glorot(), name="image")(x)
    return keras.Model(with_labels(latents, labels), tanh_images(x), name="generator")


def discriminator(shape: tuple[int, int, int], *, num_classes: int | None, width: int) -> keras.Model:
    """Images, and labels (batch,) if there are classes, to logits (batch, 1)."""
    images = keras.Input(shape, name="images")
    factors, halvings = DISCRIMINATOR[power_below(shape[0])]
    x = images
    for index, factor in enumerate(factors, start=1):
        x = _down_block(x, factor * width, f"block{index}", halve=index <= halvings, first=index == 1)
    x = layers.ReLU(name="relu")(x)
    features = SumPooling(name="features", dtype="float32")(x)
    bias = shape[0] >= 64  # the authors' network for CIFAR-10 has none
    logits = SpectralDense(1, use_bias=bias, kernel_initializer=_glorot(), name="logit", dtype="float32")(features)
    if num_classes is None:
        return keras.Model(images, logits, name="discriminator")
    labels = label_input(num_classes)
    embedding = {"embeddings_initializer": "glorot_uniform"}
    projected = Projection(num_classes, embedding=embedding, name="projection", dtype="float32")([features, labels])
    logits = layers.Add(name="logits", dtype="float32")([logits, projected])
    return keras.Model([images, labels], logits, name="discriminator")


def _glorot(gain: float = 1.0) -> keras.initializers.Initializer:
    """Glorot's uniform distribution times `gain`."""
    return keras.initializers.VarianceScaling(gain**2, "fan_avg", "uniform")


def _up_block(x: Any, filters: int, normalize: Any, name: str, *, interpolation: str) -> Any:
    """Normalization, ReLU, doubling, convolution, and the same without doubling; the shortcut doubles and convolves."""

    def convolution(x: Any, kernel: int, suffix: str) -> Any:
        gain = math.sqrt(2) if kernel == 3 else 1.0
        return layers.Conv2D(
            filters, kernel, padding="same", kernel_initializer=_glorot(gain), name=f"{name}_{suffix}"
        )(x)

    def doubled(x: Any, suffix: str) -> Any:
        return layers.UpSampling2D(interpolation=interpolation, name=f"{name}_{suffix}")(x)

    shortcut = convolution(doubled(x, "shortcut_up"), 1, "shortcut")
    x = layers.ReLU(name=f"{name}_relu1")(normalize(x, f"{name}_norm1"))
    x = convolution(doubled(x, "up"), 3, "conv1")
    x = layers.ReLU(name=f"{name}_relu2")(normalize(x, f"{name}_norm2"))
    return layers.Add(name=name)([convolution(x, 3, "conv2"), shortcut])


def _down_block(x: Any, filters: int, name: str, *, halve: bool, first: bool) -> Any:
    """ReLU, convolution, ReLU, convolution, mean of 2x2 pixels; the shortcut has its convolution before the mean.

    The first block starts without the ReLU, takes its means before the shortcut's convolution, and widens at once.
    """

    def convolution(x: Any, filters: int, kernel: int, suffix: str) -> Any:
        gain = math.sqrt(2) if kernel == 3 else 1.0
        return SpectralConv2D(
            filters, kernel, padding="same", kernel_initializer=_glorot(gain), name=f"{name}_{suffix}"
        )(x)

    def pool(x: Any, suffix: str) -> Any:
        return layers.AveragePooling2D(2, name=f"{name}_{suffix}")(x) if halve else x

    shortcut, hidden = x, filters if first else x.shape[-1]
    if first:
        shortcut = convolution(pool(shortcut, "shortcut_mean"), filters, 1, "shortcut")
    elif halve or filters != hidden:
        shortcut = pool(convolution(shortcut, filters, 1, "shortcut"), "shortcut_mean")
    x = x if first else layers.ReLU(name=f"{name}_relu1")(x)
    x = layers.ReLU(name=f"{name}_relu2")(convolution(x, hidden, 3, "conv1"))
    x = pool(convolution(x, filters, 3, "conv2"), "mean")
    return layers.Add(name=name)([x, shortcut])
