"""Trains the feature network for photographs that comes with `kerasgan.models`: python benchmarks/photo_features.py

It learns how much detail a crop has lost: by which factor it was shrunk before it was enlarged again. Writes its
weights as float16 and prints how often it is right on crops of photographs that it has not seen.
"""

import tempfile
from pathlib import Path

import keras
import numpy as np
from bundle_weights import store_halved
from keras import layers

from kerasgan import data
from kerasgan.data.decoding import resized
from kerasgan.models import feature_networks

STEPS = 400
FACTORS = (1, 2, 4, 8)


def worn(images: np.ndarray, losses: np.ndarray) -> np.ndarray:
    """Images shrunk by the factors that `losses` chooses, and enlarged again."""
    found, size = images.copy(), images.shape[1:3]
    for loss, factor in enumerate(FACTORS[1:], start=1):
        chosen = losses == loss
        small = resized(images[chosen], size=[side // factor for side in size], crop="stretch")
        found[chosen] = resized(small, size=size, crop="stretch")
    return found


def main() -> None:
    keras.utils.set_random_seed(0)
    crops = data.photos(image_size=64, batch_size=32, flip=True, drop_remainder=True)
    features = feature_networks.untrained_photos()
    x = layers.AveragePooling2D(2)(layers.ReLU()(features.output))
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(layers.Conv2D(64, 3, padding="same", use_bias=False)(x)))
    network = keras.Model(features.inputs, layers.Dense(len(FACTORS))(layers.GlobalAveragePooling2D()(x)))
    rate = keras.optimizers.schedules.CosineDecay(2e-3, STEPS)
    distance = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(keras.optimizers.AdamW(rate), distance, metrics=["accuracy"])
    rng = np.random.default_rng(0)
    for step in range(STEPS):
        if step and step % len(crops) == 0:
            crops.on_epoch_end()
        losses = rng.integers(len(FACTORS), size=crops.batch_size)
        found = network.train_on_batch(worn(crops[step % len(crops)], losses), losses, return_dict=True)
        if step % 50 == 49:
            print(step + 1, {key: round(float(value), 3) for key, value in found.items()}, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "photos.weights.h5"
        features.save_weights(path)
        store_halved(path, feature_networks.WEIGHTS)
    for split in ("train", "test"):
        images = data.photos(image_size=64, split=split).images().astype("float32") / 127.5 - 1
        losses = rng.integers(len(FACTORS), size=len(images))
        guesses = network.predict(worn(images, losses), verbose=0).argmax(axis=1)
        print(f"{split}: {np.mean(guesses == losses):.3f} of {len(losses)}")


if __name__ == "__main__":
    main()
