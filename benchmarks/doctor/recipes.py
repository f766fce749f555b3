"""The first steps of the recipes with bundled weights, whose results are known to be good."""

import warnings

import keras

import kerasgan
from kerasgan.doctor import Doctor

PROBES = 20


def names() -> list[str]:
    return [name for name in kerasgan.zoo.names(pretrained=True) if kerasgan.zoo.recipe(name).bundled]


def train(name: str, seed: int, *, steps: int) -> Doctor:
    """Trains a recipe for the given number of steps and returns the doctor that watched it."""
    keras.utils.set_random_seed(seed)
    recipe = kerasgan.zoo.recipe(name)
    gan, source = kerasgan.zoo.build(recipe), kerasgan.zoo.source(recipe, seed=seed)
    doctor = Doctor(every=max(1, steps // PROBES))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        callbacks = [doctor, kerasgan.callbacks.StopAfter(steps=steps)]
        gan.fit(source, epochs=steps, verbose=0, callbacks=callbacks)
    return doctor
