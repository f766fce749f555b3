"""Context encoder: fills holes of pictures with what their surroundings suggest.

Pathak, Krähenbühl, Donahue, Darrell, Efros: Context Encoders: Feature Learning by Inpainting, 2016,
https://arxiv.org/abs/1604.07379. Layer tables, loss and rates follow the authors' Torch code (train_random.lua, which
makes whole pictures). With `gated=True`, for holes of any shape, both networks are those of Yu et al. 2019,
https://arxiv.org/abs/1806.03589, with one of its two stages and without contextual attention: gated convolutions, some
of them dilated, and a spectrally normalized patch discriminator that receives the hole. Deviations: the hole is an
alpha channel of the input, which the encoder sees; it is mid gray, not ImageNet's mean; known pixels are kept, so that
the discriminator receives the completed picture, and the distance to the target is the mean over the hole.
"""

from types import MappingProxyType
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from kerasgan.data import holes
from kerasgan.gan import ImageToImage
from kerasgan.layers import (
    Completed,
    HoleSplit,
    SpectralConv2D,
    dcgan_convolution,
    dcgan_normal,
    dcgan_transposed,
    gated_convolution,
    leaky_relu,
    norm_relu,
    normalized,
    tanh_images,
)

__all__ = ["ContextEncoder", "discriminator", "gated_discriminator", "gated_generator", "generator"]

DILATIONS = (2, 4, 8, 16)  # of the gated generator's innermost maps


