"""LSGAN: least squares instead of cross-entropy pull fakes toward the data even where they are already judged real.

Mao, Li, Xie, Lau, Wang, Smolley: Least Squares Generative Adversarial Networks, 2017, https://arxiv.org/abs/1611.04076.
The layers follow the authors' code for LSUN at 112x112 (its generator in the manner of VGG: 3x3 kernels, and layers of
stride 1 between the doublings). What is new is the objective, "least_squares", which any family takes. Deviations: the
losses are means over the batch, where the code sums, which Adam does not see; running statistics of batch
normalization are used for sampling; the authors' initial weights are not known here, these are DCGAN's. "torch" is the
generator of OpenMMLab's checkpoints: its strided kernels lie one pixel further up and left, its projection has a bias.
"""

from types import MappingProxyType
from typing import Any

import keras
from keras import layers

from kerasgan.gan import GAN

__all__ = ["LSGAN", "discriminator", "generator"]

VARIANTS = ("paper", "torch")


@keras.saving.register_keras_serializable("kerasgan")
class LSGAN(GAN):
    """Least squares GAN for square images.

    Args:
        image_size: a multiple of 16, or of another power of two with other `doublings`, in pixels.
        channels: of the images.
        latent_dim: size of the latent vector.
        width: channels next to the image; the generator has up to 4, the discriminator up to 8 times as many.
        variant: of the generator: "paper" or "torch".
        doublings: how often the generator doubles, and the discriminator halves, the size: 2 or more.
        prior: of the latents.

    Raises:
        ValueError: for an unknown variant, fewer than two doublings, or a size that they do not reach.
    """

    tiny_config = MappingProxyType(dict(image_size=16, channels=1, latent_dim=8, width=4))

    def __init__(
        self,
        *,
        image_size: int = 112,
        channels: int = 3,
        latent_dim: int = 1024,
        width: int = 64,
        variant: str = "paper",
        doublings: int = 4,
        prior: Any = "uniform",
        name: str | None = None,
    ):
        if variant not in VARIANTS:
            raise ValueError(f"Expected variant to be one of {', '.join(VARIANTS)}. Received: variant={variant!r}")
        if doublings < 2:
            raise ValueError(f"Expected two doublings or more. Received: doublings={doublings}")
        if not isinstance(image_size, int) or image_size < 1 or image_size % 2**doublings:
            raise ValueError(
                f"Expected image_size to be a multiple of {2**doublings}. Received: image_size={image_size}"
            )
        super().__init__(
            generator(image_size, channels, latent_dim, width=width, variant=variant, doublings=doublings),
            discriminator(image_size, channels, width=width, halvings=doublings),
            prior=prior,
            name=name,
        )

    def default_compile_args(self):
        """Equation 9 (targets 0, 1 and 1) and Adam as in the code for LSUN."""

        def adam() -> keras.optimizers.Optimizer:
            return keras.optimizers.Adam(1e-3, beta_1=0.5)

        return {"objective": "least_squares", "generator_optimizer": adam(), "discriminator_optimizer": adam()}


def generator(
    image_size: int, channels: int, latent_dim: int, *, width: int, variant: str, doublings: int
) -> keras.Model:
    """Latents (batch, latent_dim) to images (batch, image_size, image_size, channels) in [-1, 1]."""
    side, top, torch = image_size // 2**doublings, 4 * width, variant == "torch"
    latents = keras.Input((latent_dim,), name="latents")
    x = layers.Dense(side * side * top, use_bias=torch, kernel_initializer=_normal(), name="project")(latents)
    x = layers.Reshape((side, side, top), name="latent_map")(x)
    x = layers.ReLU(name="latent_relu")(_normalization(x, "latent"))
    # channels as multiples of the width, and strides: a layer of stride 1 after all but the last two doublings
    for index, (multiple, strides) in enumerate([(4, 2), (4, 1)] * (doublings - 2) + [(2, 2), (1, 2)], start=1):
        x = _transposed(x, multiple * width, f"up{index}", strides=strides, shifted=torch)
        x = layers.ReLU(name=f"up{index}_relu")(_normalization(x, f"up{index}"))
    x = _transposed(x, channels, "image", use_bias=True)
    images = layers.Activation("tanh", dtype="float32", name="tanh")(x)
    return keras.Model(latents, images, name="generator")


def discriminator(image_size: int, channels: int, *, width: int, halvings: int) -> keras.Model:
    """Images to scores (batch, 1): linear, 1 for real and 0 for fake."""
    images = keras.Input((image_size, image_size, channels), name="images")
    x = images
    for index in range(1, halvings + 1):
        first = index == 1
        x = layers.Conv2D(
            width * 2 ** (index - 1), 5, 2, "same", use_bias=first, kernel_initializer=_normal(), name=f"down{index}"
        )(x)
        x = x if first else _normalization(x, f"down{index}")
        x = layers.LeakyReLU(negative_slope=0.2, name=f"down{index}_lrelu")(x)
    x = layers.Flatten(name="flat")(x)
    scores = layers.Dense(1, kernel_initializer=_normal(), dtype="float32", name="score")(x)
    return keras.Model(images, scores, name="discriminator")


def _normal() -> keras.initializers.Initializer:
    return keras.initializers.RandomNormal(0.0, 0.02)


def _normalization(x: Any, name: str) -> Any:
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"{name}_norm")(x)


def _transposed(
    x: Any, filters: int, name: str, *, strides: int = 1, use_bias: bool = False, shifted: bool = False
) -> Any:
    """Of the row and column too many of a strided layer, Keras drops the last ones, and PyTorch the first (shifted)."""
    cropped = shifted and strides == 2
    padding = "valid" if cropped else "same"
    x = layers.Conv2DTranspose(
        filters, 3, strides, padding, use_bias=use_bias, kernel_initializer=_normal(), name=name
    )(x)
    return layers.Cropping2D(((1, 0), (1, 0)), name=f"{name}_crop")(x) if cropped else x
