"""The models of recipes: built, with their data, and with their trained weights."""

import dataclasses
import hashlib
import inspect
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasgan.files.paths import absolute, here
from kerasgan.names import resolve
from kerasgan.scalars import check
from kerasgan.zoo import data_sources
from kerasgan.zoo.data_sources import refuse_unknown
from kerasgan.zoo.recipe import UNPUBLISHED, Recipe
from kerasgan.zoo.registry import names, recipe

if TYPE_CHECKING:
    from kerasgan.gan import GAN

__all__ = [
    "WeightsError",
    "all_networks",
    "build",
    "channel_order",
    "load",
    "refuse_not_finite",
    "source",
    "with_data",
    "without_values",
]

OF_TRAINING = ("batch_size", "keep_best", "seed", "start", "steps")  # keys of [train] that `compile` does not take
OF_SHAPE = ("image_size", "channels", "input_channels", "latent_dim", "num_classes", "frames", "scale")
OPEN_LICENSES = {"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC-BY-4.0", "CC0-1.0", "MIT"}


class WeightsError(ValueError):
    """The weights of an entry are not available; the message says why and what can be done."""


def build(chosen: Recipe) -> "GAN":
    """The recipe's model, compiled with its training settings, untrained.

    Raises:
        ValueError: for an unknown family, or arguments that the family or `compile` does not accept; names the file.
    """
    gan = _made(chosen)
    compile_as(gan, chosen)
    return gan


def _made(chosen: Recipe, **state: Any) -> "GAN":
    """The recipe's model, before `compile`; `state` as in the model's `get_config`."""
    family = _family(chosen)
    arguments = inspect.signature(family.__init__).parameters.keys() - {"self"}
    refuse_unknown(chosen.model, arguments, f"[model] of {chosen.path}")
    with _named_in_errors(chosen):
        return family.from_config({**chosen.model, **state}) if state else family(**chosen.model)


def compile_as(gan: "GAN", chosen: Recipe) -> None:
    """Compiles a model with a recipe's training settings. Raises ValueError that names the file if it refuses them."""
    settings = {key: value for key, value in chosen.train.items() if key not in OF_TRAINING}
    with _named_in_errors(chosen):
        for name in ("generator_optimizer", "discriminator_optimizer"):
            if name in settings:
                settings[name] = _optimizer(settings[name])
        gan.compile(**settings)


@contextmanager
def _named_in_errors(chosen: Recipe) -> Iterator[None]:
    try:
        yield
    except (TypeError, ValueError) as error:
        raise ValueError(f"{chosen.path}: {error}") from error


def _family(chosen: Recipe) -> Any:
    """The class that the recipe names. Raises ValueError for an unknown one, with the nearest ones and the file."""
    from kerasgan import models

    received = f"family={chosen.family!r} in {chosen.path}"
    return getattr(models, resolve(chosen.family, sorted(models.__all__), expected="a family", received=received))


def _optimizer(settings: Mapping[str, Any] | str) -> Any:
    """An optimizer from {name = "Adam", learning_rate = 2e-4, ...}; a learning rate may be such a table too."""
    import keras

    from kerasgan import optimizers, schedules

    config: dict[str, Any] = {"name": settings} if isinstance(settings, str) else dict(settings)
    if "learning_rate" in config:
        config["learning_rate"] = schedules.get(config["learning_rate"])
    return _named(config, optimizers, keras.optimizers)


def _named(settings: Mapping[str, Any], *modules: Any) -> Any:
    """An object of the class `name` in one of the modules, created with the other settings."""
    config = dict(settings)
    name = config.pop("name", None)
    known = {key: getattr(module, key) for module in reversed(modules) for key in dir(module) if key[0].isupper()}
    classes = {key: value for key, value in known.items() if isinstance(value, type)}
    return classes[resolve(name, sorted(classes), expected="a name", received=f"name={name!r}")](**config)


def source(chosen: Recipe, *, batch_size: int | None = None, seed: int | None = None, compared: bool = False) -> Any:
    """The recipe's training data as a source of batches.

    Args:
        chosen: the recipe.
        batch_size: batch size to use instead of the recipe's.
        seed: seed of the order, instead of the recipe's.
        compared: return the real images with which samples are compared, instead of the training data.

    Raises:
        ValueError: if the recipe needs a folder and has none, or has options that its source does not accept.
    """
    found = chosen.source
    if found.needs_path and not found.searches and found.place(chosen.data) is None:
        expected = f"Expected a folder of {found.holds} for {chosen.name}, as --data FOLDER or `path`"
        raise ValueError(f"{expected}. Received: none")
    load = found.load_compared if compared else found.load
    seed = chosen.train.get("seed", 0) if seed is None else seed
    try:
        return load(chosen.data, batch_size=batch_size or chosen.train["batch_size"], seed=seed)
    except TypeError as error:
        raise ValueError(f"[data] of {chosen.path}: {error}") from error


