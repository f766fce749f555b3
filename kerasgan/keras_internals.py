"""All that kerasgan takes of Keras beside its public API, each with what Keras lacks; nothing else names it.

`tests/test_keras_internals.py` has one test for each name, so that a new Keras that drops one breaks a test, not users.
"""

from collections.abc import Iterator
from typing import Any

import keras

__all__ = ["BuiltWhenMade", "adam_moments", "layers_below", "output_path", "own_metrics", "variable_index"]


class BuiltWhenMade:
    """Beside `keras.Model`, for one whose variables exist once it is made.

    Keras has no way to say so: before the first step of `fit` it traces the model to build it, which fails where
    several machines train.
    """

    def _maybe_symbolic_build(self, **_: Any) -> None:
        """Does nothing."""


def layers_below(network: keras.Layer) -> Iterator[Any]:
    """Each layer inside a network, those inside layers too, without the network itself.

    Keras' public `layers` are those of a model's first level only.
    """
    yield from network._flatten_layers(include_self=False)


def own_metrics(model: keras.Model, *, besides: type) -> list[keras.metrics.Metric]:
    """The metrics that are attributes of a model or of layers inside it, without those of the class `besides`.

    Keras' public `metrics` begins with the means of a compiled loss, which a GAN does not have.
    """
    found = {id(metric): metric for metric in model._metrics}
    for layer in layers_below(model):
        if not isinstance(layer, keras.Model):  # a model's are of what it was compiled for by itself
            found |= {id(metric): metric for metric in layer.metrics}
    return [metric for metric in found.values() if not isinstance(metric, besides)]


def output_path(network: keras.Model) -> Iterator[Any]:
    """The operations that a network's first output comes from, the last first, as long as each has one input.

    Keras does not say publicly which layer makes an output. Nothing of a subclassed model, which keeps no graph.
    """
    tensor = (getattr(network, "outputs", None) or [None])[0]
    while tensor is not None and hasattr(tensor, "_keras_history"):
        operation, node, _ = tensor._keras_history
        if isinstance(operation, keras.Model):
            yield from output_path(operation)
            return
        yield operation
        inputs = operation._inbound_nodes[node].input_tensors
        tensor = inputs[0] if len(inputs) == 1 else None


def variable_index(optimizer: keras.optimizers.Optimizer, variable: Any) -> int:
    """Which of the variables that an optimizer was built with a variable is, in `update_step`.

    Keras hands `update_step` a variable (on TensorFlow its value, or a replica of that) and expects of an optimizer of
    one's own that it finds its slots, but has no public way from one to the other.
    """
    return optimizer._get_variable_index(variable)


def adam_moments(optimizer: keras.optimizers.Adam, variable: Any) -> tuple[keras.Variable, keras.Variable]:
    """The averages of a variable's gradients and of their squares that Adam keeps.

    Keras shows them in `Optimizer.variables` only, where nothing says whose they are.
    """
    index = variable_index(optimizer, variable)
    return optimizer._momentums[index], optimizer._velocities[index]
