"""A model from whatever holds one: an entry, a recipe, a run folder, a `.keras` or `.weights.h5` file, a checkpoint."""

import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasgan import zoo
from kerasgan.files.paths import here
from kerasgan.training.run_folder import BEST, is_run, newest
from kerasgan.zoo.load import all_networks, refuse_not_finite, without_values

if TYPE_CHECKING:
    from kerasgan.gan import GAN

__all__ = ["UnfinishedRunWarning", "is_checkpoint", "load", "recipe_of"]

# Of published checkpoints. Files of other names are taken for one where they exist.
SUFFIXES = (".bin", ".ckpt", ".h5", ".hdf5", ".param", ".pickle", ".pkl", ".pt", ".pth", ".safetensors", ".tar")


class UnfinishedRunWarning(UserWarning):
    """A run has no finished model, and a checkpoint of it is used."""


def load(source: str | os.PathLike[str], *, weights: Any = "recipe", **arguments: Any) -> "GAN":
    """A compiled GAN with its trained weights.

    Args:
        source: an entry's name (`kerasgan.zoo.names()`), the path of a recipe.toml, a run folder of `kerasgan train`
            (its best model if it was kept, else the finished one, else its newest checkpoint), a `.keras` file, or a
            `.weights.h5` file that lies beside its recipe.toml, or a published checkpoint, of which
            `kerasgan.checkpoints.detect` finds the family and its arguments.
        weights: of an entry, a recipe or a run folder: as of `kerasgan.zoo.load`.
        **arguments: of a checkpoint: what the file does not tell, as of `kerasgan.checkpoints.detect`: family,
            channel_order, and arguments of the family such as image_size.

    Raises:
        FileNotFoundError: for a file or folder that does not exist.
        kerasgan.zoo.WeightsError: if an entry has no trained weights, they cannot be had, or are not finite.
        kerasgan.checkpoints.CheckpointError: for a checkpoint that is damaged, or of no known architecture.
        ValueError: for an unknown entry, or a file that holds no GAN or does not fit its recipe.
    """
    name = os.fspath(source)
    if is_checkpoint(name):
        if weights != "recipe":
            raise ValueError(f"Expected no weights for a checkpoint, which has its own. Received: weights={weights!r}")
        return _detected(here(name), arguments)
    if arguments:
        received = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
        raise ValueError(f"Expected arguments for a published checkpoint alone. Received: {received} for {name}")
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
        warnings.warn(
            f"{name} was not finished; {which} is used: {state.name}",
            UnfinishedRunWarning,
            stacklevel=2,
        )
    return zoo.load(chosen.path, weights=state)


def recipe_of(source: str | os.PathLike[str]) -> zoo.Recipe:
    """The recipe of an entry, of a recipe.toml, or of a run folder."""
    if is_checkpoint(os.fspath(source)) and Path(source).is_file():
        expected = "Expected an entry, a recipe.toml or a run folder. A checkpoint becomes one by"
        raise ValueError(f"{expected} `kerasgan convert {source} -o FOLDER`: FOLDER/recipe.toml. Received: {source}")
    return zoo.recipe(here(f"{source}/recipe.toml") if is_run(source) else os.fspath(source))


def is_checkpoint(name: str) -> bool:
    """Whether a name is that of a published checkpoint's file: by its ending, or as there is a file of that name."""
    if name.endswith((".toml", ".keras")):
        return False
    path = Path(name).expanduser()
    if name.endswith("weights.h5"):  # Keras 3's, unless Keras 2 wrote it
        return path.is_file() and not path.with_name("recipe.toml").is_file() and _of_keras_2(path)
    return path.suffix.lower() in SUFFIXES or path.is_file()


def _of_keras_2(path: Path) -> bool:
    import h5py

    try:
        with h5py.File(path) as file:
            return "layer_names" in file.attrs or "model_weights" in file
    except OSError:
        return False


def _detected(path: Path, arguments: dict[str, Any]) -> "GAN":
    from kerasgan import checkpoints

    if not path.is_file():
        raise FileNotFoundError(f"Expected a checkpoint file. Received: {path}, which does not exist.")
    found = checkpoints.detect(path, **arguments)
    found.gan.loaded = found.report.networks
    refuse_not_finite(found.gan, path)
    return found.gan


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
