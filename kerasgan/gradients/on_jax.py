"""Gradients on JAX; what the functions mean is said in `kerasgan.gradients`.

JAX must not update variables in place: the step runs inside a scope that holds the values of all variables, and
whatever differentiates or branches opens an inner scope and hands its updates outwards.
"""

import contextlib
import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops

from kerasgan.gradients import jax_convolutions, jax_operations
from kerasgan.keras_internals import convolutions_by, draws_by, operations_by

SHORTEST, LONGEST = 4096, 65536
"""Up to the longer, draws are of one of three lengths."""


def trainer_step(step):
    """For a trainer that passes the state and expects the new one."""

    @functools.wraps(step)
    def stateless_step(self, state, data):
        owners = _owners(self)
        mapping = [pair for variables, values in zip(owners, state) for pair in zip(variables, values)]
        with (
            Scope(mapping) as scope,
            convolutions_by(jax_convolutions.quick),
            operations_by(jax_operations.quick),
            draws_by(flat),
        ):
            logs = step(self, data)
        return logs, tuple([scope.get_current_value(variable) for variable in variables] for variables in owners)

    return stateless_step


def flat(name: str, draw: Callable) -> Callable:
    """Keras' `normal` or `uniform` of JAX, with the same values, drawn along one axis and in few lengths.

    On a CPU XLA compiles a draw of four axes in up to 2.4 seconds of a processor, of one in 0.25, and equal ones once.
    """
    import jax

    config: Any = jax.config
    # Then each value depends on its place alone, so that the first of a longer draw are those of a shorter one.
    placed = config.jax_threefry_partitionable and config.jax_default_prng_impl == "threefry2x32"

    def flat_draw(shape, *arguments, **options):
        count = math.prod(shape)
        values = draw((_drawn(count) if placed else count,), *arguments, **options)
        if placed:  # Else what uses noise computes it anew for each of a map's channels; what a loop reads is kept.
            halves = jax.lax.map(jax.lax.optimization_barrier, ops.reshape(values, (2, -1)))
            values = ops.reshape(halves, (-1,))[:count]
        return ops.reshape(values, shape)

    return flat_draw if jax.default_backend() == "cpu" else draw


def _drawn(count: int) -> int:
    """A length from `count` on, even and up to `LONGEST` one of few."""
    length = SHORTEST
    while length < count:
        length *= 4
    return length if length <= LONGEST else count + count % 2


def _owners(trainer) -> tuple[list[keras.Variable], ...]:
    """The variables of each part of the state that Keras' trainer passes."""
    optimizer, metrics = trainer.optimizer.variables, trainer.metrics_variables
    return trainer.trainable_variables, trainer.non_trainable_variables, optimizer, metrics


@contextlib.contextmanager
def fitting(trainer):
    trainer.make_train_function()
    train = trainer.train_function

    def step(state, data):
        try:
            return train(state, data)
        except BaseException:
            for variables, values in zip(_owners(trainer), state):
                for variable, value in zip(variables, values):
                    if not value.is_deleted():  # a step that fails while it runs has already used them up
                        variable.assign(value)
            raise

    trainer.train_function = step
    try:
        yield
    finally:
        trainer.train_function = train


def recording(variables):
    return contextlib.nullcontext()


def apply(optimizer, grads, variables):
    if not isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        optimizer.apply(grads, variables)  # some of its variables may be frozen since it was built
        return
    # LossScaleOptimizer.apply branches with side effects, which JAX cannot trace; its stateless form takes no subset of
    # the variables that it was built with, of which some may be frozen.
    scale, counter = optimizer.dynamic_scale + 0, optimizer.step_counter + 0
    finite, grown = optimizer.check_finite(grads), counter == optimizer.dynamic_growth_steps - 1

    def update():
        optimizer.inner_optimizer.apply([grad / scale for grad in grads], variables)
        return scale

    conditional(finite, update, lambda: scale)
    optimizer.dynamic_scale.assign(ops.where(finite, ops.where(grown, 2.0 * scale, scale), 0.5 * scale))
    optimizer.step_counter.assign(ops.where(ops.logical_and(finite, ops.logical_not(grown)), counter + 1, 0))


def _assign(variables: Sequence[keras.Variable], values: Sequence) -> None:
    for variable, value in zip(variables, values):
        variable.assign(value)


class Scope(keras.StatelessScope):
    """A stateless scope that starts from the enclosing one's values and remembers which variables were assigned."""

    current: "Scope | None" = None

    def __init__(self, mapping=()):
        super().__init__(state_mapping=mapping)
        self.assigned: dict[int, keras.Variable] = {}

    def __enter__(self):
        self.enclosing, Scope.current = Scope.current, self
        if self.enclosing is not None:
            self.state_mapping = {**self.enclosing.state_mapping, **self.state_mapping}
        return super().__enter__()

    def __exit__(self, *exception):
        Scope.current = self.enclosing
        return super().__exit__(*exception)

    def add_update(self, update):
        self.assigned[id(update[0])] = update[0]
        super().add_update(update)


def _pure(fn: Callable, assigned: dict) -> Callable:
    """`fn` without side effects: returns its value and the values it assigned; `assigned` learns to which variables."""

    def pure(*arguments, mapping=()):
        with Scope(mapping) as scope:
            value = fn(*arguments)
        assigned.update(scope.assigned)
        return value, [scope.get_current_value(variable) for variable in assigned.values()]

    return pure


def gradients(loss_fn, variables, scale, record):
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


def input_gradients(fn, inputs):
    import jax

    assigned: dict[int, keras.Variable] = {}
    pure = _pure(lambda images: ops.sum(fn(images)), assigned)
    grads, updates = jax.grad(pure, has_aux=True)(inputs)
    _assign(list(assigned.values()), updates)
    return grads


def conditional(predicate, fn, otherwise):
    import jax

    assigned: dict[int, keras.Variable] = {}
    pure = jax.jit(_pure(fn, assigned))  # traced once
    jax.eval_shape(pure)  # learns which variables fn assigns, for the branch that leaves them alone
    variables = list(assigned.values())
    value, updates = jax.lax.cond(predicate, pure, lambda: (otherwise(), [variable.value for variable in variables]))
    _assign(variables, updates)
    return value
