"""Maxout units (Goodfellow et al. 2013, 1302.4389)."""

from typing import Any

import keras
from keras import ops

__all__ = ["Maxout", "MaxoutConv2D"]


def _largest_piece(outputs: Any, units: int, pieces: int) -> Any:
    """The maximum over consecutive groups of `pieces` entries of the last axis, which has units * pieces."""
    return ops.max(ops.reshape(outputs, (-1, *outputs.shape[1:-1], units, pieces)), axis=-1)


@keras.saving.register_keras_serializable("kerasgan")
class Maxout(keras.layers.Dense):
    """A dense layer whose unit j is the largest of its `pieces` linear pieces (Goodfellow et al. 2013, 1302.4389).

    Unit j owns the columns j * pieces ... (j + 1) * pieces - 1 of the kernel, each with its own bias.

    Args:
        units: outputs.
        pieces: linear pieces per output.
        **options: of `keras.layers.Dense`.
    """

    def __init__(self, units: int, pieces: int, **options: Any):
        super().__init__(units * pieces, **options)
        self.pieces = pieces

    def call(self, inputs, training=None):
        return _largest_piece(super().call(inputs, training=training), self.units // self.pieces, self.pieces)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units // self.pieces)

    def get_config(self):
        return {**super().get_config(), "units": self.units // self.pieces, "pieces": self.pieces}


@keras.saving.register_keras_serializable("kerasgan")
class MaxoutConv2D(keras.layers.Conv2D):
    """A convolution whose output channel j is the largest of `pieces` consecutive channels (1302.4389, section 2).

    Args:
        filters: output channels.
        kernel_size: as in `keras.layers.Conv2D`.
        pieces: linear pieces per channel.
        **options: of `keras.layers.Conv2D`.
    """

    def __init__(self, filters: int, kernel_size: Any, pieces: int, **options: Any):
        super().__init__(filters * pieces, kernel_size, **options)
        self.pieces = pieces

    def call(self, inputs):
        return _largest_piece(super().call(inputs), self.filters // self.pieces, self.pieces)

    def compute_output_shape(self, input_shape):
        *outer, channels = super().compute_output_shape(input_shape)
        return (*outer, channels // self.pieces)

    def get_config(self):
        return {**super().get_config(), "filters": self.filters // self.pieces, "pieces": self.pieces}
