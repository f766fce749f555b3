"""Pictures with holes: what is known of them, completed pictures, and gated convolutions (Yu et al. 2019)."""

from typing import Any

import keras
from keras import layers, ops

from kerasgan.layers.gated import GatedLinearUnit

__all__ = ["Completed", "HoleSplit", "gated_convolution"]


@keras.saving.register_keras_serializable("kerasgan")
class HoleSplit(keras.layers.Layer):
    """Pictures with alpha (batch, height, width, channels + 1) as [pictures, holes (batch, height, width, 1)].

    Alpha below 0, which is transparent in [-1, 1], is a hole: 1 in `holes`, and 0, mid gray, in all channels of the
    pictures, whatever the colors of the transparent pixels are.
    """

    def call(self, inputs):
        holes = ops.cast(inputs[..., -1:] < 0, self.compute_dtype)
        return [inputs[..., :-1] * (1 - holes), holes]

    def compute_output_shape(self, input_shape):
        return [(*input_shape[:-1], input_shape[-1] - 1), (*input_shape[:-1], 1)]


@keras.saving.register_keras_serializable("kerasgan")
class Completed(keras.layers.Layer):
    """[made, pictures, holes] as pictures whose holes are filled with what was made; all else is equal to the bit."""

    def call(self, inputs):
        made, pictures, holes = inputs
        return pictures + holes * made  # pictures are 0 in holes

    def compute_output_shape(self, input_shape):
        return input_shape[1]


def gated_convolution(
    x: Any, filters: int, kernel_size: int, name: str, *, strides: int = 1, dilation: int = 1, activation: str = "elu"
) -> Any:
    """activation(features) times sigmoid(gates), both of one convolution: each place and channel learns what is valid.

    Yu et al. 2019 (1806.03589), section 3.1.

    Args:
        x: maps (batch, height, width, channels).
        filters: channels of the result; the convolution has twice as many.
        kernel_size: of the convolution.
        name: of the convolution, and prefix of its other layers' names.
        strides: of the convolution.
        dilation: of the convolution.
        activation: of the features.
    """
    # Of standard normal maps, the mean square of elu(features) sigmoid(gates) is 1 with this variance, 0.38 with He's
    start = keras.initializers.VarianceScaling(5.0)
    options: dict[str, Any] = dict(padding="same", dilation_rate=dilation, kernel_initializer=start, name=name)
    both = layers.Conv2D(2 * filters, kernel_size, strides, **options)(x)
    return GatedLinearUnit(activation, name=f"{name}_gated")(both)
