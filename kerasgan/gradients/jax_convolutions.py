"""Convolutions on JAX whose gradients XLA has fast code for on a CPU.

By its kernel JAX differentiates a convolution as one whose kernel has the size of the map, for which XLA takes three to
five times as long as for the convolution itself, and of a transposed one fifty times.
"""

from collections.abc import Callable
from typing import Any

from keras import ops

MOST_TAPS = 9
"""Products of kernels up to 3x3 are faster than JAX's own gradient; of strided 4x4 ones they no longer are."""

FEW = 8
"""To this many times fewer channels XLA's convolution is ten and more times as slow as a product of that size."""


def quick(name: str, convolution: Callable) -> Callable:
    """Keras' `conv` or `conv_transpose` of JAX, by its name, with another gradient on a CPU."""
    import jax

    if jax.default_backend() != "cpu":
        return convolution
    return {"conv": _quick_conv, "conv_transpose": _quick_transposed}[name](convolution)


def _quick_conv(conv: Callable) -> Callable:
    """`conv` whose gradient by a small kernel is a product for each of its places; with few filters, itself is one."""
    import jax

    def quick_conv(inputs, kernel, strides=1, padding="valid", data_format=None, dilation_rate=1):
        inputs, kernel = ops.convert_to_tensor(inputs), ops.convert_to_tensor(kernel)

        def convolved(inputs, kernel):
            return conv(inputs, kernel, strides, padding, data_format, dilation_rate)

        plain = inputs.ndim == 4 and data_format != "channels_first" and dilation_rate in (1, (1, 1), [1, 1])
        if not plain or inputs.shape[-1] != kernel.shape[2]:
            return convolved(inputs, kernel)
        *window, channels, filters = kernel.shape
        steps = (strides, strides) if isinstance(strides, int) else tuple(strides)
        small = window[0] * window[1] <= MOST_TAPS
        few = steps == (1, 1) and FEW * filters <= channels and inputs.dtype == "float32"  # the sum keeps its precision

        def forward(inputs, kernel):
            return _summed(inputs, kernel, padding) if few else convolved(inputs, kernel)

        def backward(inputs, kernel, slopes):
            by_inputs, by_kernel = jax.vjp(convolved, inputs, kernel)[1](slopes)  # XLA leaves out what is not used
            return by_inputs, _by_taps(inputs, slopes, window, steps, padding) if small else by_kernel

        return _differentiated(forward, backward)(inputs, kernel) if few or small else convolved(inputs, kernel)

    return quick_conv


def _padded(inputs: Any, window: list, strides: tuple, padding: str) -> Any:
    import jax

    around = jax.lax.padtype_to_pads(inputs.shape[1:3], window, strides, padding.upper())
    return ops.pad(inputs, ((0, 0), *around, (0, 0)))


def _summed(inputs: Any, kernel: Any, padding: str) -> Any:
    """The convolution, as one product with all places of the kernel and a sum of the shifted results."""
    *window, channels, filters = kernel.shape
    padded = _padded(inputs, window, (1, 1), padding)
    height, width = (side - size + 1 for side, size in zip(padded.shape[1:3], window))
    matrix = ops.reshape(ops.transpose(kernel, (2, 0, 1, 3)), (channels, -1))
    places = ops.reshape(ops.matmul(padded, matrix), (*padded.shape[:3], *window, filters))
    return sum(
        places[:, row : row + height, column : column + width, row, column]
        for row in range(window[0])
        for column in range(window[1])
    )


def _by_taps(inputs: Any, slopes: Any, window: list, strides: tuple, padding: str) -> Any:
    """(height, width, channels, filters): at each place of the kernel the inputs it meets, times the slopes."""
    padded = _padded(inputs, window, strides, padding)
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
