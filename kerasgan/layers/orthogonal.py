"""Layers with orthogonal initial kernels, spectrally normalized: the blocks of BigGAN and BigGAN-deep (1809.11096).

All but the classes' embedding have BigGAN's epsilon of 1e-6 in the spectral norm.
"""

from typing import Any

from keras import layers

from kerasgan.layers.normalization import ModulatedBatchNormalization
from kerasgan.layers.spectral import SpectralConv2D, SpectralDense

__all__ = ["class_embedding", "modulated_norm", "orthogonal_convolution", "orthogonal_dense"]


def orthogonal_convolution(filters: int, kernel_size: int, **options: Any) -> Any:
    """A `SpectralConv2D` that keeps height and width."""
    return SpectralConv2D(
        filters, kernel_size, kernel_initializer="orthogonal", padding="same", epsilon=1e-6, **options
    )


def orthogonal_dense(units: int, **options: Any) -> Any:
    """A `SpectralDense`."""
    return SpectralDense(units, kernel_initializer="orthogonal", epsilon=1e-6, **options)


def class_embedding(labels: Any, num_classes: int, size: int) -> Any:
    """The classes' embedding, without spectral normalization: which the authors found harmful to the generator."""
    return layers.Embedding(num_classes, size, embeddings_initializer="orthogonal", name="classes")(labels)


def modulated_norm(condition: Any, x: Any, name: str, *, estimate: str) -> Any:
    """Batch normalization of x whose gains and biases are linear functions of a condition (batch, size)."""
    spectral: dict[str, Any] = dict(spectral_epsilon=1e-6, spectral_estimate=estimate)
    return ModulatedBatchNormalization(
        kernel_initializer="orthogonal", momentum=0.9, epsilon=1e-5, name=name, **spectral
    )([x, condition])
