"""SAGAN: self-attention relates every position of a map to every other, so that distant parts of an image agree.

Zhang, Goodfellow, Metaxas, Odena: Self-Attention Generative Adversarial Networks, 2019,
https://arxiv.org/abs/1805.08318. Layers and settings follow the authors' code, its generator and discriminator "test",
which are those with attention. Deviations: fakes are given the labels of the real batch instead of labels of their own;
spectral normalization makes its power iteration in every pass in training mode, real images and fakes apart. Not in the
paper, for OpenMMLab's checkpoints: `growth`, `epsilon`, `spectral_tables` and `spectral_estimate`.
"""

from collections.abc import Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

import keras
from keras import layers

from kerasgan.gan import GAN
from kerasgan.gan.constructor_checks import check_classes, check_doublings
from kerasgan.layers import (
    ConditionalBatchNormalization,
    SpectralConv2D,
    SpectralDense,
    label_input,
    norm_relu_images,
    projection_logits,
    residual_down,
    residual_up,
    self_attention,
)

__all__ = ["SAGAN", "discriminator", "generator"]


@keras.saving.register_keras_serializable("kerasgan")
class SAGAN(GAN):
    """Class-conditional self-attention GAN for square images.

    Args:
        image_size: 4, 5, 6 or 7 times a power of two, from 8 on, in pixels.
        channels: of the images, 1 or more.
        num_classes: number of classes, 2 or more.
        latent_dim: size of the latent vector.
        width: the generator's channels next to the image.
        discriminator_width: the discriminator's; `width` if not given.
        growth: how many times as many channels a map of half the size has, up to 16 times `width`; 1 for equally many.
        attention_size: height and width of the map, in each network that has it, that attends to itself; of maps that
            are no powers of two, the one that is less than twice as large.
        epsilon: of batch normalization.
        spectral_tables: whether the classes' gains and biases are spectrally normalized as the generator's kernels are.
        spectral_estimate: of the generator's singular values in inference: "iterated" or "stored"; see `SpectralDense`.
        prior: of the latents; N(0, 1) if not given.

    Raises:
        ValueError: for another size, or fewer than two classes.
    """

    tiny_config = MappingProxyType(dict(image_size=8, num_classes=3, latent_dim=4, width=4, attention_size=8))

    def __init__(
        self,
        *,
        image_size: int = 128,
        channels: int = 3,
        num_classes: int = 1000,
        latent_dim: int = 128,
        width: int = 64,
        discriminator_width: int | None = None,
        growth: int = 2,
        attention_size: int = 32,
        epsilon: float = 1e-5,
        spectral_tables: bool = False,
        spectral_estimate: str = "iterated",
        prior: Any = None,
        name: str | None = None,
    ):
        side = check_doublings(image_size)
        check_classes(num_classes)
        discriminator_width = width if discriminator_width is None else discriminator_width
        shared: dict[str, Any] = dict(side=side, num_classes=num_classes, attention_size=attention_size)
        tables: dict[str, Any] = dict(spectral_tables=spectral_tables, spectral_estimate=spectral_estimate)
        widths = _widths(image_size, width, growth)
        super().__init__(
            generator(widths[::-1], channels, latent_dim, epsilon=epsilon, **shared, **tables),
            discriminator(_widths(image_size, discriminator_width, growth), channels, **shared),
            prior=prior or "normal",
            num_classes=num_classes,
            name=name,
        )
        self.resolve_arguments(discriminator_width=discriminator_width)

    def default_compile_args(self) -> dict[str, Any]:
        """Hinge loss (equation 4), one step each, at two rates; beta_2 is that of the code, the paper has 0.9."""
        return {
            "objective": "hinge",
            "generator_optimizer": keras.optimizers.Adam(1e-4, beta_1=0.0, beta_2=0.999, epsilon=1e-8),
            "discriminator_optimizer": keras.optimizers.Adam(4e-4, beta_1=0.0, beta_2=0.999, epsilon=1e-8),
        }


def generator(
    widths: Sequence[int],
    channels: int,
    latent_dim: int,
    *,
    side: int,
    num_classes: int,
    attention_size: int,
    epsilon: float,
    spectral_tables: bool,
    spectral_estimate: str,
) -> keras.Model:
    """Latents (batch, latent_dim) and labels (batch,) to images (batch, size, size, channels) in [-1, 1].

    `widths` are the maps' channels, the first one's `side` pixels high and wide; each one after it doubles the size.
    """
    latents = keras.Input((latent_dim,), name="latents")
    labels = label_input(num_classes)
    convolution = partial(_convolution, estimate=spectral_estimate)
    tables = {"estimate": spectral_estimate, "embeddings_initializer": "glorot_uniform"} if spectral_tables else None

    def normalize(x: Any, name: str) -> Any:
        return ConditionalBatchNormalization(num_classes, spectral=tables, momentum=0.9, epsilon=epsilon, name=name)(
            [x, labels]
        )

    top, *others = widths
    x = SpectralDense(side * side * top, estimate=spectral_estimate, name="project")(latents)
    x = layers.Reshape((side, side, top), name="latent_map")(x)
    for index, filters in enumerate(others, start=1):
        x = residual_up(x, filters, f"up{index}", normalize, convolution)
        if x.shape[1].bit_length() == attention_size.bit_length():
            x = self_attention(x, convolution)
    images = norm_relu_images(x, channels, convolution, epsilon=epsilon)
    return keras.Model([latents, labels], images, name="generator")


def discriminator(
    widths: Sequence[int], channels: int, *, side: int, num_classes: int, attention_size: int
) -> keras.Model:
    """Images and labels (batch,) to logits (batch, 1); `widths` are the maps' channels from the image on."""
    size = side * 2 ** (len(widths) - 1)
    images = keras.Input((size, size, channels), name="images")
    labels = label_input(num_classes)
    x = images
    for index, filters in enumerate(widths[:-1], start=1):
        x = residual_down(x, filters, f"down{index}", _convolution, first=index == 1)
        if x.shape[1].bit_length() == attention_size.bit_length():
            x = self_attention(x, _convolution)
    x = residual_down(x, x.shape[-1], "last", _convolution, pool=False)
    logits = projection_logits(x, labels, num_classes, SpectralDense)
    return keras.Model([images, labels], logits, name="discriminator")


def _widths(image_size: int, width: int, growth: int) -> list[int]:
    """Channels of the maps from the image to the smallest: at 128 pixels 1, 2, 4, 8, 16, 16 times the width."""
    return [min(16, growth**index) * width for index in range(image_size.bit_length() - 2)]


def _convolution(filters: int, kernel_size: int, **options: Any) -> Any:
    return SpectralConv2D(filters, kernel_size, padding="same", **options)