def with_data(chosen: Recipe, data: Any, gan: "GAN", *, paired: bool = False) -> Recipe:
    """The recipe with a folder as its data, in the image size and channels of the model.

    The folder holds the data of the model's task: images, pairs, images of two domains, or videos. With `paired`, a
    model that learns without pairs gets pairs nevertheless.
    """
    if data is None:
        return chosen
    from kerasgan.gan import Task

    task = Task.GENERATION if "derive" in chosen.data else gan.task  # the inputs are then derived from images
    if paired and task is Task.UNPAIRED:
        task = Task.IMAGE_TO_IMAGE
    folder = data_sources.for_task(task).of_folder(absolute(data), gan, chosen.data)
    return dataclasses.replace(chosen, data=folder)


def load(name: str | Path, weights: Any = "recipe") -> "GAN":
    """A compiled GAN with its trained weights.

    Args:
        name: an entry's name, or the path of a recipe.toml.
        weights: "recipe" for the entry's trained weights (from the package, or downloaded once, verified and cached);
            None for an untrained model; or a file: a `.weights.h5` of the generator or of the whole GAN, a `.keras`
            file, or a published checkpoint of the family.

    Raises:
        WeightsError: if the entry has no trained weights, or they are not available.
        ValueError: for an unknown entry, or a file that does not fit the model.
    """
    chosen = recipe(name)
    if weights is None:
        return build(chosen)
    check("weights", weights, str | os.PathLike)
    if weights != "recipe":
        return _load_file(chosen, here(weights))
    if chosen.weights is None:
        raise WeightsError(
            f"The entry {chosen.name} has no trained weights yet. Train it with `{chosen.command}`, load an "
            f"untrained model with weights=None, or take one with weights: {', '.join(names(pretrained=True))}."
        )
    if not chosen.bundled:
        return _load_published(chosen)
    gan = _load_file(chosen, chosen.folder / chosen.weights["file"], sha256=chosen.weights.get("sha256"))
    if "discriminator" in chosen.weights:
        path = chosen.folder / chosen.weights["discriminator"]
        _verify(chosen, path, chosen.weights["discriminator_sha256"])
        _load_weights(gan, path, gan.discriminator)
        refuse_not_finite(gan, path)
    return gan


def channel_order(chosen: Recipe) -> str:
    """The order of colors, "rgb" or "bgr", in the training images of the entry's published checkpoint."""
    return (chosen.weights or {}).get("channel_order", "rgb")


def _verify(chosen: Recipe, path: Path, sha256: str | None) -> None:
    if not path.is_file():
        raise WeightsError(f"Expected a file of weights for {chosen.name}. Received: {path}, which does not exist.")
    if sha256 is not None and hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        raise WeightsError(f"Expected {path} with sha256 {sha256}: the file is damaged. Install the package again.")


def _load_file(chosen: Recipe, path: Path, sha256: str | None = None) -> "GAN":
    _verify(chosen, path, sha256)
    if path.suffix == ".keras":
        gan = _load_model(chosen, path)
        refuse_not_finite(gan, path)
        return gan
    if path.name.endswith("weights.h5"):
        gan = _load_weights_file(chosen, path)
    else:
        from kerasgan import checkpoints

        with without_values():
            gan = build(chosen)
        gan.loaded = checkpoints.assign(gan, path, channel_order=channel_order(chosen)).networks
    refuse_not_finite(gan, path)
    return gan


def _load_weights_file(chosen: Recipe, path: Path) -> "GAN":
    """The model with a `.weights.h5` of the generator, or of the whole GAN, with its optimizers or without."""
    parts = _parts(path)
    if "generator" not in parts or "optimizer" in parts:
        with without_values():
            gan = build(chosen)
        _load_weights(gan, path, gan.sampler)
        return gan
    with without_values():  # Keras wants the values of the optimizers that a compiled model has
        gan = _made(chosen, averaged="ema_generator" in parts)
    _load_weights(gan, path, gan.sampler)
    with without_values():
        compile_as(gan, chosen)
    return gan


def refuse_not_finite(gan: "GAN", path: Path) -> None:
    """Raises WeightsError that names the weights, of the sampler and the discriminator, which are NaN or infinite."""
    from keras import ops

    from kerasgan.keras_internals import waits

    weights = [*gan.sampler.weights, *gan.discriminator.weights]
    read = [weight for weight in weights if "float" in weight.dtype and not waits(weight)]
    wrong = [weight.path for weight in read if not bool(ops.all(ops.isfinite(weight)))]
    if wrong:
        shown = ", ".join(wrong[:3]) + (f" and {len(wrong) - 3} more" if len(wrong) > 3 else "")
        raise WeightsError(f"Expected finite weights in {path}. Received: NaN or infinite values in {shown}")


