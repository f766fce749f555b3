"""SRGAN: super-resolution of photographs with adversarially learned detail, where squared errors leave blur.

Ledig et al.: Photo-Realistic Single Image Super-Resolution Using a Generative Adversarial Network, 2017,
https://arxiv.org/abs/1609.04802, figure 4. SRResNet is its generator, trained with `adversarial_weight=0`: the paper's
first phase, from whose weights the second one starts; a schedule of the weight puts both into one `fit`. The variant
"modified" is OpenMMLab's MSRResNet: no batch normalization, leaky ReLU, and the bilinearly enlarged image added at the
end. Inside the generator small images are in [0, 1] and large ones in [-1, 1] (section 3.2). Deviations: the
adversarial loss is averaged over the batch, where equation 6 sums; the distance of features is averaged over their
channels too, where equation 5 divides by height and width alone; slopes of PReLU are one for each channel, which the
paper does not specify.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import keras
from keras import layers

from kerasgan.data import checks
from kerasgan.gan.constructor_checks import check_choice
from kerasgan.layers import BilinearUpsampling2D, ImageRange, PixelShuffle, leaky_relu, normalized
from kerasgan.models.restoration import Restoration
from kerasgan.optimizers import for_both

__all__ = ["SRGAN", "discriminator", "modified_srresnet", "srresnet"]


@keras.saving.register_keras_serializable("kerasgan")
class SRGAN(Restoration):
    """A residual generator of images 2 or 4 times as large, trained on pixels or features and against a discriminator.

    Args:
        image_size: of the large images in training, which fixes the discriminator's size: int or (height, width).
        channels: of the images.
        scale: 2 or 4.
        variant: of the generator: "paper", or "modified", OpenMMLab's.
        blocks: residual blocks of the generator.
        width: channels of its maps.
        discriminator_width: channels of the discriminator's first map; `width` if not given.
        discriminator_norm: "batch" or "instance", or "none".
        distance: of pixels and features, "squared" or "absolute".
        pixel_weight: of the distance of pixels; 0 in the paper's SRGAN, which compares features instead.
        features: a network of images in [-1, 1] whose outputs are compared too, or a table of one of
            `kerasgan.models.feature_networks`: {"name": "vgg19", "weights": "imagenet"}.
        feature_layer: the layer of `features` whose output is compared; its last one if not given.
        feature_weight: of the distance of features.
        adversarial_weight: a number or a schedule of generator steps; 0 for SRResNet.

    Raises:
        ValueError: for another scale or variant, or without a content loss.
    """

    tiny_config = MappingProxyType(dict(image_size=16, blocks=1, width=4))

    def __init__(
        self,
        *,
        image_size: int | tuple[int, int] = 96,
        channels: int = 3,
        scale: int = 4,
        variant: str = "paper",
        blocks: int = 16,
        width: int = 64,
        discriminator_width: int | None = None,
        discriminator_norm: str = "batch",
        distance: str = "squared",
        pixel_weight: float = 1.0,
        features: keras.Model | Mapping[str, Any] | None = None,
        feature_layer: str | None = None,
        feature_weight: float = 1.0,
        adversarial_weight: Any = 1e-3,
        name: str | None = None,
    ):
        check_choice("variant", variant, GENERATORS)
        check_choice("scale", scale, (2, 4))
        discriminator_width = discriminator_width or width
        losses = dict(
            distance=distance,
            pixel_weight=pixel_weight,
            features=features,
            feature_layer=feature_layer,
            feature_weight=feature_weight,
            adversarial_weight=adversarial_weight,
        )
        super().__init__(
            GENERATORS[variant](channels, scale=scale, blocks=blocks, width=width),
            discriminator(image_size, channels, width=discriminator_width, norm=discriminator_norm),
            image_size=image_size,
            scale=scale,
            name=name,
            **losses,
        )
        self.resolve_arguments(discriminator_width=discriminator_width)

    def default_compile_args(self):
        """Section 3.2; the paper lowers the rate to 1e-5 for the second half of the second phase."""
        return {**super().default_compile_args(), **for_both(lambda: keras.optimizers.Adam(1e-4, beta_1=0.9))}


def srresnet(channels: int, *, scale: int, blocks: int, width: int) -> keras.Model:
    """Images of any size to images `scale` times as large (figure 4, above)."""
    images = keras.Input((None, None, channels), name="images")
    x = layers.Rescaling(0.5, 0.5, name="unit")(images)
    x = skip = _prelu(layers.Conv2D(width, 9, padding="same", name="stem")(x), "stem")
    for index in range(1, blocks + 1):
        y = _prelu(_normalized_convolution(x, width, f"block{index}_conv1"), f"block{index}")
        y = _normalized_convolution(y, width, f"block{index}_conv2")
        x = layers.Add(name=f"block{index}_sum")([x, y])
    x = layers.Add(name="trunk_sum")([skip, _normalized_convolution(x, width, "trunk")])
    for level in range(1, scale.bit_length()):
        x = _prelu(_doubled(x, width, f"up{level}"), f"up{level}")
    x = layers.Conv2D(channels, 9, padding="same", dtype="float32", name="image")(x)
    return keras.Model(images, ImageRange(dtype="float32", name="range")(x), name="generator")


def modified_srresnet(channels: int, *, scale: int, blocks: int, width: int) -> keras.Model:
    """As `srresnet`, in OpenMMLab's variant, whose weights start small because of its residual paths."""
    images = keras.Input((None, None, channels), name="images")
    x = layers.Rescaling(0.5, 0.5, name="unit")(images)
    x = _leaky(_convolution(x, width, "stem"), "stem")
    for index in range(1, blocks + 1):
        y = layers.ReLU(name=f"block{index}_relu")(_convolution(x, width, f"block{index}_conv1"))
        y = _convolution(y, width, f"block{index}_conv2")
        x = layers.Add(name=f"block{index}_sum")([x, y])
    for level in range(1, scale.bit_length()):
        x = _doubled(x, width, f"up{level}", kernel_initializer="he_normal")
    x = _leaky(_convolution(x, width, "last"), "last")
    x = _convolution(x, channels, "image", dtype="float32")
    enlarged = BilinearUpsampling2D(scale, dtype="float32", name="enlarged")(images)
    x = layers.Add(dtype="float32", name="image_sum")([x, enlarged])
    return keras.Model(images, ImageRange(dtype="float32", name="range")(x), name="generator")


