"""R3GAN: a relativistic objective with both gradient penalties needs no tricks and allows a modern ResNet.

Huang, Gokaslan, Kuleshov, Tompkin: The GAN is dead; long live the GAN! A Modern Baseline GAN, 2024,
https://arxiv.org/abs/2501.05441. Parameter counts are those of the paper's networks. Deviations: fakes are given the
labels of the real batch; both networks are updated on the same batch; each penalty and each loss draws an augmentation
of its own; layers without an activation after them have a gain of 1, and class embeddings begin as N(0, 1). The paper's
augmentation, whose probability suits a data set, is in the recipes: `augment={"name": "ada", "color": 0.5, "cutout": 1,
"probability": {"name": "Cosine", "start": 0, "end": 0.3, "steps": 78125}}`.
"""

import math
from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

import keras
from keras import layers

from kerasgan.gan import GAN
from kerasgan.gan.constructor_checks import check_classes
from kerasgan.layers import (
    FIRResampling2D,
    GroupedConv2D,
    ImageRange,
    LearnedConstant,
    SumPooling,
    label_input,
    with_labels,
)
from kerasgan.layers.pyramid import doublings
from kerasgan.optimizers import AnnealedAdam
from kerasgan.schedules import Cosine

__all__ = ["R3GAN", "discriminator", "generator"]

EMBEDDING = 64  # size of a class in the generator


