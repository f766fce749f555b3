"""A model from whatever holds one: an entry, a recipe, a run folder, a repository, a file, a checkpoint."""

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasgan import zoo
from kerasgan.files import hub
from kerasgan.files.paths import here
from kerasgan.files.text import warn
from kerasgan.scalars import guard
from kerasgan.training.run_folder import BEST, RECORD, is_run, newest
from kerasgan.zoo.weight_files import all_networks, refuse_not_finite

if TYPE_CHECKING:
    from kerasgan.gan import GAN

__all__ = ["UnfinishedRunWarning", "is_checkpoint", "load", "recipe_of"]

# Of published checkpoints. Files of other names are taken for one where they exist.
SUFFIXES = (".bin", ".ckpt", ".h5", ".hdf5", ".param", ".pickle", ".pkl", ".pt", ".pth", ".safetensors", ".tar")


# The only files that loading takes from a repository: a recipe and weights, nothing that could be code.
OF_REPOSITORY = (
    "recipe.toml",
    "config.json",
    "metadata.json",
    "model.weights.h5",
    "generator.weights.h5",
    "discriminator.weights.h5",
    *(RECORD, BEST, "gan.keras", "log.csv"),  # of a run folder
)


class UnfinishedRunWarning(UserWarning):
    """A run has no finished model, and a checkpoint of it is used."""


def load(source: str | os.PathLike[str], *, weights: Any = "recipe", **arguments: Any) -> "GAN":
    """A compiled GAN with its trained weights.

    Args:
        source: an entry's name (`kerasgan.zoo.names()`), the path of a recipe.toml, a run folder of `kerasgan train`
            (its best model if it was kept, else the finished one, else its newest checkpoint), a `.keras` file, a
            `.weights.h5` file that lies beside its recipe.toml, a repository of the Hugging Face Hub,
            "hf://user/repository" or "hf://user/repository@revision", a folder as `kerasgan.hub.write` writes it, or
            Keras' `save_model(..., zipped=False)`, or a published checkpoint, of which `kerasgan.checkpoints.detect`
            finds the family and its arguments.
        weights: of an entry, a recipe or a run folder: as of `kerasgan.zoo.load`.
        **arguments: of a checkpoint: what the file does not tell, as of `kerasgan.checkpoints.detect`: family,
            channel_order, and arguments of the family such as image_size.

    Raises:
        FileNotFoundError: for a file or folder that does not exist.
        kerasgan.hub.HubError: for a repository or a revision that does not exist, or cannot be reached and is not
            in the cache.
        ImportError: for a repository, if huggingface_hub is not installed.
        kerasgan.zoo.WeightsError: if an entry has no trained weights, they cannot be had, or are not finite.
        kerasgan.checkpoints.CheckpointError: for a checkpoint that is damaged, or of no known architecture.
        ValueError: for an unknown entry, or a file that holds no GAN or does not fit its recipe.
    """
    name = os.path.expanduser(source)
    if found := hub.repository(name):
        return _of_strangers(hub.snapshot(found, OF_REPOSITORY), found, weights)
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
    if _is_model(name):
        return _model(here(name))
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
    """The recipe of an entry, of a recipe.toml, of a folder that holds one, or of a repository."""
    source = os.path.expanduser(source)
    if found := hub.repository(source):
        path = hub.snapshot(found, OF_REPOSITORY) / "recipe.toml"
        if not path.is_file():
            raise FileNotFoundError(f"Expected a repository with a recipe.toml. Received: {found}, without one")
        return dataclasses.replace(zoo.recipe(path), name=found.name.partition("/")[2])
    if is_checkpoint(source) and Path(source).is_file():
        expected = "Expected an entry, a recipe.toml or a run folder. A checkpoint becomes one by"
        raise ValueError(f"{expected} `kerasgan convert {source} -o FOLDER`: FOLDER/recipe.toml. Received: {source}")
    folder = Path(source, "recipe.toml").is_file() and source not in zoo.names()
    holds_one = is_run(source) or folder
    return zoo.recipe(here(f"{source}/recipe.toml") if holds_one else source)


def _is_model(folder: str) -> bool:
    """Whether a folder holds a model as Keras writes it, and no recipe."""
    return Path(folder, "config.json").is_file() and not Path(folder, "recipe.toml").exists()


def _of_strangers(folder: Path, found: hub.Repository, weights: Any) -> "GAN":
    """The model in a repository, whose recipe may neither ask for more than its files hold nor for other files."""
    from kerasgan.checkpoints.keras_files import allowed_bytes, weights_within

    if not (folder / "recipe.toml").is_file() and not _is_model(str(folder)):
        expected = "Expected a repository with a recipe.toml, or a model that Keras has saved"
        raise ValueError(f"{expected}. Received: {found}, without either")
    if not is_run(folder) and (folder / "recipe.toml").is_file() and weights == "recipe":
        chosen = zoo.recipe(folder / "recipe.toml")
        if not chosen.bundled:
            where = ", ".join(chosen.weights or {}) or "no [weights]"
            raise zoo.WeightsError(f"Expected a recipe with a file of {found} in [weights]. Received: {where}")
    files = [folder / name for name in OF_REPOSITORY if (folder / name).is_file()]
    with weights_within(allowed_bytes(*files)):
        return load(folder, weights=weights)


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
    """The GAN in a `.keras` file, or in the folder of one that is not zipped."""
    from kerasgan import models  # noqa: F401  # so that Keras knows the classes in the file
    from kerasgan.checkpoints import keras_files
    from kerasgan.gan import GAN
    from kerasgan.gan.policy import without_values

    if not path.exists():
        raise FileNotFoundError(f"Expected a .keras file. Received: {path}, which does not exist.")
    with without_values():
        gan = keras_files.load_folder(path) if path.is_dir() else keras_files.load_model(path)
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