def _load_model(chosen: Recipe, path: Path) -> "GAN":
    from kerasgan.checkpoints.keras_files import load_model

    family = _family(chosen)
    with without_values():
        gan = load_model(path)
    if not isinstance(gan, family):
        raise ValueError(f"Expected a {chosen.family} for {chosen.name}. Received: {path} with a {type(gan).__name__}")
    found = gan.get_config()
    defaults = inspect.signature(family.__init__).parameters
    shape = {key: defaults[key].default for key in OF_SHAPE if key in defaults}
    for key, expected in {**shape, **chosen.model}.items():
        if _differs(expected, found.get(key)):
            received = f"{path} with {key}={found.get(key)!r}"
            raise ValueError(f"Expected a model of {chosen.name} with {key}={expected!r}. Received: {received}")
    gan.loaded = all_networks(gan)
    return gan


def _differs(expected: Any, found: Any) -> bool:
    """Whether two constructor arguments are different numbers, names or lists of them; others are not compared."""
    plain = (int, float, str)
    if isinstance(expected, list | tuple) and isinstance(found, list | tuple):
        return len(expected) != len(found) or any(map(_differs, expected, found))
    return isinstance(expected, plain) and isinstance(found, plain) and expected != found


def _load_weights(gan: "GAN", path: Path, network: Any) -> None:
    """Loads a `.weights.h5` of the whole GAN, or of one network; those of a moving average also fill the generator."""
    from keras import ops

    from kerasgan.keras_internals import initialize_later

    whole = "generator" in _parts(path)
    try:
        with warnings.catch_warnings(), _named_for_keras(path) as named:
            # Keras only warns, and keeps weights that were never trained.
            warnings.filterwarnings("error", message="Skipping nested container")
            (gan if whole else network).load_weights(named)
    except (KeyError, UserWarning, ValueError) as error:
        raise WeightsError(
            f"Expected weights of this {type(gan).__name__}'s architecture in {path}: {error}"
        ) from error
    averages = gan.ema_generator
    if not whole and averages is not None and network is averages:
        for weight, average in zip(gan.generator.weights, averages.weights):
            initialize_later(weight, partial(ops.copy, average))
    gan.loaded = all_networks(gan) if whole else (*gan.loaded, _name(gan, network))


def _parts(path: Path) -> set[str]:
    """What a `.weights.h5` has values of, after a check of all that is in it."""
    from kerasgan.checkpoints.keras_files import check_weights

    try:
        return check_weights(path)
    except OSError as error:
        raise WeightsError(f"Expected a .weights.h5 file. Received: {path}: {error}") from None


def without_values() -> Any:
    """A context in which a model is made that a file gives its weights to: the rest is initialized when it is read."""
    from kerasgan import distribution
    from kerasgan.keras_internals import lazy_variables

    return nullcontext() if distribution.active() else lazy_variables()


def all_networks(gan: "GAN") -> tuple[str, ...]:
    """What `gan.loaded` is after all of it has been loaded."""
    return ("generator", "discriminator") if gan.ema_generator is None else ("generator", "discriminator", "average")


def _name(gan: "GAN", network: Any) -> str:
    return "discriminator" if network is gan.discriminator else "generator"


@contextmanager
def _named_for_keras(path: Path) -> Iterator[Path]:
    """The file under a name with a dot before "weights.h5": without the dot Keras reads it as a file of Keras 2."""
    if path.name.endswith(".weights.h5"):
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(shutil.copy(path, Path(folder) / "generator.weights.h5"))


def _load_published(chosen: Recipe) -> "GAN":
    from kerasgan import checkpoints

    weights = chosen.weights or {}
    sha256 = None if weights["sha256"] == UNPUBLISHED else weights["sha256"]
    path = _downloaded(chosen, weights["url"], sha256)
    with without_values():
        gan = build(chosen)
    try:
        gan.loaded = checkpoints.assign(gan, path, channel_order=channel_order(chosen)).networks
    except checkpoints.CheckpointError as error:
        if sha256 is not None or isinstance(error, checkpoints.MismatchError):
            raise
        path.unlink()  # without a digest only loading shows that a file is damaged
        path = _downloaded(chosen, weights["url"], sha256)
        gan.loaded = checkpoints.assign(gan, path, channel_order=channel_order(chosen)).networks
    refuse_not_finite(gan, path)
    if sha256 is None:
        warnings.warn(
            f"The publisher of {chosen.name} states no digest: its file cannot be verified. Nothing in it is executed. "
            f"Only the file of the first load is accepted from now on: {path}.sha256 has {checkpoints.pin(path)}",
            stacklevel=3,
        )
    license = weights.get("license", "an unknown license")
    if license not in OPEN_LICENSES:
        warnings.warn(f"The weights of {chosen.name} are not open: {license}. See {weights['url']}", stacklevel=3)
    return gan


def _downloaded(chosen: Recipe, url: str, sha256: str | None) -> Path:
    from kerasgan import checkpoints

    try:
        return checkpoints.download(url, sha256=sha256)
    except checkpoints.DownloadError as error:
        bundled = ", ".join(name for name in names(pretrained=True) if recipe(name).bundled)
        raise WeightsError(
            f"The weights of {chosen.name} are not available. {error} An untrained model: weights=None. "
            f"Entries whose weights come with the package: {bundled}."
        ) from error
