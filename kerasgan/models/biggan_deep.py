"""BigGAN-deep: four times as deep, with bottlenecks and shortcuts that keep the identity, and fewer weights.

Brock, Donahue, Simonyan: Large Scale GAN Training for High Fidelity Natural Image Synthesis, 2019,
https://arxiv.org/abs/1809.11096, appendix B. Layers follow google/compare_gan, whose parameter counts the tests hold
(its code sums the discriminator's last map, where its comment says mean). Deviations: those of BigGAN.
"""

from collections.abc import Callable
from functools import partial
from types import MappingProxyType
from typing import Any

import keras
from keras import layers

from kerasgan.gan.constructor_checks import check_classes, check_doublings
from kerasgan.layers import (
    Split,
    class_embedding,
    label_input,
    modulated_norm,
    norm_relu_images,
    orthogonal_convolution,
    orthogonal_dense,
    projection_logits,
    self_attention,
)
from kerasgan.layers.pyramid import power_below
from kerasgan.models.biggan import LargeScaleGAN

__all__ = ["BigGANDeep", "discriminator", "generator"]

# By the largest power of two that an image is no smaller than: channels of the maps between the blocks, in units of the
# width: two blocks for each size. The paper begins at 128; 64 is compare_gan's, 8 to 32 are for small images and tests.
UP = {
    8: (4, 4, 4),
    16: (4, 4, 4, 4, 4),
    32: (4, 4, 4, 4, 4, 4, 4),
    64: (16, 16, 16, 16, 8, 8, 4, 4, 2),
    128: (16, 16, 16, 16, 8, 8, 4, 4, 2, 2, 1),
    256: (16, 16, 16, 16, 8, 8, 8, 8, 4, 4, 2, 2, 1),
    512: (16, 16, 16, 16, 8, 8, 8, 8, 4, 4, 2, 2, 1, 1, 1),
}
DOWN = {
    8: (4, 4, 4),
    16: (4, 4, 4, 4, 4),
    32: (4, 4, 4, 4, 4, 4, 4),
    64: (2, 4, 4, 8, 8, 16, 16, 16, 16),
    128: (1, 2, 2, 4, 4, 8, 8, 16, 16, 16, 16),
    256: (1, 2, 2, 4, 4, 8, 8, 8, 8, 16, 16, 16, 16),
    512: (1, 1, 1, 2, 2, 4, 4, 8, 8, 8, 8, 16, 16, 16, 16),
}


@keras.saving.register_keras_serializable("kerasgan")
class BigGANDeep(LargeScaleGAN):
    """Class-conditional BigGAN-deep.

    Args:
        image_size: 4, 5, 6 or 7 times a power of two, from 8 to 896 pixels; papers have 128, 256 and 512.
        channels: of the images, 1 or more.
        num_classes: number of classes, 2 or more.
        latent_dim: size of the latent vector, all of which every batch normalization receives.
        width: channels that the networks' multipliers multiply.
        embedding_dim: size of the class embedding that all blocks share.
        attention_size: height and width of the map, in each network that has it, that attends to itself; of maps that
            are no powers of two, the one that is less than twice as large.
        orthogonal_weight: the paper's beta, of the regularization of the generator's kernels; 0 for none.
        spectral_estimate: of the generator's singular values in inference: "iterated" or "stored"; see `SpectralDense`.
        prior: of the latents; N(0, 1) if not given.

    Raises:
        ValueError: for another size, or fewer than two classes.
    """

    tiny_config = MappingProxyType(
        dict(image_size=8, num_classes=3, latent_dim=4, width=2, embedding_dim=4, attention_size=8)
    )

    def __init__(
        self,
        *,
        image_size: int = 128,
        channels: int = 3,
        num_classes: int = 1000,
        latent_dim: int = 128,
        width: int = 128,
        embedding_dim: int = 128,
        attention_size: int = 64,
        orthogonal_weight: float = 1e-4,
        spectral_estimate: str = "iterated",
        prior: Any = None,
        name: str | None = None,
    ):
        check_doublings(image_size, largest=896)
        check_classes(num_classes)
        shared: dict[str, Any] = dict(num_classes=num_classes, width=width, attention_size=attention_size)
        own: dict[str, Any] = dict(embedding_dim=embedding_dim, spectral_estimate=spectral_estimate)
        super().__init__(
            generator(image_size, channels, latent_dim, **shared, **own),
            discriminator(image_size, channels, **shared),
            orthogonal_weight=orthogonal_weight,
            prior=prior,
            num_classes=num_classes,
            name=name,
        )


