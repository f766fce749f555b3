"""Layers that Keras lacks."""

from kerasgan.layers.composition import compose, rerun
from kerasgan.layers.dropout import FrozenDropout
from kerasgan.layers.equalized import EqualizedConv2D, EqualizedDense, PixelNormalization, scaled_leaky_relu
from kerasgan.layers.grouped import GroupedConv2D
from kerasgan.layers.maxout import Maxout, MaxoutConv2D
from kerasgan.layers.minibatch import MinibatchDeviation, MinibatchDiscrimination
from kerasgan.layers.normalization import (
    ConditionalBatchNormalization,
    InstanceNormalization,
    ModulatedBatchNormalization,
    ScaleAndOffset,
    normalised,
)
from kerasgan.layers.pool import ImagePool
from kerasgan.layers.progressive import FadeIn, faded
from kerasgan.layers.resampling import FIRResampling2D, fir_padding, fir_resample
from kerasgan.layers.shapes import (
    BilinearUpsampling2D,
    ImageRange,
    PixelShuffle,
    PixelUnshuffle,
    ReflectionPadding2D,
    Split,
    SumPooling,
    Unstack,
)
from kerasgan.layers.spectral import Projection, SpectralConv2D, SpectralDense, SpectralEmbedding
from kerasgan.layers.style import AdaptiveInstanceNormalization, Bias, LearnedMap, MeanStyle, ModulatedConv2D, Noise
from kerasgan.layers.weights import WeightHistory, WeightNormalization, fit_layers

__all__ = [
    "AdaptiveInstanceNormalization",
    "Bias",
    "BilinearUpsampling2D",
    "ConditionalBatchNormalization",
    "EqualizedConv2D",
    "EqualizedDense",
    "FIRResampling2D",
    "FadeIn",
    "FrozenDropout",
    "GroupedConv2D",
    "ImagePool",
    "ImageRange",
    "InstanceNormalization",
    "LearnedMap",
    "Maxout",
    "MaxoutConv2D",
    "MeanStyle",
    "MinibatchDeviation",
    "MinibatchDiscrimination",
    "ModulatedBatchNormalization",
    "ModulatedConv2D",
    "Noise",
    "PixelNormalization",
    "PixelShuffle",
    "PixelUnshuffle",
    "Projection",
    "ReflectionPadding2D",
    "ScaleAndOffset",
    "SpectralConv2D",
    "SpectralDense",
    "SpectralEmbedding",
    "Split",
    "SumPooling",
    "Unstack",
    "WeightHistory",
    "WeightNormalization",
    "compose",
    "faded",
    "fir_padding",
    "fir_resample",
    "fit_layers",
    "normalised",
    "rerun",
    "scaled_leaky_relu",
]
