"""Layers without weights that split, sum, pad, rearrange or enlarge maps and vectors."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import keras
from keras import ops

__all__ = [
    "BilinearUpsampling2D",
    "ImageRange",
    "PixelShuffle",
    "PixelUnshuffle",
    "ReflectionPadding2D",
    "Split",
    "SumPooling",
    "Unstack",
]


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
    """Maps padded on all four sides by reflection, without repeating the border itself.

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
    """Images of a linear last layer: unchanged in training, where clipping would remove gradients, else in [-1, 1]."""

    def call(self, inputs, training=None):
        return inputs if training else ops.clip(inputs, -1.0, 1.0)

    def compute_output_shape(self, input_shape):
        return input_shape


class _Rescaled(keras.layers.Layer):
    """Maps whose height and width change by a whole factor."""

    def __init__(self, factor: int, **options: Any):
        super().__init__(**options)
        self.factor = factor

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}


@keras.saving.register_keras_serializable("kerasgan")
class PixelShuffle(_Rescaled):
    """(batch, height, width, factor^2 channels) to (batch, factor height, factor width, channels) (1609.05158).

    Channel (i factor + j) channels + c becomes channel c of the pixel in row i and column j of a cell, the order of
    TensorFlow's `depth_to_space`; PyTorch's is c factor^2 + i factor + j.

    Args:
        factor: by which height and width grow.
        **options: of `keras.layers.Layer`.
    """

    def call(self, inputs):
        height, width = ops.shape(inputs)[1:3]
        factor, channels = self.factor, inputs.shape[-1] // self.factor**2
        cells = ops.reshape(inputs, (-1, height, width, factor, factor, channels))
        cells = ops.transpose(cells, (0, 1, 3, 2, 4, 5))
        return ops.reshape(cells, (-1, height * factor, width * factor, channels))

    def compute_output_shape(self, input_shape):
        batch, *sides, channels = input_shape
        sides = [None if side is None else side * self.factor for side in sides]
        return (batch, *sides, channels // self.factor**2)


@keras.saving.register_keras_serializable("kerasgan")
class PixelUnshuffle(_Rescaled):
    """The inverse of `PixelShuffle`: each cell of factor x factor pixels becomes one of factor^2 as many channels.

    Args:
        factor: of which height and width are multiples.
        **options: of `keras.layers.Layer`.
    """

    def call(self, inputs):
        height, width = (side // self.factor for side in ops.shape(inputs)[1:3])
        factor, channels = self.factor, inputs.shape[-1]
        cells = ops.reshape(inputs, (-1, height, factor, width, factor, channels))
        cells = ops.transpose(cells, (0, 1, 3, 2, 4, 5))
        return ops.reshape(cells, (-1, height, width, factor**2 * channels))

    def compute_output_shape(self, input_shape):
        batch, *sides, channels = input_shape
        sides = [None if side is None else side // self.factor for side in sides]
        return (batch, *sides, channels * self.factor**2)


@keras.saving.register_keras_serializable("kerasgan")
class BilinearUpsampling2D(_Rescaled):
    """Maps enlarged by linear interpolation between the centers of pixels; beyond the outermost they stay constant.

    `keras.layers.UpSampling2D` computes the same, but not in ONNX files with dynamic height and width.

    Args:
        factor: by which height and width grow.
        **options: of `keras.layers.Layer`.
    """

    def call(self, inputs):
        for axis in (1, 2):
            inputs = self._along(inputs, axis)
        return inputs

    def _along(self, maps: Any, axis: int) -> Any:
        first, last = ([slice(None)] * axis + [slice(*ends)] for ends in ((None, 1), (-1, None)))
        head, tail = ([slice(None)] * axis + [slice(*ends)] for ends in ((None, -1), (1, None)))
        before = ops.concatenate([maps[tuple(first)], maps[tuple(head)]], axis)
        after = ops.concatenate([maps[tuple(tail)], maps[tuple(last)]], axis)
        centers = [(phase + 0.5) / self.factor - 0.5 for phase in range(self.factor)]  # -1/2 to 1/2 of a pixel
        phases = [maps + abs(way) * ((before if way < 0 else after) - maps) for way in centers]
        shape = [-1, *ops.shape(maps)[1:]]
        shape[axis] = shape[axis] * self.factor
        return ops.reshape(ops.stack(phases, axis + 1), shape)

    def compute_output_shape(self, input_shape):
        batch, *sides, channels = input_shape
        return (batch, *(None if side is None else side * self.factor for side in sides), channels)
