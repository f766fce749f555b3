"""DeblurGAN: deblurring with a critic of sharp images as the learned prior of a deconvolution.

Kupyn et al.: DeblurGAN: Blind Motion Deblurring Using Conditional Adversarial Networks, 2018,
https://arxiv.org/abs/1711.07064; layer tables follow the authors' PyTorch code. The paper's model is blind: its only
input is the blurred image. If the kernel of the blur is known, `blind=False` adds Wiener's estimate as input (as Son
and Lee do in Fast Non-blind Deconvolution via Regularized Residual Networks, 2017), which contains the kernel's
information; `for_kernel` turns it into a model of blurred images for one kernel. Deviations: the content loss compares
pixels unless `features` are given, for which the paper uses VGG-19's third block ({"name": "vgg19",
"layer": "block3_conv3", "activated": False}, whose weights in PyTorch and in Keras have features of different sizes);
each of the critic's five steps has a batch of its own, where the authors use one for all; the gradient's norm is that
of the whole image, with a point of its own for each (1704.00028); blocks have both convolutions, which the authors'
code intended. Dropout is off when sampling.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from kerasgan.data import blur
from kerasgan.gan import ImageToImage
from kerasgan.layers import (
    ImageRange,
    ReflectionPadding2D,
    Split,
    dcgan_normal,
    leaky_relu,
    norm_relu,
    normalized,
    patch_logits,
    tanh_images,
)
from kerasgan.models.restoration import Restoration
from kerasgan.optimizers import for_both

__all__ = ["DeblurGAN", "WienerFilter", "discriminator", "generator"]


@keras.saving.register_keras_serializable("kerasgan")
class DeblurGAN(Restoration):
    """A residual generator of sharp images, trained on pixels or features and against a patch critic.

    Args:
        image_size: of training, int or (height, width): multiples of 2^halvings.
        channels: of the images.
        blind: whether the generator's inputs are blurred images alone; else with Wiener's estimates as further
            channels, as from the derivation `blurred` with `estimate=True`.
        noise: standard deviation of the noise, of images in [0, 1], that the estimates assume.
        halvings: of height and width before the residual blocks.
        blocks: residual blocks.
        width: channels next to the image; each halving doubles them.
        norm: of the generator: "instance" (paper), "batch", or "none", which preserves the range of images.
        dropout: between the convolutions of each block, in [0, 1).
        discriminator_width: of the critic's first layer; `width` if not given.
        patch_layers: strided convolutions of the critic; 3 classify patches of 70x70 pixels (paper).
        discriminator_norm: "instance" (paper), "batch", "layer" or "none".
        distance: of pixels and features, "squared" or "absolute".
        pixel_weight: of the distance of pixels.
        features: a network of images in [-1, 1] whose outputs are compared too, or a table of one of
            `kerasgan.models.feature_networks`.
        feature_layer: the layer of `features` whose output is compared; its last one if not given.
        feature_weight: of the distance of features; 100 in the paper.
        adversarial_weight: a number or a schedule of generator steps; 0 for none.

    Raises:
        ValueError: for noise that is not positive, or without a content loss.
    """

    tiny_config = MappingProxyType(dict(image_size=16, halvings=1, blocks=1, width=4, patch_layers=1))

    def __init__(
        self,
        *,
        image_size: int | tuple[int, int] = 256,
        channels: int = 3,
        blind: bool = True,
        noise: float = 0.01,
        halvings: int = 2,
        blocks: int = 9,
        width: int = 64,
        norm: str = "instance",
        dropout: float = 0.5,
        discriminator_width: int | None = None,
        patch_layers: int = 3,
        discriminator_norm: str = "instance",
        distance: str = "squared",
        pixel_weight: float = 100.0,
        features: keras.Model | Mapping[str, Any] | None = None,
        feature_layer: str | None = None,
        feature_weight: float = 100.0,
        adversarial_weight: Any = 1.0,
        name: str | None = None,
    ):
        if not noise > 0:
            raise ValueError(f"Expected a positive standard deviation. Received: noise={noise!r}")
        discriminator_width = discriminator_width or width
        sizes = dict(halvings=halvings, blocks=blocks, width=width)
        losses = dict(
            distance=distance,
            pixel_weight=pixel_weight,
            features=features,
            feature_layer=feature_layer,
            feature_weight=feature_weight,
            adversarial_weight=adversarial_weight,
        )
        super().__init__(
            generator(channels, blind=blind, **sizes, norm=norm, dropout=dropout),
            discriminator(channels, width=discriminator_width, patch_layers=patch_layers, norm=discriminator_norm),
            image_size=image_size,
            multiple=2**halvings,
            smallest=max(4, 2 * 2**halvings),
            name=name,
            **losses,
        )
        self.blind, self.noise, self.takes_kernel = blind, noise, not blind
        self.resolve_arguments(discriminator_width=discriminator_width)

    def default_compile_args(self):
        """Section 3.1, and 4.2: five steps of the critic for each of the generator."""
        optimizers = for_both(lambda: keras.optimizers.Adam(1e-4, beta_1=0.5, beta_2=0.999, epsilon=1e-8))
        return {
            "objective": "wasserstein",
            "penalties": ["gradient_penalty"],
            "discriminator_steps": 5,
            **optimizers,
        }

    def for_kernel(self, kernel: Any, *, noise: float | None = None) -> ImageToImage:
        """A model of blurred images for a known kernel, with this model's networks, to predict and to export.

        Its receptive field is large: tiles of large images need more overlap, `predict(images, overlap=192)`.

        Args:
            kernel: an array (height, width) with odd sides, or a table such as `{"name": "defocus", "radius": 3}`; see
                `kerasgan.data.blur.kernel`.
            noise: standard deviation of the noise, of images in [0, 1]; that of the training if not given.

        Raises:
            ValueError: for a blind model, or for a kernel or noise that `kerasgan.data.blur.inverse` refuses.
        """
        if self.blind:
            raise ValueError("Expected a model with blind=False: a blind one takes no kernel. Received: blind=True")
        images = keras.Input((None, None, self.image_shape[-1]), name="images")
        array, noise = blur.kernel(kernel), self.noise if noise is None else noise
        options = dict(kernel=array.tolist(), noise=noise)
        estimates = WienerFilter(**options, dtype="float32", name="estimates")(images)
        given = layers.Concatenate(dtype="float32", name="given")([images, estimates])
        network = keras.Model(images, self.sampler(given), name="generator")
        named = dict(kernel) if isinstance(kernel, Mapping) else {"name": "array", "shape": list(array.shape)}
        smallest = max(self.smallest, blur.REACH + 1)
        return self._for_choice(network, smallest=smallest, kernel={**named, "noise": noise})

    def _translate(self, pixels, direction=None, tiling=None, out=None):
        if not self.blind and pixels.shape[-1] == self.image_shape[-1]:
            raise ValueError(
                "Expected images followed by their estimates. For blurred images alone use a model of their kernel: "
                f"gan.for_kernel(kernel).predict(images). Received: shape={pixels.shape}"
            )
        return super()._translate(pixels, direction, tiling, out)

    def _columns(self, inputs: np.ndarray, targets: np.ndarray) -> list[np.ndarray]:
        """Blurred images, estimates if there are any, outputs, sharp images."""
        given = np.split(inputs, inputs.shape[-1] // targets.shape[-1], axis=-1)
        return [*given, self._translate(inputs), targets]


@keras.saving.register_keras_serializable("kerasgan")
class WienerFilter(keras.layers.Layer):
    """Wiener's estimates of images in [-1, 1] from blurred ones: `kerasgan.data.blur.estimates` as a layer.

    Args:
        kernel: rows of the kernel's weights.
        noise: standard deviation of the noise, of images in [0, 1].
        **options: of `keras.layers.Layer`.
    """

    def __init__(self, kernel: list[list[float]], noise: float, **options: Any):
        super().__init__(**options)
        self.kernel, self.noise = kernel, noise

    def build(self, input_shape):
        self.taps = np.concatenate([self._taps(level, input_shape[-1]) for level in blur.levels(self.noise)], axis=-1)

    def _taps(self, level: float, channels: int) -> np.ndarray:
        """(height, width, channels in, channels out), turned by half a turn, as networks correlate."""
        taps, directions = blur.filters(np.asarray(self.kernel), level, channels)
        return np.einsum("hwd,di,do->hwio", taps[::-1, ::-1], directions, directions)

    def call(self, inputs):
        side = blur.REACH, blur.REACH
        padded = ops.pad(inputs, ((0, 0), side, side, (0, 0)), mode="reflect")
        return ops.clip(ops.conv(padded, ops.convert_to_tensor(self.taps, inputs.dtype), padding="valid"), -1.0, 1.0)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], 2 * input_shape[-1])

    def get_config(self):
        return {**super().get_config(), "kernel": self.kernel, "noise": self.noise}


def generator(
    channels: int,
    *,
    blind: bool,
    halvings: int,
    blocks: int,
    width: int,
    norm: str = "instance",
    dropout: float = 0.5,
) -> keras.Model:
    """Blurred images, or [images | two estimates] of three times as many channels, to sharp ones (figure 3).

    The network's output is added to the image, or to its last estimate.
    """
    images = keras.Input((None, None, channels if blind else 3 * channels), name="images")
    # Without norms, initial signals must neither vanish nor disturb the image that they are added to.
    initializer, last = (dcgan_normal(), dcgan_normal()) if norm != "none" else ("he_normal", "zeros")
    x = _padded_convolution(images, width, 7, "stem", initializer)
    x = _activated(x, norm, "stem")
    for level in range(1, halvings + 1):
        x = layers.ZeroPadding2D(1, name=f"down{level}_pad")(x)
        x = layers.Conv2D(width * 2**level, 3, 2, kernel_initializer=initializer, name=f"down{level}")(x)
        x = _activated(x, norm, f"down{level}")
    for index in range(1, blocks + 1):
        x = _block(x, f"block{index}", initializer, norm=norm, dropout=dropout)
    for level in range(halvings, 0, -1):
        x = layers.Conv2DTranspose(width * 2 ** (level - 1), 3, 2, kernel_initializer=initializer, name=f"up{level}")(x)
        x = layers.Cropping2D(((1, 0), (1, 0)), name=f"up{level}_crop")(x)
        x = _activated(x, norm, f"up{level}")
    x = _padded_convolution(x, channels, 7, "image", last, dtype="float32")
    x = tanh_images(x)
    start = images if blind else Split([channels] * 3, dtype="float32", name="parts")(images)[-1]
    x = layers.Add(dtype="float32", name="image_sum")([start, x])
    return keras.Model(images, ImageRange(dtype="float32", name="range")(x), name="generator")


def discriminator(channels: int, *, width: int, patch_layers: int, norm: str = "instance") -> keras.Model:
    """Images to a map of logits, one for each patch."""
    images = keras.Input((None, None, channels), name="images")
    logits = patch_logits(images, width=width, patch_layers=patch_layers, norm=norm, affine=False)
    return keras.Model(images, logits, name="discriminator")


def _block(x, name: str, initializer: Any, *, norm: str, dropout: float):
    """Two convolutions, the second without an activation, beside the identity."""
    y = _padded_convolution(x, x.shape[-1], 3, f"{name}_conv1", initializer)
    y = _activated(y, norm, f"{name}_conv1")
    if dropout:
        y = layers.Dropout(dropout, name=f"{name}_dropout")(y)
    y = _padded_convolution(y, x.shape[-1], 3, f"{name}_conv2", dcgan_normal())
    y = normalized(y, norm, affine=False, name=f"{name}_conv2_norm")
    return layers.Add(name=f"{name}_sum")([x, y])


def _activated(x, norm: str, name: str):
    if norm == "none":  # rectified units would die, one after the other
        return leaky_relu(x, name)
    return norm_relu(x, name, norm, affine=False)


def _padded_convolution(x, filters: int, size: int, name: str, initializer: Any, *, dtype: str | None = None):
    x = ReflectionPadding2D(size // 2, name=f"{name}_pad")(x)
    return layers.Conv2D(filters, size, kernel_initializer=initializer, dtype=dtype, name=name)(x)
