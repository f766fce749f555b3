"""Base of the families whose generator has an encoder of images beside it."""

from typing import Any

import keras
import numpy as np
from keras import ops

from kerasgan import data
from kerasgan.gan import GAN
from kerasgan.scalars import checked

__all__ = ["Encoding"]


class Encoding(GAN):
    """A GAN that finds latents of images: `encode` and `reconstruct`.

    Its generator has a `kerasgan.layers.Companion` named "encoder", whose network maps images in [-1, 1] to latents
    (batch, latent_dim), and which learns and is averaged with the generator.
    """

    def _encoder_of(self, generator: keras.Model) -> keras.Model:
        """The encoder beside a generator: the one that learns, or its moving average."""
        return generator.get_layer("encoder").network

    def _codes(self, images: Any) -> Any:
        """What the encoder makes of a batch of images in training, float32 (batch, latent_dim)."""
        return ops.cast(self._encoder_of(self.generator)(images, training=True), "float32")

    def _drawn_codes(self, batch: Any) -> Any:
        """The batch's latents, as the prior's network makes them if it has one."""
        if "prior" not in self.generator_parts:
            return batch.latents
        return ops.cast(self.generator_parts["prior"](batch.latents, training=True), "float32")

    @checked
    def encode(self, images: Any, *, batch_size: int = 64) -> np.ndarray:
        """The latents that the encoder (its moving average if there is one) finds for images.

        Args:
            images: (count, height, width, channels), uint8 or float in [-1, 1].
            batch_size: images computed at a time.

        Returns float32 (count, latent_dim).

        Raises:
            TypeError, ValueError: for arrays that are not images of the model's size, or empty ones.
        """
        pixels, _ = data.batch(images, image_shape=self.image_shape)
        return self._outputs(self._encoder_of(self.sampler), [pixels], batch_size=batch_size)

    @checked
    def reconstruct(self, images: Any, *, batch_size: int = 64) -> np.ndarray:
        """G(E(x)), float32 (count, height, width, channels) in [-1, 1]; arguments and errors as of `encode`."""
        codes = self.encode(images, batch_size=batch_size)
        return self._outputs(self.sampler_parts["generator"], [codes], batch_size=batch_size)
