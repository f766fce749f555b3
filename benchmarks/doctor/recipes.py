"""The first steps of the recipes with bundled weights, whose results are known to be good."""

from pathlib import Path

import recorder

import kerasgan


def names() -> list[str]:
    """The recipes whose training images are at hand."""
    bundled = [name for name in kerasgan.zoo.names(pretrained=True) if kerasgan.zoo.recipe(name).bundled]
    return [name for name in bundled if kerasgan.zoo.recipe(name).source.at_hand(kerasgan.zoo.recipe(name).data)]


def train(path: Path, *, name: str, seed: int, steps: int) -> None:
    """Trains a recipe for the given number of steps and records what a doctor measures."""
    recorder.seeded(seed)
    recipe = kerasgan.zoo.recipe(name)
    gan, source = kerasgan.zoo.build(recipe), kerasgan.zoo.source(recipe, seed=seed)
    recorder.record(path, gan, (source,), steps=steps)
