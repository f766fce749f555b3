"""Progressive growing: networks that hold all resolutions, of which the finer ones fade in."""

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from kerasgan.layers.equalized import EqualizedConv2D, EqualizedDense, PixelNormalization
from kerasgan.layers.minibatch import MinibatchStdDev
from kerasgan.layers.pyramid import doublings as doubled_sizes
from kerasgan.layers.resampling import FIRResampling2D

__all__ = ["FadeIn", "equalized_convolution", "faded", "map_shapes", "progressive_logits", "to_rgb"]


@keras.saving.register_keras_serializable("kerasgan")
class FadeIn(keras.layers.Layer):
    """[finer, coarser] maps of one shape, blended by how far a network has grown (Karras et al. 2018, 1710.10196).

    `missing` is the number of doublings of the resolution still to come, fractional while one fades in. One layer
    serves a whole network: each call passes the number of doublings that `follow` the finer map's. The result is the
    finer map if `missing <= follow`, the coarser one if `missing >= follow + 1`, and a blend in between.

    Args:
        doublings: how many are missing at first.
        **options: of `keras.layers.Layer`.
    """

    def __init__(self, doublings: int = 0, **options: Any):
        super().__init__(**options)
        self.doublings = doublings

    def build(self, input_shape):
        self.missing = self.add_weight(
            (),
            initializer=keras.initializers.Constant(self.doublings),
            trainable=False,
            autocast=False,
            aggregation="only_first_replica",
            name="missing",
        )

    def call(self, inputs, follow=0):
        return _blend(*inputs, self.missing - follow)

    def compute_output_shape(self, input_shape):
        return tuple(input_shape[0])

    def get_config(self):
        return {**super().get_config(), "doublings": self.doublings}


def faded(images: Any, missing: Any, *, doublings: int) -> Any:
    """Images without the detail that a network with `missing` doublings (0 to `doublings`) cannot produce."""
    pyramid = [images]
    for _ in range(doublings):
        pyramid.append(ops.average_pool(pyramid[-1], 2, strides=2))
    coarser = pyramid[-1]
    for follow in range(doublings - 1, -1, -1):
        coarser = ops.repeat(ops.repeat(coarser, 2, axis=1), 2, axis=2)
        coarser = _blend(pyramid[follow], coarser, missing - follow)
    return coarser


def _blend(finer: Any, coarser: Any, share: Any) -> Any:
    share = ops.cast(ops.clip(share, 0.0, 1.0), finer.dtype)
    return finer + share * (coarser - finer)


def map_shapes(image_size: int | Sequence[int], *, base: int, limit: int) -> list[tuple[int, int, int]]:
    """(height, width, channels) from a map of 4 to 7 pixels at its shorter side to the image, each twice those before.

    Args:
        image_size: an int or (height, width).
        base: channels times 4 of the first map, times 8 of the second, and so on.
        limit: the most channels.

    Raises:
        ValueError: for a size that doublings do not give, or where no channels are left.
    """
    sizes = doubled_sizes(image_size)
    sides = [4 * 2**index for index in range(len(sizes))]
    if base < sides[-1] or limit < 1:
        expected = f"Expected a channel_base of {sides[-1]} or more, and a positive channel_limit"
        raise ValueError(f"{expected}. Received: channel_base={base}, channel_limit={limit}")
    return [(*size, min(base // side, limit)) for size, side in zip(sizes, sides)]


def progressive_logits(
    images: Any,
    maps: Sequence[tuple[int, int, int]],
    *,
    group_size: int,
    doublings: int,
    blur: bool = False,
    classes: int = 1,
) -> Any:
    """Images to logits (batch, classes): the discriminator of Progressive GAN and StyleGAN, with its layer `fade`.

    Args:
        images: of the size of the last map.
        maps: (height, width, channels), from the smallest.
        group_size: images that are compared (`MinibatchStdDev`).
        doublings: how many are missing at first.
        blur: whether features are smoothed before they are halved, as StyleGAN's are.
        classes: how many logits.
    """
    fade = FadeIn(doublings, name="fade")
    x = equalized_convolution(images, maps[-1][-1], f"image{len(maps)}", kernel_size=1)
    for index in range(len(maps), 1, -1):
        width = maps[index - 2][-1]
        x = equalized_convolution(x, maps[index - 1][-1], f"conv{index}")
        x = FIRResampling2D((1, 2, 1), name=f"down{index}_blur")(x) if blur else x
        x = equalized_convolution(x, width, f"down{index}")
        x = layers.AveragePooling2D(2, name=f"down{index}_pool")(x)
        images = layers.AveragePooling2D(2, name=f"image{index}_pool")(images)
        coarser = equalized_convolution(images, width, f"image{index - 1}", kernel_size=1)
        x = fade([x, coarser], follow=len(maps) - index)
    width = x.shape[-1]
    x = equalized_convolution(MinibatchStdDev(group_size, name="deviation")(x), width, "conv1")
    x = layers.Flatten(name="flat")(x)
    x = EqualizedDense(width, gain=math.sqrt(2), activation="leaky_relu", name="dense")(x)
    return EqualizedDense(classes, dtype="float32", name="logit")(x)


def equalized_convolution(
    x: Any, filters: int, name: str, *, kernel_size: int = 3, normalize: bool = False, root_epsilon: float = 0.0
) -> Any:
    """With He's gain and a leaky ReLU, and optional pixel normalization after it."""
    options: dict[str, Any] = dict(gain=math.sqrt(2), padding="same", activation="leaky_relu")
    x = EqualizedConv2D(filters, kernel_size, name=name, **options)(x)
    return PixelNormalization(root_epsilon=root_epsilon, name=f"{name}_norm")(x) if normalize else x


def to_rgb(x: Any, channels: int, name: str) -> Any:
    """A map to an image of its size, or of other channels than red, green and blue: a 1x1 convolution."""
    return EqualizedConv2D(channels, 1, name=name)(x)
