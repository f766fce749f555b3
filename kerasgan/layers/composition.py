"""Composition of functional networks into one graph with the layers of both."""

from collections.abc import Callable, Sequence
from typing import Any

import keras

__all__ = ["compose", "rerun"]


def compose(first: keras.Model, second: keras.Model) -> keras.Model:
    """`second` applied to the output of `first`: one network with the layers of both, not nested, named as `second`.

    The output replaces the second's first input; its other inputs become inputs of the result. Weight files thus have
    the same paths as those of a network that was built in one piece.
    """
    others = [keras.Input(batch_shape=each.shape, dtype=each.dtype, name=each.name) for each in second.inputs[1:]]
    inputs = [*first.inputs, *others]
    output = rerun(second, [first.output, *others])
    return keras.Model(inputs if len(inputs) > 1 else inputs[0], output, name=second.name)


def rerun(
    network: keras.Model, inputs: Sequence[Any], *, beside: Sequence[Any] = (), call: Callable | None = None
) -> Any:
    """The symbolic output of a functional network with one, whose layers are called again, on other inputs.

    Args:
        network: is not changed.
        inputs: symbolic, in the order of `network.inputs`.
        beside: further symbolic inputs, that `call` uses.
        call: of (layer, *arguments, **options), instead of `layer(*arguments, **options)`.
    """
    made: dict[str, Any] = {}  # the clone's own output starts at inputs that it puts in the place of tensors

    def recorded(layer: Any, *arguments: Any, **options: Any) -> Any:
        output = layer(*arguments, **options) if call is None else call(layer, *arguments, **options)
        made[layer.name] = output
        return output

    several = keras.Model([*network.inputs, *beside], network.outputs)
    tensors = [*inputs, *beside]
    keras.models.clone_model(several, input_tensors=tensors, clone_function=lambda layer: layer, call_function=recorded)
    return made[network.output_names[0]]