@keras.saving.register_keras_serializable("kerasgan")
class ContextEncoder(ImageToImage):
    """Encoder, code and decoder, trained to fill holes of pictures: their inputs have alpha, transparent in holes.

    `predict(pictures, mask=holes)`, or `predict` of pictures with alpha (such as RGBA), returns completed pictures.

    Args:
        image_size: of training: 4 times a power of two, from 16 on; with `gated` a multiple of 4.
        channels: of the pictures; the inputs have alpha besides.
        gated: whether the networks are those for holes of any shape (Yu et al. 2019).
        width: channels next to the picture: 64 in the paper; 24 of gated maps in Yu et al.
        discriminator_width: the same for the discriminator, `width` if not given.
        bottleneck: size of the code between encoder and decoder; not used if `gated`.
        discriminator_norm: "batch" (paper), "instance", "layer" or "none"; not used if `gated`.
        pixel_weight: of the distance in the hole, squared (paper) or, if `gated`, absolute differences.
        adversarial_weight: of the adversarial loss, 1 in Yu et al.

    Raises:
        ValueError: for a size that the halvings do not divide.
    """

    tiny_config = MappingProxyType(dict(image_size=16, width=4, bottleneck=8))

    extra_metrics = ("hole_loss", "adversarial_loss")

    def __init__(
        self,
        *,
        image_size: int = 128,
        channels: int = 3,
        gated: bool = False,
        width: int = 64,
        discriminator_width: int | None = None,
        bottleneck: int = 4000,
        discriminator_norm: str = "batch",
        pixel_weight: float = 0.999,
        adversarial_weight: float = 0.001,
        name: str | None = None,
    ):
        halvings = 2 if gated else image_size.bit_length() - 3
        if image_size < 16 or image_size % 4 or (not gated and image_size != 4 << halvings):
            expected = "a multiple of 4" if gated else "4 times a power of two"
            raise ValueError(f"Expected image_size to be {expected}, from 16 on. Received: image_size={image_size}")
        own, shape = discriminator_width or width, (image_size, image_size, channels)
        networks = (
            (gated_generator(channels, width=width), gated_discriminator(channels, width=own))
            if gated
            else (
                generator(channels, halvings=halvings, width=width, bottleneck=bottleneck),
                discriminator(shape, halvings=halvings, width=own, norm=discriminator_norm),
            )
        )
        smallest = 16 if gated else image_size
        super().__init__(*networks, image_size=image_size, multiple=2**halvings, smallest=smallest, name=name)
        self.gated, self.pixel_weight, self.adversarial_weight = gated, pixel_weight, adversarial_weight
        self.resolve_arguments(discriminator_width=own)

    def default_compile_args(self):
        """The rates of the authors' code: the generator's is ten times the discriminator's; those of Yu et al."""
        rates = (1e-4, 1e-4) if self.gated else (2e-3, 2e-4)
        first, second = (keras.optimizers.Adam(rate, beta_1=0.5) for rate in rates)
        objective = "hinge" if self.gated else "non_saturating"
        return {"objective": objective, "generator_optimizer": first, "discriminator_optimizer": second}

    def generator_loss(self, batch):
        """pixel_weight L_rec + adversarial_weight L_adv (equation 3); L_rec is the mean over all holes of the batch."""
        hole = ops.cast(batch.inputs[..., -1:] < 0, "float32")
        difference = (batch.fake - batch.real) * hole
        distance = ops.abs(difference) if self.gated else ops.square(difference)
        area = ops.maximum(ops.sum(hole), 1.0) * self.image_shape[-1]
        rebuilt = ops.sum(distance) / area
        self.log("hole_loss", rebuilt)
        if not self.adversarial_weight:
            return self.pixel_weight * rebuilt
        adversarial = super().generator_loss(batch)
        self.log("adversarial_loss", adversarial)
        return self.pixel_weight * rebuilt + self.adversarial_weight * adversarial

    def predict(self, images: Any, *arguments: Any, mask: Any = None, **options: Any) -> Any:
        """Completed pictures, as `ImageToImage.predict`.

        Args:
            images: pictures as there, with alpha, or with `mask` without.
            *arguments: of `ImageToImage.predict`.
            mask: for pictures without alpha: where the holes are, an array (height, width) of one, or of all of them,
                or (count, height, width), that is true (or above 0) in them; a list for a list of pictures.
            **options: of `ImageToImage.predict`.

        Raises:
            ValueError: for a mask whose shape is not that of the pictures.
        """
        if mask is None:
            return super().predict(images, *arguments, **options)
        if isinstance(images, (list, tuple)):
            masks = mask if isinstance(mask, (list, tuple)) else [mask] * len(images)
            if len(masks) != len(images):
                raise ValueError(f"Expected a mask for each picture. Received: {len(masks)} for {len(images)}")
            images = [holes.with_hole(*pair) for pair in zip(images, masks)]
        else:
            images = holes.with_hole(images, mask)
        return super().predict(images, *arguments, **options)

    def _columns(self, inputs: np.ndarray, targets: np.ndarray) -> list[np.ndarray]:
        """Pictures with their holes, as they are, completed pictures, and targets."""
        return [inputs[..., :-1], self._translate(inputs), targets]


def generator(channels: int, *, halvings: int, width: int, bottleneck: int) -> keras.Model:
    """Pictures with alpha of sides that are multiples of 2^halvings to completed pictures, through one code."""
    images, picture, hole, x = _given(channels)
    filters = _filters(halvings, width)
    for level, units in enumerate(filters):
        x = dcgan_convolution(x, units, 4, f"down{level}", use_bias=not level)
        x = leaky_relu(_normalized(x, "batch" if level else "none", f"down{level}"), f"down{level}")
    x = dcgan_convolution(x, bottleneck, 4, "code", strides=1, padding="valid", use_bias=False)
    x = leaky_relu(_normalized(x, "batch", "code"), "code")
    x = dcgan_transposed(x, filters[-1], 4, "decode", strides=1, padding="valid", use_bias=False)
    x = norm_relu(x, "decode", gamma_initializer=dcgan_normal(1.0))
    for level in range(halvings - 1, 0, -1):
        x = dcgan_transposed(x, filters[level - 1], 4, f"up{level}", use_bias=False)
        x = norm_relu(x, f"up{level}", gamma_initializer=dcgan_normal(1.0))
    return _completed(images, dcgan_transposed(x, channels, 4, "up0"), picture, hole)


