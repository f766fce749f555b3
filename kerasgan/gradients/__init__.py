"""Gradients with respect to weights and to inputs, on TensorFlow, JAX and PyTorch.

Apart from distribution.py the only backend-specific part of training. `GAN.train_step` and the penalties are
written once, in terms of the functions here; each has the same meaning everywhere:

- `trainer_step`    decorates a `train_step(self, data)` so that Keras' trainer of the backend can call it;
- `gradients`       a scalar loss and its gradients with respect to weights;
- `recording`       a context that records computations, so that `gradients` need not repeat them;
- `input_gradients` the gradients of a network's outputs with respect to its inputs, themselves differentiable;
- `every`           runs a function on every n-th step, inside a compiled step too;
- `when`            runs one where a condition holds;
- `apply`           applies gradients with an optimizer, loss scaling included;
- `iterations`      how many batches an optimizer has seen;
- `safely_compiled` a trainer's function without the parts of the backend's compiler that break it;
- `fitting`         a context for `fit`: an exception within a step leaves the weights usable, and they lie in memory
                    as the backend is fast with;
- `none`            a context without gradients, for sampling;
- `passing_over`    a context in which `fit` skips its first batches;
- `generator_state` the backend's own random states, where it has some beside Keras' seed generators.

What differs from backend to backend is in the files beside this one, under the same names.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasgan.gradients import on_jax, on_tensorflow, on_torch

__all__ = [
    "apply",
    "every",
    "fitting",
    "generator_state",
    "gradients",
    "input_gradients",
    "iterations",
    "none",
    "passing_over",
    "recording",
    "safely_compiled",
    "set_generator_state",
    "trainer_step",
    "when",
]

GENERATOR = "generator"


def trainer_step(step: Callable) -> Callable:
    """Adapts `step(self, data) -> logs` to the signature that the backend's trainer calls.

    JAX's trainer passes the state and expects the new one; the others call the step unchanged. TensorFlow's takes
    the mean over machines along an axis, which scalars lack.
    """
    return _own().trainer_step(step)


def safely_compiled(train: Callable) -> Callable:
    """The trainer's `train_function`, called without what is known to break it in the backend's compiler."""
    return _own().safely_compiled(train) if keras.backend.backend() == "tensorflow" else train


def gradients(
    loss_fn: Callable[[], Any],
    variables: Sequence[keras.Variable],
    *,
    scale: Callable[[Any], Any] = lambda loss: loss,
    record: Any = None,
) -> tuple[Any, list]:
    """The scalar `loss_fn()` and the gradients of `scale(loss)` with respect to `variables`, zeros where unused.

    `scale` is an optimizer's `scale_loss`; the loss comes back unscaled. `record` is the result of `recording`. Under
    `tf.distribute` the differentiated loss is divided by the number of replicas, because Keras 3 sums gradients over
    them.
    """
    return _own().gradients(loss_fn, list(variables), scale, record)


def recording(variables: Sequence[keras.Variable]) -> contextlib.AbstractContextManager:
    """A context whose computations with `variables` are recorded, for one later `gradients` of a loss of their results.

    Returns the record; on JAX None, where a loss must compute all that it depends on.
    """
    return _own().recording(list(variables))


def input_gradients(fn: Callable[[Any], Any], inputs: Any) -> Any:
    """The gradient of `sum(fn(inputs))` with respect to `inputs`, in their shape; it can be differentiated again.

    The outputs of one sample must not depend on its neighbors for this to be a per-sample gradient.
    """
    return _own().input_gradients(fn, inputs)


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
    return when(ops.equal(ops.mod(ops.cast(step, "int32"), interval), phase), fn, otherwise=otherwise)


def when(predicate: Any, fn: Callable[[], Any], *, otherwise: Callable[[], Any]) -> Any:
    """`fn()` if a boolean scalar is true, else `otherwise()`; both as in `every`."""
    return _own().conditional(predicate, fn, otherwise)


def apply(
    optimizer: keras.optimizers.Optimizer, grads: Sequence, variables: Sequence[keras.Variable], *, when: Any = None
) -> None:
    """Updates `variables` by `grads`; with a `LossScaleOptimizer` unscales first and skips a step that overflowed.

    `when` may be a boolean scalar: if it is false, `variables` and the optimizer's slots keep their values, and only
    its count of iterations increases.
    """
    if not grads:  # of a network that is wholly frozen: Keras would not count the step
        iterations(optimizer).assign_add(1)
        return
    if when is not None:
        kept = [variable for variable in (*variables, *optimizer.variables) if "float" in variable.dtype]
        before = [ops.copy(variable.value) for variable in kept]
        apply(optimizer, grads, variables)
        for variable, old in zip(kept, before):
            variable.assign(ops.where(when, variable.value, old))
        return
    _own().apply(optimizer, list(grads), list(variables))


def iterations(optimizer: keras.optimizers.Optimizer) -> keras.Variable:
    """The variable in which an optimizer counts batches.

    Not `optimizer.iterations`: with gradient accumulation that is a quotient, the number of updates.
    """
    own = getattr(optimizer, "inner_optimizer", optimizer)
    return next(variable for variable in own.variables if variable.name == "iteration")


def fitting(trainer: keras.Model) -> contextlib.AbstractContextManager:
    """Within, an exception in a step of `fit` leaves the model with the weights that the step began with.

    Keras takes them out of the model on JAX, and would put them back from the second step on only. On PyTorch kernels
    lie in memory as its convolutions take them, until the end of `fit`.
    """
    return _own().fitting(trainer)


def none() -> contextlib.AbstractContextManager:
    """A context that keeps PyTorch from recording operations; the other backends record nothing by default."""
    if keras.backend.backend() != "torch":
        return contextlib.nullcontext()
    import torch

    return torch.no_grad()


@contextlib.contextmanager
def passing_over(trainer: keras.Model, batches: int) -> Iterator[None]:
    """A context in which `fit` skips its first `batches` batches, on which a resumed epoch has already trained.

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
        *state, data = arguments  # a state on JAX only; an iterator, except on PyTorch
        if isinstance(data, Iterator):
            for _ in range(trainer.steps_per_execution):
                next(data)
        return ({}, *state) if state else {}

    trainer.train_function = pass_over
    try:
        yield
    finally:
        trainer.train_function = train


def generator_state() -> dict[str, np.ndarray]:
    """The states of the generators that PyTorch's dropout draws from, uint8, by name: of the processor and of each GPU.

    There are none on the other backends, which draw from Keras' seed generators alone.
    """
    if keras.backend.backend() != "torch":
        return {}
    import torch

    gpus = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return {GENERATOR: torch.get_rng_state().numpy()} | {
        f"{GENERATOR}/cuda:{index}": state.numpy() for index, state in enumerate(gpus)
    }


def set_generator_state(states: Mapping[str, np.ndarray]) -> None:
    """Sets what `generator_state` returned; other names, and those of GPUs that are not there, are ignored."""
    if keras.backend.backend() != "torch" or GENERATOR not in states:
        return
    import torch

    torch.set_rng_state(torch.from_numpy(states[GENERATOR]))
    for index in range(torch.cuda.device_count() if torch.cuda.is_available() else 0):
        if (state := states.get(f"{GENERATOR}/cuda:{index}")) is not None:
            torch.cuda.set_rng_state(torch.from_numpy(state), index)


def _own() -> ModuleType:
    """The backend's functions."""
    return {"tensorflow": on_tensorflow, "torch": on_torch, "jax": on_jax}[keras.backend.backend()]
