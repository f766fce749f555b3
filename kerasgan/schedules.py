"""Schedules: learning rates and other numbers that change during training.

A schedule is a `keras.optimizers.schedules.LearningRateSchedule`: a function from steps to scalars. A
setting that may be one may also be a number, or a table as in recipes: `{"name": "Cosine", "start": 1.0, "end": 0.1,
"steps": 9}`.
"""

import math
from collections.abc import Mapping
from typing import Annotated, Any

import keras
from keras import ops
from keras.optimizers.schedules import LearningRateSchedule

from kerasgan.names import find, made, resolve
from kerasgan.scalars import Limits, guard

__all__ = ["Cosine", "ExponentialDecayWithFloor", "LinearDecay", "Staged", "at", "get", "over"]


@keras.saving.register_keras_serializable("kerasgan")
class Cosine(LearningRateSchedule):
    """From `start` to `end` along half a period of a cosine, then `end` (Huang et al. 2024, 2501.05441).

    Args:
        start: the value at step 0.
        end: the value from `steps` on; above or below `start`.
        steps: updates from `start` to `end`, 1 or more.

    Raises:
        ValueError: for less than one step.
    """

    def __init__(self, start: float, end: float, *, steps: int):
        self.start, self.end, self.steps = start, end, steps

    def __call__(self, step):
        done = ops.minimum(ops.cast(step, "float32") / self.steps, 1.0)
        return self.end + (self.start - self.end) * 0.5 * (1.0 + ops.cos(math.pi * done))

    def get_config(self):
        return {"start": self.start, "end": self.end, "steps": self.steps}


@keras.saving.register_keras_serializable("kerasgan")
class ExponentialDecayWithFloor(LearningRateSchedule):
    """max(initial_learning_rate / decay^step, floor), per update (Goodfellow et al. 2014's configuration files).

    Args:
        initial_learning_rate: the rate of the first update.
        decay: factor above 1 that divides the rate after each update.
        floor: the smallest rate.
    """

    def __init__(self, initial_learning_rate: float, *, decay: float = 1.000004, floor: float = 1e-6):
        self.initial_learning_rate, self.decay, self.floor = initial_learning_rate, decay, floor

    def __call__(self, step):
        # exp(-t log decay): decay ** t in float32 would lose the sixth decimal of 1.000004.
        exponent = -math.log(self.decay) * ops.cast(step, "float32")
        return ops.maximum(self.initial_learning_rate * ops.exp(exponent), self.floor)

    def get_config(self):
        return {"initial_learning_rate": self.initial_learning_rate, "decay": self.decay, "floor": self.floor}


@keras.saving.register_keras_serializable("kerasgan")
class LinearDecay(LearningRateSchedule):
    """A rate that is constant for `constant_steps` updates and then falls linearly to zero (Zhu et al. 2017, appendix
    7.1).

    Args:
        initial_learning_rate: the rate of the first updates.
        constant_steps: the number of those.
        decay_steps: updates over which it falls; it is zero from then on.
    """

    def __init__(self, initial_learning_rate: float, *, constant_steps: int, decay_steps: int):
        self.initial_learning_rate, self.constant_steps, self.decay_steps = (
            initial_learning_rate,
            constant_steps,
            decay_steps,
        )

    def __call__(self, step):
        past = ops.cast(step, "float32") - self.constant_steps
        return self.initial_learning_rate * (1.0 - ops.clip(past / self.decay_steps, 0.0, 1.0))

    def get_config(self):
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "constant_steps": self.constant_steps,
            "decay_steps": self.decay_steps,
        }


@keras.saving.register_keras_serializable("kerasgan")
class Staged(LearningRateSchedule):
    """A rate that falls near the end of each stage, and is back at the beginning of the next one.

    Args:
        initial_learning_rate: the rate for most of a stage.
        stage_steps: updates of a stage.
        stages: number of stages; the last one does not end.
        constant: share of a stage after which the rate falls, in [0, 1].
        factor: of the rate from there on.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        *,
        stage_steps: int,
        stages: int,
        constant: Annotated[float, Limits(0, 1)] = 0.8,
        factor: Annotated[float, Limits(0)] = 0.1,
    ):
        self.initial_learning_rate, self.stage_steps, self.stages = initial_learning_rate, stage_steps, stages
        self.constant, self.factor = constant, factor

    def __call__(self, step):
        step = ops.cast(step, "int32")
        done = step - self.stage_steps * ops.minimum(step // self.stage_steps, self.stages - 1)
        falls = ops.cast(done, "float32") >= self.constant * self.stage_steps
        return ops.where(falls, self.factor, 1.0) * self.initial_learning_rate

    def get_config(self):
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "stage_steps": self.stage_steps,
            "stages": self.stages,
            "constant": self.constant,
            "factor": self.factor,
        }


def get(value: Any, argument: str = "schedule") -> Any:
    """A number or a schedule unchanged, or the schedule of a table: a recipe's, or one that Keras wrote to a file.

    Args:
        value: what is given.
        argument: what it is given as, for the error.

    Raises:
        ValueError: for a table with an unknown name, with the nearest known ones.
    """
    if not isinstance(value, Mapping):
        return value
    if "class_name" in value:
        return keras.saving.deserialize_keras_object(dict(value))
    config = dict(value)
    name = config.pop("name", None)
    classes = {
        key: found
        for key, found in {**vars(keras.optimizers.schedules), **globals()}.items()
        if isinstance(found, type) and issubclass(found, LearningRateSchedule) and found is not LearningRateSchedule
    }
    received = f"{argument}={dict(value)!r}"
    found = classes[resolve(name, sorted(classes), expected="a schedule", received=received)]
    return made(found, config, received=received)


def over(settings: Any, steps: int) -> Any:
    """Settings as in recipes, in which the schedules that say no length go over `steps` updates.

    Args:
        settings: tables and lists of them, such as `{"learning_rate": {"name": "Cosine", "start": 1e-3, "end": 0.0}}`.
        steps: updates, 1 or more.
    """
    if isinstance(settings, Mapping):
        name = settings.get("name")
        length = _LENGTHS.get((isinstance(name, str) and find(name, list(_LENGTHS))) or "")
        missing = {} if length is None or length in settings else {length: steps}
        return {key: over(value, steps) for key, value in settings.items()} | missing
    return [over(each, steps) for each in settings] if isinstance(settings, list | tuple) else settings


_LENGTHS = {"Cosine": "steps", "CosineDecay": "decay_steps"}


def at(value: Any, step: Any) -> Any:
    """A setting's value at a step: the number itself, or its schedule's value."""
    return value(step) if callable(value) else value


guard(globals(), __all__)
