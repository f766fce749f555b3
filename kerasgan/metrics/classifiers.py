"""The bundled classifiers, of digits, clothes and emoji: small feature networks for scores that need one.

Trained by `benchmarks/classifiers.py`. "digits" has seen the first two thirds of the embedded digits,
`data.digits(split="train")`, so that the other third, by other writers, stays unseen; "fashion" the 60,000 training
images of Fashion-MNIST; "emoji" Google's emoji of `data.emoji(split="train")`. They recognize these images only.
"""

from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kerasgan.metrics.features import NetworkFeatures, prepared
from kerasgan.names import resolve

__all__ = ["CLASSIFIERS", "OUTPUTS", "classifier", "classifier_features", "untrained_classifier"]

OUTPUTS = ("features", "probabilities")


class Settings(NamedTuple):
    """The side of a classifier's images in pixels, the channels of its convolutions and images, and its classes."""

    size: int
    widths: tuple[int, ...]
    channels: int = 1
    classes: int = 10


CLASSIFIERS = {
    "digits": Settings(32, (16, 32, 64)),
    "fashion": Settings(28, (32, 64, 128)),
    "emoji": Settings(64, (16, 32, 64, 64), channels=3, classes=9),
}


def weights_file(name: str) -> Path:
    return Path(__file__).with_name(f"{name}_network.weights.h5")


def untrained_classifier(name: str) -> Any:
    """Images (batch, size, size, channels) in [-1, 1] to `features` (batch, dimensions) and `probabilities`.

    The features have as many dimensions as the last convolution has channels: 128 for "fashion", else 64; the
    probabilities (batch, classes) are of ten classes, or of the nine categories of emoji.
    """
    import keras
    from keras import layers

    size, widths, channels, classes = CLASSIFIERS[name]
    images = keras.Input((size, size, channels), name="images")
    x = images
    for index, width in enumerate(widths, start=1):
        x = layers.Conv2D(width, 3, padding="same", use_bias=False, name=f"convolution{index}")(x)
        x = layers.BatchNormalization(name=f"normalization{index}")(x)
        x = layers.ReLU(name=f"relu{index}")(x)
        x = layers.AveragePooling2D(2, name=f"pool{index}")(x)
    features = layers.GlobalAveragePooling2D(name="features")(x)
    probabilities = layers.Dense(classes, activation="softmax", name="probabilities")(features)
    return keras.Model(images, {"features": features, "probabilities": probabilities}, name=f"{name}_network")


@cache
def classifier(name: str) -> Any:
    """The trained network: `untrained_classifier` with the bundled weights, frozen."""
    network = untrained_classifier(name)
    network.load_weights(weights_file(name))
    network.trainable = False
    return network


def classifier_features(
    name: str, output: str = "features", *, stacked: bool = False, batch_size: int = 256
) -> NetworkFeatures:
    """A callable from images of any size, uint8 or floats in [-1, 1], to features or probabilities.

    Args:
        name: "digits" or "fashion", of gray images, or "emoji", of colored ones; gray images are repeated.
        output: "features" (count, dimensions) or "probabilities" (count, classes).
        stacked: for images with a digit in each of three colors: features (count, 3 * dimensions), or probabilities
            (count, 1000) of the numbers that the digits make.
        batch_size: images per call.

    Raises:
        ValueError: for an unknown classifier or output.
    """
    resolve(name, CLASSIFIERS, expected="a bundled classifier", received=f"name={name!r}")
    if output not in OUTPUTS:
        raise ValueError(f"Expected an output of {OUTPUTS}. Received: output={output!r}")
    network, size, channels = classifier(name), CLASSIFIERS[name].size, CLASSIFIERS[name].channels
    layers = 3 if stacked else 1

    def extract(images: np.ndarray) -> np.ndarray:
        apart = np.moveaxis(images, -1, 1).reshape(-1, size, size, 1) if stacked else images
        found = network.predict_on_batch(apart)[output].reshape(len(images), layers, -1)
        if output == "features" or not stacked:
            return found.reshape(len(images), -1)
        return np.einsum("na,nb,nc->nabc", *np.moveaxis(found, 1, 0)).reshape(len(images), -1)

    return NetworkFeatures(
        extract,
        name=f"{name} network",
        prepare=lambda images: prepared(images, size=size, resize="clean", scale=127.5, channels=layers * channels),
        settings=f"{output}{' of each color' if stacked else ''}, clean resizing to {size}",
        batch_size=batch_size,
        weights=_weights_hash(name),
    )


@cache
def _weights_hash(name: str) -> str:
    import hashlib

    return hashlib.sha256(weights_file(name).read_bytes()).hexdigest()
