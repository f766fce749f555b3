"""Resampling with a finite impulse response (FIR): band-limited doubling and halving of images."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

__all__ = ["FIRResampling2D", "fir_padding", "fir_resample"]

# A matrix product costs as many multiplications per value as the map is long, a convolution as many as the kernel is;
# yet up to here products are the faster on a CPU: ten times and more on JAX, whose depthwise convolutions are slow
# there, as are TensorFlow's shifted slices. For a kernel of 4; a longer one makes products worthwhile on longer maps.
LARGEST_PRODUCT = 64
# A longer kernel is convolved along one axis after the other, at the cost of a second pass through the memory.
LONGEST_SQUARE = 6


def fir_padding(taps: int, *, up: int = 1, down: int = 1) -> tuple[int, int]:
    """Zeros before and after, so that a map of n becomes one of n * up / down and its center stays (1912.04958).

    Args:
        taps: length of the kernel.
        up: factor of the zeros that are inserted before it.
        down: factor of the samples that are dropped after it.
    """
    spare = taps - max(up, down)
    return (spare + 1) // 2 + up - 1, spare // 2


def fir_resample(
    images: Any,
    kernel: Sequence[float] | np.ndarray,
    *,
    up: int = 1,
    down: int = 1,
    padding: tuple[int, int] | None = None,
    gain: float = 1.0,
) -> Any:
    """Inserts zeros, pads, convolves with the same kernel along height and width, and keeps every `down`-th sample.

    Along an axis x of n, u[up i] = x[i] and zero elsewhere, of length n up, padded; then
    y[i] = sum over j of kernel[taps - 1 - j] u[down i + j]. Differentiable any number of times.

    Args:
        images: (batch, height, width, channels).
        kernel: of one axis, or a square one of both; used as it is, without normalization.
        up: samples that each one becomes, 1 or more.
        down: samples that become one, 1 or more.
        padding: zeros before and after on both axes, negative to crop; `fir_padding` if not given.
        gain: factor of the result.

    Returns (batch, height', width', channels) with n' = (n up + padding - taps) // down + 1.
    """
    square = np.ndim(kernel) == 2
    taps = np.flip(np.asarray(kernel, dtype="float64")) * (gain if square else gain**0.5)
    padding = padding or fir_padding(len(taps), up=up, down=down)
    height, width, channels = images.shape[1:]
    longest = LARGEST_PRODUCT * max(4, len(taps)) // 4
    if not square and all(size is not None and size * max(1, up // down) <= longest for size in (height, width)):
        rows, columns = (_matrix(size, taps, up, down, padding) for size in (height, width))
        lines = ops.reshape(images, (-1, height, width * channels))
        lines = ops.matmul(ops.convert_to_tensor(rows, images.dtype), lines)
        places = ops.reshape(lines, (-1, len(rows), width, channels))
        return ops.matmul(ops.convert_to_tensor(columns, images.dtype), places)
    images = _padded(_spread(images, up), padding)
    if square or len(taps) <= LONGEST_SQUARE:
        return _depthwise(images, taps if square else np.outer(taps, taps), strides=down)
    images = _depthwise(images, taps[:, None])[:, ::down]  # TensorFlow has no strides that differ
    return _depthwise(images, taps[None])[:, :, ::down]


def _depthwise(images: Any, kernel: np.ndarray, *, strides: int = 1) -> Any:
    """The same kernel (height, width) on every channel, without padding."""
    repeated = np.tile(kernel[:, :, None, None], (1, 1, images.shape[-1], 1))
    return ops.depthwise_conv(images, ops.convert_to_tensor(repeated, images.dtype), strides=strides, padding="valid")


def _matrix(size: int, taps: np.ndarray, up: int, down: int, padding: tuple[int, int]) -> np.ndarray:
    """(size', size): the weight of each input sample in each output sample."""
    before, after = padding
    outputs = (size * up + before + after - len(taps)) // down + 1
    matrix = np.zeros((outputs, size))
    for output in range(outputs):
        for tap, weight in enumerate(taps):
            place = output * down + tap - before
            if place % up == 0 and 0 <= place < size * up:
                matrix[output, place // up] += weight
    return matrix


def _spread(images: Any, up: int) -> Any:
    """Zeros after each sample: (batch, up * height, up * width, channels)."""
    for axis in (1, 2) if up > 1 else ():
        shape = [*ops.shape(images)]
        gap = ops.zeros_like(images)
        images = ops.stack([images] + [gap] * (up - 1), axis=axis + 1)
        shape[0], shape[axis] = -1, shape[axis] * up
        images = ops.reshape(images, shape)
    return images


def _padded(images: Any, padding: tuple[int, int]) -> Any:
    if max(padding) > 0:
        more = [max(0, zeros) for zeros in padding]
        images = ops.pad(images, [(0, 0), more, more, (0, 0)])
    before, after = (max(0, -zeros) for zeros in padding)
    height, width = ops.shape(images)[1:3]
    return images[:, before : height - after, before : width - after] if before or after else images


@keras.saving.register_keras_serializable("kerasgan")
class FIRResampling2D(keras.layers.Layer):
    """Doubles, halves or smooths maps with an FIR kernel, the same along height and width.

    `FIRResampling2D(up=2)` and `FIRResampling2D(down=2)` keep the mean of a map (Karras et al. 2020, 1912.04958: the
    upsampling of images and the downsampling of skips). Inputs (batch, height, width, channels).

    Args:
        kernel: of one axis; normalized to a sum of 1.
        up: factor of the samples, 1 or more.
        down: divisor of the samples, 1 or more.
        padding: zeros before and after on both axes, negative to crop; `fir_padding` if not given.
        gain: factor of the result; up^2, which makes up for the inserted zeros, if not given.
        **options: of `keras.layers.Layer`.

    Raises:
        ValueError: for an empty kernel, one whose sum is zero, or factors below 1.
    """

    def __init__(
        self,
        kernel: Sequence[float] = (1, 3, 3, 1),
        *,
        up: int = 1,
        down: int = 1,
        padding: Sequence[int] | None = None,
        gain: float | None = None,
        **options: Any,
    ):
        super().__init__(**options)
        if not sum(kernel):
            raise ValueError(f"Expected a kernel with a sum other than zero. Received: kernel={kernel}")
        if min(up, down) < 1:
            raise ValueError(f"Expected factors of 1 or more. Received: up={up}, down={down}")
        self.kernel, self.up, self.down = tuple(kernel), up, down
        self.padding = fir_padding(len(self.kernel), up=up, down=down) if padding is None else tuple(padding)
        self.gain = float(up**2) if gain is None else gain

    def call(self, inputs):
        kernel = [weight / sum(self.kernel) for weight in self.kernel]
        options = dict(up=self.up, down=self.down, padding=self.padding, gain=self.gain)
        return fir_resample(inputs, kernel, **options)

    def compute_output_shape(self, input_shape):
        batch, *sizes, channels = input_shape
        more = sum(self.padding) - len(self.kernel)
        sizes = [None if size is None else (size * self.up + more) // self.down + 1 for size in sizes]
        return (batch, *sizes, channels)

    def get_config(self):
        return {
            **super().get_config(),
            "kernel": self.kernel,
            "up": self.up,
            "down": self.down,
            "padding": self.padding,
            "gain": self.gain,
        }
