"""Layers that compare the images of a batch."""

import math
from typing import Any

import keras
from keras import ops

from kerasgan.layers.weights import FromData

__all__ = ["MinibatchDiscrimination", "MinibatchStdDev"]


@keras.saving.register_keras_serializable("kerasgan")
class MinibatchDiscrimination(FromData):
    """Appends to each vector how close the rest of its batch is to it (Salimans et al. 2016, 1606.03498, section 3.2).

    M_i = x_i T, a matrix (kernels, dimensions) for each vector x_i; o_b(x_i) = sum over j != i of
    exp(-||M_i,b - M_j,b||_1). T's columns have a length of their own, as in weight normalization, and o has a bias.
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
        """Scales T by half the mean distance to the nearest, and centers o, as the authors' code does."""
        nearest = 0.5 * ops.mean(ops.min(self._distances(inputs), axis=1), axis=0)  # (kernels,)
        self.log_lengths.assign(self.log_lengths - ops.log(ops.maximum(nearest, 1e-6))[:, None])
        self.bias.assign(-ops.mean(ops.sum(ops.exp(-self._distances(inputs)), axis=1), axis=0))

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], input_shape[-1] + self.kernels)

    def get_config(self):
        return {**super().get_config(), "kernels": self.kernels, "dimensions": self.dimensions}


@keras.saving.register_keras_serializable("kerasgan")
class MinibatchStdDev(keras.layers.Layer):
    """Appends to maps a channel that measures how much the images of a group differ (Karras et al. 2018, 1710.10196).

    Section 3 there: the standard deviation of each feature at each position over the group, averaged over all of them.
    Image i of a batch belongs to group i mod ceil(batch / group_size), so that any number of images is allowed. Inputs
    (batch, height, width, channels), outputs (batch, height, width, channels + 1).

    Args:
        group_size: images that are compared, at most.
        **options: of `keras.layers.Layer`.

    Raises:
        ValueError: if `group_size` is not positive.
    """

    def __init__(self, group_size: int = 4, **options: Any):
        super().__init__(**options)
        if group_size < 1:
            raise ValueError(f"Expected a positive number of images. Received: group_size={group_size}")
        self.group_size = group_size

    def call(self, inputs):
        batch, height, width, _ = ops.shape(inputs)
        groups = -(-batch // self.group_size)
        members = ops.equal(ops.arange(batch)[:, None] % groups, ops.arange(groups)[None])
        members = ops.cast(members, "float32")  # (batch, groups)
        shares = ops.transpose(members / ops.sum(members, axis=0))  # of an image in its group's mean
        features = ops.reshape(ops.cast(inputs, "float32"), (batch, math.prod(inputs.shape[1:])))
        centered = features - ops.matmul(members, ops.matmul(shares, features))
        deviations = ops.sqrt(ops.matmul(shares, ops.square(centered)) + 1e-8)  # (groups, features)
        averages = ops.matmul(members, ops.mean(deviations, axis=-1, keepdims=True))  # (batch, 1)
        channel = ops.broadcast_to(ops.reshape(averages, (batch, 1, 1, 1)), (batch, height, width, 1))
        return ops.concatenate([inputs, ops.cast(channel, inputs.dtype)], axis=-1)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], input_shape[-1] + 1)

    def get_config(self):
        return {**super().get_config(), "group_size": self.group_size}
