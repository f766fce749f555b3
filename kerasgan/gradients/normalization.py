"""Batch normalization in training as the one operation that TensorFlow and PyTorch have for it.

Keras composes it of a dozen operations, which with their gradients each pass over all maps: on TensorFlow three times
as long.
"""

import contextlib
import math
import threading
from collections.abc import Callable, Iterator
from typing import Any

import keras
from keras import ops

__all__ = ["by_tensorflow", "by_torch", "fused_batch_normalization"]

Normalize = Callable[[Any, Any, Any, float], tuple[Any, Any, Any]]
"""Of maps (batch, height, width, channels), scale, offset and epsilon: normalized maps, means, biased variances."""


class _Replaced:
    """What is replaced at the moment, by how many threads: those of several devices trace a step at the same time."""

    lock = threading.Lock()
    depth = 0
    own: Any = None


@contextlib.contextmanager
def fused_batch_normalization(normalize: Normalize) -> Iterator[None]:
    """Within, `keras.layers.BatchNormalization` of maps in training mode is one operation; it stays what it is.

    Args:
        normalize: `by_tensorflow` or `by_torch`.
    """

    def call(self: Any, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        if training and mask is None and _fusible(self, inputs):
            return _normalized(self, inputs, normalize)
        return _Replaced.own(self, inputs, training=training, mask=mask)

    layer = keras.layers.BatchNormalization
    with _Replaced.lock:
        if not _Replaced.depth:
            _Replaced.own, layer.call = layer.call, call
        _Replaced.depth += 1
    try:
        yield
    finally:
        with _Replaced.lock:
            _Replaced.depth -= 1
            if not _Replaced.depth:
                layer.call = _Replaced.own


def _fusible(layer: Any, inputs: Any) -> bool:
    plain = layer.trainable and not (layer.synchronized or getattr(layer, "renorm", False))
    dtype = keras.backend.standardize_dtype(inputs.dtype)
    return plain and len(inputs.shape) == 4 and layer.axis in (-1, 3) and dtype in ("float32", "bfloat16")


def _normalized(layer: Any, inputs: Any, normalize: Normalize) -> Any:
    channels = inputs.shape[-1:]
    scale = ops.cast(layer.gamma, "float32") if layer.scale else ops.ones(channels)
    offset = ops.cast(layer.beta, "float32") if layer.center else ops.zeros(channels)
    outputs, *found = normalize(inputs, scale, offset, layer.epsilon)
    for moving, new in zip((layer.moving_mean, layer.moving_variance), found):
        moving.assign(moving * layer.momentum + ops.cast(new, moving.dtype) * (1 - layer.momentum))
    return ops.cast(outputs, layer.compute_dtype)


def by_tensorflow(inputs: Any, scale: Any, offset: Any, epsilon: float) -> tuple[Any, Any, Any]:
    """Normalizes by FusedBatchNormV3."""
    import tensorflow as tf

    outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
        x=inputs, scale=scale, offset=offset, mean=[], variance=[], epsilon=epsilon, is_training=True
    )
    count = ops.cast(math.prod(ops.shape(inputs)[:3]), "float32")
    return outputs, mean, variance * (count - 1) / count  # the operation returns the unbiased estimate


def by_torch(inputs: Any, scale: Any, offset: Any, epsilon: float) -> tuple[Any, Any, Any]:
    """Normalizes by native_batch_norm, whose maps have the channels in front: here in their strides only."""
    import torch

    maps = inputs.permute(0, 3, 1, 2)
    outputs, mean, inverse = torch.native_batch_norm(maps, scale, offset, None, None, True, 0.0, epsilon)
    return outputs.permute(0, 2, 3, 1), mean.detach(), inverse.detach() ** -2 - epsilon
