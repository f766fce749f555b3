"""A model from whatever holds one: a zoo entry, a recipe, a run folder, a `.keras` or a `.weights.h5` file."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasgan import zoo
from kerasgan.files.paths import here
from kerasgan.files.text import warn
from kerasgan.scalars import guard
from kerasgan.training.run_folder import BEST, is_run, newest
from kerasgan.zoo.load import all_networks, refuse_not_finite, without_values

if TYPE_CHECKING:
    from kerasgan.gan import GAN

__all__ = ["UnfinishedRunWarning", "load", "recipe_of"]


class UnfinishedRunWarning(UserWarning):
    """A run has no finished model, and a checkpoint of it is used."""


def load(source: str | os.PathLike[str], *, weights: Any = "recipe") -> "GAN":
    """A compiled GAN with its trained weights.

    Args:
        source: an entry's name (`kerasgan.zoo.names()`), the path of a recipe.toml, a run folder of `kerasgan train`
            (its best model if it was kept, else the finished one, else its newest checkpoint), a `.keras` file, or a
            `.weights.h5` file that lies beside its recipe.toml.
        weights: of an entry, a recipe or a run folder: as of `kerasgan.zoo.load`.

    Raises:
        FileNotFoundError: for a file or folder that does not exist.
        kerasgan.zoo.WeightsError: if an entry has no trained weights, they cannot be had, or are not finite.
        ValueError: for an unknown entry, or a file that holds no GAN or does not fit its recipe.
    """
    name = os.fspath(source)
    if name.endswith(".keras"):
        return _model(here(name))
    if name.endswith("weights.h5"):
        return zoo.load(_beside(here(name)), weights=here(name))
    chosen = recipe_of(name)
    if not is_run(name) or weights != "recipe":
        return zoo.load(chosen.path, weights=weights)
    state = newest(name)
    if not state.with_name("gan.keras").is_file():
        which = "its best model so far" if state.name == BEST else "its newest checkpoint"
        warn(
            f"{name} was not finished; {which} is used: {state.name}",
            UnfinishedRunWarning,
            stacklevel=2,
        )
    return zoo.load(chosen.path, weights=state)


def recipe_of(source: str | os.PathLike[str]) -> zoo.Recipe:
    """The recipe of an entry, of a recipe.toml, or of a run folder."""
    return zoo.recipe(here(f"{source}/recipe.toml") if is_run(source) else os.fspath(source))


def _model(path: Path) -> "GAN":
    from kerasgan import models  # noqa: F401  # so that Keras knows the classes in the file
    from kerasgan.checkpoints.keras_files import load_model
    from kerasgan.gan import GAN

    if not path.is_file():
        raise FileNotFoundError(f"Expected a .keras file. Received: {path}, which does not exist.")
    with without_values():
        gan = load_model(path)
    if not isinstance(gan, GAN):
        raise ValueError(f"Expected a .keras file of a kerasgan.GAN. Received: {path} with a {type(gan).__name__}")
    gan.loaded = all_networks(gan)
    refuse_not_finite(gan, path)
    return gan


def _beside(path: Path) -> Path:
    recipe = path.with_name("recipe.toml")
    if not recipe.is_file():
        raise FileNotFoundError(
            f"Expected a recipe.toml beside {path}, which says whose weights these are: or pass both, "
            f'kerasgan.load("recipe.toml", weights="{path}"). Received: no such file'
        )
    return recipe


guard(globals(), __all__)
