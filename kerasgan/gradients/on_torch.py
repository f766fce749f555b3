"""Gradients on PyTorch; what the functions mean is said in `kerasgan.gradients`."""

import contextlib
import functools

from keras import ops

from kerasgan.keras_internals import convolutions_by

SMALL = 20_480  # values of a single image up to which PyTorch's processors take other code

conditional, recording = ops.cond, contextlib.nullcontext  # it records all by itself


def trainer_step(step):
    @functools.wraps(step)
    def step_with_gradients(self, data):
        with convolutions_by(_never_of_one):
            return step(self, data)

    return step_with_gradients


def _never_of_one(name, convolution):
    """Keras' `conv`, of one small image as of two: PyTorch's code for it has no gradient in Keras' memory layout."""
    import torch

    if name != "conv":
        return convolution

    def conv(inputs, kernel, *arguments, **options):
        inputs = ops.convert_to_tensor(inputs)
        if inputs.device.type != "cpu" or inputs.shape[0] != 1 or inputs.numel() > SMALL:
            return convolution(inputs, kernel, *arguments, **options)
        return convolution(torch.cat([inputs, inputs]), kernel, *arguments, **options)[:1]

    return conv


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
