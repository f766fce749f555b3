"""Gradients with respect to weights and to inputs, on TensorFlow, JAX and PyTorch.

With distribution.py the only file of the training path that knows the backend. `GAN.train_step` and the penalties are
written once, in terms of the functions here; each has the same meaning everywhere:

- `trainer_step`    decorates a `train_step(self, data)` so that Keras' trainer of the backend can call it;
- `gradients`       a scalar loss and its gradients with respect to weights;
- `input_gradients` the gradients of a network's outputs with respect to its inputs, themselves differentiable;
- `every`           runs a function on every n-th step, inside a compiled step too;
- `apply`           applies gradients with an optimiser, loss scaling included;
- `none`            a context in which none are prepared, for sampling;
- `passing_over`    a context in which `fit` passes over its first batches;
- `generator_state` the backend's own random state, where it has one beside Keras' seed generators.

TensorFlow and PyTorch update variables in place. JAX must not: there the step runs inside a scope that holds the
values of all variables, and whatever differentiates or branches opens an inner scope and hands its updates outwards.
"""

import contextlib
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasgan.distribution import replicas, workers

__all__ = [
    "apply",
    "every",
    "generator_state",
    "gradients",
    "input_gradients",
    "none",
    "passing_over",
    "set_generator_state",
    "trainer_step",
]


def trainer_step(step: Callable) -> Callable:
    """Adapts `step(self, data) -> logs` to the signature that the backend's trainer calls.

    JAX's trainer passes the state and wants the new one back; the others call the step as it is. TensorFlow's takes
    the mean over machines along an axis, which scalars lack.
    """
    if keras.backend.backend() == "torch":
        return step
    if keras.backend.backend() == "tensorflow":

        @functools.wraps(step)
        def step_of_a_machine(self: Any, data: Any) -> Any:
            logs = step(self, data)
            return logs if workers() == 1 else {name: ops.expand_dims(value, 0) for name, value in logs.items()}

        return step_of_a_machine

    @functools.wraps(step)
    def stateless_step(self: Any, state: Sequence, data: Any) -> tuple:
        owners = (
            self.trainable_variables,
            self.non_trainable_variables,
            self.optimizer.variables,
            self.metrics_variables,
        )
        mapping = [pair for variables, values in zip(owners, state) for pair in zip(variables, values)]
        with _Scope(mapping) as scope:
            logs = step(self, data)
        return logs, tuple([scope.get_current_value(variable) for variable in variables] for variables in owners)

    return stateless_step


def gradients(
    loss_fn: Callable[[], Any], variables: Sequence[keras.Variable], *, scale: Callable[[Any], Any] = lambda loss: loss
) -> tuple[Any, list]:
    """The scalar `loss_fn()` and the gradients of `scale(loss)` with respect to `variables`, zeros where unused.

    `scale` is an optimiser's `scale_loss`; the loss comes back unscaled. Under `tf.distribute` the differentiated loss
    is divided by the number of replicas, because Keras 3 sums gradients over them.
    """
    return _GRADIENTS[keras.backend.backend()](loss_fn, list(variables), scale)


def input_gradients(fn: Callable[[Any], Any], inputs: Any) -> Any:
    """The gradient of `sum(fn(inputs))` with respect to `inputs`, in their shape; it can be differentiated again.

    The outputs of one sample must not depend on its neighbours for this to be a per-sample gradient.
    """
    return _INPUT_GRADIENTS[keras.backend.backend()](fn, inputs)


def every(interval: int, step: Any, fn: Callable[[], Any], *, otherwise: Callable[[], Any], phase: int = 0) -> Any:
    """`fn()` if `step % interval == phase`, else `otherwise()`; side effects happen only where `fn` runs.

    Take gradients inside `fn`, not of what it returns: XLA cannot differentiate through TensorFlow's branches.

    Args:
        interval: positive integer; 1 calls `fn` without a branch.
        step: integer scalar tensor.
        fn: takes nothing, returns tensors.
        otherwise: takes nothing, returns tensors of the same structure, shapes and dtypes, without side effects.
        phase: integer in [0, interval).
    """
    if interval == 1:
        return fn()
    predicate = ops.equal(ops.mod(ops.cast(step, "int32"), interval), phase)
    return _CONDITIONAL[keras.backend.backend()](predicate, fn, otherwise)


