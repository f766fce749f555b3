"""Progressive GAN: both networks grow while they train, from 4x4 pixels to 1024x1024, each new layer fading in.

Karras, Aila, Laine, Lehtinen: Progressive Growing of GANs for Improved Quality, Stability, and Variation, 2018,
https://arxiv.org/abs/1710.10196. Parameter counts are those of the authors' networks. Deviations: the networks hold all
resolutions from the beginning and blend them, so that every step costs as much as the last ones; images, too, are
always of the full size; one batch size for all resolutions; Adam keeps its moments when a resolution begins; the moving
average of the weights starts with a short half-life that grows.
"""

import math
from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

import keras
from keras import layers, ops

from kerasgan import distribution
from kerasgan.gan import GAN
from kerasgan.layers import (
    Bias,
    EqualizedDense,
    FadeIn,
    ImageRange,
    PixelNormalization,
    equalized_convolution,
    faded,
    map_shapes,
    progressive_logits,
    to_rgb,
)
from kerasgan.optimizers import for_both

__all__ = ["PGGAN", "ProgressiveGAN", "discriminator", "generator"]


class ProgressiveGAN(GAN):
    """Two networks with a layer `fade`, see `FadeIn`, which grow with the number of training images so far.

    Args:
        doublings: from the size at the beginning to the images'.
        stable_images: training images at each size before the next one begins to fade in.
        fade_images: training images over which it fades in.
        **options: of `GAN`.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        doublings: int,
        stable_images: int,
        fade_images: int,
        **options: Any,
    ):
        if stable_images < 0 or fade_images < 1:
            received = f"stable_images={stable_images}, fade_images={fade_images}"
            raise ValueError(f"Expected numbers of images, at least one to fade in. Received: {received}")
        super().__init__(generator, discriminator, **options)
        self.doublings, self.stable_images, self.fade_images = doublings, stable_images, fade_images

    def missing_doublings(self, images: Any) -> Any:
        """How many doublings, or parts of one, are missing after so many images of training (section 2, figure 2)."""
        phase = self.stable_images + self.fade_images
        finished = ops.floor(images / phase)
        fading = ops.maximum(images - finished * phase - self.stable_images, 0.0) / self.fade_images
        return ops.maximum(self.doublings - finished - fading, 0.0)

    def prepare_batch(self, data):
        """Lets both networks grow, and removes the detail from real images that the generator cannot produce yet."""
        batch = super().prepare_batch(data)
        images_seen = ops.cast(self.optimizer.iterations, "float32") * ops.cast(
            distribution.replicas() * ops.shape(batch.real)[0], "float32"
        )
        missing = self.missing_doublings(images_seen)
        for network in (self.generator, self.discriminator):
            network.get_layer("fade").missing.assign(missing)
        return batch._replace(real=faded(ops.cast(batch.real, "float32"), missing, doublings=self.doublings))

    def _update_ema(self, averages: keras.Model, batch_size: Any) -> None:
        super()._update_ema(averages, batch_size)
        averages.get_layer("fade").missing.assign(self.generator.get_layer("fade").missing)


@keras.saving.register_keras_serializable("kerasgan")
class PGGAN(ProgressiveGAN):
    """Progressive GAN.

    Args:
        image_size: an int or (height, width), pixels: a map of 4 to 7 pixels on its shorter side, doubled.
        channels: of the images, 1 or more.
        latent_dim: size of the latent vector.
        channel_base: channels of a map times its height.
        channel_limit: the most channels of a map.
        root_epsilon: what pixel normalization adds to the root of the mean square, instead of 1e-8 to the mean square
            (paper), if not 0: 1e-6 in OpenMMLab's checkpoints.
        group_size: images that the discriminator compares (`MinibatchStdDev`).
        drift_weight: of the mean square of the real images' logits in the discriminator's loss (appendix A.1).
        stable_images: see `ProgressiveGAN`.
        fade_images: likewise.
        prior: of the latents, which are normalized.

    Raises:
        ValueError: for a size that cannot be made, or numbers out of range.
    """

    tiny_config = MappingProxyType(
        dict(image_size=8, channels=1, latent_dim=4, channel_base=32, channel_limit=4, stable_images=2, fade_images=8)
    )

    def __init__(
        self,
        *,
        image_size: int | Sequence[int] = 1024,
        channels: int = 3,
        latent_dim: int = 512,
        channel_base: int = 16384,
        channel_limit: int = 512,
        root_epsilon: float = 0.0,
        group_size: int = 4,
        drift_weight: float = 1e-3,
        stable_images: int = 600_000,
        fade_images: int = 600_000,
        prior: Any = "normal",
        name: str | None = None,
    ):
        if drift_weight < 0:
            raise ValueError(f"Expected no negative weight. Received: drift_weight={drift_weight}")
        if root_epsilon < 0:
            raise ValueError(f"Expected no negative epsilon. Received: root_epsilon={root_epsilon}")
        maps = map_shapes(image_size, base=channel_base, limit=channel_limit)
        doublings = len(maps) - 1
        super().__init__(
            generator(maps, channels, latent_dim, doublings=doublings, root_epsilon=root_epsilon),
            discriminator(maps, channels, group_size=group_size, doublings=doublings),
            doublings=doublings,
            stable_images=stable_images,
            fade_images=fade_images,
            prior=prior,
            name=name,
        )
        self.drift_weight = drift_weight
        self.resolve_arguments(image_size=image_size if isinstance(image_size, int) else list(image_size))

    def default_compile_args(self) -> dict[str, Any]:
        """WGAN-GP's batch, Adam of 0.001, and a moving average of decay 0.999 at a batch of 16 (appendix A.1)."""
        optimizers = for_both(lambda: keras.optimizers.Adam(1e-3, beta_1=0.0, beta_2=0.99, epsilon=1e-8))
        return {
            "objective": "wasserstein",
            "penalties": ["gradient_penalty"],
            "ema_half_life": 11_085,
            **optimizers,
        }

    def discriminator_loss(self, batch):
        """Adds the drift of the real images' logits from 0, which WGAN's loss leaves free."""
        real_logits = self.discriminate(batch.real, batch.labels)
        loss = self.adversarial_loss(real_logits, self.discriminate(batch.fake, batch.labels))
        return loss + self.drift_weight * ops.mean(ops.square(real_logits))


