"""Layers of alias-free generators (Karras et al. 2021, 2106.12423): maps are samples of band-limited signals.

Frequencies are in cycles, and sampling rates in samples, per side of the image; a map may have a margin around it.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from kerasgan import distribution
from kerasgan.layers.equalized import EqualizedDense, scaled_leaky_relu
from kerasgan.layers.resampling import fir_resample

__all__ = ["Band", "FilteredLeakyReLU", "FourierFeatures", "MagnitudeNormalization", "lowpass_filter"]

TAPS = 6  # of a filter, for each sample of the lower rate (appendix F: n = 6)
OVERSAMPLING = 2  # of the nonlinearity (section 3.2: m = 2)
LARGEST = 256.0  # beyond which half precision becomes too coarse (appendix F)


class Band(NamedTuple):
    """What a square map holds.

    Attributes:
        size: its height and width, samples, with its margin.
        rate: samples per side of the image, a power of two.
        cutoff: the frequency above which there is nothing but the filter's slope.
        half_width: half of the width of that slope.
    """

    size: int
    rate: int
    cutoff: float
    half_width: float


def lowpass_filter(
    taps: int, *, cutoff: float, half_width: float, sampling_rate: int, radial: bool = False
) -> np.ndarray:
    """A low-pass filter with Kaiser's window: float64 (taps,), or (taps, taps) if it is radial; its sum is 1.

    The ideal filter is sinc(2 fc x), or in two dimensions, for radial symmetry, jinc(2 fc |x|) =
    J1(2 pi fc |x|) / (pi |x|), of which the window is then the product of those of both axes (2106.12423, sections
    2.2 and 3.2). Kaiser's formula for beta gives the attenuation that so many taps allow.

    Args:
        taps: an even number.
        cutoff: fc, cycles per unit.
        half_width: of the transition band, cycles per unit.
        sampling_rate: samples per unit.
        radial: whether the filter is the same in all directions.
    """
    from scipy import signal, special

    if not radial:
        return signal.firwin(taps, cutoff, width=2 * half_width, fs=sampling_rate)
    places = (np.arange(taps) - (taps - 1) / 2) / sampling_rate
    distances = np.hypot(*np.meshgrid(places, places))
    window = signal.windows.kaiser(taps, signal.kaiser_beta(signal.kaiser_atten(taps, 4 * half_width / sampling_rate)))
    ideal = special.j1(2 * np.pi * cutoff * distances) / distances
    windowed = ideal * np.outer(window, window)
    return windowed / windowed.sum()


def _first_transformation(shape: Sequence[int], dtype: Any = None) -> Any:
    """(1, 0, 0, 0): no rotation, no translation."""
    return ops.convert_to_tensor([1.0, *[0.0] * (shape[0] - 1)], dtype=dtype)


@keras.saving.register_keras_serializable("kerasgan")
class FourierFeatures(keras.layers.Layer):
    """Sine waves of random frequencies that each style rotates and shifts, mixed by learned weights (2106.12423).

    Of styles (batch, style_dim): maps (batch, size, size, channels). Section 3.1 and appendix F: the frequencies are
    drawn from the disk of radius `cutoff`; an affine function of the style gives (r_c, r_s, t_x, t_y), which is
    divided by |(r_c, r_s)|: the cosine and sine of a rotation, then a translation in sides of the image.

    The weight `transform` (3, 3) is a further transformation, from the user: in homogeneous coordinates (x, y, 1) with
    the origin at the image's center, x to the right, y downwards, one side of the image per unit; the point p of the
    map shows what is at `transform` p without it. Waves that it makes too fast for the map fade out.

    Args:
        channels: waves, and output channels.
        band: of the map, see `Band`.
        **options: of `keras.layers.Layer`; in mixed precision pass `dtype="float32"`.
    """

    def __init__(self, channels: int, band: Sequence[Any], **options: Any):
        super().__init__(**options)
        self.channels, self.band = channels, Band(*band)

    def build(self, input_shape):
        # Made here, because an initializer draws its seed when it is made, and may be called later
        share, turn = (keras.initializers.RandomUniform(0, high) for high in (1, 2 * math.pi))

        def within_the_band(shape: Sequence[int], dtype: Any = None) -> Any:
            radii = self.band.cutoff * ops.sqrt(share(tuple(shape[:1]), dtype="float32"))  # uniform on the disk
            angles = turn(tuple(shape[:1]), dtype="float32")
            return ops.cast(ops.stack([radii * ops.cos(angles), radii * ops.sin(angles)], axis=1), dtype)

        self.transformation = EqualizedDense(
            4,
            kernel_initializer="zeros",
            bias_initializer=_first_transformation,
            dtype=self.dtype_policy,
            name="transformation",
        )
        self.transformation.build(input_shape)
        fixed = {"trainable": False, "autocast": False}
        self.frequencies = self.add_weight((self.channels, 2), initializer=within_the_band, name="frequencies", **fixed)
        phases = keras.initializers.RandomUniform(-0.5, 0.5)
        self.phases = self.add_weight((self.channels,), initializer=phases, name="phases", **fixed)
        self.transform = self.add_weight((3, 3), initializer="identity", name="transform", **fixed)
        normal = keras.initializers.RandomNormal(stddev=1.0)
        self.kernel = self.add_weight((self.channels, self.channels), initializer=normal, name="kernel")

    def call(self, inputs):
        frequencies, phases = self._waves(ops.cast(self.transformation(inputs), "float32"))
        lengths = ops.sqrt(ops.sum(ops.square(frequencies), axis=-1) + 1e-12)  # (batch, channels)
        size, rate, cutoff, _ = self.band
        amplitudes = ops.clip(1 - (lengths - cutoff) / (rate / 2 - cutoff), 0, 1)
        places = ops.convert_to_tensor((np.arange(size) + 0.5 - size / 2) / rate, "float32")
        across = places[:, None] * frequencies[:, None, :, 0]  # (batch, size, channels)
        down = places[:, None] * frequencies[:, None, :, 1] + phases[:, None]
        waves = ops.sin(2 * math.pi * (across[:, None] + down[:, :, None])) * amplitudes[:, None, None]
        kernel = ops.cast(self.kernel, waves.dtype) / math.sqrt(self.channels)
        return ops.cast(ops.matmul(waves, kernel), self.compute_dtype)

    def _waves(self, parts: Any) -> tuple[Any, Any]:
        """Frequencies (batch, channels, 2) and phases (batch, channels) in the coordinates of the transformed map."""
        parts = parts / ops.sqrt(ops.sum(ops.square(parts[:, :2]), axis=1, keepdims=True))
        cosine, sine = parts[:, :1], parts[:, 1:2]
        x, y = self.frequencies[:, 0], self.frequencies[:, 1]
        rotated = ops.stack([cosine * x + sine * y, cosine * y - sine * x], axis=-1)
        shift = self.transform[:2, 2] - parts[:, 2:]  # (batch, 2)
        phases = self.phases + ops.sum(rotated * shift[:, None], axis=-1)
        return ops.matmul(rotated, self.transform[:2, :2]), phases

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.band.size, self.band.size, self.channels)

    def get_config(self):
        return {**super().get_config(), "channels": self.channels, "band": list(self.band)}


@keras.saving.register_keras_serializable("kerasgan")
class MagnitudeNormalization(keras.layers.Layer):
    """Maps divided by the root of a moving average of their mean square, a single number (2106.12423, section 3.1).

    The average is updated in training, and begins at 1.

    Args:
        half_life: images after which the weight of a batch in the average has halved.
        **options: of `keras.layers.Layer`.
    """

    def __init__(self, half_life: float = 20_000.0, **options: Any):
        super().__init__(**options)
        self.half_life = half_life

    def build(self, input_shape):
        self.magnitude = self.add_weight(
            (), initializer="ones", trainable=False, autocast=False, aggregation="mean", name="magnitude"
        )

    def call(self, inputs, training=None):
        if training:
            now = ops.mean(ops.square(ops.stop_gradient(ops.cast(inputs, "float32"))))
            count = ops.cast(distribution.replicas() * ops.shape(inputs)[0], "float32")
            decay = ops.power(ops.convert_to_tensor(0.5, "float32"), count / self.half_life)
            self.magnitude.assign(now + decay * (self.magnitude - now))
        return inputs * ops.cast(ops.rsqrt(self.magnitude), inputs.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "half_life": self.half_life}


@keras.saving.register_keras_serializable("kerasgan")
class FilteredLeakyReLU(keras.layers.Layer):
    """A bias, and a leaky rectifier at a sampling rate high enough for the frequencies that it makes (2106.12423).

    Section 3.2: the map is upsampled, to twice the higher of the two rates, by a low-pass filter for the band it has;
    rectified; and downsampled by a low-pass filter for the band it is to have. It is cropped or extended by zeros so
    that its center stays and its size becomes that of the new band.

    Args:
        before: band of the inputs, whose size may differ from `before.size` by the kernel of a convolution.
        after: band of the outputs.
        radial: whether the second filter is the same in all directions, for equivariance to rotation.
        **options: of `keras.layers.Layer`.
    """

    def __init__(self, before: Sequence[Any], after: Sequence[Any], *, radial: bool = False, **options: Any):
        super().__init__(**options)
        self.before, self.after, self.radial = Band(*before), Band(*after), radial

    def build(self, input_shape):
        self.bias = self.add_weight((input_shape[-1],), initializer="zeros", name="bias")
        rate = OVERSAMPLING * max(self.before.rate, self.after.rate)
        self.up, self.down = rate // self.before.rate, rate // self.after.rate
        taps = (TAPS * self.up, TAPS * self.down)
        self.up_filter = lowpass_filter(
            taps[0], cutoff=self.before.cutoff, half_width=self.before.half_width, sampling_rate=rate
        )
        self.down_filter = lowpass_filter(
            taps[1],
            cutoff=self.after.cutoff,
            half_width=self.after.half_width,
            sampling_rate=rate,
            radial=self.radial,
        )
        # What the second filter needs, less what there is; half of it before, for samples that lie between its own.
        missing = (self.after.size - 1) * self.down + 1 + sum(taps) - 2 - input_shape[1] * self.up
        before = (missing + self.up) // 2
        self.padding = (before, missing - before)

    def call(self, inputs):
        x = fir_resample(inputs + self.bias, self.up_filter, up=self.up, padding=self.padding, gain=float(self.up**2))
        x = ops.clip(scaled_leaky_relu(x), -LARGEST, LARGEST)
        return fir_resample(x, self.down_filter, down=self.down, padding=(0, 0))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.after.size, self.after.size, input_shape[-1])

    def get_config(self):
        own = {"before": list(self.before), "after": list(self.after), "radial": self.radial}
        return {**super().get_config(), **own}
