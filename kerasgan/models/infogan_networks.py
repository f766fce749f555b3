"""InfoGAN's networks (Chen et al. 2016, 1606.03657), as in the authors' code for MNIST, and the codes between them.

The codes are parts of the generator's prior, and the discriminator's second head predicts them.
"""

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import keras
from keras import layers, ops

from kerasgan.latents import Part, Product, get

__all__ = ["code_prior", "discriminator", "generator", "log_normal", "output_slices"]

MNIST_CODES = (
    {"name": "categorical", "num_categories": 10, "code": "category"},
    {"name": "uniform", "size": 2, "code": "continuous"},
)


def generator(shape: tuple[int, int, int], latent_dim: int, *, width: int, stages: int, units: int) -> keras.Model:
    """Latents (batch, latent_dim) to images (batch, height, width, channels) in [-1, 1]."""
    size, top = shape[0] // 2**stages, width * 2 ** (stages - 1)
    latents = keras.Input((latent_dim,), name="latents")
    x = _dense(latents, units, "hidden")
    x = _dense(x, top * size**2, "project")
    x = layers.Reshape((size, size, top), name="latent_map")(x)  # (7, 7, 128)
    for index in range(1, stages):  # (14, 14, 64)
        x = _normalization(_transposed(x, top // 2**index, f"up{index}"), f"up{index}")
        x = layers.ReLU(name=f"up{index}_relu")(x)
    x = layers.Activation("sigmoid", name="sigmoid")(_transposed(x, shape[-1], "image"))  # (28, 28, 1)
    images = layers.Rescaling(2.0, -1.0, name="to_range", dtype="float32")(x)
    return keras.Model(latents, images, name="generator")


def discriminator(
    shape: tuple[int, int, int],
    code_outputs: int,
    *,
    width: int,
    stages: int,
    units: int,
    code_units: int,
    shared: bool = True,
    normalize: bool = True,
    negative_slope: float = 0.01,
) -> keras.Model:
    """Images to logits (batch, 1) and Q's outputs for the codes (batch, code_outputs): two heads, one trunk or two."""

    def activated(x, name, *, normalize=normalize):
        x = _normalization(x, name) if normalize else x
        return layers.LeakyReLU(negative_slope, name=f"{name}_lrelu")(x)

    def trunk(x, prefix=""):
        for index in range(stages):  # (14, 14, 64), (7, 7, 128)
            name = f"{prefix}down{index + 1}"
            x = activated(_convolution(x, width * 2**index, name), name, normalize=normalize and index > 0)
        x, name = layers.Flatten(name=f"{prefix}flat")(x), f"{prefix}hidden"
        return activated(layers.Dense(units, kernel_initializer=_normal(), name=name)(x), name)

    images = keras.Input(shape, name="images")
    x = layers.Rescaling(0.5, 0.5, name="to_unit")(images)
    features = trunk(x)
    logits = layers.Dense(1, kernel_initializer=_normal(), name="logit", dtype="float32")(features)
    x = features if shared else trunk(x, "reader_")
    x = activated(layers.Dense(code_units, kernel_initializer=_normal(), name="code_hidden")(x), "code_hidden")
    read = layers.Dense(code_outputs, kernel_initializer=_normal(), name="codes", dtype="float32")(x)
    return keras.Model(images, [logits, read], name="discriminator")


def code_prior(prior: Any, latent_dim: int | None, codes: Sequence[Any] | Product | None) -> Product:
    """The noise and the codes as one prior."""
    noise = get(prior)
    if latent_dim is None and not isinstance(noise, Product):
        latent_dim = noise.latent_dim or 62
    parts = noise.parts if isinstance(noise, Product) else [Part(noise, latent_dim)]
    if codes is None:
        codes = () if any(part.code is not None for part in parts) else MNIST_CODES
    if isinstance(noise, Product) and latent_dim is not None:
        noise.drawn_dim(latent_dim)
    joint = Product([*parts, *(codes.parts if isinstance(codes, Product) else codes)])
    if not joint.codes:
        raise ValueError(f"Expected at least one part with a code. Received: codes={codes!r}")
    return joint


def output_slices(joint: Product) -> tuple[Mapping[str, slice], int]:
    """The slice of Q's output for each code, and the output's size: logits, or means and log-variances."""
    places, end = {}, 0
    for name, (prior, columns) in joint.codes.items():
        size = prior.num_components or 2 * (columns.stop - columns.start)
        places[name], end = slice(end, end + size), end + size
    return MappingProxyType(places), end


def log_normal(drawn: Any, output: Any, *, fixed_std: bool) -> Any:
    """log N(drawn; mean, diag(variance)) for each row; `output` holds the means and the logarithmic variances."""
    mean, log_variance = ops.split(output, 2, axis=-1)
    squares = ops.square(drawn - mean)
    if not fixed_std:
        squares = squares * ops.exp(-log_variance) + log_variance
    return -0.5 * ops.sum(squares + math.log(2 * math.pi), axis=-1)


def _normal() -> keras.initializers.Initializer:
    return keras.initializers.RandomNormal(0.0, 0.02)


def _normalization(x: Any, name: str) -> Any:
    scale = keras.initializers.RandomNormal(1.0, 0.02)
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, gamma_initializer=scale, name=f"{name}_norm")(x)


def _dense(x: Any, units: int, name: str) -> Any:
    x = layers.Dense(units, kernel_initializer=_normal(), name=name)(x)
    return layers.ReLU(name=f"{name}_relu")(_normalization(x, name))


def _transposed(x: Any, filters: int, name: str) -> Any:
    return layers.Conv2DTranspose(filters, 4, 2, "same", kernel_initializer=_normal(), name=name)(x)


def _convolution(x: Any, filters: int, name: str) -> Any:
    start = keras.initializers.TruncatedNormal(0.0, 0.02)
    return layers.Conv2D(filters, 4, 2, "same", kernel_initializer=start, name=name)(x)
