"""Convolutions on PyTorch: transposed ones without copies of the maps, and those of one small image with gradients.

PyTorch keeps maps with the channels last where their strides say so. Keras copies them into another order and back, and
computes a border that it then cuts off: of 16 x 16 x 16 x 256 maps and 4x4 kernels to 128 channels 212 milliseconds of
a processor with both gradients, here 162; of 16 x 32 x 32 x 64 maps to 3 channels 19, here 12. Others gain nothing.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator

import keras
from keras import ops

__all__ = ["arranged", "quick"]

SMALL = 20_480  # values of a single image up to which PyTorch's processors take other code


@contextlib.contextmanager
def arranged(variables: Iterable[keras.Variable]) -> Iterator[None]:
    """Within, kernels (height, width, channels, filters) lie with their channels last in memory, as PyTorch takes them.

    As Keras makes them, every convolution copies its kernel, and every update reads gradients in another order than it
    writes: of DCGAN-64 that is a seventh of a step. At the end they are as before: other orders round differently.
    """
    import torch

    kernels = [variable.value for variable in variables if variable.value.ndim == 4]
    before = [value.stride() for value in kernels]
    for value in kernels:
        kernel = value.data.permute(3, 2, 0, 1).contiguous(memory_format=torch.channels_last)
        value.data = kernel.permute(2, 3, 1, 0)
    try:
        yield
    finally:
        for value, strides in zip(kernels, before):
            value.data = value.data.new_empty_strided(value.shape, strides).copy_(value.data)


def quick(name: str, convolution: Callable) -> Callable:
    """Keras' `conv` or `conv_transpose` of PyTorch, by its name."""
    return {"conv": _never_of_one, "conv_transpose": _transposed}[name](convolution)


def _never_of_one(convolution: Callable) -> Callable:
    """`conv`, of one small image as of two: PyTorch's code for it has no gradient in Keras' memory layout."""

    def conv(inputs, kernel, *arguments, **options):
        inputs = ops.convert_to_tensor(inputs)
        if inputs.device.type != "cpu" or inputs.shape[0] != 1 or inputs.numel() > SMALL:
            return convolution(inputs, kernel, *arguments, **options)
        return convolution(ops.concatenate([inputs, inputs]), kernel, *arguments, **options)[:1]

    return conv


def _transposed(convolution: Callable) -> Callable:
    """`conv_transpose` of maps as they lie in memory."""

    def quick_transposed(
        inputs, kernel, strides=1, padding="valid", output_padding=None, data_format=None, dilation_rate=1
    ):
        import torch

        inputs, kernel = ops.convert_to_tensor(inputs), ops.convert_to_tensor(kernel)
        if inputs.ndim != 4 or (data_format or keras.config.image_data_format()) != "channels_last":
            return convolution(inputs, kernel, strides, padding, output_padding, data_format, dilation_rate)
        maps, steps = inputs.permute(0, 3, 1, 2), (strides, strides) if isinstance(strides, int) else tuple(strides)
        plain = padding == "same" and output_padding is None and dilation_rate in (1, (1, 1), [1, 1])
        extra = [size - step for size, step in zip(kernel.shape, steps)]
        if plain and all(each >= 0 and each % 2 == 0 for each in extra):  # as much is cut off on either side
            border = [each // 2 for each in extra]
            outputs = torch.nn.functional.conv_transpose2d(maps, kernel.permute(3, 2, 0, 1), None, steps, border)
        else:
            outputs = convolution(maps, kernel, strides, padding, output_padding, "channels_first", dilation_rate)
        return outputs.permute(0, 2, 3, 1)

    return quick_transposed
