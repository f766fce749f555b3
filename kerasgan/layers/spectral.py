"""Layers whose weights have the largest singular value 1, and the projection head."""

import math
from typing import Any

import keras
from keras import ops

__all__ = ["Projection", "SpectralConv2D", "SpectralDense", "SpectralEmbedding"]

ESTIMATES = ("iterated", "stored")


class _Spectral:
    """A mix-in for layers: divides its weight W by an estimate of its largest singular value.

    Miyato et al. 2018 (1802.05957), algorithm 1 and equation 12: W is seen as a matrix with one row per output, sigma
    = u' W v is differentiated with u and v held constant, and one power iteration per call keeps the estimate close.
    The weight itself stays as the optimizer left it; `u` is state that only calls in training mode update.
    `keras.layers.SpectralNormalization` overwrites the weight by its quotient in every call, so that gradients miss
    sigma's share (the second term of equation 12) and the model at rest is one optimizer step away from normalized.

    Calls outside training iterate too, as in the code of the papers; with `estimate="stored"` they take u and v as the
    last call in training left them, as PyTorch does. Published weights make their images only in their own way.
    """

    def __init__(
        self,
        *arguments: Any,
        power_iterations: int = 1,
        epsilon: float = 1e-12,
        estimate: str = "iterated",
        **options: Any,
    ):
        if power_iterations < 1:
            raise ValueError(f"Expected at least one power iteration. Received: power_iterations={power_iterations}")
        if estimate not in ESTIMATES:
            raise ValueError(f"Expected estimate to be one of {', '.join(ESTIMATES)}. Received: estimate={estimate!r}")
        super().__init__(*arguments, **options)
        self.power_iterations, self.epsilon, self.estimate = power_iterations, epsilon, estimate

    def _add_vectors(self: Any, weight: Any) -> None:
        inputs, outputs = math.prod(weight.shape[:-1]), weight.shape[-1]
        normal = keras.initializers.RandomNormal(stddev=1.0)
        if self.estimate != "stored":
            self.u = self._add_vector("u", outputs, normal)
            return

        def iterated(index: int) -> Any:  # else the first images come from vectors that fit nothing
            return lambda shape, dtype=None: self._iterated(_matrix(weight), normal((1, outputs)))[index]

        self.u, self.v = self._add_vector("u", outputs, iterated(0)), self._add_vector("v", inputs, iterated(1))

    def _add_vector(self: Any, name: str, size: int, initializer: Any) -> Any:
        return self.add_weight(
            name=name,
            shape=(1, size),
            initializer=initializer,
            trainable=False,
            autocast=False,
            aggregation="only_first_replica",  # all replicas compute the same
        )

    def _spectral_norm(self, weight: Any, training: bool | None) -> Any:
        """The estimate of the largest singular value of `weight` (..., outputs), a float32 scalar."""
        matrix = _matrix(weight)
        u = ops.convert_to_tensor(self.u)
        if self.estimate == "stored" and not training:
            return ops.sum(ops.matmul(ops.convert_to_tensor(self.v), matrix) * u)
        u, v = self._iterated(ops.stop_gradient(matrix), u)
        if training:
            self.u.assign(u)
            if self.estimate == "stored":
                self.v.assign(v)
        return ops.maximum(ops.sum(ops.matmul(v, matrix) * u), self.epsilon)

    def _iterated(self, matrix: Any, u: Any) -> tuple[Any, Any]:
        """u and v after the power iterations that begin at `u`."""
        for _ in range(self.power_iterations):
            v = self._unit(ops.matmul(u, ops.transpose(matrix)))
            u = self._unit(ops.matmul(v, matrix))
        return u, v

    def _unit(self, vector: Any) -> Any:
        return vector / (ops.sqrt(ops.sum(ops.square(vector))) + self.epsilon)

    # Keras' own layers store their weight and bias only.

    def save_own_variables(self: Any, store: Any) -> None:
        keras.layers.Layer.save_own_variables(self, store)

    def load_own_variables(self: Any, store: Any) -> None:
        keras.layers.Layer.load_own_variables(self, store)

    def get_config(self) -> dict[str, Any]:
        own = {"power_iterations": self.power_iterations, "epsilon": self.epsilon, "estimate": self.estimate}
        return {**super().get_config(), **own}  # type: ignore[misc]


def _matrix(weight: Any) -> Any:
    """(inputs, outputs), float32."""
    return ops.reshape(ops.cast(weight, "float32"), (-1, weight.shape[-1]))


