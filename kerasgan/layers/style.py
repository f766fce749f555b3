"""Layers of style-based generators: modulated convolution, noise, the mean style."""

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from kerasgan.layers.equalized import EqualizedDense
from kerasgan.layers.resampling import fir_resample

__all__ = ["AdaptiveInstanceNormalization", "Bias", "LearnedConstant", "MeanStyle", "ModulatedConv2D", "NoiseInjection"]

BINOMIAL = (1 / 8, 3 / 8, 3 / 8, 1 / 8)


@keras.saving.register_keras_serializable("kerasgan")
class ModulatedConv2D(keras.layers.Layer):
    """A convolution whose kernel is scaled by each image's own style (Karras et al. 2020, 1912.04958, section 2.2).

    Of [features (batch, height, width, channels), styles (batch, style_dim)]. Equation 1: w'_ijk = s_i w_ijk with s an
    affine function of the style; equation 3: w'' = w' / sqrt(sum over i, k of w'^2 + 1e-8), the demodulation. As a
    convolution is linear, s scales the input's channels and the root the output's, which needs no kernel per image.

    Args:
        filters: output channels.
        kernel_size: odd.
        demodulate: whether the outputs are demodulated.
        upsample: whether height and width are doubled: by a transposed convolution and a FIR filter after it.
        use_bias: whether each output channel has a bias.
        padding: "same", or "full": every output that any input reaches, so that maps grow by kernel_size - 1.
        **options: of `keras.layers.Layer`.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int,
        *,
        demodulate: bool = True,
        upsample: bool = False,
        use_bias: bool = False,
        padding: str = "same",
        **options: Any,
    ):
        if padding not in ("same", "full") or (upsample and padding == "full"):
            expected = "Expected padding 'same', or 'full' without upsample"
            raise ValueError(f"{expected}. Received: padding={padding!r}, upsample={upsample}")
        super().__init__(**options)
        self.filters, self.kernel_size, self.demodulate = filters, kernel_size, demodulate
        self.upsample, self.use_bias, self.padding = upsample, use_bias, padding

    def build(self, input_shape):
        features, styles = input_shape
        self.affine = EqualizedDense(features[-1], bias_initializer="ones", dtype=self.dtype_policy, name="affine")
        self.affine.build(styles)
        shape = (self.kernel_size, self.kernel_size, features[-1], self.filters)
        self.kernel = self.add_weight(shape, initializer=keras.initializers.RandomNormal(stddev=1.0), name="kernel")
        if self.use_bias:
            self.bias = self.add_weight((self.filters,), initializer="zeros", name="bias")

    def call(self, inputs):
        features, styles = inputs
        kernel = self.kernel
        scales = self.affine(styles) / math.sqrt(math.prod(kernel.shape[:-1]))  # He's constant, where it costs least
        outputs = self._convolved(features * scales[:, None, None], kernel)
        if self.demodulate:
            outputs = outputs * ops.cast(_demodulation(scales, kernel), outputs.dtype)[:, None, None]
        return outputs + self.bias if self.use_bias else outputs

    def _convolved(self, features: Any, kernel: Any) -> Any:
        if not self.upsample and self.padding == "full":
            more = (self.kernel_size - 1,) * 2
            return ops.conv(ops.pad(features, ((0, 0), more, more, (0, 0))), kernel, padding="valid")
        if not self.upsample:
            return ops.conv(features, kernel, padding="same")
        doubled = ops.conv_transpose(features, ops.transpose(kernel, (0, 1, 3, 2)), strides=2, padding="valid")
        return fir_resample(doubled, BINOMIAL, padding=(1, 1), gain=4.0)

    def compute_output_shape(self, input_shape):
        batch, height, width, _ = input_shape[0]
        factor = 2 if self.upsample else 1
        more = self.kernel_size - 1 if self.padding == "full" else 0
        return (batch, height * factor + more, width * factor + more, self.filters)

    def get_config(self):
        own = {
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "demodulate": self.demodulate,
            "upsample": self.upsample,
            "use_bias": self.use_bias,
            "padding": self.padding,
        }
        return {**super().get_config(), **own}


def _demodulation(scales: Any, kernel: Any) -> Any:
    """One over the length of each image's modulated kernels: (batch, filters), float32."""
    energies = ops.sum(ops.square(ops.cast(kernel, "float32")), axis=(0, 1))  # (channels, filters)
    return ops.rsqrt(ops.matmul(ops.square(ops.cast(scales, "float32")), energies) + 1e-8)


