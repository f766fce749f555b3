"""Keras' own callbacks and metrics in the training of a GAN, where they look for what it does not have."""

import functools
from typing import Any

import keras
import numpy as np

__all__ = ["PLAYERS", "RunningMean", "adapted", "for_player"]

LOSSES = ("discriminator_loss", "generator_loss")
PLAYERS = ("generator", "discriminator")


class RunningMean(keras.metrics.Mean):
    """The mean of a loss that `fit` shows; it tells those of an earlier `compile` from a subclass's metrics."""


def adapted(callback: Any, gan: Any) -> Any:
    """A callback of Keras as `fit` of a GAN needs it: `TerminateOnNaN` looks at both losses, others stay.

    Raises:
        ValueError: for `SwapEMAWeights` where neither optimizer averages.
    """
    if isinstance(callback, keras.callbacks.SwapEMAWeights):
        _refuse_without_averages(gan)
    return _sharing(_BothLosses, callback) if isinstance(callback, keras.callbacks.TerminateOnNaN) else callback


def for_player(player: str, callback: keras.callbacks.Callback) -> Any:
    """A callback of Keras that sees one network's optimizer only, such as `LearningRateScheduler`.

    By itself such a callback acts on both optimizers, one after the other.

    Args:
        player: "generator" or "discriminator".
        callback: for `fit`.

    Raises:
        ValueError: for another player.
    """
    if player not in PLAYERS:
        raise ValueError(f"Expected one of {', '.join(PLAYERS)}. Received: player={player!r}")
    return _sharing(_OfGenerator if player == "generator" else _OfDiscriminator, callback)


def _refuse_without_averages(gan: Any) -> None:
    both = [getattr(gan.optimizer, player) for player in PLAYERS] if gan.compiled else []
    if not any(getattr(optimizer, "inner_optimizer", optimizer).use_ema for optimizer in both):
        raise ValueError(
            "Expected compile(ema_half_life=10_000), a moving average of the generator in images, which generate, "
            "save and export then use without a callback; or an optimizer with use_ema=True. Received: SwapEMAWeights"
        )


class _BothLosses:
    """Beside `TerminateOnNaN`, which looks for a log named "loss": hands it the loss that is not finite, if one is."""

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        losses = [float(np.mean(logs[name])) for name in LOSSES if name in (logs or {})]
        broken = [loss for loss in losses if not np.isfinite(loss)]
        super().on_batch_end(batch, {**(logs or {}), "loss": broken[0]} if broken else logs)  # type: ignore[misc]


class _OnePlayer:
    """Beside a callback: its `model` is the GAN, with the optimizer of one of the networks."""

    player: str

    @property
    def model(self) -> Any:
        return _View(super().model, self.player)  # type: ignore[misc]


class _OfGenerator(_OnePlayer):
    player = "generator"


class _OfDiscriminator(_OnePlayer):
    player = "discriminator"


class _View:
    """A model, with another optimizer."""

    def __init__(self, model: Any, player: str):
        self.__dict__.update(viewed=model, player=player)

    @property
    def optimizer(self) -> Any:
        return getattr(self.viewed.optimizer, self.player)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["viewed"], name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self.viewed, name, value)


def _sharing(mixin: Any, callback: Any) -> Any:
    """An object of the callback's class below `mixin`, which has all its attributes in common with it."""
    kind: Any = type(callback)
    stand_in: Any = object.__new__(_below(mixin, kind))
    object.__setattr__(stand_in, "__dict__", callback.__dict__)
    return stand_in


@functools.cache
def _below(mixin: Any, kind: Any) -> type:
    return type(kind.__name__, (mixin, kind), {})
