"""What Keras' `compile` and `fit` take for a supervised model, refused by a GAN with what to use instead."""

import inspect
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

import keras

from kerasgan.names import advised
from kerasgan.scalars import check

__all__ = ["display", "refuse_compile_options", "refuse_fit_options"]

_SCORES = (
    'metrics=["frechet_distance"], which are of samples (kerasgan.metrics.sample_metrics.names()), or a '
    "keras.metrics.Metric that a subclass makes and updates itself"
)
_COMPILE = {
    "optimizer": "generator_optimizer and discriminator_optimizer",
    "learning_rate": "generator_optimizer and discriminator_optimizer, such as keras.optimizers.Adam(2e-4, 0.5)",
    "loss": 'objective, such as objective="hinge" (kerasgan.objectives.names())',
    "loss_weights": "the weights that penalties and the family's constructor take",
    "weighted_metrics": _SCORES,
    "auto_scale_loss": 'keras.config.set_dtype_policy("mixed_float16"), with which losses are always scaled',
}
_WEIGHTS = "data in which each image is as frequent as it should count"
_FIT = {
    "class_weight": _WEIGHTS,
    "sample_weight": _WEIGHTS,
    **dict.fromkeys(("validation_steps", "validation_batch_size"), "kerasgan.evaluation.evaluate of held-out images"),
}


_NUMBERS = {"epochs": int, "initial_epoch": int, "steps_per_epoch": int | None}


def refuse_compile_options(options: Mapping[str, Any], method: Callable[..., Any]) -> None:
    """Raises ValueError for arguments of `keras.Model.compile` that would have no effect; None is no argument.

    Raises TypeError for those that it does not have, with the most similar one of it or of the GAN's `method`.
    """
    _refuse("compile", _COMPILE, options)
    _refuse_unknown(method, options)


def refuse_fit_options(options: Mapping[str, Any], method: Callable[..., Any] | None = None) -> None:
    """As `refuse_compile_options`, of `keras.Model.fit` and `train_on_batch`; and numbers that Keras takes unseen."""
    for name in _NUMBERS.keys() & options.keys():
        check(name, options[name], _NUMBERS[name])
    if options.get("validation_data") is not None or options.get("validation_split"):
        raise ValueError(
            "A GAN has no validation loss: expected neither validation_data nor validation_split, but "
            "compile(metrics=[kerasgan.metrics.FrechetDistance(data=HELD_OUT_IMAGES)])."
        )
    _refuse("fit", _FIT, options)
    if method is not None:
        _refuse_unknown(method, options)
    if not any(options.get("verbose", "auto") == known for known in ("auto", 0, 1, 2)):
        raise ValueError(f"Expected 'auto', 0, 1 or 2. Received: verbose={options['verbose']!r}")
    callbacks = options.get("callbacks")
    for each in callbacks if isinstance(callbacks, list | tuple) else [callbacks] if callbacks else []:
        if not isinstance(each, keras.callbacks.Callback):
            raise ValueError(f"Expected a callback or a list of them. Received: callbacks={callbacks!r}")


def display(verbose: Any) -> Any:
    """`verbose` of `fit`, whose "auto" is a bar on a terminal or in a notebook, and a line for each epoch in a log.

    Keras' own writes its bar into files, too, twenty times a second.
    """
    drawn = sys.stdout is not None and sys.stdout.isatty()
    drawn = drawn or "ipykernel" in sys.modules or "PYCHARM_HOSTED" in os.environ
    return verbose if verbose != "auto" or drawn else 2


def _refuse_unknown(method: Callable[..., Any], options: Mapping[str, Any]) -> None:
    known = inspect.signature(getattr(keras.Model, method.__name__)).parameters
    for name in options.keys() - known.keys():
        error = TypeError(f"{method.__name__}() got an unexpected keyword argument {name!r}")
        raise advised(error, [*inspect.signature(method).parameters, *known])


def _refuse(method: str, instead: Mapping[str, str], options: Mapping[str, Any]) -> None:
    for name, value in options.items():
        if name in instead and value is not None:
            received = name if name == "optimizer" else f"{name}={value!r}"
            raise ValueError(f"Expected {instead[name]}; {method} of a GAN has no {name}. Received: {received}")