def apply(
    optimizer: keras.optimizers.Optimizer, grads: Sequence, variables: Sequence[keras.Variable], *, when: Any = None
) -> None:
    """Updates `variables` by `grads`; with a `LossScaleOptimizer` unscales first and skips a step that overflowed.

    `when` may be a boolean scalar: where it is false, `variables` and the optimiser's slots stay as they are, and only
    its count of iterations goes on.
    """
    if when is not None:
        kept = [variable for variable in (*variables, *optimizer.variables) if "float" in variable.dtype]
        before = [ops.copy(variable.value) for variable in kept]
        apply(optimizer, grads, variables)
        _assign(kept, [ops.where(when, variable.value, old) for variable, old in zip(kept, before)])
        return
    if keras.backend.backend() != "jax":
        optimizer.apply(list(grads), list(variables))
        return
    # LossScaleOptimizer.apply branches with side effects, which JAX cannot trace; its stateless form can be.
    slots = optimizer.variables
    values, slot_values = optimizer.stateless_apply([v.value for v in slots], list(grads), [v.value for v in variables])
    _assign([*variables, *slots], [*values, *slot_values])


def none() -> contextlib.AbstractContextManager:
    """A context that keeps PyTorch from recording operations; the other backends record nothing unasked."""
    if keras.backend.backend() != "torch":
        return contextlib.nullcontext()
    import torch

    return torch.no_grad()


@contextlib.contextmanager
def passing_over(trainer: keras.Model, batches: int) -> Iterator[None]:
    """Within, `fit` takes its first so many batches and leaves the model as it is: a resumed epoch has seen them.

    Raises:
        ValueError: if `steps_per_execution` does not divide them.
    """
    if not batches:
        yield
        return
    left, rest = divmod(batches, trainer.steps_per_execution)
    if rest:
        expected = f"Expected steps_per_execution to divide the {batches} batches that an interrupted epoch has done"
        raise ValueError(f"{expected}. Received: steps_per_execution={trainer.steps_per_execution}")
    trainer.make_train_function()
    train = trainer.train_function

    def pass_over(*arguments: Any) -> Any:
        nonlocal left
        if not left:
            return train(*arguments)
        left -= 1
        *state, data = arguments  # a state on JAX only; data that is still to be taken, but for PyTorch
        if isinstance(data, Iterator):
            for _ in range(trainer.steps_per_execution):
                next(data)
        return ({}, *state) if state else {}

    trainer.train_function = pass_over
    try:
        yield
    finally:
        trainer.train_function = train


def generator_state() -> np.ndarray:
    """The state of the generator that PyTorch's dropout draws from, uint8; empty on the other backends."""
    if keras.backend.backend() != "torch":
        return np.empty(0, "uint8")
    import torch

    return torch.get_rng_state().numpy()


def set_generator_state(state: np.ndarray) -> None:
    """Sets what `generator_state` returned."""
    if keras.backend.backend() == "torch":
        import torch

        torch.set_rng_state(torch.from_numpy(state))


def _assign(variables: Sequence[keras.Variable], values: Sequence) -> None:
    for variable, value in zip(variables, values):
        variable.assign(value)


# TensorFlow


