"""LSGAN: least squares instead of cross-entropy pull fakes towards the data even where they are already judged real.

Mao, Li, Xie, Lau, Wang, Smolley: Least Squares Generative Adversarial Networks, 2017, https://arxiv.org/abs/1611.04076.
The layers follow the authors' code for LSUN at 112x112 (its generator in the manner of VGG: 3x3 kernels, and layers of
stride 1 between the doublings). What is new is the objective, "least_squares", which any family takes. Deviations: the
losses are means over the batch, where the code sums, which Adam does not see; running statistics of batch
normalisation are used for sampling; the authors' initial weights are not known here, these are DCGAN's.
"""

from types import MappingProxyType
from typing import Any

import keras
from keras import layers

from kerasgan.gan import GAN

__all__ = ["LSGAN", "discriminator", "generator"]

# The generator's layers after the projection: channels as multiples of `width`, and strides.
STAGES = ((4, 2), (4, 1), (4, 2), (4, 1), (2, 2), (1, 2))


@keras.saving.register_keras_serializable("kerasgan")
class LSGAN(GAN):
    """Least squares GAN for square images.

    Args:
        image_size: a multiple of 16, in pixels.
        channels: of the images.
        latent_dim: size of the latent vector.
        width: channels next to the image; the generator has up to 4, the discriminator up to 8 times as many.
        prior: of the latents.

    Raises:
        ValueError: for a size that is not a multiple of 16.
    """

    tiny = MappingProxyType(dict(image_size=16, channels=1, latent_dim=8, width=4))

    def __init__(
        self,
        *,
        image_size: int = 112,
        channels: int = 3,
        latent_dim: int = 1024,
        width: int = 64,
        prior: Any = "uniform",
        name: str | None = None,
    ):
        if not isinstance(image_size, int) or image_size < 16 or image_size % 16:
            raise ValueError(f"Expected image_size to be a multiple of 16. Received: image_size={image_size}")
        super().__init__(
            generator(image_size, channels, latent_dim, width=width),
            discriminator(image_size, channels, width=width),
            prior=prior,
            name=name,
        )
        self.record(image_size=image_size, channels=channels, latent_dim=latent_dim, width=width, prior=self.prior)

    def paper_settings(self):
        """Equation 9 (targets 0, 1 and 1) and Adam as in the code for LSUN."""

        def adam() -> keras.optimizers.Optimizer:
            return keras.optimizers.Adam(1e-3, beta_1=0.5)

        return {"objective": "least_squares", "generator_optimizer": adam(), "discriminator_optimizer": adam()}


def generator(image_size: int, channels: int, latent_dim: int, *, width: int) -> keras.Model:
    """Latents (batch, latent_dim) to images (batch, image_size, image_size, channels) in [-1, 1]."""
    side, top = image_size // 16, 4 * width
    latents = keras.Input((latent_dim,), name="latents")
    x = layers.Dense(side * side * top, use_bias=False, kernel_initializer=_normal(), name="project")(latents)
    x = layers.Reshape((side, side, top), name="latent_map")(x)
    x = layers.ReLU(name="latent_relu")(_normalisation(x, "latent"))
    for index, (multiple, strides) in enumerate(STAGES, start=1):
        x = _transposed(x, multiple * width, f"up{index}", strides=strides, use_bias=False)
        x = layers.ReLU(name=f"up{index}_relu")(_normalisation(x, f"up{index}"))
    x = _transposed(x, channels, "image", strides=1, use_bias=True)
    images = layers.Activation("tanh", dtype="float32", name="tanh")(x)
    return keras.Model(latents, images, name="generator")


def discriminator(image_size: int, channels: int, *, width: int) -> keras.Model:
    """Images to scores (batch, 1): linear, 1 for real and 0 for fake."""
    images = keras.Input((image_size, image_size, channels), name="images")
    x = images
    for index in range(1, 5):
        first = index == 1
        x = layers.Conv2D(
            width * 2 ** (index - 1), 5, 2, "same", use_bias=first, kernel_initializer=_normal(), name=f"down{index}"
        )(x)
        x = x if first else _normalisation(x, f"down{index}")
        x = layers.LeakyReLU(negative_slope=0.2, name=f"down{index}_lrelu")(x)
    x = layers.Flatten(name="flat")(x)
    scores = layers.Dense(1, kernel_initializer=_normal(), dtype="float32", name="score")(x)
    return keras.Model(images, scores, name="discriminator")


def _normal() -> keras.initializers.Initializer:
    return keras.initializers.RandomNormal(0.0, 0.02)


def _normalisation(x: Any, name: str) -> Any:
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"{name}_norm")(x)


def _transposed(x: Any, filters: int, name: str, *, strides: int, use_bias: bool) -> Any:
    return layers.Conv2DTranspose(
        filters, 3, strides, "same", use_bias=use_bias, kernel_initializer=_normal(), name=name
    )(x)
