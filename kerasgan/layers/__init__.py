"""Layers that Keras lacks."""

from kerasgan.layers.maxout import Maxout, MaxoutConv2D
from kerasgan.layers.minibatch import MinibatchDiscrimination
from kerasgan.layers.normalization import (
    ConditionalBatchNormalization,
    ModulatedBatchNormalization,
    ScaleAndOffset,
    normalised,
)
from kerasgan.layers.resampling import FIRResampling2D, fir_padding, fir_resample
from kerasgan.layers.shapes import Split, SumPooling
from kerasgan.layers.spectral import Projection, SpectralConv2D, SpectralDense, SpectralEmbedding
from kerasgan.layers.weights import WeightHistory, WeightNormalization, fit_layers

__all__ = [
    "ConditionalBatchNormalization",
    "FIRResampling2D",
    "Maxout",
    "MaxoutConv2D",
    "MinibatchDiscrimination",
    "ModulatedBatchNormalization",
    "Projection",
    "ScaleAndOffset",
    "SpectralConv2D",
    "SpectralDense",
    "SpectralEmbedding",
    "Split",
    "SumPooling",
    "WeightHistory",
    "WeightNormalization",
    "fir_padding",
    "fir_resample",
    "fit_layers",
    "normalised",
]