@keras.saving.register_keras_serializable("kerasgan")
class R3GAN(GAN):
    """R3GAN, without or with classes.

    Args:
        image_size: an int or (height, width), pixels: a map of 4 to 7 pixels on its shorter side, doubled.
        channels: of the images, 1 or more.
        num_classes: number of classes of a conditional model, else None.
        latent_dim: size of the latent vector.
        widths: channels of the maps, from the smallest to the image's size; if not given, 768 up to 32 pixels and half
            as many at each doubling beyond, as on FFHQ.
        blocks: residual blocks at each size.
        group_width: channels in each group of the 3x3 convolutions, which have twice the map's channels.
        prior: of the latents; N(0, 1) if not given.

    Raises:
        ValueError: for a size that cannot be made, a number of widths that does not match, widths that groups do not
            divide, or fewer than two classes.
    """

    tiny_config = MappingProxyType(dict(image_size=8, channels=1, latent_dim=4, widths=(4, 2), blocks=1, group_width=4))

    def __init__(
        self,
        *,
        image_size: int | Sequence[int] = 256,
        channels: int = 3,
        num_classes: int | None = None,
        latent_dim: int = 64,
        widths: Sequence[int] | None = None,
        blocks: int = 2,
        group_width: int = 16,
        prior: Any = None,
        name: str | None = None,
    ):
        shapes = doublings(image_size)
        widths = [max(1, min(768, 768 * 32 // min(shape))) for shape in shapes] if widths is None else list(widths)
        if len(widths) != len(shapes):
            received = f"widths={widths}, image_size={image_size}"
            raise ValueError(f"Expected {len(shapes)} widths, one for each doubling of a map. Received: {received}")
        if any(2 * width % group_width for width in widths):
            received = f"widths={widths}, group_width={group_width}"
            raise ValueError(f"Expected widths whose doubles are multiples of group_width. Received: {received}")
        check_classes(num_classes, optional=True)
        maps = [(*shape, width) for shape, width in zip(shapes, widths)]
        shared: dict[str, Any] = dict(num_classes=num_classes, blocks=blocks, group_width=group_width)
        super().__init__(
            generator(maps, channels, latent_dim, **shared),
            discriminator(maps, channels, **shared),
            prior=prior or "normal",
            num_classes=num_classes,
            name=name,
        )
        self.resolve_arguments(
            image_size=image_size if isinstance(image_size, int) else list(image_size), widths=widths
        )

    def default_compile_args(self) -> dict[str, Any]:
        """FFHQ's: everything is annealed over 20 million images, in batches of 256.

        The penalties' weight falls to a tenth, from 150 at 256 pixels and 2 at 64; at other sizes it is what the power
        of the size through these two gives.
        """
        steps = 78_125

        def adam() -> keras.optimizers.Optimizer:
            rate, beta_2 = Cosine(2e-4, 5e-5, steps=steps), Cosine(0.9, 0.99, steps=steps)
            return AnnealedAdam(rate, beta_1=0.0, beta_2=beta_2, epsilon=1e-8)

        weight = 150.0 * (min(self.image_shape[:2]) / 256) ** math.log(75, 4)
        return {
            "objective": "relativistic",
            "generator_optimizer": adam(),
            "discriminator_optimizer": adam(),
            "penalties": [{"name": name, "weight": Cosine(weight, weight / 10, steps=steps)} for name in ("r1", "r2")],
            "ema_half_life": Cosine(0.0, 500_000.0, steps=steps),
        }


def generator(
    maps: Sequence[tuple[int, int, int]],
    channels: int,
    latent_dim: int,
    *,
    num_classes: int | None,
    blocks: int,
    group_width: int,
) -> keras.Model:
    """Latents (batch, latent_dim) [and labels] to images in [-1, 1]; `maps` are (height, width, channels) upwards."""
    latents, labels = keras.Input((latent_dim,), name="latents"), label_input(num_classes)
    x, (_, _, top), depth = latents, maps[0], blocks * len(maps)
    if labels is not None:
        x = layers.Concatenate(name="latents_and_classes")([x, _embedded(labels, num_classes, EMBEDDING)])
    strengths = layers.Dense(top, use_bias=False, kernel_initializer=_scaled(1.0), name="project")(x)
    strengths = layers.Reshape((1, 1, top), name="latent_map")(strengths)
    x = layers.Multiply(name="modulated_basis")([LearnedConstant(maps[0], name="basis")(latents), strengths])
    for index, (height, _, width) in enumerate(maps):
        if index:
            x = FIRResampling2D(up=2, name=f"double{height}")(_matched(x, width, f"match{height}"))
        for block in range(1, blocks + 1):
            x = residual(x, f"block{height}_{block}", group_width=group_width, depth=depth)
    x = layers.Activation("linear", dtype="float32", name="image")(_convolution(channels, "to_image")(x))
    images = ImageRange(dtype="float32", name="range")(x)
    return keras.Model(with_labels(latents, labels), images, name="generator")


def discriminator(
    maps: Sequence[tuple[int, int, int]], channels: int, *, num_classes: int | None, blocks: int, group_width: int
) -> keras.Model:
    """Images [and labels] to logits (batch, 1); `maps` are (height, width, channels), the smallest first."""
    images, labels = keras.Input((*maps[-1][:2], channels), name="images"), label_input(num_classes)
    depth = blocks * len(maps)
    x = _convolution(maps[-1][2], "from_image")(images)
    for index, (height, _, _) in reversed(list(enumerate(maps))):
        for block in range(1, blocks + 1):
            x = residual(x, f"block{height}_{block}", group_width=group_width, depth=depth)
        if index:
            x = _matched(FIRResampling2D(down=2, name=f"halve{height}")(x), maps[index - 1][2], f"match{height}")
    # A depthwise convolution as large as the map mirrors the generator's basis.
    spread = keras.initializers.RandomNormal(stddev=1 / math.sqrt(maps[0][0] * maps[0][1]))
    x = layers.Multiply(name="weighted_map")([x, LearnedConstant(maps[0], initializer=spread, name="basis")(x)])
    x = SumPooling(name="sum")(x)
    top = maps[0][2]
    units = 1 if labels is None else top
    logits = layers.Dense(units, use_bias=False, kernel_initializer=_scaled(1.0), name="project", dtype="float32")(x)
    if labels is not None:
        products = layers.Dot(-1, name="projection", dtype="float32")([logits, _embedded(labels, num_classes, top)])
        logits = layers.Rescaling(1 / math.sqrt(top), name="logits", dtype="float32")(products)
    return keras.Model(with_labels(images, labels), logits, name="discriminator")


def residual(x: Any, name: str, *, group_width: int, depth: int) -> Any:
    """x + an inverted bottleneck: 1x1 to twice the channels, 3x3 in groups, 1x1 back; biases where it is rectified.

    No normalization: the last convolution begins as zero, the others with He's gain times depth^(-1/4), where depth is
    the number of blocks in the network.
    """
    channels = x.shape[-1]
    gain = math.sqrt(2 / 1.04) * depth**-0.25  # 1.04 = 1 + 0.2^2, of the leaky rectifier
    y = _convolution(2 * channels, f"{name}_widen", use_bias=True, kernel_initializer=_scaled(gain))(x)
    y = layers.LeakyReLU(0.2, name=f"{name}_lrelu1")(y)
    y = GroupedConv2D(
        2 * channels,
        3,
        padding="same",
        groups=2 * channels // group_width,
        kernel_initializer=_scaled(gain),
        name=f"{name}_groups",
    )(y)
    y = layers.LeakyReLU(0.2, name=f"{name}_lrelu2")(y)
    y = _convolution(channels, f"{name}_narrow", kernel_initializer="zeros")(y)
    return layers.Add(name=name)([x, y])


def _matched(x: Any, channels: int, name: str) -> Any:
    return x if x.shape[-1] == channels else _convolution(channels, name)(x)


def _convolution(filters: int, name: str, **options: Any) -> keras.layers.Layer:
    """1x1, linear, without a bias."""
    return layers.Conv2D(filters, 1, name=name, **{"use_bias": False, "kernel_initializer": _scaled(1.0), **options})


def _scaled(gain: float) -> keras.initializers.Initializer:
    """N(0, gain / sqrt(fan_in))."""
    return keras.initializers.VarianceScaling(gain**2, mode="fan_in", distribution="untruncated_normal")


def _embedded(labels: Any, num_classes: int | None, size: int) -> Any:
    normal = keras.initializers.RandomNormal(stddev=1.0)
    return layers.Embedding(num_classes, size, embeddings_initializer=normal, name="classes")(labels)
