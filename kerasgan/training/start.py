"""The model with which a training begins."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
from rich.console import Console

from kerasgan import zoo
from kerasgan.training.load import load

if TYPE_CHECKING:
    from kerasgan.gan import GAN

__all__ = ["initial_model"]


def initial_model(recipe: zoo.Recipe, console: Any) -> "GAN":
    """The recipe's model with the weights that it starts from, if it says any, and a line on the console of which.

    With a discriminator that was trained beside it, each network goes on from its own. Without one, generator and
    average both start from the network to sample from.
    """
    gan = zoo.build(recipe)
    start = recipe.train.get("start")
    if start is None:
        return gan
    first = _first(recipe, start)
    goes_on = "discriminator" in first.loaded and _shapes(first.discriminator) == _shapes(gan.discriminator)
    pairs = [(gan.generator, first.generator if goes_on else first.sampler), (gan.sampler, first.sampler)]
    if _shapes(gan.generator) != _shapes(first.sampler):
        expected = f"Expected in {recipe.path} to start from a generator of the same architecture"
        raise ValueError(f"{expected}. Received: start={start!r}")
    for network, theirs in [*pairs, *([(gan.discriminator, first.discriminator)] if goes_on else [])]:
        network.set_weights(theirs.get_weights())
    found = [name for name in first.loaded if goes_on or name != "discriminator"]
    rest = "" if goes_on else "; the discriminator starts anew"
    (console or Console(stderr=True)).print(
        f"Start from {start}: {', '.join(found)}{rest}.", markup=False, soft_wrap=True
    )
    return gan


def _first(recipe: zoo.Recipe, start: str) -> "GAN":
    """The model to start from; an error says that it is about `start`, where no name and no path was given."""
    try:
        if Path(start).is_file() and not start.endswith((".keras", ".toml")):
            return zoo.load(recipe.path, weights=start)
        return load(start)
    except (FileNotFoundError, ValueError) as error:
        kind = FileNotFoundError if isinstance(error, FileNotFoundError) else ValueError
        raise kind(f"Cannot start from {start!r} (--start, or start in [train]). {error}") from error


def _shapes(network: keras.Model) -> list[tuple[int, ...]]:
    return [tuple(weight.shape) for weight in network.weights]
