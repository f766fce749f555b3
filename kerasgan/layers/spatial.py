"""Label maps as inputs of networks, and normalization whose scale and offset depend on them (Park et al. 2019)."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from kerasgan.layers.normalization import normalized

__all__ = ["NearestColor", "Strided", "spatially_adaptive"]


@keras.saving.register_keras_serializable("kerasgan")
class NearestColor(keras.layers.Layer):
    """Pictures in [-1, 1] as one-hot maps (batch, height, width, colors) of the palette's nearest color.

    Squared distances of RGB; of equally near colors it is the first.

    Args:
        palette: colors, as numbers from 0 to 255 of each channel.
        **options: of `keras.layers.Layer`.
    """

    def __init__(self, palette: Sequence[Sequence[int]], **options: Any):
        super().__init__(**options)
        self.palette = [[int(value) for value in color] for color in palette]

    def call(self, inputs):
        colors = np.asarray(self.palette, "float32") / 127.5 - 1
        # |x - c|^2 without |x|^2; float32, as the differences between neighboring colors are small
        kernel = ops.convert_to_tensor(-2 * colors.T[np.newaxis, np.newaxis], "float32")
        squares = ops.convert_to_tensor(np.square(colors).sum(axis=1), "float32")
        distances = ops.conv(ops.cast(inputs, "float32"), kernel, padding="valid") + squares
        # not ops.argmin, which takes an operation of TensorFlow that ONNX lacks
        near = ops.cast(distances <= ops.min(distances, axis=-1, keepdims=True), "float32")
        earlier = np.triu(np.ones((len(colors), len(colors)), "float32"), 1)[np.newaxis, np.newaxis]
        first = ops.cast(ops.conv(near, ops.convert_to_tensor(earlier), padding="valid") < 0.5, "float32")
        return ops.cast(near * first, self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], len(self.palette))

    def get_config(self):
        return {**super().get_config(), "palette": self.palette}


@keras.saving.register_keras_serializable("kerasgan")
class Strided(keras.layers.Layer):
    """Every `factor`-th row and column, from the first on: a label map made smaller without mixing labels.

    Args:
        factor: by which height and width shrink; PyTorch's nearest interpolation is the same where it divides both.
        **options: of `keras.layers.Layer`.
    """

    def __init__(self, factor: int, **options: Any):
        super().__init__(**options)
        self.factor = factor

    def call(self, inputs):
        return inputs[:, :: self.factor, :: self.factor]

    def compute_output_shape(self, input_shape):
        batch, *sides, channels = input_shape
        return (batch, *(None if side is None else -(-side // self.factor) for side in sides), channels)

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}


def spatially_adaptive(
    x: Any, labels: Any, name: str, *, norm: str = "batch", hidden: int = 128, initializer: Any = "glorot_normal"
) -> Any:
    """SPADE: normalized maps, times 1 + gamma, plus beta, both of which convolutions make of the labels at each place.

    Park et al. 2019 (1903.07291), equations 1 and 2, and figure 2.

    Args:
        x: maps (batch, height, width, channels).
        labels: one-hot maps (batch, height, width, labels) of the same height and width.
        name: prefix of its layers' names.
        norm: as of `kerasgan.layers.normalized`, without scales and offsets of its own.
        hidden: channels of the first convolution of the labels.
        initializer: of the convolutions' kernels.
    """

    def convolution(filters: int, part: str, **options: Any) -> keras.layers.Layer:
        initial = keras.initializers.get(initializer)
        initial = initial.clone() if isinstance(initial, keras.initializers.Initializer) else initial
        return layers.Conv2D(filters, 3, padding="same", kernel_initializer=initial, name=f"{name}_{part}", **options)

    channels = x.shape[-1]
    x = normalized(x, norm, affine=False, name=f"{name}_norm")
    shared = convolution(hidden, "labels", activation="relu")(labels)
    scaled = layers.Multiply(name=f"{name}_scaled")([x, convolution(channels, "gamma")(shared)])
    return layers.Add(name=name)([x, scaled, convolution(channels, "beta")(shared)])
