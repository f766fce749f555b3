"""pix2pix: a conditional GAN as a learned loss for any image-to-image task.

Isola, Zhu, Zhou, Efros: Image-to-Image Translation with Conditional Adversarial Networks, 2017,
https://arxiv.org/abs/1611.07004. Layer tables follow the authors' Torch code; skips are joined before the decoder's
maps, as in their PyTorch code. The paper trains with batches of one and samples with batch statistics, which
are those of the one image. That is `norm="instance"` here, the default, which depends neither on other images of a
batch nor on moving statistics; `norm="batch"` has moving statistics, as published checkpoints do.
Deviations: the generator's step follows the discriminator's, where the Torch code reuses the logits from before it;
dropout, the paper's only noise, is off when sampling (the paper finds that it hardly changes the output) unless a
`noise_seed` keeps it on, with one mask for all images.
"""

from types import MappingProxyType
from typing import Any

import keras
from keras import layers, ops

from kerasgan.gan import ImageToImage
from kerasgan.layers import (
    FrozenDropout,
    dcgan_convolution,
    dcgan_normal,
    dcgan_transposed,
    leaky_relu,
    normalized,
    patch_logits,
    tanh_images,
)

__all__ = ["Pix2Pix", "discriminator", "generator"]


@keras.saving.register_keras_serializable("kerasgan")
class Pix2Pix(ImageToImage):
    """U-Net generator and patch discriminator, trained on pairs with an L1 loss beside the adversarial one.

    Args:
        image_size: of training, int or (height, width): multiples of 2^depth.
        input_channels: of the input images.
        channels: of the generated images.
        depth: halvings of the generator: 8 take 256 pixels to 1 (paper), 7 suit 128.
        width: channels next to the image; they double to 8 times that.
        discriminator_width: the same for the discriminator, `width` if not given.
        patch_layers: strided convolutions of the discriminator: 3 for patches of 70x70 pixels (paper), 0 for pixels.
        norm: of the generator: "instance" or "batch".
        discriminator_norm: "instance" or "batch", or "none".
        dropout: of the decoder's three innermost maps, in [0, 1).
        noise_seed: an int keeps the dropout on when sampling, as `kerasgan.layers.FrozenDropout`; else it is off.
        l1_weight: lambda of equation 4.

    Raises:
        ValueError: for sizes that are not divisible by the strides.
    """

    tiny_config = MappingProxyType(dict(image_size=16, input_channels=1, depth=3, width=4, patch_layers=1))

    extra_metrics = ("l1",)

    def __init__(
        self,
        *,
        image_size: int | tuple[int, int] = 256,
        input_channels: int = 3,
        channels: int = 3,
        depth: int = 8,
        width: int = 64,
        discriminator_width: int | None = None,
        patch_layers: int = 3,
        norm: str = "instance",
        discriminator_norm: str = "instance",
        dropout: float = 0.5,
        noise_seed: int | None = None,
        l1_weight: float = 100.0,
        name: str | None = None,
    ):
        if depth < 2:
            raise ValueError(f"Expected two halvings or more. Received: depth={depth}")
        discriminator_width = discriminator_width or width
        patches: dict[str, Any] = dict(patch_layers=patch_layers, norm=discriminator_norm)
        super().__init__(
            generator(
                input_channels,
                channels,
                depth=depth,
                width=width,
                norm=norm,
                dropout=dropout,
                noise_seed=noise_seed,
            ),
            discriminator(input_channels, channels, width=discriminator_width, **patches),
            image_size=image_size,
            multiple=2**depth,
            name=name,
        )
        self.l1_weight = l1_weight
        self.resolve_arguments(discriminator_width=discriminator_width)

    def discriminator_loss(self, batch):
        """Halved, "which slows down the rate at which D learns relative to G" (section 3.3)."""
        return 0.5 * super().discriminator_loss(batch)

    def generator_loss(self, batch):
        """The adversarial loss and lambda times the mean absolute difference to the target, equation 4."""
        distance = ops.mean(ops.abs(batch.fake - batch.real))
        self.log("l1", distance)
        return super().generator_loss(batch) + self.l1_weight * distance


def generator(
    input_channels: int,
    channels: int,
    *,
    depth: int,
    width: int,
    norm: str = "instance",
    dropout: float = 0.5,
    noise_seed: int | None = None,
) -> keras.Model:
    """Images of sides that are multiples of 2^depth to images in [-1, 1], through a U-Net (appendix 6.1.1)."""
    images = keras.Input((None, None, input_channels), name="images")
    filters = [width * min(2**level, 8) for level in range(depth)]
    x, skips = images, []
    for level in range(depth):
        if level:
            x = leaky_relu(x, f"down{level}")
        plain = level in (0, depth - 1)  # the innermost map may be one pixel, which a norm would turn to 0
        x = _down(x, filters[level], f"down{level}", norm="none" if plain else norm)
        skips.append(x)
    for level in range(depth - 1, 0, -1):
        x = layers.ReLU(name=f"up{level}_relu")(x)
        x = dcgan_transposed(x, filters[level - 1], 4, f"up{level}", use_bias=False)
        x = _normalized(x, norm, f"up{level}")
        if level >= depth - 3 and dropout:
            x = _dropout(dropout, noise_seed, f"up{level}_dropout")(x)
        x = layers.Concatenate(name=f"up{level}_skip")([skips[level - 1], x])
    x = dcgan_transposed(layers.ReLU(name="up0_relu")(x), channels, 4, "up0")
    return keras.Model(images, tanh_images(x), name="generator")


def discriminator(
    input_channels: int, channels: int, *, width: int, patch_layers: int, norm: str = "instance"
) -> keras.Model:
    """[Images, inputs] to a map of logits, one for each patch (appendix 6.1.2)."""
    images = keras.Input((None, None, channels), name="images")
    inputs = keras.Input((None, None, input_channels), name="inputs")
    x = layers.Concatenate(name="joined")([inputs, images])
    logits = patch_logits(x, width=width, patch_layers=patch_layers, norm=norm)
    return keras.Model([images, inputs], logits, name="discriminator")


def _down(x, filters: int, name: str, *, norm: str):
    return _normalized(dcgan_convolution(x, filters, 4, name, use_bias=False), norm, name)


def _dropout(rate: float, noise_seed: int | None, name: str) -> keras.layers.Layer:
    if noise_seed is None:
        return layers.Dropout(rate, name=name)
    return FrozenDropout(rate, mask_seed=noise_seed, name=name)


def _normalized(x, norm: str, name: str):
    return normalized(x, norm, gamma_initializer=dcgan_normal(1.0), name=f"{name}_norm")
