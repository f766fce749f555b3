"""Normalization that Keras lacks: conditional, modulated, in parts."""

from typing import Any

import keras
from keras import layers, ops

from kerasgan.layers.spectral import SpectralDense, SpectralEmbedding

__all__ = [
    "ConditionalBatchNormalization",
    "InstanceNormalization",
    "ModulatedBatchNormalization",
    "ScaleAndOffset",
    "normalized",
]


def normalized(x: Any, norm: str, *, name: str, affine: bool = True, gamma_initializer: Any = "ones") -> Any:
    """`x` after a layer that normalizes it, for functional models.

    Args:
        x: maps (batch, height, width, channels) or features (batch, channels).
        norm: "batch": each channel over the batch, with moving statistics of momentum 0.9; "instance": each channel
            of each image over its pixels; "layer": all of an image together, as WGAN-GP (1704.00028) does in a
            critic; "none": `x` unchanged.
        name: of the layer.
        affine: whether each channel is scaled and shifted afterwards.
        gamma_initializer: of the scales.

    Raises:
        ValueError: for another normalization.
    """
    if norm not in ("batch", "instance", "layer", "none"):
        raise ValueError(f"Expected a normalization: batch, instance, layer or none. Received: norm={norm!r}")
    if norm == "none":
        return x
    options = dict(epsilon=1e-5, center=affine, scale=affine, gamma_initializer=gamma_initializer, name=name)
    if norm == "batch":
        return layers.BatchNormalization(momentum=0.9, **options)(x)
    if norm == "instance":
        return InstanceNormalization(epsilon=1e-5, affine=affine, gamma_initializer=gamma_initializer, name=name)(x)
    return layers.GroupNormalization(groups=1, **options)(x)


@keras.saving.register_keras_serializable("kerasgan")
class InstanceNormalization(keras.layers.Layer):
    """Each channel of each image with mean 0 and variance 1 over its pixels (Ulyanov et al. 2016, 1607.08022).

    The same in training and inference; for one image it is what batch normalization does with its own statistics.
    Keras' `GroupNormalization(groups=-1)` computes the same, but not in files with dynamic height and width.

    Args:
        epsilon: added to the variance.
        affine: whether each channel is scaled and shifted afterwards.
        gamma_initializer: of the scales.
        **options: of `keras.layers.Layer`.
    """

    def __init__(self, *, epsilon: float = 1e-5, affine: bool = False, gamma_initializer: Any = "ones", **options: Any):
        super().__init__(**options)
        self.epsilon, self.affine = epsilon, affine
        self.gamma_initializer = keras.initializers.get(gamma_initializer)

    def build(self, input_shape):
        if self.affine:
            shape = (input_shape[-1],)
            self.gamma = self.add_weight(shape=shape, initializer=self.gamma_initializer, name="gamma")
            self.beta = self.add_weight(shape=shape, initializer="zeros", name="beta")

    def call(self, inputs):
        x = ops.cast(inputs, "float32")  # variances overflow in float16
        centered = x - ops.mean(x, axis=(1, 2), keepdims=True)
        x = centered * ops.rsqrt(ops.mean(ops.square(centered), axis=(1, 2), keepdims=True) + self.epsilon)
        x = ops.cast(x, self.compute_dtype)
        return x * self.gamma + self.beta if self.affine else x

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        own = {
            "epsilon": self.epsilon,
            "affine": self.affine,
            "gamma_initializer": keras.initializers.serialize(self.gamma_initializer),
        }
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable("kerasgan")
class ScaleAndOffset(keras.layers.Layer):
    """scale * x + offset, one of each per channel: the trained half of a normalization, which layers can share."""

    def build(self, input_shape):
        self.scale = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="scale")
        self.offset = self.add_weight(shape=(input_shape[-1],), initializer="zeros", name="offset")

    def call(self, inputs):
        return inputs * self.scale + self.offset

    def compute_output_shape(self, input_shape):
        return input_shape


