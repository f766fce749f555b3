"""SinGAN's networks: a generator and a discriminator for each scale, and what is assembled of them."""

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from kerasgan.data import checks
from kerasgan.layers import Amplitude, Split, leaky_relu, normalized, pyramid

__all__ = [
    "discriminator",
    "generator",
    "injection",
    "noise_shapes",
    "pyramid_sizes",
    "resized_sizes",
    "scale_discriminator",
    "scale_generator",
]

RATIO = 4 / 3  # of a scale's size to that of the one below, as nearly as the sizes allow (section 2.1)
Sizes = Sequence[tuple[int, int]]


def pyramid_sizes(image_size: int | Sequence[int], coarsest_size: int, scales: int | None) -> list[tuple[int, int]]:
    """The heights and widths of the scales from coarse to fine, all in the same ratio but for rounding.

    Args:
        image_size: of the finest scale, an int or (height, width).
        coarsest_size: shorter side of the coarsest scale.
        scales: their number; that with the ratio nearest to 4/3 if None.

    Raises:
        ValueError: for fewer than two scales, or a coarsest one that is not the smallest.
    """
    height, width = checks.pair(image_size)
    whole = math.log(max(1, min(height, width)) / coarsest_size)
    count = 1 + max(1, round(whole / math.log(RATIO))) if scales is None else scales
    if count < 2 or whole <= 0:
        expected = "Expected two scales or more, and an image whose sides are all longer than coarsest_size"
        received = f"image_size={image_size}, coarsest_size={coarsest_size}, scales={scales}"
        raise ValueError(f"{expected}. Received: {received}")
    factors = [math.exp(whole * (index / (count - 1) - 1)) for index in range(count)]
    return [(round(height * factor), round(width * factor)) for factor in factors]


def resized_sizes(sizes: Sizes, image_size: int | Sequence[int]) -> list[tuple[int, int]]:
    """The scales of another image, each as much smaller than it as those of `sizes` are than the last."""
    height, width = checks.pair(image_size)
    largest, widest = sizes[-1]
    return [(max(1, round(height * own / largest)), max(1, round(width * other / widest))) for own, other in sizes]


def noise_shapes(sizes: Sizes, channels: int) -> list[tuple[int, int, int]]:
    """The noise of each scale: one plane at the coarsest, one for each channel at the others."""
    return [(*size, channels if index else 1) for index, size in enumerate(sizes)]


def generator(parts: Sequence[keras.Model], sizes: Sizes) -> keras.Model:
    """Latents, the noise of all scales, to images in [-1, 1]: x_n = G_n(z_n, up(x_(n + 1))), equation 2.

    `parts` are the scales' networks, from coarse to fine, and `sizes` the sizes of what they draw.
    """
    return _drawing(parts, sizes, None)


def injection(parts: Sequence[keras.Model], sizes: Sizes) -> keras.Model:
    """[latents, images] to images: `images` are what the scale below the first of `parts` draws, in its size."""
    return _drawing(parts, sizes, keras.Input((*sizes[0], parts[0].output_shape[-1]), name="images"))


def _drawing(parts: Sequence[keras.Model], sizes: Sizes, below: Any) -> keras.Model:
    channels = parts[0].output_shape[-1]
    shapes = noise_shapes(sizes, channels) if below is None else [(*size, channels) for size in sizes]
    counts = [math.prod(shape) for shape in shapes]
    latents, image = keras.Input((sum(counts),), name="latents"), below
    for index, (noise, shape) in enumerate(zip(Split(counts, name="noises")(latents), shapes)):
        noise = layers.Reshape(shape, name=f"noise{index}")(noise)
        if index:
            image = pyramid.Up(sizes[index], dtype="float32", name=f"below{index}")(image)
        image = parts[index](noise if image is None else [noise, image])
    images = layers.Activation("hard_tanh", dtype="float32", name="clipped")(image)
    return keras.Model(latents if below is None else [latents, below], images, name="generator")


def discriminator(judges: Sequence[keras.Model], sizes: Sizes) -> keras.Model:
    """Images to the logits of the patches of all scales, (batch, patches), from coarse to fine."""
    images = keras.Input(judges[-1].input_shape[1:], name="images")
    logits = [
        judge(pyramid.Down(size, dtype="float32", name=f"image{index}")(images) if size != sizes[-1] else images)
        for index, (judge, size) in enumerate(zip(judges, sizes))
    ]
    return keras.Model(images, layers.Concatenate(dtype="float32", name="logits")(logits), name="discriminator")


def scale_generator(index: int, channels: int, *, width: int, depth: int) -> keras.Model:
    """Noise and, but for the coarsest scale, what the one below draws, in this scale's size, to images of any size."""
    noise = keras.Input((None, None, channels if index else 1), name="noise")
    x = Amplitude(1.0 if index == 0 else 0.0, name="amplitude")(noise)
    below = keras.Input((None, None, channels), name="below") if index else None
    if below is None:
        x = layers.Concatenate(name="planes")([x] * channels) if channels > 1 else x
    else:
        x = layers.Add(name="with_noise")([x, below])
    x = layers.ZeroPadding2D(depth, name="padded")(x)
    x = _convolutions(x, width=width, depth=depth, norm="batch")
    x = _convolution(x, channels, f"conv{depth}", bias=True)
    image = layers.Activation("tanh", dtype="float32", name="detail" if index else "image")(x)
    if below is None:
        return keras.Model(noise, image, name=f"scale{index}")
    image = layers.Add(dtype="float32", name="image")([image, below])
    return keras.Model([noise, below], image, name=f"scale{index}")


def scale_discriminator(index: int, size: tuple[int, int], channels: int, *, width: int, depth: int) -> keras.Model:
    """Images of one scale to the logits of their patches of 2 depth + 1 pixels, (batch, patches)."""
    images = keras.Input((*size, channels), name="images")
    x = _convolutions(images, width=width, depth=depth, norm="instance")
    x = _convolution(x, 1, f"conv{depth}", bias=True)
    logits = layers.Flatten(dtype="float32", name="logits")(x)
    return keras.Model(images, logits, name=f"discriminator{index}")


def _convolutions(x: Any, *, width: int, depth: int, norm: str) -> Any:
    """All but the last of a network's convolutions, without padding: a map loses a pixel on each side in each."""
    for index in range(1, depth):
        x = _convolution(x, width, f"conv{index}", bias=False)
        scales = keras.initializers.RandomNormal(1.0, 0.02)
        x = normalized(x, norm, gamma_initializer=scales, name=f"conv{index}_norm")
        x = leaky_relu(x, f"conv{index}")
    return x


def _convolution(x: Any, filters: int, name: str, *, bias: bool) -> Any:
    kernels = keras.initializers.RandomNormal(0.0, 0.02)
    return layers.Conv2D(filters, 3, kernel_initializer=kernels, use_bias=bias, name=name)(x)