@keras.saving.register_keras_serializable("kerasgan")
class AdaptiveInstanceNormalization(keras.layers.Layer):
    """Each channel of each image normalized, then scaled and shifted by a style (Karras et al. 2019, 1812.04948).

    Equation 1 there, of [features (batch, height, width, channels), styles (batch, style_dim)]: s (x - mean) /
    deviation + b, where 1 less than s, and b, are an affine function of the style.

    Args:
        epsilon: added to the variance.
        **options: of `keras.layers.Layer`.
    """

    def __init__(self, epsilon: float = 1e-8, **options: Any):
        super().__init__(**options)
        self.epsilon = epsilon

    def build(self, input_shape):
        features, styles = input_shape
        self.affine = EqualizedDense(2 * features[-1], dtype=self.dtype_policy, name="affine")
        self.affine.build(styles)

    def call(self, inputs):
        features, styles = inputs
        scale, shift = ops.split(self.affine(styles)[:, None, None], 2, axis=-1)
        wide = ops.cast(features, "float32")
        centered = wide - ops.mean(wide, axis=(1, 2), keepdims=True)
        deviation = ops.sqrt(ops.mean(ops.square(centered), axis=(1, 2), keepdims=True) + self.epsilon)
        return ops.cast(centered / deviation, features.dtype) * (scale + 1) + shift

    def compute_output_shape(self, input_shape):
        return tuple(input_shape[0])

    def get_config(self):
        return {**super().get_config(), "epsilon": self.epsilon}


@keras.saving.register_keras_serializable("kerasgan")
class LearnedConstant(keras.layers.Layer):
    """The same learned map for every image (Karras et al. 2019, 1812.04948, section 2).

    Inputs (batch, ...), of which only the batch matters; outputs (batch, height, width, channels).

    Args:
        shape: (height, width, channels).
        initializer: of the map; N(0, 1) if not given.
        **options: of `keras.layers.Layer`.
    """

    def __init__(self, shape: Sequence[int], *, initializer: Any = None, **options: Any):
        super().__init__(**options)
        self.shape = tuple(shape)
        self.initializer = keras.initializers.get(initializer or keras.initializers.RandomNormal(stddev=1.0))

    def build(self, input_shape):
        self.map = self.add_weight(self.shape, initializer=self.initializer, name="map")

    def call(self, inputs):
        return ops.broadcast_to(self.map[None], (ops.shape(inputs)[0], *self.shape))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], *self.shape)

    def get_config(self):
        initializer = keras.initializers.serialize(self.initializer)
        return {**super().get_config(), "shape": self.shape, "initializer": initializer}


@keras.saving.register_keras_serializable("kerasgan")
class NoiseInjection(keras.layers.Layer):
    """Adds one image of noise to all channels of a map, times a trained strength that starts from 0.

    Karras et al. 2019 (1812.04948), section 2. The noise is what `noise` gives, else fresh in training and otherwise
    the layer's own, a constant: so that sampling is reproducible and exported files hold no random numbers.

    Args:
        per_channel: whether each channel has a strength of its own.
        **options: of `keras.layers.Layer`.
    """

    def __init__(self, *, per_channel: bool = False, **options: Any):
        super().__init__(**options)
        self.per_channel = per_channel
        self.seed_generator = keras.random.SeedGenerator()

    def build(self, input_shape):
        strengths = (input_shape[-1],) if self.per_channel else (1,)
        self.strength = self.add_weight(strengths, initializer="zeros", name="strength")
        normal = keras.initializers.RandomNormal(stddev=1.0)
        self.noise = self.add_weight((*input_shape[1:3], 1), initializer=normal, trainable=False, name="noise")

    def call(self, inputs, noise=None, training=None):
        if noise is None and training:
            shape = (*ops.shape(inputs)[:3], 1)
            noise = keras.random.normal(shape, seed=self.seed_generator, dtype=inputs.dtype)
        return inputs + (self.noise if noise is None else noise) * self.strength

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "per_channel": self.per_channel}


@keras.saving.register_keras_serializable("kerasgan")
class Bias(keras.layers.Layer):
    """A bias for each channel and an activation, as a separate layer, to follow noise, say.

    Args:
        activation: as in `keras.layers.Dense`.
        **options: of `keras.layers.Layer`.
    """

    def __init__(self, activation: Any = None, **options: Any):
        super().__init__(**options)
        self.activation = keras.activations.get(activation)

    def build(self, input_shape):
        self.bias = self.add_weight((input_shape[-1],), initializer="zeros", name="bias")

    def call(self, inputs):
        return self.activation(inputs + self.bias)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "activation": keras.activations.serialize(self.activation)}


@keras.saving.register_keras_serializable("kerasgan")
class MeanStyle(keras.layers.Layer):
    """Returns styles (batch, style_dim) unchanged, and in training updates their moving average.

    Truncation draws styles to this mean (Karras et al. 2019, 1812.04948, appendix B).

    Args:
        decay: share of the old mean that each batch leaves.
        **options: of `keras.layers.Layer`.
    """

    def __init__(self, decay: float = 0.995, **options: Any):
        super().__init__(**options)
        self.decay = decay

    def build(self, input_shape):
        self.mean = self.add_weight(
            (input_shape[-1],),
            initializer="zeros",
            trainable=False,
            autocast=False,
            aggregation="mean",
            name="mean",
        )

    def call(self, inputs, training=None):
        if training:
            batch_mean = ops.mean(ops.stop_gradient(ops.cast(inputs, "float32")), axis=0)
            self.mean.assign(batch_mean + self.decay * (self.mean - batch_mean))
        return inputs

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "decay": self.decay}
