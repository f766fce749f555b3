"""StyleGAN: a mapped latent sets the statistics of every layer's features, and noise adds stochastic detail.

Karras, Laine, Aila: A Style-Based Generator Architecture for Generative Adversarial Networks, 2019,
https://arxiv.org/abs/1812.04948. Networks grow as Progressive GAN's, with its deviations; the generator's parameter
count is that of the authors' network. Further deviations: upsampling is nearest-neighbor and a convolution at all
sizes, which is what the authors' fused layers compute; classes as in StyleGAN2, fakes being given the labels of the
real batch; the mean style is averaged with the weights; one learning rate for all resolutions.
"""

import math
from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

import keras
from keras import layers

from kerasgan.gan.constructor_checks import check_choice, check_classes
from kerasgan.layers import (
    AdaptiveInstanceNormalization,
    Bias,
    EqualizedConv2D,
    FadeIn,
    FIRResampling2D,
    LearnedConstant,
    NoiseInjection,
    Unstack,
    bounded,
    label_input,
    map_shapes,
    mapping_network,
    one_hot,
    progressive_logits,
    to_rgb,
    with_labels,
)
from kerasgan.models.pggan import ProgressiveGAN
from kerasgan.models.style_based import StyleBasedGAN
from kerasgan.optimizers import for_both

__all__ = ["StyleGAN", "discriminator", "generator", "synthesis"]

VARIANTS = ("paper", "rectified")


@keras.saving.register_keras_serializable("kerasgan")
class StyleGAN(ProgressiveGAN, StyleBasedGAN):
    """StyleGAN, without or with classes.

    Args:
        image_size: an int or (height, width), pixels: a map of 4 to 7 pixels on its shorter side, doubled.
        channels: of the images, 1 or more.
        num_classes: number of classes of a conditional model, else None.
        latent_dim: size of the latent vector.
        style_dim: size of a style.
        mapping_layers: of the mapping network.
        variant: "paper", or "rectified" for OpenMMLab's generator: each doubling's convolution has its bias and a
            rectifier before the blur and another rectifier after it, noise one strength for all channels of a map.
        channel_base: channels of a map times its height.
        channel_limit: the most channels of a map.
        group_size: images that the discriminator compares (`MinibatchStdDev`).
        style_mixing: share of training images that mix two latents' styles.
        doublings: of the image's size while training, from a small one on; if not given from 8 pixels, or 4 for images
            of 8; 0 for none.
        stable_images: see `ProgressiveGAN`.
        fade_images: likewise.
        prior: of the latents, which are normalized.

    Raises:
        ValueError: for a size that cannot be made, fewer than two classes, an unknown variant, or numbers out of range.
    """

    tiny_config = MappingProxyType(
        dict(
            image_size=8,
            channels=1,
            latent_dim=4,
            style_dim=4,
            mapping_layers=1,
            channel_base=32,
            channel_limit=4,
            stable_images=2,
            fade_images=8,
        )
    )

    def __init__(
        self,
        *,
        image_size: int | Sequence[int] = 1024,
        channels: int = 3,
        num_classes: int | None = None,
        latent_dim: int = 512,
        style_dim: int = 512,
        mapping_layers: int = 8,
        variant: str = "paper",
        channel_base: int = 16384,
        channel_limit: int = 512,
        group_size: int = 4,
        style_mixing: float = 0.9,
        doublings: int | None = None,
        stable_images: int = 600_000,
        fade_images: int = 600_000,
        prior: Any = "normal",
        name: str | None = None,
    ):
        check_classes(num_classes, optional=True)
        check_choice("variant", variant, VARIANTS)
        maps = map_shapes(image_size, base=channel_base, limit=channel_limit)
        doublings = max(len(maps) - 2, 1) if doublings is None else doublings
        if not 0 <= doublings < len(maps):
            raise ValueError(f"Expected doublings from 0 to {len(maps) - 1}. Received: doublings={doublings}")
        sizes: dict[str, Any] = dict(
            num_classes=num_classes, style_dim=style_dim, mapping_layers=mapping_layers, variant=variant
        )
        super().__init__(
            generator(maps, channels, latent_dim, doublings=doublings, **sizes),
            discriminator(maps, channels, num_classes=num_classes, doublings=doublings, group_size=group_size),
            style_mixing=style_mixing,
            doublings=doublings,
            stable_images=stable_images,
            fade_images=fade_images,
            prior=prior,
            num_classes=num_classes,
            name=name,
        )
        self.resolve_arguments(
            image_size=image_size if isinstance(image_size, int) else list(image_size), doublings=doublings
        )

    def default_compile_args(self) -> dict[str, Any]:
        """The non-saturating objective, R1 of weight 10, Adam at the rate of 128 pixels, half-life 10,000 images."""
        optimizers = for_both(lambda: keras.optimizers.Adam(1.5e-3, beta_1=0.0, beta_2=0.99, epsilon=1e-8))
        return {
            "objective": "non_saturating",
            "penalties": [{"name": "r1", "weight": 10.0}],
            "ema_half_life": 10_000,
            **optimizers,
        }


