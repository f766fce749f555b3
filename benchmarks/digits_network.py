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
    parts = {split: data.digits(image_size=digits_network.SIZE, split=split) for split in ("train", "test")}
    images = parts["train"].images().astype("float32") / 127.5 - 1.0
    network = digits_network.untrained_network()
    seen = keras.Input(images.shape[1:])
    augmented = keras.layers.RandomTranslation(0.06, 0.06, fill_mode="nearest")(keras.layers.GaussianNoise(0.2)(seen))
    trainer = keras.Model(seen, network(augmented)["probabilities"])
    epochs = 60
    schedule = keras.optimizers.schedules.CosineDecay(2e-3, epochs * (len(images) // 64))
    trainer.compile(keras.optimizers.AdamW(schedule), "sparse_categorical_crossentropy")
    trainer.fit(images, parts["train"].labels, batch_size=64, epochs=epochs, verbose=2)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "digits.weights.h5"
        network.save_weights(path)
        store_halved(path, digits_network.WEIGHTS)
    for split, source in parts.items():
        found = digits_network.digits_features("probabilities")(source.images()).argmax(axis=1)
        print(f"{split}: {np.mean(found == source.labels):.4f} of {len(found)}")


if __name__ == "__main__":
    main()
