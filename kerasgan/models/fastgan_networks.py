"""FastGAN's networks: blocks, skip-layer excitation, the generator with its second image, and the discriminator."""

from typing import Any

import keras
from keras import layers

from kerasgan.layers import (
    Companion,
    GatedLinearUnit,
    NoiseInjection,
    RandomQuadrant,
    SpectralConv2D,
    SpectralDense,
    dcgan_normal,
    leaky_relu,
    normalized,
    tanh_images,
)

__all__ = ["discriminator", "generator", "second_size"]

# Channels of the generator's map of each size, times the width next to 128 pixels.
MULTIPLES = {4: 16, 8: 8, 16: 4, 32: 2, 64: 2, 128: 1, 256: 1 / 2, 512: 1 / 4, 1024: 1 / 8}
LAST = 8  # pixels of the discriminator's last map
LARGEST = 256  # of its map from which blocks lead to the last one; strided convolutions bring larger images there


def second_size(image_size: int) -> int:
    """Pixels of the second, smaller image that both networks make or receive."""
    return min(128, image_size // 2)


def generator(
    image_size: int, channels: int, latent_dim: int, *, width: int, reach: int
) -> tuple[keras.Model, keras.Model]:
    """Latents (batch, latent_dim) to images in [-1, 1]; and the network of the same layers that makes both images.

    The map of `reach` * size pixels is excited by that of size pixels.
    """
    latents = keras.Input((latent_dim,), name="latents")
    x = SpectralDense(16 * 2 * _planes(4, width), use_bias=False, kernel_initializer=dcgan_normal(), name="map4")(
        latents
    )
    x = _gated(layers.Reshape((4, 4, 2 * _planes(4, width)), name="map4_shape")(x), "map4")
    maps, small = {4: x}, None
    size, twice = 8, True  # every other block has a second convolution, and noise
    while size <= image_size:
        x = _up(x, _planes(size, width), f"map{size}", twice=twice)
        if size // reach in maps:
            x = _excited(maps[size // reach], x, f"excite{size}")
        if size == second_size(image_size):
            beside = Companion(_convolution(channels, 1, "second", dtype="float32"), name="second_image")
            x = beside(x)
            small = layers.Activation("tanh", dtype="float32", name="second_tanh")(beside.network(x))
        maps[size] = x
        size, twice = 2 * size, not twice
    images = tanh_images(_convolution(channels, 3, "image", dtype="float32")(x))
    return keras.Model(latents, images, name="generator"), keras.Model(latents, [images, small], name="both_images")


def discriminator(
    image_size: int, channels: int, *, width: int, decoder_width: int, reach: int
) -> tuple[keras.Model, keras.Model]:
    """Images to [logits, whole, second, part, quarter]; and the network of the same layers, of both images to logits.

    `logits` (batch, 50) are those of places of the large and of the second image; the other outputs are images of
    `second_size`: what is decoded of the whole image, of the second one and of a quarter of the image; and `quarter`
    itself. The second image is an average of the first, unless it is given.
    """
    images, second = keras.Input((image_size, image_size, channels), name="images"), second_size(image_size)
    small = layers.AveragePooling2D(image_size // second, name="second_image")(images)
    x = _stem(images, width)
    size = largest = x.shape[1]
    maps = {size: x}
    while size > LAST:
        size //= 2
        x = _down_twice(x, _channels(size, width), f"map{size}")
        if size * reach <= largest:
            x = _excited(maps[size * reach], x, f"excite{size}")
        maps[size] = x
    hidden = _convolution(2 * x.shape[-1], 1, "hidden")(x)
    hidden = leaky_relu(_normalized(hidden, "hidden"), "hidden")
    logits = layers.Flatten(name="logits_whole")(_convolution(1, 4, "logit", padding="valid", dtype="float32")(hidden))
    y = _track(small, width)
    others = _convolution(1, 4, "second_logit", padding="valid", dtype="float32")(y)
    others = layers.Flatten(name="logits_second")(others)
    logits = layers.Concatenate(dtype="float32", name="logits")([logits, others])
    part, quarter = RandomQuadrant(dtype="float32", name="quarter")([maps[2 * LAST], images])
    quarter = layers.AveragePooling2D(image_size // 2 // second, dtype="float32", name="quarter_image")(quarter)
    decoded = [
        _decoded(each, channels, second, decoder_width, name)
        for each, name in ((x, "whole"), (y, "second"), (part, "part"))
    ]
    whole = keras.Model(images, [logits, *decoded, quarter], name="discriminator")
    return whole, keras.Model([images, small], logits, name="judge")


def _planes(size: int, width: int) -> int:
    return max(1, int(MULTIPLES[size] * width))


def _channels(size: int, width: int) -> int:
    """Of the discriminator's map: `width` at 64 pixels."""
    return max(1, 64 * width // size)


def _convolution(filters: int, kernel_size: int, name: str, **options: Any) -> keras.layers.Layer:
    options = {"padding": "same", "use_bias": False, "kernel_initializer": dcgan_normal(), **options}
    return SpectralConv2D(filters, kernel_size, name=name, **options)


def _normalized(x: Any, name: str) -> Any:
    return normalized(x, "batch", name=f"{name}_norm", gamma_initializer=dcgan_normal(1.0))


def _gated(x: Any, name: str) -> Any:
    return GatedLinearUnit(name=f"{name}_gate")(_normalized(x, name))


def _up(x: Any, filters: int, name: str, *, twice: bool = False) -> Any:
    """Doubles height and width; if `twice`, with a second convolution, and noise before each normalization."""
    x = layers.UpSampling2D(name=f"{name}_double")(x)
    for index in (1, 2) if twice else (1,):
        x = _convolution(2 * filters, 3, f"{name}_conv{index}")(x)
        x = NoiseInjection(name=f"{name}_noise{index}")(x) if twice else x
        x = _gated(x, f"{name}_conv{index}")
    return x


def _excited(low: Any, x: Any, name: str) -> Any:
    """Equation 1 of the paper: the channels of `x` times factors from 0 to 1, which are computed of the map `low`."""
    if low.shape[1] > 4:
        low = layers.AveragePooling2D(low.shape[1] // 4, name=f"{name}_pool")(low)
    factors = _convolution(x.shape[-1], 4, f"{name}_conv1", padding="valid")(low)
    factors = layers.Activation("silu", name=f"{name}_silu")(factors)
    factors = _convolution(x.shape[-1], 1, f"{name}_conv2", activation="sigmoid")(factors)
    return layers.Multiply(name=name)([x, factors])


def _stem(images: Any, width: int) -> Any:
    """Images to the first map, of their size or of `LARGEST`."""
    size = images.shape[1]
    if size <= LARGEST:
        return leaky_relu(_convolution(_channels(size, width), 3, "stem")(images), "stem")
    x = images
    while size > LARGEST:
        size //= 2
        x = _convolution(_channels(size, width), 4, f"stem{size}", strides=2)(x)
        x = x if size == images.shape[1] // 2 else _normalized(x, f"stem{size}")  # the image's own has none
        x = leaky_relu(x, f"stem{size}")
    return x


def _down_twice(x: Any, filters: int, name: str) -> Any:
    """Halves height and width: the mean of two convolutions and of a 1x1 convolution of the averaged map."""
    y = leaky_relu(_normalized(_convolution(filters, 4, f"{name}_conv1", strides=2)(x), f"{name}_conv1"), f"{name}_1")
    y = leaky_relu(_normalized(_convolution(filters, 3, f"{name}_conv2")(y), f"{name}_conv2"), f"{name}_2")
    skip = _convolution(filters, 1, f"{name}_skip")(layers.AveragePooling2D(2, name=f"{name}_pool")(x))
    skip = leaky_relu(_normalized(skip, f"{name}_skip"), f"{name}_skip")
    return layers.Average(name=name)([y, skip])


def _track(x: Any, width: int) -> Any:
    """The second image to its last map; half as many channels as the large image's maps of the same size."""
    size, first = x.shape[1] // 2, True
    while size >= LAST:
        name = f"second{size}"
        x = _convolution(max(1, _channels(size, width) // 2), 4, name, strides=2)(x)
        x = leaky_relu(x if first else _normalized(x, name), name)
        size, first = size // 2, False
    return x


def _decoded(x: Any, channels: int, size: int, width: int, name: str) -> Any:
    """A map of 8x8 to images of `size` pixels; 4 times `width` channels at 16 pixels, `width` at 128."""
    side = LAST
    while side < size:
        side *= 2
        x = _up(x, _planes(side, width), f"decode_{name}{side}")
    x = _convolution(channels, 3, f"decode_{name}", dtype="float32")(x)
    return layers.Activation("tanh", dtype="float32", name=f"decoded_{name}")(x)
