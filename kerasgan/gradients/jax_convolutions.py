"""Convolutions on JAX whose gradients XLA has fast code for on a CPU.

JAX states a convolution's gradients in another order of the axes. XLA brings them into the order that it has fast code
for, except inside a branch (`gradients.every`) or loop: of 4 x 32 x 32 x 128 maps and 3x3 kernels a gradient by the
maps takes 14 milliseconds of a processor and 99 in a branch, by the kernel 29 and 2,600. Here all are in that order,
and so are the gradients of gradients: 14 and 15 milliseconds, in a branch too.
"""

import itertools
import math
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from keras import ops

FEWEST = 8
"""Of fewer channels, as of images, products for each place of a kernel are too narrow to be fast."""

MOST_TAPS = 9
"""For such, one product with all places of kernels up to 3x3 is faster than a convolution with a kernel of the maps'
size; for 4x4 and 7x7 ones it is not, and takes longer to compile."""

FEW = 8
"""To this many times fewer channels XLA's convolution is ten and more times as slow as a product of that size."""

AXES = ("NHWC", "HWIO", "NHWC")  # what XLA has fast code for
TOGETHER = ((0, 1, 2), (0, 1, 2))  # the axes of all images and places


class Geometry(NamedTuple):
    """What a convolution, its transpose and its gradient by the kernel have in common."""

    window: tuple[int, ...]
    strides: tuple[int, ...]
    dilation: tuple[int, ...]
    around: list[tuple[int, int]]
    """Zeros around the larger maps; negative where their end is left out."""

    @classmethod
    def between(cls, larger: Any, smaller: Any, window: Any, strides: Any, padding: str, dilation: Any) -> "Geometry":
        """That of Keras, whose padding "same" has the smaller half in front."""
        strides, dilation = ((each,) * 2 if isinstance(each, int) else tuple(each) for each in (strides, dilation))
        around = []
        for large, small, size, stride, apart in zip(larger, smaller, window, strides, dilation):
            zeros = (small - 1) * stride + (size - 1) * apart + 1 - large
            before = max(0, zeros // 2) if padding.lower() == "same" else 0
            around.append((before, zeros - before))
        return cls(tuple(window), strides, dilation, around)


def quick(name: str, convolution: Callable) -> Callable:
    """Keras' `conv` or `conv_transpose` of JAX, by its name, with other gradients on a CPU."""
    import jax

    if jax.default_backend() != "cpu":
        return convolution
    return {"conv": _quick_conv, "conv_transpose": _quick_transposed}[name](convolution)


def _quick_conv(conv: Callable) -> Callable:
    import jax

    def quick_conv(inputs, kernel, strides=1, padding="valid", data_format=None, dilation_rate=1):
        kernel = ops.convert_to_tensor(kernel)
        inputs = ops.convert_to_tensor(inputs, dtype=kernel.dtype)

        def convolved(inputs, kernel):
            return conv(inputs, kernel, strides, padding, data_format, dilation_rate)

        if inputs.ndim != 4 or data_format == "channels_first" or inputs.shape[-1] != kernel.shape[2]:
            return convolved(inputs, kernel)
        outputs = jax.eval_shape(convolved, inputs, kernel)  # with Keras' errors
        sides = inputs.shape[1:3], outputs.shape[1:3]
        convolution, _ = _adjoint(Geometry.between(*sides, kernel.shape[:2], strides, padding, dilation_rate))
        return convolution(inputs, kernel)

    return quick_conv


def _quick_transposed(conv_transpose: Callable) -> Callable:
    import jax

    def quick_transposed(
        inputs, kernel, strides=1, padding="valid", output_padding=None, data_format=None, dilation_rate=1
    ):
        inputs, kernel = ops.convert_to_tensor(inputs), ops.convert_to_tensor(kernel)

        def transposed(inputs, kernel):
            return conv_transpose(inputs, kernel, strides, padding, output_padding, data_format, dilation_rate)

        if inputs.ndim != 4 or data_format == "channels_first":
            return transposed(inputs, kernel)
        outputs = jax.eval_shape(transposed, inputs, kernel)
        sides = outputs.shape[1:3], inputs.shape[1:3]
        _, transpose = _adjoint(Geometry.between(*sides, kernel.shape[:2], strides, padding, dilation_rate))
        return transpose(inputs, kernel)

    return quick_transposed


def _adjoint(geometry: Geometry) -> tuple[Callable, Callable]:
    """A convolution of (inputs, kernel) and its transpose of (slopes, kernel).

    With the gradient by the kernel, of (inputs, slopes), they are each other's gradients: the inner product of slopes
    and convolution is linear in each of the three, and any two of them give the gradient by the third.
    """
    convolution = _differentiated(
        lambda inputs, kernel: _convolved(geometry, inputs, kernel),
        lambda inputs, kernel, slopes: (transpose(slopes, kernel), by_kernel(inputs, slopes)),
    )
    transpose = _differentiated(
        lambda slopes, kernel: _transposed(geometry, slopes, kernel),
        lambda slopes, kernel, inputs: (convolution(inputs, kernel), by_kernel(inputs, slopes)),
    )
    by_kernel = _differentiated(
        lambda inputs, slopes: _by_kernel(geometry, inputs, slopes),
        lambda inputs, slopes, kernel: (transpose(slopes, kernel), convolution(inputs, kernel)),
    )
    return convolution, transpose


def _differentiated(function: Callable, backward: Callable) -> Callable:
    """`function` of two arrays, whose gradients by both are `backward(*both, slopes)`."""
    import jax

    own = jax.custom_vjp(function)
    own.defvjp(lambda *both: (own(*both), both), lambda both, slopes: backward(*both, slopes))
    return own


def _convolved(geometry: Geometry, inputs: Any, kernel: Any) -> Any:
    import jax

    channels, filters = kernel.shape[2:]
    plain = geometry.strides == geometry.dilation == (1, 1)
    if plain and FEW * filters <= channels and inputs.dtype == "float32":  # the sum keeps its precision
        return _summed(geometry, inputs, kernel)
    around, dilation = geometry.around, geometry.dilation
    return jax.lax.conv_general_dilated(
        inputs, kernel, geometry.strides, around, rhs_dilation=dilation, dimension_numbers=AXES
    )


def _transposed(geometry: Geometry, slopes: Any, kernel: Any) -> Any:
    """A convolution with the kernel turned around, of the slopes with zeros in between."""
    import jax

    kernel = ops.transpose(ops.flip(kernel, axis=(0, 1)), (0, 1, 3, 2))
    reaches = [(size - 1) * apart for size, apart in zip(geometry.window, geometry.dilation)]
    around = [(reach - before, reach - after) for reach, (before, after) in zip(reaches, geometry.around)]
    if geometry.strides == (1, 1):
        return _convolved(geometry._replace(around=around), slopes, kernel)
    strides, dilation = geometry.strides, geometry.dilation
    return jax.lax.conv_general_dilated(
        slopes, kernel, (1, 1), around, lhs_dilation=strides, rhs_dilation=dilation, dimension_numbers=AXES
    )


def _by_kernel(geometry: Geometry, inputs: Any, slopes: Any) -> Any:
    """(height, width, channels, filters): at each place of the kernel the inputs it meets, times the slopes."""
    few = inputs.shape[-1] < FEWEST
    if few and math.prod(geometry.window) > MOST_TAPS:
        return _by_large_kernel(geometry, inputs, slopes)
    lengths = [stride * (size - 1) + 1 for stride, size in zip(geometry.strides, slopes.shape[1:3])]
    padded = _padded(geometry, inputs)
    if few or math.prod(slopes.shape[:-1]) <= slopes.shape[-1]:  # or small maps of many channels
        return ops.tensordot(_met(geometry, padded, lengths), slopes, TOGETHER)
    shape = (*geometry.window, inputs.shape[-1], slopes.shape[-1])
    return ops.reshape(_by_places(geometry, padded, slopes, lengths), shape)


def _met(geometry: Geometry, padded: Any, lengths: list[int]) -> Any:
    """What each of the kernel's places meets, side by side: (batch, height, width, rows, columns, channels).

    Along one axis after the other: one copy for each place would take XLA three times as long to compile.
    """
    for axis in (0, 1):
        places = range(0, geometry.window[axis] * geometry.dilation[axis], geometry.dilation[axis])
        shifted = [_shifted_along(axis, padded, place, lengths[axis], geometry.strides[axis]) for place in places]
        padded = ops.stack(shifted, axis=3 + axis)
    return padded


def _shifted_along(axis: int, maps: Any, place: int, length: int, stride: int) -> Any:
    shifted = slice(place, place + length, stride)
    return maps[:, shifted] if axis == 0 else maps[:, :, shifted]


def _by_large_kernel(geometry: Geometry, inputs: Any, slopes: Any) -> Any:
    """The same as a convolution with a kernel of the maps' size."""
    import jax

    inputs, slopes = ops.transpose(inputs, (3, 1, 2, 0)), ops.transpose(slopes, (1, 2, 0, 3))
    strides, dilation = geometry.dilation, geometry.strides
    by_kernel = jax.lax.conv_general_dilated(
        inputs, slopes, strides, geometry.around, rhs_dilation=dilation, dimension_numbers=AXES
    )
    return ops.transpose(by_kernel, (1, 2, 0, 3))


def _by_places(geometry: Geometry, padded: Any, slopes: Any, lengths: list[int]) -> Any:
    """The same as products, one for each place, in a loop."""
    import jax

    down, right = geometry.strides
    channels, filters = padded.shape[-1], slopes.shape[-1]
    # A product turns its left factor around: the same one each time, once.
    turned = ops.transpose(ops.reshape(slopes, (-1, filters)))

    def product(place: Any) -> Any:
        met = jax.lax.dynamic_slice(padded, (0, *place, 0), (padded.shape[0], *lengths, channels))
        return ops.matmul(turned, ops.reshape(met[:, ::down, ::right], (-1, channels)))

    rows, columns = zip(*_places(geometry))
    products = jax.lax.map(product, (ops.array(rows, "int32"), ops.array(columns, "int32")))
    return ops.transpose(products, (0, 2, 1))


def _summed(geometry: Geometry, inputs: Any, kernel: Any) -> Any:
    """The convolution, as one product with all places of the kernel and a sum of the shifted results."""
    padded = _padded(geometry, inputs)
    lengths = [side - size + 1 for side, size in zip(padded.shape[1:3], geometry.window)]
    matrix = ops.reshape(ops.transpose(kernel, (2, 0, 1, 3)), (kernel.shape[2], -1))
    products = ops.split(ops.matmul(padded, matrix), math.prod(geometry.window), axis=-1)
    return sum(_shifted(product, place, lengths) for product, place in zip(products, _places(geometry)))


def _padded(geometry: Geometry, inputs: Any) -> Any:
    import jax

    around = [(before, after, 0) for before, after in geometry.around]
    return jax.lax.pad(inputs, ops.zeros((), inputs.dtype), [(0, 0, 0), *around, (0, 0, 0)])


def _places(geometry: Geometry) -> Iterable[tuple[int, ...]]:
    """Where each of the kernel's values meets the maps, from their upper left corner on."""
    sides = zip(geometry.window, geometry.dilation)
    return itertools.product(*(range(0, size * apart, apart) for size, apart in sides))


def _shifted(maps: Any, place: tuple[int, ...], lengths: list[int]) -> Any:
    rows, columns = (slice(*each) for each in zip(place, map(sum, zip(place, lengths))))
    return maps[:, rows, columns]
