"""Noise whose amplitude the training sets."""

from typing import Any

import keras

__all__ = ["Amplitude"]


@keras.saving.register_keras_serializable("kerasgan")
class Amplitude(keras.layers.Layer):
    """Inputs times a number that is kept with the weights, but not trained: the training assigns it.

    Args:
        start: the number at first.
        **options: of `keras.layers.Layer`.
    """

    def __init__(self, start: float = 1.0, **options: Any):
        super().__init__(**options)
        self.start = start

    def build(self, input_shape):
        start = keras.initializers.Constant(self.start)
        # Each device assigns the same number
        self.amplitude = self.add_weight((), initializer=start, trainable=False, aggregation="mean", name="amplitude")

    def call(self, inputs):
        return inputs * self.amplitude

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "start": self.start}
