"""The copy of a network that is exported: its weights in float32, in layers that other runtimes support."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import keras
from keras import ops

from kerasgan.gan.policy import under_policy, without_values
from kerasgan.keras_internals import initialize

__all__ = ["HALF", "exactly", "portable"]

HALF = ("float16", "bfloat16")


def portable(network: keras.Model) -> keras.Model:
    """The same network with the same weights in float32 and on the CPU, whatever its dtype policy and device."""

    def rebuilt(layer: keras.layers.Layer) -> keras.layers.Layer:
        config = _without_half(layer.get_config())
        if type(layer) is keras.layers.UpSampling2D and layer.interpolation == "nearest":
            return NearestUpsampling2D(layer.size, name=layer.name, dtype=config["dtype"])
        return type(layer).from_config(config)

    with exactly():
        with without_values():
            clone = keras.models.clone_model(network, clone_function=rebuilt, recursive=True)
        for weight, trained in zip(clone.weights, network.weights, strict=True):
            weight.assign(ops.convert_to_numpy(trained.value))
        initialize(clone.variables)  # those that are no weights: states of random generators
    return clone


@contextlib.contextmanager
def exactly() -> Iterator[None]:
    """New layers are in float32 and on the CPU, including inner layers that are created without a dtype."""
    with under_policy("float32"), keras.device("cpu"):  # a GPU may round convolutions to 10 bits
        yield


@keras.saving.register_keras_serializable("kerasgan")
class NearestUpsampling2D(keras.layers.Layer):
    """Repeats each pixel, as `keras.layers.UpSampling2D`.

    On TensorFlow, that layer computes height and width from shape tensors, which LiteRT's converter cannot resolve and
    which makes ONNX files large.

    Args:
        size: how often rows and columns are repeated.
        **options: of `keras.layers.Layer`.
    """

    def __init__(self, size: Any, **options: Any):
        super().__init__(**options)
        self.size = tuple(size)

    def call(self, inputs):
        (rows, columns), (batch, height, width, channels) = self.size, ops.shape(inputs)
        cells = ops.reshape(inputs, (-1, height, 1, width, 1, channels))
        cells = ops.broadcast_to(cells, (batch, height, rows, width, columns, channels))
        return ops.reshape(cells, (-1, height * rows, width * columns, channels))

    def compute_output_shape(self, input_shape):
        batch, *sides, channels = input_shape
        sides = [None if side is None else side * factor for side, factor in zip(sides, self.size)]
        return (batch, *sides, channels)

    def get_config(self):
        return {**super().get_config(), "size": self.size}


def _without_half(config: Any) -> Any:
    """A layer's config with every half or mixed precision, also in nested layers, replaced by float32."""
    if isinstance(config, Mapping):
        return {
            key: "float32" if key == "dtype" and _is_half(value) else _without_half(value)
            for key, value in config.items()
        }
    if isinstance(config, (list, tuple)):
        return type(config)(_without_half(value) for value in config)
    return config


def _is_half(dtype: Any) -> bool:
    name = dtype.get("config", {}).get("name") if isinstance(dtype, Mapping) else dtype
    return str(name).removeprefix("mixed_") in HALF
