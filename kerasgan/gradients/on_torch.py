"""Gradients on PyTorch; what the functions mean is said in `kerasgan.gradients`."""

import contextlib

from keras import ops

conditional, recording = ops.cond, contextlib.nullcontext  # it records all by itself


def trainer_step(step):
    return step


def keeping_state(trainer):
    return contextlib.nullcontext()


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
