"""Gradients on PyTorch; what the functions mean is said in `kerasgan.gradients`."""

import contextlib
import functools

from keras import ops

from kerasgan.gradients import torch_convolutions
from kerasgan.gradients.normalization import by_torch, fused_batch_normalization
from kerasgan.keras_internals import convolutions_by

conditional, recording = ops.cond, contextlib.nullcontext  # it records all by itself


def trainer_step(step):
    """With operations that PyTorch has, where Keras composes them, copies what they take or loses their gradients."""

    @functools.wraps(step)
    def quick_step(self, data):
        with convolutions_by(torch_convolutions.quick), fused_batch_normalization(by_torch):
            return step(self, data)

    return quick_step


def fitting(trainer):
    return torch_convolutions.arranged([*trainer.variables, *(trainer.optimizer.variables if trainer.compiled else ())])


def apply(optimizer, grads, variables):
    optimizer.apply(grads, variables)


def gradients(loss_fn, variables, scale, record):
    import torch

    loss = loss_fn()
    if not variables:  # PyTorch refuses to differentiate by nothing
        return loss.detach(), []
    grads = torch.autograd.grad(scale(loss), [variable.value for variable in variables], materialize_grads=True)
    return loss.detach(), list(grads)


def input_gradients(fn, inputs):
    import torch

    with torch.enable_grad():
        if not inputs.requires_grad:
            inputs = inputs.detach().requires_grad_()
        return torch.autograd.grad(fn(inputs).sum(), inputs, create_graph=True)[0]
