"""The bundled digits classifier: a small feature network for scores of handwritten digits that need one.

Trained by `benchmarks/digits_network.py` on the first two thirds of the embedded digits, `data.digits(split="train")`,
so that the other third, by other writers, stays unseen. It recognizes these digits only.
"""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from kerasgan.metrics.features import NetworkFeatures, prepared

__all__ = ["OUTPUTS", "digits_features", "digits_network", "untrained_network"]

SIZE = 32  # pixels
OUTPUTS = ("features", "probabilities")
WEIGHTS = Path(__file__).with_name("digits_network.weights.h5")


def untrained_network() -> Any:
    """Images (batch, 32, 32, 1) in [-1, 1] to `features` (batch, 64) and `probabilities` (batch, 10)."""
    import keras
    from keras import layers

    images = keras.Input((SIZE, SIZE, 1), name="images")
    x = images
    for index, width in enumerate((16, 32, 64), start=1):
        x = layers.Conv2D(width, 3, padding="same", use_bias=False, name=f"convolution{index}")(x)
        x = layers.BatchNormalization(name=f"normalization{index}")(x)
        x = layers.ReLU(name=f"relu{index}")(x)
        x = layers.AveragePooling2D(2, name=f"pool{index}")(x)
    features = layers.GlobalAveragePooling2D(name="features")(x)
    probabilities = layers.Dense(10, activation="softmax", name="probabilities")(features)
    return keras.Model(images, {"features": features, "probabilities": probabilities}, name="digits_network")


@cache
def digits_network() -> Any:
    """The trained network: `untrained_network` with the bundled weights, frozen."""
    network = untrained_network()
    network.load_weights(WEIGHTS)
    network.trainable = False
    return network


def digits_features(output: str = "features", *, stacked: bool = False, batch_size: int = 256) -> NetworkFeatures:
    """A callable from digits of any size, uint8 or floats in [-1, 1], to features (count, 64) or probabilities.

    Args:
        output: "features" or "probabilities" (count, 10).
        stacked: for images with a digit in each of three colors: features (count, 192), or probabilities (count, 1000)
            of the numbers that the digits make.
        batch_size: images per call.

    Raises:
        ValueError: for an unknown output.
    """
    if output not in OUTPUTS:
        raise ValueError(f"Expected an output of {OUTPUTS}. Received: output={output!r}")
    network, channels = digits_network(), 3 if stacked else 1

    def extract(images: np.ndarray) -> np.ndarray:
        digits = np.moveaxis(images, -1, 1).reshape(-1, SIZE, SIZE, 1)
        found = network.predict_on_batch(digits)[output].reshape(len(images), channels, -1)
        if output == "features" or not stacked:
            return found.reshape(len(images), -1)
        return np.einsum("na,nb,nc->nabc", *np.moveaxis(found, 1, 0)).reshape(len(images), -1)

    return NetworkFeatures(
        extract,
        name="digits network",
        prepare=lambda images: prepared(images, size=SIZE, resize="clean", scale=127.5, channels=channels),
        settings=f"{output}{' of each color' if stacked else ''}, clean resizing to {SIZE}",
        batch_size=batch_size,
        weights=_weights_hash(),
    )


@cache
def _weights_hash() -> str:
    import hashlib

    return hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()
