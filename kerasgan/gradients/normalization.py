"""Batch normalization on TensorFlow as the one operation that it has for it, in training.

Keras composes it of a dozen operations, which with their gradients each pass over all maps: three times as long.
"""

import contextlib
import math
import threading
from collections.abc import Iterator
from typing import Any

import keras
from keras import ops

__all__ = ["fused_batch_normalization"]


class _Replaced:
    """What is replaced at the moment, by how many threads: those of several devices trace a step at the same time."""

    lock = threading.Lock()
    depth = 0
    own: Any = None


@contextlib.contextmanager
def fused_batch_normalization() -> Iterator[None]:
    """Within, `keras.layers.BatchNormalization` of maps in training mode is one operation; it stays what it is."""
    layer = keras.layers.BatchNormalization
    with _Replaced.lock:
        if not _Replaced.depth:
            _Replaced.own, layer.call = layer.call, _call
        _Replaced.depth += 1
    try:
        yield
    finally:
        with _Replaced.lock:
            _Replaced.depth -= 1
            if not _Replaced.depth:
                layer.call = _Replaced.own


def _call(self: Any, inputs: Any, training: Any = None, mask: Any = None) -> Any:
    if training and mask is None and _fusible(self, inputs):
        return _normalized(self, inputs)
    return _Replaced.own(self, inputs, training=training, mask=mask)


def _fusible(layer: Any, inputs: Any) -> bool:
    plain = layer.trainable and not (layer.synchronized or getattr(layer, "renorm", False))
    dtype = keras.backend.standardize_dtype(inputs.dtype)
    return plain and len(inputs.shape) == 4 and layer.axis in (-1, 3) and dtype in ("float32", "bfloat16")


def _normalized(layer: Any, inputs: Any) -> Any:
    import tensorflow as tf

    channels = inputs.shape[-1:]
    outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
        x=inputs,
        scale=ops.cast(layer.gamma, "float32") if layer.scale else tf.ones(channels),
        offset=ops.cast(layer.beta, "float32") if layer.center else tf.zeros(channels),
        mean=[],
        variance=[],
        epsilon=layer.epsilon,
        is_training=True,
    )
    count = ops.cast(math.prod(ops.shape(inputs)[:3]), "float32")
    biased = variance * (count - 1) / count  # the operation returns the unbiased estimate, Keras averages this one
    for moving, new in ((layer.moving_mean, mean), (layer.moving_variance, biased)):
        moving.assign(moving * layer.momentum + ops.cast(new, moving.dtype) * (1 - layer.momentum))
    return ops.cast(outputs, layer.compute_dtype)
