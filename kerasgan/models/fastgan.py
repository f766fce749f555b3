"""FastGAN: small maps excite large ones, and the discriminator also decodes images: a light GAN for few images.

Liu, Zhu, Song, Elgammal: Towards Faster and Stabilized GAN Training for High-fidelity Few-shot Image Synthesis, 2021,
https://arxiv.org/abs/2101.04775. Layer tables and settings follow the authors' code. Deviations: the distance between
images and what is decoded of them is the mean absolute difference, where the authors have LPIPS, so that training needs
no other network (`kerasgan.checkpoints.lpips` reads its weights, to measure); the hinge loss has the margin 1, not one
drawn from 0.8 to 1; real images are averaged to the second size, not sampled; the noise is a constant outside training;
spectral normalization takes the first layer as a dense one; images of less than 256 pixels, which the authors' networks
do not make, have fewer blocks, and excite maps over a shorter way where they would have none.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import keras
from keras import ops

from kerasgan.gan import GAN
from kerasgan.models.fastgan_networks import discriminator, generator, second_size
from kerasgan.optimizers import for_both

__all__ = ["FastGAN", "discriminator", "generator"]


@keras.saving.register_keras_serializable("kerasgan")
class FastGAN(GAN):
    """FastGAN for square images.

    Both networks also see images of a smaller, second size: half of the image's, 128 pixels at most. `reconstruction`
    in the logs is the mean distance of what the discriminator decodes of real images.

    Args:
        image_size: 32, 64, 128, 256, 512 or 1024 pixels.
        channels: of the images.
        latent_dim: size of the latent vector.
        width: channels of the generator's map of 128 pixels; smaller maps have up to 16 times as many.
        discriminator_width: of the discriminator's map of 64 pixels; `width` if not given. Its decoders have half of
            it.
        reconstruction_weight: of the three mean absolute differences, which the discriminator minimizes too.
        prior: of the latents; N(0, 1) if not given.

    Raises:
        ValueError: for another size, or a negative weight.
    """

    tiny_config = MappingProxyType(dict(image_size=32, channels=1, latent_dim=4, width=1, discriminator_width=2))
    extra_metrics = ("reconstruction",)

    def __init__(
        self,
        *,
        image_size: int = 256,
        channels: int = 3,
        latent_dim: int = 256,
        width: int = 64,
        discriminator_width: int | None = None,
        reconstruction_weight: float = 1.0,
        prior: Any = None,
        name: str | None = None,
    ):
        if image_size not in (32, 64, 128, 256, 512, 1024):
            expected = "Expected image_size to be a power of two from 32 to 1024"
            raise ValueError(f"{expected}. Received: image_size={image_size}")
        if reconstruction_weight < 0:
            received = f"reconstruction_weight={reconstruction_weight}"
            raise ValueError(f"Expected a weight from 0 on. Received: {received}")
        discriminator_width = discriminator_width or width
        images, both = generator(image_size, channels, latent_dim, width=width, reach=min(16, image_size // 4))
        decoder_width = max(1, discriminator_width // 2)
        options: dict[str, Any] = dict(width=discriminator_width, decoder_width=decoder_width)
        network, judge = discriminator(image_size, channels, **options, reach=min(8, image_size // 8))
        super().__init__(images, network, prior=prior or "normal", name=name)
        # Of the networks' own layers; an attribute, or a dict, would be saved once more.
        self._pairs: Mapping[str, keras.Model] = MappingProxyType({"generator": both, "discriminator": judge})
        self.second_size, self.reconstruction_weight = second_size(image_size), reconstruction_weight
        self.resolve_arguments(discriminator_width=discriminator_width)

    def default_compile_args(self) -> dict[str, Any]:
        """The authors': DiffAugment without cutout, Adam(2e-4, 0.5), a moving average of decay 0.999 for 8 images."""
        return {
            "objective": "hinge",
            **for_both(lambda: keras.optimizers.Adam(2e-4, beta_1=0.5)),
            "augment": {"name": "diff_augment", "operations": ["color", "translation"]},
            "ema_half_life": 5_500,
            "reuse_fakes": True,
        }

    def synthesize(self, batch):
        """The images and those of the second size."""
        latents = batch.latents
        if "prior" in self.generator_parts:
            latents = self.generator_parts["prior"](latents, training=True)
        return tuple(ops.cast(each, "float32") for each in self._pairs["generator"](latents, training=True))

    def discriminate(self, images, condition=None):
        """The logits of images, or of (images, images of the second size), which are augmented each by itself."""
        if not isinstance(images, (tuple, list)):
            images = self.augmented(images)
            pair = [images, self._averaged(images)]
        else:
            pair = [self.augmented(each) for each in images]
        return ops.cast(self._pairs["discriminator"](pair, training=True), "float32")

    def discriminator_loss(self, batch):
        """The objective, and the decoders' mean absolute differences from (augmented) real images, section 3.2."""
        images = self.augmented(batch.real)
        outputs = self.discriminator(images, training=True)
        logits, whole, second, part, quarter = (ops.cast(each, "float32") for each in outputs)
        small = self._averaged(images)
        pairs = (whole, small), (second, small), (part, quarter)
        reconstruction = sum(ops.mean(ops.abs(decoded - target)) for decoded, target in pairs)
        self.log("reconstruction", reconstruction / len(pairs))
        adversarial = self.adversarial_loss(logits, self.discriminate(batch.fake))
        return adversarial + self.reconstruction_weight * reconstruction

    def penalize(self, penalty, batch):
        """The penalty on the large images alone."""
        return super().penalize(penalty, batch._replace(fake=batch.fake[0]))

    def _averaged(self, images: Any) -> Any:
        """Images of the second size."""
        factor = self.image_shape[0] // self.second_size
        return ops.average_pool(images, factor, factor)
