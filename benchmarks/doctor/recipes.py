"""The first steps of the box's own recipes, whose results are known to be good."""

import warnings

import keras

import kerasgan
from kerasgan.doctor import Doctor

PROBES = 20


def names() -> list[str]:
    return [name for name in kerasgan.zoo.names(pretrained=True) if kerasgan.zoo.recipe(name).bundled]


def play(name: str, seed: int, *, steps: int) -> Doctor:
    """Trains a recipe for so many steps and returns the doctor that watched."""
    keras.utils.set_random_seed(seed)
    recipe = kerasgan.zoo.recipe(name)
    gan, source = kerasgan.zoo.build(recipe), kerasgan.zoo.source(recipe, seed=seed)
    doctor = Doctor(every=max(1, steps // PROBES))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        callbacks = [doctor, kerasgan.callbacks.StopAfter(steps=steps)]
        gan.fit(source, epochs=steps, verbose=0, callbacks=callbacks)
    return doctor