GENERATORS = {"paper": srresnet, "modified": modified_srresnet}


def discriminator(image_size: int | tuple[int, int], channels: int, *, width: int, norm: str = "batch") -> keras.Model:
    """Images of one size to logits (figure 4, below)."""
    images = keras.Input((*checks.pair(image_size), channels), name="images")
    x = images
    for level in range(4):
        for strides in (1, 2):
            name = f"conv{level + 1}_{strides}"
            x = layers.Conv2D(width * 2**level, 3, strides, "same", name=name)(x)
            x = normalized(x, norm if level or strides == 2 else "none", name=f"{name}_norm")
            x = leaky_relu(x, name)
    x = layers.Dense(16 * width, name="dense")(layers.Flatten(name="flat")(x))
    x = leaky_relu(x, "dense")
    return keras.Model(images, layers.Dense(1, dtype="float32", name="logits")(x), name="discriminator")


def _normalized_convolution(x, filters: int, name: str):
    return normalized(layers.Conv2D(filters, 3, padding="same", name=name)(x), "batch", name=f"{name}_norm")


def _prelu(x, name: str):
    quarter = keras.initializers.Constant(0.25)
    return layers.PReLU(alpha_initializer=quarter, shared_axes=[1, 2], name=f"{name}_prelu")(x)


def _doubled(x, width: int, name: str, *, kernel_initializer: Any = "glorot_uniform"):
    """Twice as high and wide, each pixel's four from channels of their own."""
    x = layers.Conv2D(4 * width, 3, padding="same", kernel_initializer=kernel_initializer, name=name)(x)
    return PixelShuffle(2, name=f"{name}_shuffle")(x)


def _convolution(x, filters: int, name: str, *, dtype: str | None = None):
    small = keras.initializers.VarianceScaling(0.02, "fan_in", "untruncated_normal")  # a tenth of He's deviation
    return layers.Conv2D(filters, 3, padding="same", kernel_initializer=small, dtype=dtype, name=name)(x)


def _leaky(x, name: str):
    return layers.LeakyReLU(negative_slope=0.1, name=f"{name}_lrelu")(x)
