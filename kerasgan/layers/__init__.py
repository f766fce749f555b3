"""Layers that Keras lacks."""

from kerasgan.layers.activations import leaky_relu, norm_relu, tanh_images
from kerasgan.layers.alias_free import (
    Band,
    FilteredLeakyReLU,
    FourierFeatures,
    MagnitudeNormalization,
    lowpass_filter,
)
from kerasgan.layers.amplitude import Amplitude
from kerasgan.layers.attention import Gate, self_attention
from kerasgan.layers.companion import Companion
from kerasgan.layers.composition import compose, rerun
from kerasgan.layers.dcgan import dcgan_convolution, dcgan_normal, dcgan_transposed
from kerasgan.layers.dropout import FrozenDropout
from kerasgan.layers.equalized import EqualizedConv2D, EqualizedDense, PixelNormalization, scaled_leaky_relu
from kerasgan.layers.gated import GatedLinearUnit, RandomQuadrant
from kerasgan.layers.given import GivenClass, GivenLatents, WithLatents
from kerasgan.layers.grouped import GroupedConv2D
from kerasgan.layers.holes import Completed, HoleSplit, gated_convolution
from kerasgan.layers.labels import label_input, one_hot, with_labels
from kerasgan.layers.mapping import bounded, class_vector, mapping_layer, mapping_network
from kerasgan.layers.maxout import Maxout, MaxoutConv2D
from kerasgan.layers.minibatch import MinibatchDiscrimination, MinibatchStdDev
from kerasgan.layers.normalization import (
    ConditionalBatchNormalization,
    InstanceNormalization,
    ModulatedBatchNormalization,
    ScaleAndOffset,
    normalized,
)
from kerasgan.layers.orthogonal import class_embedding, modulated_norm, orthogonal_convolution, orthogonal_dense
from kerasgan.layers.patch_gan import patch_logits
from kerasgan.layers.pool import ImagePool
from kerasgan.layers.progressive import FadeIn, equalized_convolution, faded, map_shapes, progressive_logits, to_rgb
from kerasgan.layers.resampling import FIRResampling2D, fir_padding, fir_resample
from kerasgan.layers.residual import norm_relu_images, projection_logits, residual_down, residual_up
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
from kerasgan.layers.spatial import NearestColor, Strided, spatially_adaptive
from kerasgan.layers.spectral import Projection, SpectralConv2D, SpectralDense, SpectralEmbedding
from kerasgan.layers.style import (
    AdaptiveInstanceNormalization,
    Bias,
    LearnedConstant,
    MeanStyle,
    ModulatedConv2D,
    NoiseInjection,
)
from kerasgan.layers.stylegan2_discriminator import stylegan2_discriminator
from kerasgan.layers.translator import residual_images
from kerasgan.layers.weights import HistoricalAveraging, WeightNormalization, fit_layers
from kerasgan.scalars import guard

__all__ = [
    "AdaptiveInstanceNormalization",
    "Amplitude",
    "Band",
    "Bias",
    "BilinearUpsampling2D",
    "Companion",
    "Completed",
    "ConditionalBatchNormalization",
    "EqualizedConv2D",
    "EqualizedDense",
    "FIRResampling2D",
    "FadeIn",
    "FilteredLeakyReLU",
    "FourierFeatures",
    "FrozenDropout",
    "Gate",
    "GatedLinearUnit",
    "GivenClass",
    "GivenLatents",
    "GroupedConv2D",
    "HistoricalAveraging",
    "HoleSplit",
    "ImagePool",
    "ImageRange",
    "InstanceNormalization",
    "LearnedConstant",
    "MagnitudeNormalization",
    "Maxout",
    "MaxoutConv2D",
    "MeanStyle",
    "MinibatchDiscrimination",
    "MinibatchStdDev",
    "ModulatedBatchNormalization",
    "ModulatedConv2D",
    "NearestColor",
    "NoiseInjection",
    "PixelNormalization",
    "PixelShuffle",
    "PixelUnshuffle",
    "Projection",
    "RandomQuadrant",
    "ReflectionPadding2D",
    "ScaleAndOffset",
    "SpectralConv2D",
    "SpectralDense",
    "SpectralEmbedding",
    "Split",
    "Strided",
    "SumPooling",
    "Unstack",
    "WeightNormalization",
    "WithLatents",
    "bounded",
    "class_embedding",
    "class_vector",
    "compose",
    "dcgan_convolution",
    "dcgan_normal",
    "dcgan_transposed",
    "equalized_convolution",
    "faded",
    "fir_padding",
    "fir_resample",
    "fit_layers",
    "gated_convolution",
    "label_input",
    "leaky_relu",
    "lowpass_filter",
    "map_shapes",
    "mapping_layer",
    "mapping_network",
    "modulated_norm",
    "norm_relu",
    "norm_relu_images",
    "normalized",
    "one_hot",
    "orthogonal_convolution",
    "orthogonal_dense",
    "patch_logits",
    "progressive_logits",
    "projection_logits",
    "rerun",
    "residual_down",
    "residual_images",
    "residual_up",
    "scaled_leaky_relu",
    "self_attention",
    "spatially_adaptive",
    "stylegan2_discriminator",
    "tanh_images",
    "to_rgb",
    "with_labels",
]

guard(globals(), __all__)
