"""WGAN-GP: a critic kept Lipschitz by a penalty on its gradient, instead of by clipping its weights.

Gulrajani, Ahmed, Arjovsky, Dumoulin, Courville: Improved Training of Wasserstein GANs, 2017,
https://arxiv.org/abs/1704.00028. Layer tables follow the authors' code: "resnet" (CIFAR-10: constant width, mean
pooling), "resnet64" (LSUN at 64 pixels: doubling widths, layer normalization in the critic) and "dcgan" (CIFAR-10:
strided 5x5 convolutions). "plain" is OpenMMLab's: what Progressive GAN (Karras et al. 2018, 1710.10196) begins with,
configuration (a) of its table 1, with two 3x3 convolutions at each size. No critic has batch normalization, under which
the penalty would not be per image (section 4). Deviations: running statistics of batch normalization are used for
sampling; the generator has as many latents per step as the critic, where the CIFAR-10 code has twice as many; no
dequantization noise on the images; the penalty's norm has 1e-12 under its root, for a finite slope at zero; "dcgan" has
its widths from the image outwards, so that it can have any number of stages. The class-conditional model, with an
auxiliary classifier, is not here.
"""

from itertools import pairwise
from types import MappingProxyType
from typing import Any

import keras
from keras import layers

from kerasgan.gan import GAN
from kerasgan.gan.constructor_checks import check_choice, check_doublings
from kerasgan.layers import leaky_relu, norm_relu, normalized, tanh_images

__all__ = ["WGANGP", "discriminator", "generator"]

# The smallest image of each variant, and the width next to the image.
VARIANTS = {"resnet": (16, 128), "resnet64": (16, 64), "dcgan": (8, 128), "plain": (8, 32)}


@keras.saving.register_keras_serializable("kerasgan")
class WGANGP(GAN):
    """Wasserstein GAN with gradient penalty, for square images.

    Args:
        image_size: 4, 5, 6 or 7 times a power of two, in pixels, from 16 on ("dcgan" and "plain": from 8 on).
        channels: of the images.
        latent_dim: size of the latent vector.
        width: channels next to the image; 128, 64 for "resnet64" and 32 for "plain", if not given.
        variant: "resnet", "resnet64", "dcgan" or "plain".
        prior: of the latents.

    Raises:
        ValueError: for an unknown variant or another size.
    """

    tiny_config = MappingProxyType(dict(image_size=16, channels=1, latent_dim=8, width=4))

    def __init__(
        self,
        *,
        image_size: int = 32,
        channels: int = 3,
        latent_dim: int = 128,
        width: int | None = None,
        variant: str = "resnet",
        prior: Any = "normal",
        name: str | None = None,
    ):
        check_choice("variant", variant, VARIANTS)
        smallest, published = VARIANTS[variant]
        check_doublings(image_size, smallest=smallest)
        width = published if width is None else width
        super().__init__(
            generator(image_size, channels, latent_dim, width=width, variant=variant),
            discriminator(image_size, channels, width=width, variant=variant),
            prior=prior,
            name=name,
        )
        self.resolve_arguments(width=width)
        self.variant = variant

    def default_compile_args(self):
        """Algorithm 1: five critic steps, penalty weight 10; optimizers as in the code of each variant."""

        def adam(steps: int) -> keras.optimizers.Optimizer:
            rate: Any = 1e-4
            if self.variant == "resnet":  # to zero over 100,000 generator steps
                rate = keras.optimizers.schedules.PolynomialDecay(2e-4, steps, end_learning_rate=0.0)
            beta_1 = 0.5 if self.variant in ("dcgan", "plain") else 0.0
            return keras.optimizers.Adam(rate, beta_1=beta_1, beta_2=0.9)

        return {
            "objective": "wasserstein",
            "penalties": {"name": "gradient_penalty", "weight": 10.0},
            "discriminator_steps": 5,
            "generator_optimizer": adam(100_000),
            "discriminator_optimizer": adam(500_000),
        }


