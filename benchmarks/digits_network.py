"""Trains the digits classifier that comes with `kerasgan.metrics`: python benchmarks/digits_network.py

Writes its weights as float16 and prints the accuracy on the third of the digits that it has not seen, as loaded.
"""

import tempfile
from pathlib import Path

import keras
import numpy as np
from box import store_halved

from kerasgan import data
from kerasgan.metrics import digits_network


def main() -> None:
    keras.utils.set_random_seed(0)
    source = data.digits(image_size=digits_network.SIZE)
    images, labels = source.images().astype("float32") / 127.5 - 1.0, source.labels
    parts = digits_network.split()
    network = digits_network.untrained_network()
    seen = keras.Input(images.shape[1:])
    augmented = keras.layers.RandomTranslation(0.06, 0.06, fill_mode="nearest")(keras.layers.GaussianNoise(0.2)(seen))
    trainer = keras.Model(seen, network(augmented)["probabilities"])
    epochs = 60
    schedule = keras.optimizers.schedules.CosineDecay(2e-3, epochs * (len(parts.training) // 64))
    trainer.compile(keras.optimizers.AdamW(schedule), "sparse_categorical_crossentropy")
    trainer.fit(images[parts.training], labels[parts.training], batch_size=64, epochs=epochs, verbose=2)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "digits.weights.h5"
        network.save_weights(path)
        store_halved(path, digits_network.WEIGHTS)
    found = digits_network.digits_features("probabilities")(images).argmax(axis=1)
    for name, part in zip(parts._fields, parts):
        print(f"{name}: {np.mean(found[part] == labels[part]):.4f} of {len(part)}")


if __name__ == "__main__":
    main()
