"""ESRGAN: dense residual blocks without batch normalization, and a relativistic discriminator, for super-resolution.

Wang et al.: ESRGAN: Enhanced Super-Resolution Generative Adversarial Networks, 2018, https://arxiv.org/abs/1809.00219.
Layers, initial weights and the discriminator follow the authors' code, as do scales 2 and 1 of its successor
Real-ESRGAN (Wang et al. 2021, 2107.10833), whose generators are these: the image's cells of 2x2 or 4x4 pixels become
channels before a network that enlarges four times. Its variant "compact" is Real-ESRGAN's network for films (SRVGGNet),
one plain sequence of convolutions whose output is added to the image, each pixel of it repeated. Its discriminator is
`judge="unet"`, its small images those of the derivation "degraded". Trained with `adversarial_weight=0` it is the
paper's RRDB, from whose weights the second phase starts; a schedule of the weight puts both into one `fit`. Deviations:
each term of the adversarial loss has the weight 1, where the authors' code halves their sum; Real-ESRGAN's content
losses compare with the images themselves, where the authors sharpen them first.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import keras
from keras import layers

from kerasgan.data import checks
from kerasgan.gan.constructor_checks import check_choice
from kerasgan.layers import (
    BilinearUpsampling2D,
    ImageRange,
    PixelShuffle,
    PixelUnshuffle,
    SpectralConv2D,
    leaky_relu,
    normalized,
)
from kerasgan.models.restoration import Restoration
from kerasgan.optimizers import for_both

__all__ = ["ESRGAN", "compact_generator", "discriminator", "generator", "unet_discriminator"]

SCALES = {"rrdb": (1, 2, 4, 8), "compact": (1, 2, 3, 4, 8)}  # by variant


@keras.saving.register_keras_serializable("kerasgan")
class ESRGAN(Restoration):
    """A generator of residual in residual dense blocks (RRDB) against a relativistic discriminator.

    Args:
        image_size: of the large images in training, which fixes the discriminator's size: int or (height, width).
        channels: of the large images.
        input_channels: of the small ones; `channels` if not given.
        scale: 1, 2, 4 or 8; 3 for "compact" too.
        variant: of the generator: "rrdb", the paper's, or "compact", Real-ESRGAN's.
        blocks: of the generator: 23 in the paper, 6 in Real-ESRGAN's small networks; the convolutions between the first
            and the last one in "compact": 16 or 32.
        width: channels of its maps.
        growth: channels that each convolution of a dense block adds; unused in "compact".
        unshuffle: 1, 2 or 4: "rrdb" begins with cells of so many pixels in each direction, of which the sides are
            multiples, as channels, and doubles log2(scale unshuffle) times; 4 / scale, as Real-ESRGAN, if not given,
            at least 1.
        discriminator_width: channels of the discriminator's first map; `width` if not given.
        discriminator_norm: "batch" or "instance", or "none".
        judge: the discriminator: "whole" gives one logit per image; "unet" (Real-ESRGAN) one per pixel, takes images
            whose sides are multiples of 8 and has no `discriminator_norm`.
        distance: of pixels and features, "squared" or "absolute".
        pixel_weight: of the distance of pixels; the paper's 1e-2 is for images in [0, 1], half of it for [-1, 1].
        features: a network of images in [-1, 1] whose outputs are compared too, or a table of one of
            `kerasgan.models.feature_networks`: {"name": "vgg19", "weights": "imagenet", "activated": False} in the
            paper. Without features use a larger weight of pixels.
        feature_layer: the layer of `features` whose output is compared; its last one if not given.
        feature_weight: of the distance of features.
        adversarial_weight: a number or a schedule of generator steps; 0 for RRDB alone.

    Raises:
        ValueError: for another scale, or sides that it does not divide.
    """

    tiny_config = MappingProxyType(dict(image_size=16, blocks=1, width=4, growth=2, scale=2))

    def __init__(
        self,
        *,
        image_size: int | tuple[int, int] = 128,
        channels: int = 3,
        input_channels: int | None = None,
        scale: int = 4,
        variant: str = "rrdb",
        blocks: int = 23,
        width: int = 64,
        growth: int = 32,
        unshuffle: int | None = None,
        discriminator_width: int | None = None,
        discriminator_norm: str = "batch",
        judge: str = "whole",
        distance: str = "absolute",
        pixel_weight: float = 5e-3,
        features: keras.Model | Mapping[str, Any] | None = None,
        feature_layer: str | None = None,
        feature_weight: float = 1.0,
        adversarial_weight: Any = 5e-3,
        name: str | None = None,
    ):
        check_choice("variant", variant, SCALES)
        check_choice("scale", scale, SCALES[variant])
        check_choice("judge", judge, ("whole", "unet"))
        discriminator_width = discriminator_width or width
        input_channels = channels if input_channels is None else input_channels
        if variant == "compact":
            _check_compact(input_channels, channels, unshuffle)
            network = compact_generator(channels, scale=scale, blocks=blocks, width=width)
            unshuffle = 1
        else:
            unshuffle = max(1, 4 // scale) if unshuffle is None else unshuffle
            check_choice("unshuffle", unshuffle, (1, 2, 4))
            sizes = dict(scale=scale, blocks=blocks, width=width, growth=growth, unshuffle=unshuffle)
            network = generator(channels, input_channels=input_channels, **sizes)
        losses = dict(
            distance=distance,
            pixel_weight=pixel_weight,
            features=features,
            feature_layer=feature_layer,
            feature_weight=feature_weight,
            adversarial_weight=adversarial_weight,
        )
        super().__init__(
            network,
            unet_discriminator(channels, width=discriminator_width)
            if judge == "unet"
            else discriminator(image_size, channels, width=discriminator_width, norm=discriminator_norm),
            image_size=image_size,
            scale=scale,
            multiple=unshuffle,
            name=name,
            **losses,
        )
        self.resolve_arguments(discriminator_width=discriminator_width, input_channels=input_channels)
        self.resolve_arguments(unshuffle=unshuffle)

    def default_compile_args(self):
        """Section 4.1, with the moments of the authors' code."""
        optimizers = for_both(lambda: keras.optimizers.Adam(1e-4, beta_1=0.9, beta_2=0.99))
        return {**super().default_compile_args(), "objective": "relativistic_average", **optimizers}


