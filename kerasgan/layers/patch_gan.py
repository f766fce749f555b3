"""PatchGAN, the discriminator of image-to-image families: a logit for each of many overlapping patches (1611.07004)."""

from typing import Any

from keras import layers

from kerasgan.layers.activations import leaky_relu
from kerasgan.layers.dcgan import dcgan_convolution, dcgan_normal
from kerasgan.layers.normalization import normalized

__all__ = ["patch_logits"]


def patch_logits(x: Any, *, width: int, patch_layers: int, norm: str, affine: bool = True) -> Any:
    """Maps to logits (batch, height, width, 1), one for each of many overlapping patches.

    Args:
        x: maps (batch, height, width, channels).
        width: filters of the first layer; they double to 8 times that.
        patch_layers: 1 to 5 strided layers of 4x4 for patches of 16, 34, 70, 142, 286 pixels; 0 for two layers of 1x1.
        norm: as of `kerasgan.layers.normalized`, from the second layer on.
        affine: whether the norms have scales and offsets; layers before norms without have biases.
    """
    kernel = 4 if patch_layers else 1
    for level in range(max(patch_layers, 1) + 1):
        name, own = f"down{level}", norm if level else "none"
        bias = own == "none" or not affine
        strides = 2 if level < patch_layers else 1
        x = _convolution(x, width * min(2**level, 8), kernel, name, strides=strides, use_bias=bias)
        x = normalized(x, own, affine=affine, gamma_initializer=dcgan_normal(1.0), name=f"{name}_norm")
        x = leaky_relu(x, name)
    return _convolution(x, 1, kernel, "logits", dtype="float32")


def _convolution(x: Any, filters: int, kernel: int, name: str, *, strides: int = 1, **options: Any) -> Any:
    """A convolution that pads one pixel on each side, as PyTorch's: 4x4 without strides loses one pixel."""
    padding = "same" if strides == 2 or kernel == 1 else "valid"
    if padding == "valid":
        x = layers.ZeroPadding2D(1, name=f"{name}_pad")(x)
    return dcgan_convolution(x, filters, kernel, name, strides=strides, padding=padding, **options)