def discriminator(shape: tuple[int, int, int], *, halvings: int, width: int, norm: str = "batch") -> keras.Model:
    """Pictures to logits (batch, 1)."""
    images = keras.Input(shape, name="images")
    x = images
    for level, units in enumerate(_filters(halvings, width)):
        own = norm if level else "none"
        x = dcgan_convolution(x, units, 4, f"down{level}", use_bias=own == "none")
        x = leaky_relu(_normalized(x, own, f"down{level}"), f"down{level}")
    x = dcgan_convolution(x, 1, 4, "logit", strides=1, padding="valid", dtype="float32")
    return keras.Model(images, layers.Flatten(dtype="float32", name="logits")(x), name="discriminator")


def gated_generator(channels: int, *, width: int) -> keras.Model:
    """Pictures with alpha of sides that are multiples of 4 to completed pictures (1806.03589, figure 3, one stage)."""
    images, picture, hole, x = _given(channels)
    x = gated_convolution(x, width, 5, "stem")
    x = gated_convolution(x, 2 * width, 3, "down1", strides=2)
    x = gated_convolution(x, 2 * width, 3, "wide1")
    x = gated_convolution(x, 4 * width, 3, "down2", strides=2)
    x = gated_convolution(x, 4 * width, 3, "wide2")
    for dilation in DILATIONS:
        x = gated_convolution(x, 4 * width, 3, f"dilated{dilation}", dilation=dilation)
    x = gated_convolution(x, 4 * width, 3, "wide3")
    for level, units in ((2, 2 * width), (1, width)):
        x = layers.UpSampling2D(name=f"up{level}_double")(x)
        x = gated_convolution(x, units, 3, f"up{level}")
    x = gated_convolution(x, max(width // 2, 1), 3, "last")
    made = dcgan_convolution(x, channels, 3, "up0", strides=1, dtype="float32")
    return _completed(images, made, picture, hole)


def gated_discriminator(channels: int, *, width: int) -> keras.Model:
    """[Pictures, the inputs with their holes] to logits of patches (1806.03589, figure 4), with four strides."""
    images = keras.Input((None, None, channels), name="images")
    inputs = keras.Input((None, None, channels + 1), name="inputs")
    _, hole = HoleSplit(name="holes")(inputs)
    x = layers.Concatenate(name="joined")([images, hole])
    for level, factor in enumerate((1, 2, 4, 4)):
        options: dict[str, Any] = dict(padding="same", kernel_initializer=dcgan_normal(), name=f"down{level}")
        x = leaky_relu(SpectralConv2D(width * factor, 5, strides=2, **options)(x), f"down{level}")
    x = SpectralConv2D(1, 5, padding="same", kernel_initializer=dcgan_normal(), dtype="float32", name="logits")(x)
    return keras.Model([images, inputs], x, name="discriminator")


def _given(channels: int) -> tuple[Any, Any, Any, Any]:
    """The generator's input, its pictures, their holes, and both together."""
    images = keras.Input((None, None, channels + 1), name="images")
    picture, hole = HoleSplit(dtype="float32", name="holes")(images)  # known pixels stay as they are
    return images, picture, hole, layers.Concatenate(name="joined")([picture, hole])


def _completed(images: Any, made: Any, picture: Any, hole: Any) -> keras.Model:
    whole = Completed(dtype="float32", name="completed")([tanh_images(made), picture, hole])
    return keras.Model(images, whole, name="generator")


def _filters(halvings: int, width: int) -> list[int]:
    """Channels of each halving: the last four double, and those before are as wide as the first."""
    return [width * 2 ** max(level - max(halvings - 4, 0), 0) for level in range(halvings)]


def _normalized(x: Any, norm: str, name: str) -> Any:
    return normalized(x, norm, gamma_initializer=dcgan_normal(1.0), name=f"{name}_norm")
