"""Dropout as noise that stays on when sampling."""

from typing import Any

import keras
import numpy as np
from keras import ops

__all__ = ["FrozenDropout"]

CELL = 16  # height and width of the mask, which is repeated over larger maps


@keras.saving.register_keras_serializable("kerasgan")
class FrozenDropout(keras.layers.Dropout):
    """Dropout in training; when sampling, one fixed mask, the same for all images and in every exported file.

    Args:
        rate: share of the maps' entries that become 0; the others are divided by 1 - rate.
        mask_seed: an int or several, from which the mask is drawn.
        **options: of `keras.layers.Dropout`.
    """

    def __init__(self, rate: float, *, mask_seed: Any, **options: Any):
        super().__init__(rate, **options)
        self.mask_seed = mask_seed

    def build(self, input_shape):
        drawn = np.random.default_rng(self.mask_seed).random((CELL, CELL, input_shape[-1]))
        self.mask = (drawn >= self.rate).astype("float32") / (1 - self.rate)

    def call(self, inputs, training=False):
        if training:
            return super().call(inputs, training=True)
        rows, columns = (
            ops.cumsum(ops.ones_like(line, dtype="int32")) - 1 for line in (inputs[0, :, 0, 0], inputs[0, 0, :, 0])
        )
        mask = ops.take(ops.convert_to_tensor(self.mask), ops.mod(rows, CELL), axis=0)
        mask = ops.take(mask, ops.mod(columns, CELL), axis=1)
        return inputs * ops.cast(mask, inputs.dtype)

    def get_config(self):
        return {**super().get_config(), "mask_seed": self.mask_seed}
