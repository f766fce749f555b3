"""Gated linear units, and a quadrant of a map with that of its image."""

from typing import Any

import keras
from keras import ops

__all__ = ["GatedLinearUnit", "RandomQuadrant"]


@keras.saving.register_keras_serializable("kerasgan")
class GatedLinearUnit(keras.layers.Layer):
    """The first half of the channels times the logistic function of the second (Dauphin et al. 2017, 1612.08083).

    Args:
        activation: of the first half, by its name in Keras; none if not given.
        **options: of `keras.layers.Layer`.
    """

    def __init__(self, activation: str | None = None, **options: Any):
        super().__init__(**options)
        self.activation = keras.activations.get(activation)

    def call(self, inputs):
        half = inputs.shape[-1] // 2
        return self.activation(inputs[..., :half]) * ops.sigmoid(inputs[..., half:])

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], input_shape[-1] // 2)

    def get_config(self):
        return {**super().get_config(), "activation": keras.activations.serialize(self.activation)}


@keras.saving.register_keras_serializable("kerasgan")
class RandomQuadrant(keras.layers.Layer):
    """The same quarter of each of several maps of images: a random one in training, else the upper left one.

    Takes a list of maps (batch, height, width, channels) of even sides; returns a list of half their height and width.

    Args:
        seed: of the draws.
        **options: of `keras.layers.Layer`.
    """

    def __init__(self, *, seed: int | None = None, **options: Any):
        super().__init__(**options)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, inputs, training=None):
        index = keras.random.randint((), 0, 4, seed=self.seed_generator) if training else 0
        return [ops.take(_quadrants(maps), index, axis=0) for maps in inputs]

    def compute_output_shape(self, input_shape):
        return [(batch, height // 2, width // 2, channels) for batch, height, width, channels in input_shape]

    def get_config(self):
        return {**super().get_config(), "seed": self.seed}


def _quadrants(maps: Any) -> Any:
    """(4, batch, height / 2, width / 2, channels)."""
    rows = ops.split(maps, 2, axis=1)
    return ops.stack([quarter for row in rows for quarter in ops.split(row, 2, axis=2)])
