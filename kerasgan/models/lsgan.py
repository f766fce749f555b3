"""LSGAN: least squares instead of cross-entropy pull fakes toward the data even if they are already classified as real.

Mao, Li, Xie, Lau, Wang, Smolley: Least Squares Generative Adversarial Networks, 2017, https://arxiv.org/abs/1611.04076.
The layers follow the authors' code for LSUN at 112x112 (its generator in the manner of VGG: 3x3 kernels, and layers of
stride 1 between the doublings). What is new is the objective, "least_squares", which any family takes. Deviations: the
losses are means over the batch, where the code sums, to which Adam is invariant; running statistics of batch
normalization are used for sampling; the authors' initial weights are not known here, these are DCGAN's. "torch" is the
generator of OpenMMLab's checkpoints: its strided kernels lie one pixel further up and left, its projection has a bias.
"""

from types import MappingProxyType
from typing import Any

import keras
from keras import layers

from kerasgan.gan import GAN
from kerasgan.gan.constructor_checks import check_choice, check_multiple
from kerasgan.layers import (
    dcgan_convolution,
    dcgan_normal,
    dcgan_transposed,
    leaky_relu,
    norm_relu,
    normalized,
    tanh_images,
)
from kerasgan.optimizers import for_both

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
        check_choice("variant", variant, VARIANTS)
        if doublings < 2:
            raise ValueError(f"Expected two doublings or more. Received: doublings={doublings}")
        check_multiple(image_size, 2**doublings, otherwise="another number of doublings")
        super().__init__(
            generator(image_size, channels, latent_dim, width=width, variant=variant, doublings=doublings),
            discriminator(image_size, channels, width=width, halvings=doublings),
            prior=prior,
            name=name,
        )

    def default_compile_args(self):
        """Equation 9 (targets 0, 1 and 1) and Adam as in the code for LSUN."""
        return {"objective": "least_squares", **for_both(lambda: keras.optimizers.Adam(1e-3, beta_1=0.5))}


def generator(
    image_size: int, channels: int, latent_dim: int, *, width: int, variant: str, doublings: int
) -> keras.Model:
    """Latents (batch, latent_dim) to images (batch, image_size, image_size, channels) in [-1, 1]."""
    side, top, torch = image_size // 2**doublings, 4 * width, variant == "torch"
    latents = keras.Input((latent_dim,), name="latents")
    x = layers.Dense(side * side * top, use_bias=torch, kernel_initializer=dcgan_normal(), name="project")(latents)
    x = layers.Reshape((side, side, top), name="latent_map")(x)
    x = norm_relu(x, "latent")
    # channels as multiples of the width, and strides: a layer of stride 1 after all but the last two doublings
    for index, (multiple, strides) in enumerate([(4, 2), (4, 1)] * (doublings - 2) + [(2, 2), (1, 2)], start=1):
        x = norm_relu(_transposed(x, multiple * width, f"up{index}", strides=strides, shifted=torch), f"up{index}")
    x = _transposed(x, channels, "image", use_bias=True)
    return keras.Model(latents, tanh_images(x), name="generator")


def discriminator(image_size: int, channels: int, *, width: int, halvings: int) -> keras.Model:
    """Images to scores (batch, 1): linear, 1 for real and 0 for fake."""
    images = keras.Input((image_size, image_size, channels), name="images")
    x = images
    for index in range(1, halvings + 1):
        name = f"down{index}"
        x = dcgan_convolution(x, width * 2 ** (index - 1), 5, name, use_bias=index == 1)
        x = leaky_relu(normalized(x, "none" if index == 1 else "batch", name=f"{name}_norm"), name)
    x = layers.Flatten(name="flat")(x)
    scores = layers.Dense(1, kernel_initializer=dcgan_normal(), dtype="float32", name="score")(x)
    return keras.Model(images, scores, name="discriminator")


def _transposed(
    x: Any, filters: int, name: str, *, strides: int = 1, use_bias: bool = False, shifted: bool = False
) -> Any:
    """Of the surplus row and column of a strided layer Keras drops the last ones and PyTorch the first (shifted)."""
    cropped = shifted and strides == 2
    padding = "valid" if cropped else "same"
    x = dcgan_transposed(x, filters, 3, name, strides=strides, padding=padding, use_bias=use_bias)
    return layers.Cropping2D(((1, 0), (1, 0)), name=f"{name}_crop")(x) if cropped else x
