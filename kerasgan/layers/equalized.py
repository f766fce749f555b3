"""Equalized learning rate, pixel normalization, and a leaky rectifier that preserves the variance."""

import math
from collections.abc import Callable
from typing import Any

import keras
from keras import ops

__all__ = ["EqualizedConv2D", "EqualizedDense", "PixelNormalization", "scaled_leaky_relu"]


@keras.saving.register_keras_serializable("kerasgan")
def scaled_leaky_relu(inputs: Any) -> Any:
    """sqrt(2) times a leaky rectifier of slope 0.2: He's gain, applied to the activation instead of the weights."""
    return ops.leaky_relu(inputs, negative_slope=0.2) * math.sqrt(2)


class _Equalized:
    """Mixed into a layer: weights of N(0, 1) are scaled by He's constant in every call, not when they are drawn.

    Karras et al. 2018 (1710.10196), section 4.1: an optimizer that divides by the size of gradients then trains
    all layers at the same speed. Kernels are stored divided by `learning_rate_multiplier` and multiplied by it in the
    call, which slows their training by that factor (Karras et al. 2019, 1812.04948, section C); biases likewise.
    """

    def __init__(
        self, *arguments: Any, gain: float = 1.0, learning_rate_multiplier: float = 1.0, **options: Any
    ) -> None:
        if not (gain > 0 and learning_rate_multiplier > 0):
            received = f"gain={gain}, learning_rate_multiplier={learning_rate_multiplier}"
            raise ValueError(f"Expected positive factors. Received: {received}")
        normal = keras.initializers.RandomNormal(stddev=1 / learning_rate_multiplier)
        super().__init__(*arguments, **{"kernel_initializer": normal, **options})
        self.gain, self.learning_rate_multiplier = gain, learning_rate_multiplier

    def _equalized(self: Any, apply: Callable[[Any, Any], Any], inputs: Any) -> Any:
        """The linear `apply(inputs, kernel)` with He's constant, bias and activation.

        The constant scales what is smaller: of deep layers the inputs, whose kernel has hundreds of times as many
        numbers, and as many gradients.
        """
        constant, kernel = self.gain / math.sqrt(math.prod(self.kernel.shape[:-1])), self.kernel
        sizes = inputs.shape[1:]
        if None not in sizes and math.prod(sizes) < math.prod(kernel.shape):
            outputs = apply(inputs * constant, kernel)
        else:
            outputs = apply(inputs, kernel * constant)
        outputs = outputs + self.bias if self.use_bias else outputs
        outputs = outputs if self.learning_rate_multiplier == 1 else outputs * self.learning_rate_multiplier
        return outputs if self.activation is None else self.activation(outputs)

    def get_config(self) -> dict[str, Any]:
        own = {"gain": self.gain, "learning_rate_multiplier": self.learning_rate_multiplier}
        return {**super().get_config(), **own}  # type: ignore[misc]


@keras.saving.register_keras_serializable("kerasgan")
class EqualizedDense(_Equalized, keras.layers.Dense):
    """A dense layer with equalized learning rate (Karras et al. 2018, 1710.10196, section 4.1).

    Args:
        units: outputs.
        gain: of He's constant gain / sqrt(inputs): sqrt(2) before a plain rectifier.
        learning_rate_multiplier: factor of the learning rate of kernel and bias.
        **options: of `keras.layers.Dense`; a bias is added times the multiplier.
    """

    def call(self, inputs, training=None):
        return self._equalized(ops.matmul, inputs)


@keras.saving.register_keras_serializable("kerasgan")
class EqualizedConv2D(_Equalized, keras.layers.Conv2D):
    """A convolution with equalized learning rate (Karras et al. 2018, 1710.10196, section 4.1).

    Args:
        filters: output channels.
        kernel_size: as in `keras.layers.Conv2D`.
        gain: of He's constant gain / sqrt(height * width * channels).
        learning_rate_multiplier: factor of the learning rate of kernel and bias.
        **options: of `keras.layers.Conv2D`.
    """

    def call(self, inputs):
        return self._equalized(self.convolution_op, inputs)


@keras.saving.register_keras_serializable("kerasgan")
class PixelNormalization(keras.layers.Layer):
    """x / sqrt(mean of x^2 over the channels + epsilon), at each pixel or for each vector (1710.10196, section 4.2).

    Args:
        epsilon: added to the mean square; with `root_epsilon` 1e-30, for the gradient at 0.
        root_epsilon: added to its root instead, if not 0, as in OpenMMLab's networks.
        **options: of `keras.layers.Layer`.
    """

    def __init__(self, epsilon: float = 1e-8, root_epsilon: float = 0.0, **options: Any):
        super().__init__(**options)
        self.epsilon, self.root_epsilon = epsilon, root_epsilon

    def call(self, inputs):
        squares = ops.mean(ops.square(ops.cast(inputs, "float32")), axis=-1, keepdims=True)
        if self.root_epsilon:
            factors = 1 / (ops.sqrt(squares + 1e-30) + self.root_epsilon)
        else:
            factors = ops.rsqrt(squares + self.epsilon)
        return inputs * ops.cast(factors, inputs.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "epsilon": self.epsilon, "root_epsilon": self.root_epsilon}
