"""Layers that Keras lacks."""

from kerasgan.layers.composition import compose, rerun
from kerasgan.layers.dropout import FrozenDropout
from kerasgan.layers.equalized import EqualizedConv2D, EqualizedDense, PixelNormalization, scaled_leaky_relu
from kerasgan.layers.grouped import GroupedConv2D
from kerasgan.layers.maxout import Maxout, MaxoutConv2D
from kerasgan.layers.minibatch import MinibatchDiscrimination, MinibatchStdDev
from kerasgan.layers.normalization import (
    ConditionalBatchNormalization,
    InstanceNormalization,
    ModulatedBatchNormalization,
    ScaleAndOffset,
    normalized,
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
from kerasgan.layers.style import (
    AdaptiveInstanceNormalization,
    Bias,
    LearnedConstant,
    MeanStyle,
    ModulatedConv2D,
    NoiseInjection,
)
from kerasgan.layers.weights import HistoricalAveraging, WeightNormalization, fit_layers

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
    "HistoricalAveraging",
    "ImagePool",
    "ImageRange",
    "InstanceNormalization",
    "LearnedConstant",
    "Maxout",
    "MaxoutConv2D",
    "MeanStyle",
    "MinibatchDiscrimination",
    "MinibatchStdDev",
    "ModulatedBatchNormalization",
    "ModulatedConv2D",
    "NoiseInjection",
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
    "WeightNormalization",
    "compose",
    "faded",
    "fir_padding",
    "fir_resample",
    "fit_layers",
    "normalized",
    "rerun",
    "scaled_leaky_relu",
]
