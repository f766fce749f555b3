"""Layers that Keras lacks."""

from typing import Any

import keras
from keras import ops

__all__ = [
    "Maxout",
    "MaxoutConv2D",
    "MinibatchDiscrimination",
    "WeightHistory",
    "WeightNormalization",
    "fit_layers",
]


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


class _FromData(keras.layers.Layer):
    """A layer that `fit_layers` initialises from the inputs of one call."""

    awaits_data = False

    def fit_to(self, inputs: Any) -> None:
        """Sets weights as these inputs suggest."""

    def __call__(self, inputs: Any, *arguments: Any, **options: Any) -> Any:
        if self.awaits_data:
            self.awaits_data = False
            self.fit_to(inputs)
        return super().__call__(inputs, *arguments, **options)


@keras.saving.register_keras_serializable("kerasgan")
class WeightNormalization(_FromData, keras.layers.Wrapper):
    """A linear layer whose kernel has a direction and a length of their own: w = g v / ||v||, for each output.

    Salimans, Kingma 2016 (1602.07868), equation 2. The layer's outputs are scaled, which is the same. `fit_layers` sets
    gain and bias from data (section 3 there).

    Args:
        layer: Dense, Conv2D or Conv2DTranspose, with `use_bias=False` and no activation: the bias is added here.
        learn_gain: whether g is trained, or stays as initialised.
        deviation: of the outputs that the initialisation aims at; None to stay out of it.

    Raises:
        ValueError: if the layer has a bias.
    """

    def __init__(
        self,
        layer: Any,
        *,
        learn_gain: bool = True,
        deviation: float | None = 1.0,
        name: str | None = None,
        **options: Any,
    ):
        if getattr(layer, "use_bias", True):
            raise ValueError(f"Expected a Dense or convolutional layer with use_bias=False. Received: layer={layer}")
        super().__init__(layer, name=name or layer.name, **options)
        self.learn_gain, self.deviation = learn_gain, deviation

    def build(self, input_shape=None):
        super().build(input_shape)
        outputs = self.layer.compute_output_shape(input_shape)[-1]
        self.gain = self.add_weight((outputs,), initializer="ones", trainable=self.learn_gain, name="gain")
        self.bias = self.add_weight((outputs,), initializer="zeros", name="bias")

    def call(self, inputs):
        outputs_axis = 2 if isinstance(self.layer, keras.layers.Conv2DTranspose) else self.layer.kernel.ndim - 1
        axes = [axis for axis in range(self.layer.kernel.ndim) if axis != outputs_axis]
        lengths = ops.sqrt(ops.sum(ops.square(ops.cast(self.layer.kernel, "float32")), axis=axes) + 1e-6)
        return self.layer(inputs) * (self.gain / ops.cast(lengths, self.compute_dtype)) + self.bias

    def fit_to(self, inputs: Any) -> None:
        """Sets gain and bias so that the outputs for these inputs have mean 0 and the wanted deviation."""
        if self.deviation is None:
            return
        outputs = ops.cast(self(inputs), "float32") - self.bias
        axes = list(range(len(outputs.shape) - 1))
        mean, deviation = ops.mean(outputs, axis=axes), ops.std(outputs, axis=axes)
        factor = self.deviation / ops.maximum(deviation, 1e-6)
        self.gain.assign(self.gain * factor)
        self.bias.assign(-mean * factor)

    def compute_output_shape(self, input_shape):
        return self.layer.compute_output_shape(input_shape)

    def get_config(self):
        return {**super().get_config(), "learn_gain": self.learn_gain, "deviation": self.deviation}