@keras.saving.register_keras_serializable("kerasgan")
class SpectralDense(_Spectral, keras.layers.Dense):
    """A dense layer whose kernel is divided by its largest singular value (Miyato et al. 2018, 1802.05957).

    Args:
        units: outputs.
        power_iterations: per call.
        epsilon: added to norms before dividing, and the smallest singular value to divide by.
        estimate: outside training: "iterated" from the stored vector, or "stored", both vectors as training left them.
        **options: of `keras.layers.Dense`.
    """

    def build(self, input_shape):
        super().build(input_shape)
        self._add_vectors(self.kernel)

    def call(self, inputs, training=None):
        kernel = ops.convert_to_tensor(self.kernel)
        outputs = ops.matmul(inputs, kernel / ops.cast(self._spectral_norm(kernel, training), kernel.dtype))
        outputs = ops.add(outputs, self.bias) if self.use_bias else outputs
        return outputs if self.activation is None else self.activation(outputs)


@keras.saving.register_keras_serializable("kerasgan")
class SpectralConv2D(_Spectral, keras.layers.Conv2D):
    """A convolution whose kernel, as a matrix (filters, height * width * channels), has the largest singular value 1.

    Miyato et al. 2018 (1802.05957), section 2.1.

    Args:
        filters: output channels.
        kernel_size: as in `keras.layers.Conv2D`.
        power_iterations: per call.
        epsilon: added to norms before dividing, and the smallest singular value to divide by.
        estimate: outside training: "iterated" from the stored vector, or "stored", both vectors as training left them.
        **options: of `keras.layers.Conv2D`.
    """

    def build(self, input_shape):
        super().build(input_shape)
        self._add_vectors(self.kernel)

    def call(self, inputs, training=None):
        kernel = ops.convert_to_tensor(self.kernel)
        kernel = kernel / ops.cast(self._spectral_norm(kernel, training), kernel.dtype)
        outputs = self.convolution_op(inputs, kernel)
        outputs = ops.add(outputs, self.bias) if self.use_bias else outputs
        return outputs if self.activation is None else self.activation(outputs)


@keras.saving.register_keras_serializable("kerasgan")
class SpectralEmbedding(_Spectral, keras.layers.Embedding):
    """An embedding whose table has the largest singular value 1 (Miyato, Koyama 2018, 1802.05637).

    Args:
        input_dim: number of classes.
        output_dim: size of a class' vector.
        power_iterations: per call.
        epsilon: added to norms before dividing, and the smallest singular value to divide by.
        estimate: outside training: "iterated" from the stored vector, or "stored", both vectors as training left them.
        **options: of `keras.layers.Embedding`.
    """

    def build(self, input_shape=None):
        super().build(input_shape)
        self._add_vectors(self.embeddings)

    def call(self, inputs, training=None):
        table = ops.convert_to_tensor(self.embeddings)
        rows = ops.take(table, ops.cast(inputs, "int32"), axis=0)
        return ops.cast(rows / self._spectral_norm(table, training), self.compute_dtype)


@keras.saving.register_keras_serializable("kerasgan")
class Projection(keras.layers.Layer):
    """The inner product of [features (batch, channels), labels (batch,)] with the class' vector: (batch, 1).

    The conditional term of a projection discriminator (Miyato, Koyama 2018, 1802.05637, equation 5); add it to the
    unconditional logit. In half precision give the layer dtype="float32": sums over pooled features are large.

    Args:
        num_classes: number of classes.
        embedding: `SpectralEmbedding`'s options, such as its initializer or epsilon.
        **options: of `keras.layers.Layer`.
    """

    def __init__(self, num_classes: int, *, embedding: dict[str, Any] | None = None, **options: Any):
        super().__init__(**options)
        self.num_classes, self.options = num_classes, dict(embedding or {})

    def build(self, input_shape):
        features, labels = input_shape
        self.embedding = SpectralEmbedding(
            self.num_classes, features[-1], dtype=self.dtype_policy, name="embedding", **self.options
        )
        self.embedding.build(labels)

    def call(self, inputs, training=None):
        features, labels = inputs
        return ops.sum(features * self.embedding(labels, training=training), axis=-1, keepdims=True)

    def compute_output_shape(self, input_shape):
        return (input_shape[0][0], 1)

    def get_config(self):
        return {**super().get_config(), "num_classes": self.num_classes, "embedding": self.options}
