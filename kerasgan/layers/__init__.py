"""Layers that Keras lacks."""

from kerasgan.layers.dropout import FrozenDropout
from kerasgan.layers.maxout import Maxout, MaxoutConv2D
from kerasgan.layers.minibatch import MinibatchDiscrimination
from kerasgan.layers.normalization import (
    ConditionalBatchNormalization,
    InstanceNormalization,
    ModulatedBatchNormalization,
    ScaleAndOffset,
    normalised,
)
from kerasgan.layers.pool import ImagePool
from kerasgan.layers.shapes import ReflectionPadding2D, Split, SumPooling
from kerasgan.layers.spectral import Projection, SpectralConv2D, SpectralDense, SpectralEmbedding
from kerasgan.layers.weights import WeightHistory, WeightNormalization, fit_layers

__all__ = [
    "ConditionalBatchNormalization",
    "FrozenDropout",
    "ImagePool",
    "InstanceNormalization",
    "Maxout",
    "MaxoutConv2D",
    "MinibatchDiscrimination",
    "ModulatedBatchNormalization",
    "Projection",
    "ReflectionPadding2D",
    "ScaleAndOffset",
    "SpectralConv2D",
    "SpectralDense",
    "SpectralEmbedding",
    "Split",
    "SumPooling",
    "WeightHistory",
    "WeightNormalization",
    "fit_layers",
    "normalised",
]
