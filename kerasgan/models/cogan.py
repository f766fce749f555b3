"""CoGAN: several GANs share the layers that mean something, so that the same latents give corresponding images.

Liu, Tuzel: Coupled Generative Adversarial Networks, 2016, https://arxiv.org/abs/1606.07536. No pairs are needed: only
the generators' last and the discriminators' first convolutions, which are next to the pixels, belong to one domain.
Layers follow the authors' PyTorch code for digits and their edges. Deviations: each batch has its domains in the
proportions of the data, with its own latents for each image; one logit, not a softmax of two; tanh, not a sigmoid; no
L2 decay of the weights.
"""

from types import MappingProxyType
from typing import Any

import keras
from keras import layers, ops

from kerasgan.gan import GAN
from kerasgan.gan.constructor_checks import check_classes
from kerasgan.layers import label_input, normalized, one_hot, tanh_images

__all__ = ["Chosen", "CoGAN", "discriminator", "generator"]


@keras.saving.register_keras_serializable("kerasgan")
class CoGAN(GAN):
    """CoGAN for square images, whose labels are their domains.

    `generate(latents=..., labels=...)` with the same latents and another label gives the corresponding image.

    Args:
        image_size: in pixels, 8 n - 4 from 20 on, such as 28.
        channels: of the images.
        num_classes: number of domains, 2 or more.
        latent_dim: size of the latent vector.
        width: channels of the generator's largest map; the smallest has 8 times as many.
        discriminator_width: channels of the discriminator's first map; the second has 5/2 and the hidden layer 25 times
            as many.
        prior: of the latents; U(-1, 1) if not given.

    Raises:
        ValueError: for another size, or fewer than two domains.
    """

    tiny_config = MappingProxyType(dict(image_size=20, num_classes=3, latent_dim=4, width=2, discriminator_width=2))

    def __init__(
        self,
        *,
        image_size: int = 28,
        channels: int = 1,
        num_classes: int = 2,
        latent_dim: int = 100,
        width: int = 128,
        discriminator_width: int = 20,
        prior: Any = None,
        name: str | None = None,
    ):
        check_classes(num_classes)
        if image_size < 20 or image_size % 8 != 4:
            raise ValueError(f"Expected image_size to be 8 n - 4, from 20 on. Received: image_size={image_size}")
        super().__init__(
            generator(image_size, channels, latent_dim, num_classes=num_classes, width=width),
            discriminator(image_size, channels, num_classes=num_classes, width=discriminator_width),
            prior=prior or "uniform",
            num_classes=num_classes,
            name=name,
        )


@keras.saving.register_keras_serializable("kerasgan")
class Chosen(keras.layers.Layer):
    """[Maps (batch, height, width, count * channels), one-hot labels (batch, count)] to those of the label alone."""

    def call(self, inputs):
        maps, classes = inputs
        _, height, width, channels = maps.shape
        count = classes.shape[-1]
        parts = ops.reshape(maps, (-1, height, width, count, channels // count))
        return ops.sum(parts * ops.cast(classes, maps.dtype)[:, None, None, :, None], axis=3)

    def compute_output_shape(self, input_shape):
        maps, classes = input_shape
        return (*maps[:-1], maps[-1] // classes[-1])


def generator(image_size: int, channels: int, latent_dim: int, *, num_classes: int, width: int) -> keras.Model:
    """Latents (batch, latent_dim) and labels (batch,) to images in [-1, 1]; the last convolution is the domain's."""
    latents, labels = keras.Input((latent_dim,), name="latents"), label_input(num_classes)
    x = layers.Reshape((1, 1, latent_dim), name="latent_map")(latents)
    x = _activated(layers.Conv2DTranspose(8 * width, (image_size + 4) // 8, name="project")(x), "project")
    for level in (2, 1, 0):
        x = layers.Conv2DTranspose(width * 2**level, 3, strides=2, name=f"up{level}")(x)
        x = _activated(layers.Cropping2D(1, name=f"up{level}_crop")(x), f"up{level}")
    x = layers.Conv2DTranspose(num_classes * channels, 6, dtype="float32", name="image")(x)
    x = layers.Cropping2D(1, dtype="float32", name="image_crop")(x)
    x = Chosen(dtype="float32", name="of_domain")([x, one_hot(labels, num_classes)])
    return keras.Model([latents, labels], tanh_images(x), name="generator")


def discriminator(image_size: int, channels: int, *, num_classes: int, width: int) -> keras.Model:
    """Images and labels (batch,) to logits (batch, 1); the first convolution is the domain's."""
    images, labels = keras.Input((image_size, image_size, channels), name="images"), label_input(num_classes)
    x = layers.Conv2D(num_classes * width, 5, name="down0")(images)
    x = layers.MaxPooling2D(name="down0_pool")(Chosen(name="of_domain")([x, one_hot(labels, num_classes)]))
    x = layers.MaxPooling2D(name="down1_pool")(layers.Conv2D(5 * width // 2, 5, name="down1")(x))
    x = layers.Dense(25 * width, name="hidden")(layers.Flatten(name="flat")(x))
    x = layers.PReLU(alpha_initializer=_quarter(), shared_axes=[1], name="hidden_prelu")(x)
    return keras.Model([images, labels], layers.Dense(1, dtype="float32", name="logit")(x), name="discriminator")


def _quarter() -> keras.initializers.Initializer:
    """PyTorch's first slope of a PReLU, which the authors keep; Keras' is 0."""
    return keras.initializers.Constant(0.25)


def _activated(x: Any, name: str) -> Any:
    """Batch normalization without parameters, and a leaky ReLU whose slope, of all channels, is learned."""
    return layers.PReLU(alpha_initializer=_quarter(), shared_axes=[1, 2, 3], name=f"{name}_prelu")(
        normalized(x, "batch", affine=False, name=f"{name}_norm")
    )
