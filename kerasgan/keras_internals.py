"""All uses of Keras' private API, each with the public feature that Keras lacks; no other module uses it.

`tests/test_keras_internals.py` has one test for each name, so that a Keras release that drops one breaks a test, not
users.
"""

import contextlib
import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import keras
from keras.src import backend
from keras.src.backend import in_stateless_scope
from keras.src.backend.common import global_state
from keras.src.trainers.data_adapters import get_data_adapter

__all__ = [
    "BuiltWhenMade",
    "adam_moments",
    "convolutions_by",
    "draws_by",
    "initialize",
    "initialize_later",
    "layers_below",
    "lazy_variables",
    "made_without_values",
    "operations_by",
    "output_path",
    "own_metrics",
    "variable_index",
    "waits",
    "with_tf_data",
]


SCOPE = "stateless_scope"  # under which Keras keeps the current one


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


def with_tf_data(batches: Any, change: Callable[[Any], Any], *, shuffle: bool) -> Any:
    """For `fit` in place of a PyDataset or loader: the tf.data that Keras makes of it is what `change` returns.

    Keras has no public way to give that dataset options.
    """
    adapter = get_data_adapter(batches, shuffle=shuffle)
    make = adapter.get_tf_dataset
    adapter.get_tf_dataset = lambda: change(make())
    return adapter


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


def convolutions_by(change: Callable[[str, Callable], Callable]) -> contextlib.AbstractContextManager:
    """Within, `keras.ops.conv` and `conv_transpose`, and so layers, call `change(name, function)` of what they call.

    Keras has no public way to give an operation of its backends another gradient.
    """
    return _changed(backend.nn, ("conv", "conv_transpose"), change)


def draws_by(change: Callable[[str, Callable], Callable]) -> contextlib.AbstractContextManager:
    """Within, `keras.random.normal` and `uniform`, and so layers, call `change(name, function)` of what they call.

    Keras has no public way to have its backends draw in another shape.
    """
    return _changed(backend.random, ("normal", "uniform"), change)


@contextlib.contextmanager
def operations_by(change: Callable[[str, Callable], Callable]) -> Iterator[None]:
    """Within, `keras.ops.matmul` and `leaky_relu`, and so layers, call `change(name, function)` of what they call.

    Keras has no public way to give an operation of its backends another form.
    """
    with _changed(backend.numpy, ("matmul",), change), _changed(backend.nn, ("leaky_relu",), change):
        yield


@contextlib.contextmanager
def _changed(module: Any, names: tuple[str, ...], change: Callable[[str, Callable], Callable]) -> Iterator[None]:
    own = {name: getattr(module, name) for name in names}
    for name, function in own.items():
        setattr(module, name, change(name, function))
    try:
        yield
    finally:
        for name, function in own.items():
            setattr(module, name, function)


@contextlib.contextmanager
def lazy_variables() -> Iterator[None]:
    """Within, variables are made without a value: they get it when it is first read, unless they are assigned one.

    Keras initializes a variable when it makes it, also where a file's value replaces it at once. What the initializer
    returns is the same, now or later: Keras' random ones have drawn their seeds by then. Not for several devices, whose
    variables must be made in their scope; nothing changes on PyTorch, where layers read variables when they are built.
    """
    if _Making.now or keras.backend.backend() == "torch" or keras.config.is_nnx_enabled():
        yield
        return
    keras.Variable._initialize_with_initializer = _postpone
    _Making.now = True
    try:
        yield
    finally:
        _Making.now = False
        del keras.Variable._initialize_with_initializer


def made_without_values() -> bool:
    """Whether `lazy_variables` is active: optimizers are then to be built later, as on TensorFlow they read weights."""
    return _Making.now


def initialize(variables: Iterable[Any]) -> None:
    """Gives those variables that have no value yet the value of their initializers."""
    for variable in variables:
        if waits(variable):
            _ = variable._value


def initialize_later(variable: Any, value: Callable[[], Any]) -> None:
    """Makes `value` the initializer of a variable that has no value yet; assigns it to any other at once."""
    if waits(variable):
        variable._initializer = lambda shape, dtype=None: value()
    else:
        variable.assign(value())


def waits(variable: Any) -> bool:
    """Whether a variable has no value yet; see `lazy_variables`."""
    return getattr(type(variable), "waits", False)


class _Making:
    """Whether `lazy_variables` is active: variables are then read for the shapes of what comes of them only."""

    now = False


def _postpone(variable: Any, initializer: Any) -> None:
    if "_value" in vars(variable):  # that of a variable that has waited: now it is read
        super(keras.Variable, variable)._initialize_with_initializer(initializer)
        return
    variable._initializer = initializer
    variable.__class__ = _lazy(type(variable))  # type: ignore[arg-type]


@functools.cache
def _lazy(kind: type) -> type:
    """The class of a variable without a value, which makes it one of `kind` when it gets one."""

    class Lazy(kind):
        waits = True

        @property
        def _value(self) -> Any:
            if _Making.now and in_stateless_scope():
                return None  # Keras then uses what the initializer returns, without keeping it
            initializer, scope = self._initializer, global_state.get_global_attribute(SCOPE)
            self.__class__, self.__dict__["_value"] = kind, None
            global_state.set_global_attribute(SCOPE, None)
            try:
                self._deferred_initialize()  # outside of what TensorFlow traces
            except BaseException:
                del self.__dict__["_value"]
                _postpone(self, initializer)
                raise
            finally:
                global_state.set_global_attribute(SCOPE, scope)
            return self._value

        @_value.setter
        def _value(self, value: Any) -> None:
            self.__class__, self._initializer = kind, None
            self._value = value

        def _direct_assign(self, value: Any) -> None:
            self.__class__, self._initializer = kind, None
            self._initialize(value)

    Lazy.__name__, Lazy.__qualname__ = kind.__name__, kind.__qualname__
    return Lazy