def _gradients_tensorflow(loss_fn, variables, scale):
    import tensorflow as tf

    # Watching the player's weights alone halves the step: a default tape also records the other player's.
    values = [variable.value for variable in variables]
    if tf.distribute.in_cross_replica_context():  # outside of a step what several devices mirror is read from the first
        values = [tf.distribute.get_strategy().experimental_local_results(value)[0] for value in values]
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(values)
        loss = loss_fn()
        scaled = scale(loss) / replicas()
    grads = tape.gradient(scaled, values, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return loss, [tf.convert_to_tensor(grad) for grad in grads]  # an embedding's are sparse, and cannot be added


def _input_gradients_tensorflow(fn, inputs):
    import tensorflow as tf

    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(inputs)
        outputs = fn(inputs)
    return tape.gradient(outputs, inputs)


def _conditional_tensorflow(predicate, fn, otherwise):
    if replicas() == 1:
        return ops.cond(predicate, fn, otherwise)
    import tensorflow as tf

    # No optimiser runs inside a branch of one replica, but a branch may run something on all of them.
    def both(strategy, predicate, fn, otherwise, keep):
        local = strategy.experimental_local_results
        first, *_ = local(predicate)

        def on_all(own):
            values = strategy.run(lambda own: own(), args=(own,))
            several = [local(value) for value in tf.nest.flatten(values)]  # of each a tensor per replica
            return [tf.nest.pack_sequence_as(values, one) for one in zip(*several)]

        for keep_own, own in zip(local(keep), tf.cond(first, lambda: on_all(fn), lambda: on_all(otherwise))):
            keep_own(own)

    kept: list = []
    tf.distribute.get_replica_context().merge_call(both, args=(predicate, fn, otherwise, kept.append))
    return kept[0]


# PyTorch


def _gradients_torch(loss_fn, variables, scale):
    import torch

    loss = loss_fn()
    grads = torch.autograd.grad(scale(loss), [variable.value for variable in variables], materialize_grads=True)
    return loss.detach(), list(grads)


def _input_gradients_torch(fn, inputs):
    import torch

    with torch.enable_grad():
        if not inputs.requires_grad:
            inputs = inputs.detach().requires_grad_()
        return torch.autograd.grad(fn(inputs).sum(), inputs, create_graph=True)[0]


# JAX


class _Scope(keras.StatelessScope):
    """A stateless scope that starts from the enclosing one's values and remembers which variables were assigned."""

    current: "_Scope | None" = None

    def __init__(self, mapping=()):
        super().__init__(state_mapping=mapping)
        self.assigned: dict[int, keras.Variable] = {}

    def __enter__(self):
        self.enclosing, _Scope.current = _Scope.current, self
        if self.enclosing is not None:
            self.state_mapping = {**self.enclosing.state_mapping, **self.state_mapping}
        return super().__enter__()

    def __exit__(self, *exception):
        _Scope.current = self.enclosing
        return super().__exit__(*exception)

    def add_update(self, update):
        self.assigned[id(update[0])] = update[0]
        super().add_update(update)


def _pure(fn: Callable, assigned: dict) -> Callable:
    """`fn` without side effects: returns its value and the values it assigned; `assigned` learns to which variables."""

    def pure(*arguments, mapping=()):
        with _Scope(mapping) as scope:
            value = fn(*arguments)
        assigned.update(scope.assigned)
        return value, [scope.get_current_value(variable) for variable in assigned.values()]

    return pure


def _gradients_jax(loss_fn, variables, scale):
    import jax

    assigned: dict[int, keras.Variable] = {}
    pure = _pure(loss_fn, assigned)

    def scaled_loss(values):
        loss, updates = pure(mapping=list(zip(variables, values)))
        return scale(loss), (loss, updates)

    values = [variable.value for variable in variables]
    (_, (loss, updates)), grads = jax.value_and_grad(scaled_loss, has_aux=True)(values)
    _assign(list(assigned.values()), updates)
    return loss, grads


def _input_gradients_jax(fn, inputs):
    import jax

    assigned: dict[int, keras.Variable] = {}
    pure = _pure(lambda images: ops.sum(fn(images)), assigned)
    grads, updates = jax.grad(pure, has_aux=True)(inputs)
    _assign(list(assigned.values()), updates)
    return grads


def _conditional_jax(predicate, fn, otherwise):
    import jax

    assigned: dict[int, keras.Variable] = {}
    pure = _pure(fn, assigned)
    jax.eval_shape(pure)  # learns which variables fn assigns, for the branch that leaves them alone
    variables = list(assigned.values())
    value, updates = jax.lax.cond(predicate, pure, lambda: (otherwise(), [variable.value for variable in variables]))
    _assign(variables, updates)
    return value


_CONDITIONAL = {"tensorflow": _conditional_tensorflow, "torch": ops.cond, "jax": _conditional_jax}
_GRADIENTS = {"tensorflow": _gradients_tensorflow, "torch": _gradients_torch, "jax": _gradients_jax}
_INPUT_GRADIENTS = {
    "tensorflow": _input_gradients_tensorflow,
    "torch": _input_gradients_torch,
    "jax": _input_gradients_jax,
}
