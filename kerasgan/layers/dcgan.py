"""DCGAN's convolutions and initial weights, which many families share (1511.06434)."""

from typing import Any

import keras
from keras import layers

__all__ = ["dcgan_convolution", "dcgan_normal", "dcgan_transposed"]


def dcgan_normal(mean: float = 0.0) -> keras.initializers.Initializer:
    """N(mean, 0.02^2): DCGAN's kernels at mean 0, its normalization's scales at mean 1 (section 3)."""
    return keras.initializers.RandomNormal(mean, 0.02)


def dcgan_convolution(x: Any, filters: int, kernel_size: int, name: str, *, strides: int = 2, **options: Any) -> Any:
    """A convolution, which halves height and width unless `strides` is given; options as of `keras.layers.Conv2D`."""
    options = {"padding": "same", "kernel_initializer": dcgan_normal(), **options}
    return layers.Conv2D(filters, kernel_size, strides, name=name, **options)(x)


def dcgan_transposed(x: Any, filters: int, kernel_size: int, name: str, *, strides: int = 2, **options: Any) -> Any:
    """A transposed convolution, which doubles height and width; options as of `keras.layers.Conv2DTranspose`."""
    options = {"padding": "same", "kernel_initializer": dcgan_normal(), **options}
    return layers.Conv2DTranspose(filters, kernel_size, strides, name=name, **options)(x)
