"""Trains a classifier that comes with `kerasgan.metrics`: python benchmarks/classifiers.py digits (or fashion, emoji)

Writes its weights as float16 and prints the accuracy on the test images, which it has not seen, as loaded.
"""

import argparse
import tempfile
from pathlib import Path

import keras
import numpy as np
from bundle_weights import store_halved

from kerasgan import data
from kerasgan.metrics import classifiers

# Images, epochs, batch, deviation of the noise, largest shift
TRAINING = {
    "digits": (data.digits, 60, 64, 0.2, 0.06),
    "fashion": (data.fashion_mnist, 8, 128, 0.05, 0.04),
    "emoji": (data.emoji, 40, 64, 0.1, 0.1),
}


def main(name: str) -> None:
    keras.utils.set_random_seed(0)
    source, epochs, batch, noise, shift = TRAINING[name]
    parts = {split: source(image_size=classifiers.CLASSIFIERS[name].size, split=split) for split in ("train", "test")}
    images = parts["train"].images().astype("float32") / 127.5 - 1.0
    network = classifiers.untrained_classifier(name)
    seen = keras.Input(images.shape[1:])
    moved = keras.layers.RandomTranslation(shift, shift, fill_mode="nearest")
    augmented = moved(keras.layers.GaussianNoise(noise)(seen))
    trainer = keras.Model(seen, network(augmented)["probabilities"])
    schedule = keras.optimizers.schedules.CosineDecay(2e-3, epochs * (len(images) // batch))
    trainer.compile(keras.optimizers.AdamW(schedule), "sparse_categorical_crossentropy")
    trainer.fit(images, parts["train"].labels, batch_size=batch, epochs=epochs, verbose=2)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "classifier.weights.h5"
        network.save_weights(path)
        store_halved(path, classifiers.weights_file(name))
    for split, images in parts.items():
        found = classifiers.classifier_features(name, "probabilities")(images.images()).argmax(axis=1)
        print(f"{split}: {np.mean(found == images.labels):.4f} of {len(found)}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("name", choices=TRAINING)
    main(parser.parse_args().name)