def generator(
    maps: Sequence[tuple[int, int, int]],
    channels: int,
    latent_dim: int,
    *,
    num_classes: int | None,
    style_dim: int,
    mapping_layers: int,
    doublings: int,
    variant: str = "paper",
) -> dict[str, keras.Model]:
    """Parts of a network from latents (batch, latent_dim), and labels (batch,) if there are classes, to images.

    `maps` are (height, width, channels), from the smallest to the images'; so many `doublings` are missing at first.
    """
    first = mapping_network(
        latent_dim,
        num_classes=num_classes,
        style_dim=style_dim,
        mapping_layers=mapping_layers,
        num_styles=2 * len(maps),
    )
    second = synthesis(maps, channels, style_dim, doublings=doublings, variant=variant)
    return {"mapping": first, "synthesis": second, "bound": bounded(second)}


def synthesis(
    maps: Sequence[tuple[int, int, int]], channels: int, style_dim: int, *, doublings: int, variant: str = "paper"
) -> keras.Model:
    """Styles (batch, 2 for each map, style_dim) to images without bounds."""
    fade = FadeIn(doublings, name="fade")
    inputs = keras.Input((2 * len(maps), style_dim), name="styles")
    styles = Unstack(name="unstacked")(inputs)
    rectified = variant == "rectified"
    x = LearnedConstant(maps[0], initializer="ones", name="constant")(styles[0])
    x = _styled(x, styles[0], "constant", rectified=rectified, biased=not rectified)
    x = _styled(_convolution(x, maps[0][-1], "conv1"), styles[1], "conv1", rectified=rectified)
    image = to_rgb(x, channels, "image1")
    for index, (_, _, width) in enumerate(maps[1:], start=2):
        x = layers.UpSampling2D(name=f"up{index}_nearest")(x)
        x = _convolution(x, width, f"up{index}", activation="leaky_relu" if rectified else None)
        x = FIRResampling2D((1, 2, 1), name=f"up{index}_blur")(x)
        x = _styled(x, styles[2 * index - 2], f"up{index}", rectified=rectified, biased=not rectified)
        x = _styled(_convolution(x, width, f"conv{index}"), styles[2 * index - 1], f"conv{index}", rectified=rectified)
        coarser = layers.UpSampling2D(name=f"image{index - 1}_nearest")(image)
        image = fade([to_rgb(x, channels, f"image{index}"), coarser], follow=len(maps) - index)
    return keras.Model(inputs, image, name="synthesis")


def discriminator(
    maps: Sequence[tuple[int, int, int]], channels: int, *, num_classes: int | None, doublings: int, group_size: int
) -> keras.Model:
    """Images, and labels (batch,) if there are classes, to logits (batch, 1), of the label's class."""
    images, labels = keras.Input((*maps[-1][:2], channels), name="images"), label_input(num_classes)
    options: dict[str, Any] = dict(group_size=group_size, doublings=doublings, blur=True)
    logits = progressive_logits(images, maps, classes=num_classes or 1, **options)
    if labels is not None:
        logits = layers.Dot(axes=-1, dtype="float32", name="own_logit")([logits, one_hot(labels, num_classes)])
    return keras.Model(with_labels(images, labels), logits, name="discriminator")


def _convolution(x: Any, filters: int, name: str, *, activation: str | None = None) -> Any:
    """With a bias only before an activation: else the bias comes after the noise."""
    options: dict[str, Any] = dict(padding="same", use_bias=activation is not None, activation=activation)
    return EqualizedConv2D(filters, 3, gain=math.sqrt(2), name=name, **options)(x)


def _styled(x: Any, style: Any, name: str, *, rectified: bool, biased: bool = True) -> Any:
    x = NoiseInjection(per_channel=not rectified, name=f"{name}_noise")(x)
    if biased:
        x = Bias("leaky_relu", name=f"{name}_bias")(x)
    else:
        x = layers.LeakyReLU(negative_slope=0.2, name=f"{name}_lrelu")(x)
    return AdaptiveInstanceNormalization(1e-5 if rectified else 1e-8, name=f"{name}_style")([x, style])
