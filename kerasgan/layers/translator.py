"""The residual generator of CycleGAN and CUT: halvings, blocks of one size, doublings (1703.10593, appendix 7.2)."""

from typing import Any

from keras import layers

from kerasgan.layers.activations import norm_relu, tanh_images
from kerasgan.layers.dcgan import dcgan_convolution, dcgan_transposed
from kerasgan.layers.normalization import normalized
from kerasgan.layers.shapes import ReflectionPadding2D

__all__ = ["residual_images"]


def residual_images(images: Any, channels: int, *, blocks: int, width: int, affine: bool = False) -> Any:
    """Images (batch, height, width, ...), of sides that are multiples of 4, to images in [-1, 1] of the same size.

    Args:
        images: symbolic.
        channels: of the result.
        blocks: residual blocks.
        width: channels next to the image, a quarter of those of the blocks.
        affine: whether the normalization scales and shifts each channel.
    """
    x = ReflectionPadding2D(3, name="stem_pad")(images)
    x = _normalized(_convolution(x, width, 7, "stem"), "stem", affine)
    for level in (1, 2):
        x = layers.ZeroPadding2D(1, name=f"down{level}_pad")(x)
        x = _normalized(_convolution(x, width * 2**level, 3, f"down{level}", strides=2), f"down{level}", affine)
    for index in range(1, blocks + 1):
        x = _block(x, width * 4, f"block{index}", affine)
    for level in (2, 1):
        x = dcgan_transposed(x, width * 2 ** (level - 1), 3, f"up{level}", padding="valid")
        x = layers.Cropping2D(((1, 0), (1, 0)), name=f"up{level}_crop")(x)
        x = _normalized(x, f"up{level}", affine)
    x = ReflectionPadding2D(3, name="image_pad")(x)
    x = _convolution(x, channels, 7, "image", dtype="float32")
    return tanh_images(x)


def _block(x: Any, filters: int, name: str, affine: bool) -> Any:
    """Two convolutions, the second without an activation, beside the identity."""
    y = ReflectionPadding2D(1, name=f"{name}_pad1")(x)
    y = _normalized(_convolution(y, filters, 3, f"{name}_conv1"), f"{name}_conv1", affine)
    y = ReflectionPadding2D(1, name=f"{name}_pad2")(y)
    y = _convolution(y, filters, 3, f"{name}_conv2")
    y = normalized(y, "instance", affine=affine, name=f"{name}_conv2_norm")
    return layers.Add(name=f"{name}_sum")([x, y])


def _normalized(x: Any, name: str, affine: bool) -> Any:
    return norm_relu(x, name, "instance", affine=affine)


def _convolution(x: Any, filters: int, kernel: int, name: str, *, strides: int = 1, dtype: str | None = None) -> Any:
    return dcgan_convolution(x, filters, kernel, name, strides=strides, padding="valid", dtype=dtype)