def generator(
    image_size: int,
    channels: int,
    latent_dim: int,
    *,
    num_classes: int,
    width: int,
    embedding_dim: int,
    attention_size: int,
    spectral_estimate: str,
) -> keras.Model:
    """Latents (batch, latent_dim) and labels (batch,) to images (batch, size, size, channels) in [-1, 1]."""
    top, *others = UP[power_below(image_size)]
    side = image_size >> (len(others) // 2)
    latents = keras.Input((latent_dim,), name="latents")
    labels = label_input(num_classes)
    classes = class_embedding(labels, num_classes, embedding_dim)
    condition = layers.Concatenate(name="condition")([latents, classes])
    convolution = partial(orthogonal_convolution, estimate=spectral_estimate)
    normalize = partial(modulated_norm, condition, estimate=spectral_estimate)
    x = orthogonal_dense(side * side * top * width, estimate=spectral_estimate, name="project")(condition)
    x = layers.Reshape((side, side, top * width), name="latent_map")(x)
    for index, multiplier in enumerate(others):
        double = index % 2 == 1
        x = _up(x, multiplier * width, f"up{index + 1}", normalize, convolution, double=double)
        if double and x.shape[1].bit_length() == attention_size.bit_length():
            x = self_attention(x, convolution)
    return keras.Model([latents, labels], norm_relu_images(x, channels, convolution), name="generator")


def discriminator(image_size: int, channels: int, *, num_classes: int, width: int, attention_size: int) -> keras.Model:
    """Images and labels (batch,) to logits (batch, 1)."""
    first, *others = DOWN[power_below(image_size)]
    images = keras.Input((image_size, image_size, channels), name="images")
    labels = label_input(num_classes)
    x = orthogonal_convolution(first * width, 3, name="first")(images)
    for index, multiplier in enumerate(others):
        halve = index % 2 == 0
        x = _down(x, multiplier * width, f"down{index + 1}", halve=halve)
        if not halve and x.shape[1].bit_length() == attention_size.bit_length():
            x = self_attention(x, orthogonal_convolution)
    options = {"embeddings_initializer": "orthogonal", "epsilon": 1e-6}
    logits = projection_logits(x, labels, num_classes, orthogonal_dense, **options)
    return keras.Model([images, labels], logits, name="discriminator")


def _up(x: Any, filters: int, name: str, normalize: Callable, convolution: Callable, *, double: bool) -> Any:
    """A bottleneck block; its shortcut drops the channels that are too many."""
    many = x.shape[-1] - filters
    skip = Split([filters, many], name=f"{name}_kept")(x)[0] if many > 0 else x
    narrow = max(x.shape[-1], filters) // 4
    for part, (units, kernel) in enumerate([(narrow, 1), (narrow, 3), (narrow, 3), (filters, 1)], start=1):
        x = layers.ReLU(name=f"{name}_relu{part}")(normalize(x, f"{name}_norm{part}"))
        if part == 2 and double:
            x = layers.UpSampling2D(name=f"{name}_double")(x)
        x = convolution(units, kernel, name=f"{name}_conv{part}")(x)
    skip = layers.UpSampling2D(name=f"{name}_skip_double")(skip) if double else skip
    return layers.Add(name=name)([x, skip])


def _down(x: Any, filters: int, name: str, *, halve: bool) -> Any:
    """A bottleneck block; its shortcut adds the channels that are missing, from a 1x1 convolution."""
    skip = layers.AveragePooling2D(2, name=f"{name}_skip_halve")(x) if halve else x
    if x.shape[-1] < filters:
        more = orthogonal_convolution(filters - x.shape[-1], 1, name=f"{name}_more")(skip)
        skip = layers.Concatenate(name=f"{name}_all")([skip, more])
    narrow = max(x.shape[-1], filters) // 4
    for part, (units, kernel) in enumerate([(narrow, 1), (narrow, 3), (narrow, 3), (filters, 1)], start=1):
        x = layers.ReLU(name=f"{name}_relu{part}")(x)
        if part == 4 and halve:
            x = layers.AveragePooling2D(2, name=f"{name}_halve")(x)
        x = orthogonal_convolution(units, kernel, name=f"{name}_conv{part}")(x)
    return layers.Add(name=name)([x, skip])
