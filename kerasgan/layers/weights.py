"""Weight normalization, initialization from data, and historical averaging."""

from typing import Any

import keras
from keras import ops

__all__ = ["FromData", "HistoricalAveraging", "WeightNormalization", "fit_layers"]


class FromData(keras.layers.Layer):
    """A layer that `fit_layers` initializes from the inputs of one call."""

    awaits_data = False

    def fit_to(self, inputs: Any) -> None:
        """Initializes weights from these inputs."""

    def __call__(self, inputs: Any, *arguments: Any, **options: Any) -> Any:
        if self.awaits_data:
            self.awaits_data = False
            self.fit_to(inputs)
        return super().__call__(inputs, *arguments, **options)


@keras.saving.register_keras_serializable("kerasgan")
class WeightNormalization(FromData, keras.layers.Wrapper):
    """A linear layer whose kernel has a direction and a length of their own: w = g v / ||v||, for each output.

    Salimans, Kingma 2016 (1602.07868), equation 2. The layer's outputs are scaled, which is the same. `fit_layers` sets
    gain and bias from data (section 3 there).

    Args:
        layer: Dense, Conv2D or Conv2DTranspose, with `use_bias=False` and no activation: the bias is added here.
        learn_gain: whether g is trained, or stays as initialized.
        deviation: of the outputs that the initialization aims at; None to stay out of it.

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
        """Sets gain and bias so that the outputs for these inputs have mean 0 and the given deviation."""
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


class HistoricalAveraging(keras.layers.Layer):
    """Historical averaging: ||theta - mean of theta so far||^2 of a model's weights (1606.03498, section 3.3).

    Args:
        variables: the weights; each call adds their current values to the history.
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
    """Initializes all layers that support it from data: each from the outputs of the layers before it for `inputs`.

    Args:
        network: a functional model.
        inputs: a batch of its inputs; a few hundred are enough.
    """
    waiting = list(network.layers)
    while waiting:
        layer = waiting.pop()
        waiting += getattr(layer, "layers", [])
        if isinstance(layer, FromData):
            layer.awaits_data = True
    network(inputs, training=True)