class _GivenBatchNormalization(keras.layers.Layer):
    """Batch normalization of [features (batch, ..., channels), condition] whose gain and bias depend on the condition.

    Args:
        momentum: of the running statistics.
        epsilon: added to the variance.
        **options: of `keras.layers.Layer`.
    """

    def __init__(self, *, momentum: float = 0.9, epsilon: float = 1e-5, **options: Any):
        super().__init__(**options)
        if momentum < 0:
            raise ValueError(f"Expected a momentum from 0 and below 1. Received: momentum={momentum}")
        self.momentum, self.epsilon = momentum, epsilon
        self.normalization = keras.layers.BatchNormalization(
            momentum=momentum,
            epsilon=epsilon,
            center=False,
            scale=False,
            dtype=self.dtype_policy,
            name="normalization",
        )

    def build(self, input_shape):
        self.normalization.build(input_shape[0])

    def gain_and_bias(self, condition: Any, training: bool | None) -> tuple[Any, Any]:
        """Both (batch, channels)."""
        raise TypeError(f"{type(self).__name__} must define `gain_and_bias`.")

    def call(self, inputs, training=None):
        features, condition = inputs
        shape = (-1, *[1] * (len(features.shape) - 2), features.shape[-1])
        gain, bias = (ops.reshape(factor, shape) for factor in self.gain_and_bias(condition, training))
        return self.normalization(features, training=training) * gain + bias

    def compute_output_shape(self, input_shape):
        return tuple(input_shape[0])

    def get_config(self):
        return {**super().get_config(), "momentum": self.momentum, "epsilon": self.epsilon}


@keras.saving.register_keras_serializable("kerasgan")
class ConditionalBatchNormalization(_GivenBatchNormalization):
    """Batch normalization of [features, labels (batch,)] with a gain and a bias per class.

    Dumoulin et al. 2017 (1610.07629), equation 5; in GANs since Miyato, Koyama 2018 (1802.05637).

    Args:
        num_classes: number of classes.
        spectral: options of `SpectralEmbedding` where gain - 1 and bias come from such tables, as in PyTorch-StudioGAN;
            None for tables of their own.
        **options: `momentum` and `epsilon` of the normalization, and those of `keras.layers.Layer`.
    """

    def __init__(self, num_classes: int, *, spectral: dict[str, Any] | None = None, **options: Any):
        super().__init__(**options)
        self.num_classes, self.spectral = num_classes, spectral

    def build(self, input_shape):
        super().build(input_shape)
        features, labels = input_shape
        shape = (self.num_classes, features[-1])
        if self.spectral is None:
            self.gamma = self.add_weight(name="gamma", shape=shape, initializer="ones")
            self.beta = self.add_weight(name="beta", shape=shape, initializer="zeros")
            return
        for name in ("gain", "bias"):
            table = SpectralEmbedding(*shape, dtype=self.dtype_policy, name=name, **self.spectral)
            table.build(labels)
            setattr(self, name, table)

    def gain_and_bias(self, condition, training):
        labels = ops.cast(condition, "int32")
        if self.spectral is None:
            return ops.take(self.gamma, labels, axis=0), ops.take(self.beta, labels, axis=0)
        return 1 + self.gain(labels, training=training), self.bias(labels, training=training)

    def get_config(self):
        return {**super().get_config(), "num_classes": self.num_classes, "spectral": self.spectral}


@keras.saving.register_keras_serializable("kerasgan")
class ModulatedBatchNormalization(_GivenBatchNormalization):
    """Batch normalization of [features, condition (batch, size)] with gain 1 + A condition and bias B condition.

    Brock et al. 2019 (1809.11096), appendix B; A and B are linear, without biases.

    Args:
        spectral: whether A and B are spectrally normalized.
        kernel_initializer: of A and B.
        spectral_epsilon: `SpectralDense`'s epsilon.
        spectral_estimate: `SpectralDense`'s estimate.
        **options: `momentum` and `epsilon` of the normalization, and those of `keras.layers.Layer`.
    """

    def __init__(
        self,
        *,
        spectral: bool = True,
        kernel_initializer: Any = "orthogonal",
        spectral_epsilon: float = 1e-12,
        spectral_estimate: str = "iterated",
        **options: Any,
    ):
        super().__init__(**options)
        self.spectral, self.spectral_epsilon, self.spectral_estimate = spectral, spectral_epsilon, spectral_estimate
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape):
        super().build(input_shape)
        features, condition = input_shape
        kind = SpectralDense if self.spectral else keras.layers.Dense
        given: dict[str, Any] = {"epsilon": self.spectral_epsilon, "estimate": self.spectral_estimate}
        options = given if self.spectral else {}
        for name in ("gain", "bias"):
            linear = kind(
                features[-1],
                use_bias=False,
                kernel_initializer=self.kernel_initializer.clone(),  # the same one twice would draw the same weights
                dtype=self.dtype_policy,
                name=name,
                **options,
            )
            linear.build(condition)
            setattr(self, name, linear)

    def gain_and_bias(self, condition, training):
        return 1 + self.gain(condition, training=training), self.bias(condition, training=training)

    def get_config(self):
        own = {
            "spectral": self.spectral,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "spectral_epsilon": self.spectral_epsilon,
            "spectral_estimate": self.spectral_estimate,
        }
        return {**super().get_config(), **own}