def generator(image_size: int, channels: int, latent_dim: int, *, width: int, variant: str) -> keras.Model:
    """Latents (batch, latent_dim) to images (batch, image_size, image_size, channels) in [-1, 1]."""
    latents = keras.Input((latent_dim,), name="latents")
    widths = _widths(image_size, width, variant)[::-1]
    if variant == "plain":
        return keras.Model(latents, tanh_images(_plain_up(latents, widths, channels, image_size)), name="generator")
    side = image_size >> (image_size.bit_length() - 3)
    x = layers.Dense(side * side * widths[0], name="project")(latents)
    x = layers.Reshape((side, side, widths[0]), name="latent_map")(x)
    if variant == "dcgan":
        x = norm_relu(x, "latent")
        for index, filters in enumerate(widths[1:], start=1):
            x = norm_relu(_transposed(x, filters, f"up{index}"), f"up{index}")
        x = _transposed(x, channels, "image")
    else:
        # (side, side) to (image_size, image_size); "resnet64" begins with a block of the same width as its input
        for index, filters in enumerate(widths if variant == "resnet64" else widths[1:], start=1):
            bias = variant == "resnet"
            x = _residual(x, filters, f"up{index}", norm="batch", resample="up", first_bias=bias)
        x = _convolution(norm_relu(x, "image"), channels, "image")
    return keras.Model(latents, tanh_images(x), name="generator")


def discriminator(image_size: int, channels: int, *, width: int, variant: str) -> keras.Model:
    """Images to the critic's scores (batch, 1), unbounded."""
    images = keras.Input((image_size, image_size, channels), name="images")
    x = images
    if variant == "dcgan":
        for index, filters in enumerate(_widths(image_size, width, variant), start=1):
            x = layers.Conv2D(filters, 5, 2, "same", kernel_initializer=_he(), name=f"down{index}")(x)
            x = leaky_relu(x, f"down{index}")
        x = layers.Flatten(name="flat")(x)
    elif variant == "resnet64":
        x = _convolution(x, width, "from_image")
        widths = _widths(image_size, width, variant)
        for index, filters in enumerate([*widths[1:], widths[-1]], start=1):
            x = _residual(x, filters, f"down{index}", norm="layer", resample="down", first_bias=False)
        x = layers.Flatten(name="flat")(x)
    elif variant == "plain":
        x = layers.Flatten(name="flat")(_plain_down(images, _widths(image_size, width, variant)))
    else:
        x = _first_block(x, width)
        for index in range(2, image_size.bit_length() - 3):  # to twice the smallest
            x = _residual(x, width, f"down{index}", resample="down")
        for index in (1, 2):
            x = _residual(x, width, f"flat{index}")
        x = layers.GlobalAveragePooling2D(name="mean")(layers.ReLU(name="mean_relu")(x))
    scores = layers.Dense(1, name="score", dtype="float32")(x)
    return keras.Model(images, scores, name="discriminator")


def _widths(image_size: int, width: int, variant: str) -> list[int]:
    """Channels from the image to the map of 4 to 7 pixels."""
    stages = image_size.bit_length() - 3  # doublings of that map
    if variant == "resnet":
        return [width] * (stages + 1)
    if variant == "plain":  # the two smallest maps have the same
        return [width * 2 ** min(index, stages - 1) for index in range(stages + 1)]
    return [width * 2 ** min(index, 3) for index in range(stages)]


def _plain_up(latents: Any, widths: list[int], channels: int, image_size: int) -> Any:
    """A map of 4 to 7 pixels, rectified before it is normalized, then two convolutions at each size."""
    x = layers.Reshape((1, 1, latents.shape[-1]), name="latent_pixel")(latents)
    side = image_size >> (len(widths) - 1)
    x = layers.Conv2DTranspose(widths[0], side, kernel_initializer=_he(), name="project")(x)  # one bias per channel
    x = normalized(layers.ReLU(name="project_relu")(x), "batch", name="project_norm")
    x = norm_relu(_convolution(x, widths[0], "first"), "first")
    for index, filters in enumerate(widths[1:], start=1):
        x = layers.UpSampling2D(2, name=f"up{index}_larger")(x)
        for name in (f"up{index}_1", f"up{index}_2"):
            x = norm_relu(_convolution(x, filters, name), name)
    return layers.Conv2D(channels, 1, kernel_initializer=_he(), name="image")(x)


