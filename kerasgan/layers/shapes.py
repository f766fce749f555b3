"""Layers without weights that take maps and vectors apart, or enlarge them."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import keras
from keras import ops

__all__ = ["ImageRange", "ReflectionPadding2D", "Split", "SumPooling", "Unstack"]


@keras.saving.register_keras_serializable("kerasgan")
class Split(keras.layers.Layer):
    """Vectors or maps (batch, ..., sum of sizes) as a list of consecutive parts (batch, ..., size), one for each size.

    Args:
        sizes: features of each part.
        **options: of `keras.layers.Layer`.
    """

    def __init__(self, sizes: Sequence[int], **options: Any):
        super().__init__(**options)
        self.sizes = tuple(sizes)

    def call(self, inputs):
        stops = list(accumulate(self.sizes))
        return [inputs[..., stop - size : stop] for size, stop in zip(self.sizes, stops)]

    def compute_output_shape(self, input_shape):
        return [(*input_shape[:-1], size) for size in self.sizes]

    def get_config(self):
        return {**super().get_config(), "sizes": self.sizes}


@keras.saving.register_keras_serializable("kerasgan")
class SumPooling(keras.layers.Layer):
    """The sum over height and width: (batch, height, width, channels) to (batch, channels)."""

    def call(self, inputs):
        return ops.sum(inputs, axis=(1, 2))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], input_shape[-1])


@keras.saving.register_keras_serializable("kerasgan")
class ReflectionPadding2D(keras.layers.Layer):
    """Maps continued on all four sides by their mirror image, without repeating the border itself.

    Args:
        padding: pixels on each side, below the height and the width of the maps.
        **options: of `keras.layers.Layer`.
    """

    def __init__(self, padding: int, **options: Any):
        super().__init__(**options)
        self.padding = padding

    def call(self, inputs):
        side = (self.padding, self.padding)
        return ops.pad(inputs, ((0, 0), side, side, (0, 0)), mode="reflect")

    def compute_output_shape(self, input_shape):
        batch, *sides, channels = input_shape
        return (batch, *(None if side is None else side + 2 * self.padding for side in sides), channels)

    def get_config(self):
        return {**super().get_config(), "padding": self.padding}


@keras.saving.register_keras_serializable("kerasgan")
class Unstack(keras.layers.Layer):
    """(batch, count, ...) as a list of `count` parts (batch, ...)."""

    def call(self, inputs):
        return [inputs[:, index] for index in range(inputs.shape[1])]

    def compute_output_shape(self, input_shape):
        return [(input_shape[0], *input_shape[2:])] * input_shape[1]


@keras.saving.register_keras_serializable("kerasgan")
class ImageRange(keras.layers.Layer):
    """Images of a linear last layer: as they are in training, where a bound would hide gradients, else in [-1, 1]."""

    def call(self, inputs, training=None):
        return inputs if training else ops.clip(inputs, -1.0, 1.0)

    def compute_output_shape(self, input_shape):
        return input_shape
