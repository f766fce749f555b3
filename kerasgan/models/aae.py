"""AAE: an autoencoder whose codes a discriminator keeps to a prior, so that decoded draws from the prior are samples.

Makhzani, Shlens, Jaitly, Goodfellow, Frey: Adversarial Autoencoders, 2016, https://arxiv.org/abs/1511.05644, section 2.
The discriminator sees latents alone: draws from the prior as real, codes of images as fakes. Deviations: one update of
the encoder and decoder with the weighted sum of both terms, where the paper alternates the two phases with rates of
their own; Adam; the encoder is deterministic, the first of the paper's three choices; images are in [-1, 1] outside.
"""

from types import MappingProxyType
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from kerasgan.layers import Companion
from kerasgan.models.encoding import Encoding

__all__ = ["AAE", "discriminator", "encoder", "generator"]


@keras.saving.register_keras_serializable("kerasgan")
class AAE(Encoding):
    """Adversarial autoencoder of dense layers for square images: `generate`, `encode` and `reconstruct`.

    The generator is the decoder, and the encoder's weights are part of it; images do not depend on them. In the logs,
    `reconstruction` is the mean squared error of reconstructed images with pixels in [0, 1]. `augment` changes the
    images that are encoded and reconstructed.

    Args:
        image_size: in pixels.
        channels: of the images.
        latent_dim: size of the codes.
        units: of both hidden layers of each network, 1000 in the paper.
        adversarial_weight: of the encoder's adversarial loss beside the reconstruction's mean squared error.
        prior: of the codes: any, such as a mixture of Gaussians; N(0, I) if not given. Nothing here trains
            the means of a learned one.
    """

    tiny_config = MappingProxyType(dict(image_size=8, latent_dim=4, units=16))
    extra_metrics: tuple[str, ...] = ("reconstruction",)

    def __init__(
        self,
        *,
        image_size: int = 28,
        channels: int = 1,
        latent_dim: int = 8,
        units: int = 1000,
        adversarial_weight: float = 0.01,
        prior: Any = None,
        name: str | None = None,
    ):
        shape = (image_size, image_size, channels)
        super().__init__(
            generator(shape, latent_dim, units), discriminator(latent_dim, units), prior=prior or "normal", name=name
        )
        self.adversarial_weight = adversarial_weight

    def synthesize(self, batch):
        """The fakes, which are codes, and the images that they encode."""
        images = self.augmented(batch.real)
        return self._codes(images), ops.cast(images, "float32")

    def discriminate(self, images, condition=None):
        """The logits of codes (batch, latent_dim)."""
        return ops.cast(self.discriminator(images, training=True), "float32")

    def discriminator_loss(self, batch):
        return self.adversarial_loss(self.discriminate(self._drawn_codes(batch)), self.discriminate(batch.fake[0]))

    def generator_loss(self, batch):
        """The reconstruction's error and the weighted adversarial loss of the encoder."""
        codes, images = batch.fake
        decoded = ops.cast(self.generator_parts["generator"](codes, training=True), "float32")
        error = ops.mean(ops.square(decoded - images)) / 4  # of pixels in [0, 1]
        self.log("reconstruction", error)
        real_logits = self.discriminate(ops.stop_gradient(self._drawn_codes(batch))) if self.objective.paired else None
        adversarial = self.objective.generator_loss(real_logits, self.discriminate(codes))
        return error + self.adversarial_weight * adversarial

    def penalize(self, penalty, batch):
        """The penalty on the gradient in the codes."""
        drawn, codes = self._drawn_codes(batch), batch.fake[0]
        return penalty(self.discriminate, drawn, codes, self.seed_generator, step=self.optimizer.iterations)

    def examine(self, images, *, batch_size=64):
        """As `GAN.examine`: the logits of the images' codes."""
        codes = self.encode(images, batch_size=batch_size)
        return self._outputs(self.discriminator, [codes], batch_size=batch_size)


def generator(shape: tuple[int, int, int], latent_dim: int, units: int) -> keras.Model:
    """The decoder: latents (batch, latent_dim) to images in [-1, 1], with the encoder beside it."""
    latents = keras.Input((latent_dim,), name="latents")
    x = Companion(encoder(shape, latent_dim, units), name="encoder")(latents)
    x = _hidden(x, units)
    x = layers.Dense(int(np.prod(shape)), activation="sigmoid", name="image")(x)
    x = layers.Reshape(shape, name="image_map")(x)
    return keras.Model(latents, layers.Rescaling(2.0, -1.0, name="to_range", dtype="float32")(x), name="generator")


def encoder(shape: tuple[int, int, int], latent_dim: int, units: int) -> keras.Model:
    """Images in [-1, 1] to codes (batch, latent_dim), without bounds."""
    images = keras.Input(shape, name="images")
    x = layers.Rescaling(0.5, 0.5, name="to_unit")(images)
    x = _hidden(layers.Flatten(name="flat")(x), units)
    return keras.Model(images, layers.Dense(latent_dim, dtype="float32", name="codes")(x), name="encoder")


def discriminator(latent_dim: int, units: int) -> keras.Model:
    """Latents (batch, latent_dim) to logits (batch, 1)."""
    latents = keras.Input((latent_dim,), name="latents")
    x = _hidden(latents, units)
    return keras.Model(latents, layers.Dense(1, dtype="float32", name="logit")(x), name="discriminator")


def _hidden(x: Any, units: int) -> Any:
    for index in (1, 2):
        x = layers.Dense(units, activation="relu", name=f"hidden{index}")(x)
    return x