def _plain_down(images: Any, widths: list[int]) -> Any:
    """Two convolutions at each size, of which the second widens, and one over the whole smallest map."""

    def norm_leaky_relu(x: Any, name: str) -> Any:
        return leaky_relu(normalized(x, "layer", name=f"{name}_norm"), name)

    x = layers.Conv2D(widths[0], 1, kernel_initializer=_he(), name="from_image")(images)
    x = leaky_relu(x, "from_image")
    for index, (filters, wider) in enumerate(pairwise(widths), start=1):
        for name, outputs in ((f"down{index}_1", filters), (f"down{index}_2", wider)):
            x = norm_leaky_relu(_convolution(x, outputs, name), name)
        x = layers.AveragePooling2D(2, name=f"down{index}_smaller")(x)
    x = layers.Conv2D(widths[-1], x.shape[1], kernel_initializer=_he(), name="last")(x)
    return norm_leaky_relu(x, "last")


def _residual(
    x: Any, filters: int, name: str, *, norm: str = "none", resample: str = "", first_bias: bool = True
) -> Any:
    """x + f(x), f = conv(relu(norm(conv(relu(norm(x)))))) with nearest upsampling before f's first or mean pooling
    after its last convolution; the shortcut has a 1x1 convolution where it is resampled."""
    shortcut = x
    inner = x.shape[-1] if resample == "down" else filters
    x = layers.ReLU(name=f"{name}_relu1")(normalized(x, norm, name=f"{name}_1_norm"))
    if resample == "up":
        x = layers.UpSampling2D(2, name=f"{name}_larger")(x)
    x = _convolution(x, inner, f"{name}_conv1", use_bias=first_bias)
    x = layers.ReLU(name=f"{name}_relu2")(normalized(x, norm, name=f"{name}_2_norm"))
    x = _convolution(x, filters, f"{name}_conv2")
    if resample == "down":
        x = layers.AveragePooling2D(2, name=f"{name}_smaller")(x)
        # A 1x1 convolution commutes with both resamplings: the order here is the cheaper one.
        shortcut = _one_by_one(layers.AveragePooling2D(2, name=f"{name}_shortcut_smaller")(shortcut), filters, name)
    elif resample == "up":
        shortcut = layers.UpSampling2D(2, name=f"{name}_shortcut_larger")(_one_by_one(shortcut, filters, name))
    return layers.Add(name=f"{name}_sum")([shortcut, x])


def _first_block(images: Any, width: int) -> Any:
    """The critic's first block of the CIFAR-10 model: no rectifier before the first convolution."""
    x = layers.ReLU(name="down1_relu")(_convolution(images, width, "down1_conv1"))
    x = layers.AveragePooling2D(2, name="down1_smaller")(_convolution(x, width, "down1_conv2"))
    shortcut = _one_by_one(layers.AveragePooling2D(2, name="down1_shortcut_smaller")(images), width, "down1")
    return layers.Add(name="down1_sum")([shortcut, x])


def _he() -> keras.initializers.Initializer:
    """Uniform with variance 4 / (fan_in + fan_out): He's, for both directions."""
    return keras.initializers.VarianceScaling(2.0, "fan_avg", "uniform")


def _convolution(x: Any, filters: int, name: str, *, use_bias: bool = True) -> Any:
    return layers.Conv2D(filters, 3, 1, "same", use_bias=use_bias, kernel_initializer=_he(), name=name)(x)


def _one_by_one(x: Any, filters: int, name: str) -> Any:
    return layers.Conv2D(filters, 1, kernel_initializer="glorot_uniform", name=f"{name}_shortcut")(x)


def _transposed(x: Any, filters: int, name: str) -> Any:
    return layers.Conv2DTranspose(filters, 5, 2, "same", kernel_initializer=_he(), name=name)(x)
