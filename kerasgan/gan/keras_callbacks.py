"""Keras' own callbacks and metrics in the training of a GAN, where they look for what it does not have."""

import functools
from typing import Any

import keras
import numpy as np

__all__ = ["RunningMean", "adapted"]

LOSSES = ("discriminator_loss", "generator_loss")


class RunningMean(keras.metrics.Mean):
    """The mean of a loss that `fit` shows; it tells those of an earlier `compile` from a subclass's metrics."""


def adapted(callback: Any) -> Any:
    """A callback of Keras as `fit` of a GAN needs it: `TerminateOnNaN` looks at both losses, others stay."""
    if not isinstance(callback, keras.callbacks.TerminateOnNaN):
        return callback
    kind: Any = type(callback)
    stand_in: Any = object.__new__(_with_both_losses(kind))
    object.__setattr__(stand_in, "__dict__", callback.__dict__)  # all that the callback keeps is its own
    return stand_in


class _BothLosses:
    """Beside `TerminateOnNaN`, which looks for a log named "loss": hands it the loss that is not finite, if one is."""

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        losses = [float(np.mean(logs[name])) for name in LOSSES if name in (logs or {})]
        broken = [loss for loss in losses if not np.isfinite(loss)]
        super().on_batch_end(batch, {**(logs or {}), "loss": broken[0]} if broken else logs)  # type: ignore[misc]


@functools.cache
def _with_both_losses(kind: type) -> type:
    return type(kind.__name__, (_BothLosses, kind), {})
