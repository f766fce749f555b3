"""Networks of the layers of others: one after another, in one graph whose layers are those of both."""

from collections.abc import Callable, Sequence
from typing import Any

import keras

__all__ = ["compose", "rerun"]


def compose(first: keras.Model, second: keras.Model) -> keras.Model:
    """`second` of the output of `first`, with the layers, weights and name of both and `second`: none is nested.

    The output takes the place of the second's first input; its other inputs become inputs of the whole. Files of
    weights thus have the same paths as of a network that was built in one piece.
    """
    others = [keras.Input(batch_shape=each.shape, dtype=each.dtype, name=each.name) for each in second.inputs[1:]]
    inputs = [*first.inputs, *others]
    output = rerun(second, [first.output, *others])
    return keras.Model(inputs if len(inputs) > 1 else inputs[0], output, name=second.name)


def rerun(
    network: keras.Model, inputs: Sequence[Any], *, beside: Sequence[Any] = (), call: Callable | None = None
) -> Any:
    """The symbolic output of a functional network with one, whose own layers are called again, on other inputs.

    Args:
        network: stays as it is.
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
