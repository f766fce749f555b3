"""Convolutions on JAX whose gradients XLA has fast code for on a CPU.

By its kernel JAX differentiates a convolution as one whose kernel has the size of the map, for which XLA takes three to
five times as long as for the convolution itself, and of a transposed one fifty times.
"""

from collections.abc import Callable
from typing import Any

from keras import ops

MOST_TAPS = 9
"""Products of kernels up to 3x3 are faster than JAX's own gradient; of strided 4x4 ones they no longer are."""


def quick(name: str, convolution: Callable) -> Callable:
    """Keras' `conv` or `conv_transpose` of JAX, by its name, with another gradient on a CPU."""
    import jax

    if jax.default_backend() != "cpu":
        return convolution
    return {"conv": _quick_conv, "conv_transpose": _quick_transposed}[name](convolution)


def _quick_conv(conv: Callable) -> Callable:
    """`conv` whose gradient by the kernel is a matrix product for each of the kernel's places."""
    import jax

    def quick_conv(inputs, kernel, strides=1, padding="valid", data_format=None, dilation_rate=1):
        inputs, kernel = ops.convert_to_tensor(inputs), ops.convert_to_tensor(kernel)

        def convolved(inputs, kernel):
            return conv(inputs, kernel, strides, padding, data_format, dilation_rate)

        plain = inputs.ndim == 4 and data_format != "channels_first" and dilation_rate in (1, (1, 1), [1, 1])
        *window, own_channels, _ = kernel.shape
        if not plain or inputs.shape[-1] != own_channels or window[0] * window[1] > MOST_TAPS:
            return convolved(inputs, kernel)
        steps = (strides, strides) if isinstance(strides, int) else tuple(strides)

        def backward(inputs, kernel, slopes):
            by_inputs = jax.vjp(lambda inputs: convolved(inputs, kernel), inputs)[1](slopes)[0]
            return by_inputs, _by_taps(inputs, slopes, window, steps, padding)

        return _differentiated(convolved, backward)(inputs, kernel)

    return quick_conv


def _by_taps(inputs: Any, slopes: Any, window: list, strides: tuple, padding: str) -> Any:
    """(height, width, channels, filters): at each place of the kernel the inputs it meets, times the slopes."""
    import jax

    around = jax.lax.padtype_to_pads(inputs.shape[1:3], window, strides, padding.upper())
    padded = ops.pad(inputs, ((0, 0), *around, (0, 0)))
    ends = [step * (size - 1) + 1 for step, size in zip(strides, slopes.shape[1:3])]
    down, across = strides
    products = [
        ops.tensordot(
            padded[:, row : row + ends[0] : down, column : column + ends[1] : across], slopes, axes=((0, 1, 2),) * 2
        )
        for row in range(window[0])
        for column in range(window[1])
    ]
    return ops.reshape(ops.stack(products), (*window, inputs.shape[-1], slopes.shape[-1]))


def _quick_transposed(conv_transpose: Callable) -> Callable:
    """`conv_transpose` whose gradient by the kernel is that of the convolution that it is the transpose of."""
    import jax

    def quick_transposed(inputs, kernel, *arguments, **options):
        def transposed(inputs, kernel):
            return conv_transpose(inputs, kernel, *arguments, **options)

        def backward(inputs, kernel, slopes):
            def adjoint(kernel):
                return jax.vjp(lambda inputs: transposed(inputs, kernel), inputs)[1](slopes)[0]

            by_inputs, differentiated = jax.vjp(adjoint, kernel)
            return by_inputs, differentiated(inputs)[0]

        return _differentiated(transposed, backward)(ops.convert_to_tensor(inputs), ops.convert_to_tensor(kernel))

    return quick_transposed


def _differentiated(function: Callable, backward: Callable) -> Callable:
    """`function(inputs, kernel)` whose gradients by both are `backward(inputs, kernel, slopes)`."""
    import jax

    own = jax.custom_vjp(function)
    own.defvjp(lambda *both: (function(*both), both), lambda both, slopes: backward(*both, slopes))
    return own
