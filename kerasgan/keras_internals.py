"""All uses of Keras' private API, each with the public feature that Keras lacks; no other module uses it.

`tests/test_keras_internals.py` has one test for each name, so that a Keras release that drops one breaks a test, not
users.
"""

from collections.abc import Iterator
from typing import Any

import keras

__all__ = ["BuiltWhenMade", "adam_moments", "layers_below", "variable_index"]


class BuiltWhenMade:
    """A base beside `keras.Model` for models whose variables exist after the constructor.

    Keras has no public way to declare that: before the first step of `fit` it traces the model to build it, which
    fails when several machines train.
    """

    def _maybe_symbolic_build(self, **_: Any) -> None:
        """Does nothing."""


def layers_below(network: keras.Layer) -> Iterator[Any]:
    """All layers inside a network, nested ones too, without the network itself.

    Keras' public `layers` are those of a model's first level only.
    """
    yield from network._flatten_layers(include_self=False)


def variable_index(optimizer: keras.optimizers.Optimizer, variable: Any) -> int:
    """The index of a variable, in `update_step`, among those that its optimizer was built with.

    Keras passes `update_step` a variable (on TensorFlow its value, or a replica of that), for which a custom optimizer
    must find its slots, but offers no public way to do so.
    """
    return optimizer._get_variable_index(variable)


def adam_moments(optimizer: keras.optimizers.Adam, variable: Any) -> tuple[keras.Variable, keras.Variable]:
    """The averages of a variable's gradients and of their squares that Adam keeps.

    Keras shows them in `Optimizer.variables` only, without their owners.
    """
    index = variable_index(optimizer, variable)
    return optimizer._momentums[index], optimizer._velocities[index]
