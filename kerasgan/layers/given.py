"""Latents and classes beside other inputs: joined to maps at every place, or one that is part of the network."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

__all__ = ["GivenClass", "GivenLatents", "WithLatents"]


@keras.saving.register_keras_serializable("kerasgan")
class WithLatents(keras.layers.Layer):
    """[Maps (batch, height, width, channels), latents (batch, size)] to maps with the latents as further channels."""

    def call(self, inputs):
        maps, points = inputs
        everywhere = ops.zeros_like(maps[..., :1]) + ops.cast(points, maps.dtype)[:, None, None, :]
        return ops.concatenate([maps, everywhere], axis=-1)

    def compute_output_shape(self, input_shape):
        maps, points = input_shape
        return (*maps[:-1], maps[-1] + points[-1])


@keras.saving.register_keras_serializable("kerasgan")
class GivenLatents(keras.layers.Layer):
    """The same latents (batch, size) for every image of a batch.

    Args:
        point: the numbers.
        **options: of `keras.layers.Layer`.
    """

    def __init__(self, point: Sequence[float], **options: Any):
        super().__init__(**options)
        self.point = [float(each) for each in point]

    def call(self, inputs):
        ones = ops.ones_like(inputs[:, 0, 0, :1])
        return ones * ops.convert_to_tensor([self.point], dtype=inputs.dtype)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], len(self.point))

    def get_config(self):
        return {**super().get_config(), "point": self.point}


@keras.saving.register_keras_serializable("kerasgan")
class GivenClass(keras.layers.Layer):
    """The same class (batch,) for every row of any inputs (batch, ...).

    Args:
        label: the class.
        **options: of `keras.layers.Layer`.
    """

    def __init__(self, label: int, **options: Any):
        super().__init__(**options)
        self.label = label

    def call(self, inputs):
        return ops.full((ops.shape(inputs)[0],), self.label, dtype="int32")

    def compute_output_spec(self, inputs):
        return keras.KerasTensor((inputs.shape[0],), dtype="int32")

    def get_config(self):
        return {**super().get_config(), "label": self.label}