@keras.saving.register_keras_serializable("kerasgan")
class MinibatchDiscrimination(_FromData):
    """Appends to each vector how close the rest of its batch is to it (Salimans et al. 2016, 1606.03498, section 3.2).

    M_i = x_i T, a matrix (kernels, dimensions) for each vector x_i; o_b(x_i) = sum over j != i of
    exp(-||M_i,b - M_j,b||_1). T's columns have a length of their own, as in weight normalisation, and o has a bias.
    Inputs (batch, features), outputs (batch, features + kernels). An output depends on the whole batch.

    Args:
        kernels: similarities per vector.
        dimensions: of the space where the distance of each is measured.
    """

    def __init__(self, kernels: int = 100, dimensions: int = 5, **options: Any):
        super().__init__(**options)
        self.kernels, self.dimensions = kernels, dimensions

    def build(self, input_shape):
        shape, normal = (self.kernels, self.dimensions), keras.initializers.RandomNormal(stddev=0.05)
        self.directions = self.add_weight((input_shape[-1], *shape), initializer=normal, name="directions")
        self.log_lengths = self.add_weight(shape, initializer="zeros", name="log_lengths")
        self.bias = self.add_weight((self.kernels,), initializer=keras.initializers.Constant(-1.0), name="bias")

    def _distances(self, inputs: Any) -> Any:
        """||M_i,b - M_j,b||_1 as (batch, batch, kernels), 1e6 where i = j, float32: exp of it then is 0."""
        directions = ops.cast(self.directions, "float32")
        lengths = ops.sqrt(ops.sum(ops.square(directions), axis=0))
        tensor = directions * (ops.exp(ops.cast(self.log_lengths, "float32")) / lengths)
        projected = ops.tensordot(ops.cast(inputs, "float32"), tensor, axes=1)  # (batch, kernels, dimensions)
        distances = ops.sum(ops.abs(projected[:, None] - projected[None]), axis=-1)
        return distances + 1e6 * ops.eye(ops.shape(inputs)[0])[:, :, None]

    def call(self, inputs):
        closeness = ops.sum(ops.exp(-self._distances(inputs)), axis=1) + ops.cast(self.bias, "float32")
        return ops.concatenate([inputs, ops.cast(closeness, inputs.dtype)], axis=-1)

    def fit_to(self, inputs: Any) -> None:
        """Scales T by half the mean distance to the nearest, and centres o, as the authors' code does."""
        nearest = 0.5 * ops.mean(ops.min(self._distances(inputs), axis=1), axis=0)  # (kernels,)
        self.log_lengths.assign(self.log_lengths - ops.log(ops.maximum(nearest, 1e-6))[:, None])
        self.bias.assign(-ops.mean(ops.sum(ops.exp(-self._distances(inputs)), axis=1), axis=0))

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], input_shape[-1] + self.kernels)

    def get_config(self):
        return {**super().get_config(), "kernels": self.kernels, "dimensions": self.dimensions}


class WeightHistory(keras.layers.Layer):
    """Historical averaging: ||theta - mean of theta so far||^2 of a model's weights (1606.03498, section 3.3).

    Args:
        variables: whose history; each call takes their current values into it.
    """

    def __init__(self, variables: list):
        super().__init__(trainable=False, dtype="float32")
        self.means = [self.add_weight(variable.shape, initializer="zeros") for variable in variables]
        self.calls = self.add_weight((), initializer="zeros", name="calls")
        self.built = True

    def call(self, variables):
        self.calls.assign(self.calls + 1.0)
        distance = 0.0
        for mean, variable in zip(self.means, variables):
            now = ops.cast(variable, "float32")
            mean.assign(mean + (ops.stop_gradient(now) - mean) / self.calls)
            distance += ops.sum(ops.square(now - ops.stop_gradient(mean.value)))
        return distance


def fit_layers(network: keras.Model, inputs: Any) -> None:
    """Initialises from data the layers that can be, each with what those before it make of `inputs`.

    Args:
        network: a functional model.
        inputs: a batch of its inputs; a few hundred are enough.
    """
    waiting = list(network.layers)
    while waiting:
        layer = waiting.pop()
        waiting += getattr(layer, "layers", [])
        if isinstance(layer, _FromData):
            layer.awaits_data = True
    network(inputs, training=True)
