"""Self-attention over the places of a map (Zhang et al. 2019, 1805.08318)."""

from collections.abc import Callable
from typing import Any

import keras
from keras import layers, ops

__all__ = ["Gate", "self_attention"]


def self_attention(x: Any, convolution: Callable) -> Any:
    """x + gamma o(x), where o mixes the values of all positions by softmax of query times key (section 3, equation 3).

    Queries and keys have an eighth of the channels, values half; as in the authors' code, keys and values are
    pooled, and the products are not scaled.

    Args:
        x: maps (batch, height, width, channels).
        convolution: makes a layer of (filters, kernel_size, **options).
    """
    height, width, channels = x.shape[1:]

    def flat(filters: int, name: str, pool: bool = True) -> Any:
        y = convolution(filters, 1, use_bias=False, name=f"attention_{name}")(x)
        y = layers.MaxPooling2D(name=f"attention_{name}_pool")(y) if pool else y
        return layers.Reshape((-1, filters), name=f"attention_{name}_places")(y)

    narrow, half = max(1, channels // 8), max(1, channels // 2)
    query, key, value = flat(narrow, "query", pool=False), flat(narrow, "key"), flat(half, "value")
    mixed = layers.Attention(name="attention_mix")([query, value, key])
    mixed = layers.Reshape((height, width, half), name="attention_map")(mixed)
    mixed = convolution(channels, 1, use_bias=False, name="attention_output")(mixed)
    return layers.Add(name="attention")([x, Gate(name="attention_gate")(mixed)])


@keras.saving.register_keras_serializable("kerasgan")
class Gate(keras.layers.Layer):
    """gamma x with one learned number gamma, 0 at first: its input is blended in gradually."""

    def build(self, input_shape):
        self.gamma = self.add_weight(shape=(), initializer="zeros", name="gamma")
        self.built = True

    def call(self, inputs):
        return ops.cast(self.gamma, inputs.dtype) * inputs

    def compute_output_shape(self, input_shape):
        return input_shape
