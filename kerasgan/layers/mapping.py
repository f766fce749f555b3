"""The mapping network of StyleGAN and its successors, and the bound of their images."""

from typing import Any

import keras
from keras import layers

from kerasgan.layers.equalized import EqualizedDense, PixelNormalization, scaled_leaky_relu
from kerasgan.layers.labels import label_input, one_hot, with_labels
from kerasgan.layers.shapes import ImageRange
from kerasgan.layers.style import MeanStyle

__all__ = ["bounded", "class_vector", "mapping_layer", "mapping_network"]


def mapping_network(
    latent_dim: int,
    *,
    num_classes: int | None,
    style_dim: int,
    mapping_layers: int,
    num_styles: int,
    mean_decay: float = 0.995,
) -> keras.Model:
    """Latents (batch, latent_dim), and labels (batch,) where there are classes, to styles (batch, num_styles, ...).

    Both are normalized, and mapped by dense layers with a hundredth of the learning rate. `mean_decay` is that of
    `MeanStyle`.
    """
    latents = keras.Input((latent_dim,), name="latents")
    labels = label_input(num_classes)
    x = PixelNormalization(name="latent_norm")(latents)
    if labels is not None:
        x = layers.Concatenate(name="latents_and_classes")([x, class_vector(labels, num_classes, style_dim)])
    for index in range(1, mapping_layers + 1):
        x = mapping_layer(x, style_dim, f"mapping{index}")
    x = MeanStyle(mean_decay, name="mean_style")(x)
    styles = layers.RepeatVector(num_styles, name="styles")(x)
    return keras.Model(with_labels(latents, labels), styles, name="mapping")


def bounded(synthesis: keras.Model) -> keras.Model:
    """The images of a synthesis in [-1, 1]."""
    images = keras.Input(synthesis.output_shape[1:], name="unbounded")
    return keras.Model(images, ImageRange(dtype="float32", name="images")(images), name="generator")


def class_vector(labels: Any, num_classes: int | None, size: int) -> Any:
    """Each class' vector (batch, size), normalized."""
    classes = EqualizedDense(size, name="classes")(one_hot(labels, num_classes))
    return PixelNormalization(name="class_norm")(classes)


def mapping_layer(x: Any, units: int, name: str) -> Any:
    """A dense layer with a hundredth of the learning rate."""
    return EqualizedDense(units, learning_rate_multiplier=0.01, activation=scaled_leaky_relu, name=name)(x)