def _check_compact(input_channels: int, channels: int, unshuffle: int | None) -> None:
    if input_channels != channels or unshuffle not in (None, 1):
        received = f"input_channels={input_channels}, channels={channels}, unshuffle={unshuffle}"
        raise ValueError(f"Expected equal channels and no unshuffling with variant='compact'. Received: {received}")


def generator(
    channels: int,
    *,
    scale: int,
    blocks: int,
    width: int,
    growth: int,
    unshuffle: int | None = None,
    input_channels: int | None = None,
) -> keras.Model:
    """Images whose sides are multiples of `unshuffle` to images `scale` times as large (section 3.1, figure 4)."""
    unshuffle = max(1, 4 // scale) if unshuffle is None else unshuffle
    images = keras.Input((None, None, input_channels or channels), name="images")
    x = layers.Rescaling(0.5, 0.5, name="unit")(images)
    if unshuffle > 1:
        x = PixelUnshuffle(unshuffle, name="unshuffle")(x)
    x = skip = _convolution(x, width, "stem")
    for index in range(1, blocks + 1):
        x = _block(x, width, growth, f"block{index}")
    x = layers.Add(name="trunk_sum")([skip, _convolution(x, width, "trunk")])
    for level in range(1, (scale * unshuffle).bit_length()):
        x = layers.UpSampling2D(2, name=f"up{level}_nearest")(x)
        x = _convolution(x, width, f"up{level}", activation="leaky_relu")
    x = _convolution(x, width, "last", activation="leaky_relu")
    x = _convolution(x, channels, "image", dtype="float32")
    return keras.Model(images, ImageRange(dtype="float32", name="range")(x), name="generator")


def compact_generator(channels: int, *, scale: int, blocks: int, width: int) -> keras.Model:
    """Images to images `scale` times as large: convolutions with PReLU, then a pixel shuffle (SRVGGNetCompact)."""
    images = keras.Input((None, None, channels), name="images")
    x = layers.Rescaling(0.5, 0.5, name="unit")(images)
    for name in ("stem", *(f"body{index}" for index in range(1, blocks + 1))):
        x = layers.Conv2D(width, 3, padding="same", name=name)(x)
        quarter = keras.initializers.Constant(0.25)
        x = layers.PReLU(alpha_initializer=quarter, shared_axes=[1, 2], name=f"{name}_prelu")(x)
    x = layers.Conv2D(channels * scale**2, 3, padding="same", dtype="float32", name="image")(x)
    x = PixelShuffle(scale, dtype="float32", name="shuffle")(x)
    repeated = layers.UpSampling2D(scale, dtype="float32", name="repeated")(images)
    x = layers.Add(dtype="float32", name="image_sum")([x, repeated])
    return keras.Model(images, ImageRange(dtype="float32", name="range")(x), name="generator")


def discriminator(image_size: int | tuple[int, int], channels: int, *, width: int, norm: str = "batch") -> keras.Model:
    """Images of one size to logits: halved until they are no larger than 4 pixels, 5 times from 128."""
    sides = checks.pair(image_size)
    halvings = max(1, (max(sides) - 1).bit_length() - 2)
    images = keras.Input((*sides, channels), name="images")
    x = images
    for level in range(halvings):
        filters = width * min(2**level, 8)
        for kernel, strides in ((3, 1), (4, 2)):
            name = f"conv{level + 1}_{strides}"
            own = norm if level or strides == 2 else "none"
            x = layers.Conv2D(filters, kernel, strides, "same", use_bias=own == "none", name=name)(x)
            x = normalized(x, own, name=f"{name}_norm")
            x = leaky_relu(x, name)
    x = layers.Dense(100, activation="leaky_relu", name="dense")(layers.Flatten(name="flat")(x))
    return keras.Model(images, layers.Dense(1, dtype="float32", name="logits")(x), name="discriminator")


def unet_discriminator(channels: int, *, width: int) -> keras.Model:
    """Images whose sides are multiples of 8 to a logit for each pixel, spectrally normalized, as in Real-ESRGAN."""
    images = keras.Input((None, None, channels), name="images")
    x = leaky_relu(layers.Conv2D(width, 3, padding="same", name="stem")(images), "stem")
    skips = [x]
    for level in (1, 2, 3):
        x = _judging(x, width * 2**level, 4, f"down{level}", strides=2)
        skips.append(x)
    for level in (2, 1, 0):
        x = BilinearUpsampling2D(2, name=f"up{level}_bilinear")(x)
        x = _judging(x, width * 2**level, 3, f"up{level}")
        x = layers.Add(name=f"up{level}_skip")([x, skips[level]])
    for index in (1, 2):
        x = _judging(x, width, 3, f"last{index}")
    logits = layers.Conv2D(1, 3, padding="same", dtype="float32", name="logits")(x)
    return keras.Model(images, logits, name="discriminator")


def _judging(x, filters: int, kernel: int, name: str, *, strides: int = 1):
    x = SpectralConv2D(filters, kernel, strides=strides, padding="same", use_bias=False, name=name)(x)
    return leaky_relu(x, name)


def _block(x, width: int, growth: int, name: str):
    """Three dense blocks, their sum scaled down beside the identity (figure 4, right)."""
    y = x
    for index in (1, 2, 3):
        y = _dense_block(y, width, growth, f"{name}_dense{index}")
    return _beside(x, y, name)


def _dense_block(x, width: int, growth: int, name: str):
    """Five convolutions, each of the input and of all that came before it."""
    maps = [x]
    for index in range(1, 5):
        joined = layers.Concatenate(name=f"{name}_joined{index}")(maps) if index > 1 else x
        maps.append(_convolution(joined, growth, f"{name}_conv{index}", activation="leaky_relu"))
    y = _convolution(layers.Concatenate(name=f"{name}_joined5")(maps), width, f"{name}_conv5")
    return _beside(x, y, name)


def _beside(x, y, name: str):
    """The identity and a fifth of the residual: beta of section 3.1."""
    return layers.Add(name=f"{name}_sum")([x, layers.Rescaling(0.2, name=f"{name}_fifth")(y)])


def _convolution(x, filters: int, name: str, *, activation: str | None = None, dtype: str | None = None):
    """3x3, with Keras' "leaky_relu" of slope 0.2 if activated; a tenth of He's initial deviation."""
    small = keras.initializers.VarianceScaling(0.02, "fan_in", "untruncated_normal")
    options = dict(activation=activation, kernel_initializer=small, dtype=dtype, name=name)
    return layers.Conv2D(filters, 3, padding="same", **options)(x)