def generator(
    maps: Sequence[tuple[int, int, int]],
    channels: int,
    latent_dim: int,
    *,
    doublings: int,
    root_epsilon: float = 0.0,
) -> keras.Model:
    """Latents (batch, latent_dim) to images as large as the last map.

    `maps` are (height, width, channels), from the smallest; so many `doublings` are missing at first.
    """
    fade = FadeIn(doublings, name="fade")
    latents = keras.Input((latent_dim,), name="latents")

    def convolution(x: Any, filters: int, name: str) -> Any:
        return equalized_convolution(x, filters, name, normalize=True, root_epsilon=root_epsilon)

    x = PixelNormalization(root_epsilon=root_epsilon, name="latent_norm")(latents)
    x = EqualizedDense(math.prod(maps[0]), gain=math.sqrt(2) / 4, use_bias=False, name="project")(x)
    x = Bias("leaky_relu", name="project_bias")(layers.Reshape(maps[0], name="latent_map")(x))
    x = convolution(PixelNormalization(root_epsilon=root_epsilon, name="project_norm")(x), maps[0][-1], "conv1")
    image = to_rgb(x, channels, "image1")
    for index, (_, _, width) in enumerate(maps[1:], start=2):
        x = layers.UpSampling2D(name=f"up{index}_nearest")(x)
        x = convolution(x, width, f"up{index}")
        x = convolution(x, width, f"conv{index}")
        coarser = layers.UpSampling2D(name=f"image{index - 1}_nearest")(image)
        image = fade([to_rgb(x, channels, f"image{index}"), coarser], follow=len(maps) - index)
    return keras.Model(latents, ImageRange(dtype="float32", name="images")(image), name="generator")


def discriminator(
    maps: Sequence[tuple[int, int, int]], channels: int, *, group_size: int, doublings: int
) -> keras.Model:
    """Images as large as the last map to logits (batch, 1)."""
    images = keras.Input((*maps[-1][:2], channels), name="images")
    logits = progressive_logits(images, maps, group_size=group_size, doublings=doublings)
    return keras.Model(images, logits, name="discriminator")
