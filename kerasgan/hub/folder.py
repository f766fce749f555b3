"""The folder of a model to share: everything that its repository holds."""

import dataclasses
import hashlib
import json
import os
import shutil
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import keras

import kerasgan
from kerasgan import export
from kerasgan.export.writing import place
from kerasgan.files import hub, pictures
from kerasgan.files.paths import here, local, names
from kerasgan.files.toml import write_sections
from kerasgan.files.weights import save_weights
from kerasgan.hub import card
from kerasgan.training.load import load, recipe_of
from kerasgan.training.record import ELSEWHERE
from kerasgan.training.run_folder import is_run
from kerasgan.training.train import write_recipe

if TYPE_CHECKING:
    from kerasgan.gan import GAN
    from kerasgan.zoo import Recipe

__all__ = ["FILES", "is_written", "write"]

WHOLE, GENERATOR, README = "model.weights.h5", "generator.weights.h5", "README.md"
PICTURES = ("samples.png", "samples.gif")
FILES = (
    "recipe.toml",
    "config.json",
    "metadata.json",
    WHOLE,
    GENERATOR,
    "generator.safetensors",
    "card.json",
    *PICTURES,
    README,
)


def is_written(folder: Path) -> bool:
    """Whether a folder is one that `write` wrote."""
    return all((folder / name).is_file() for name in ("recipe.toml", "config.json", README))


def write(
    source: str | os.PathLike[str],
    directory: str | os.PathLike[str],
    *,
    license: str | None = None,
    onnx: bool = True,
    address: str | None = None,
) -> Path:
    """Writes the folder of a trained model, which `kerasgan.load` and, with kerasgan imported, Keras load.

    Of the recipe, paths on this machine are left out.

    Args:
        source: an entry's name, a recipe.toml, a run folder or a repository.
        directory: a new or empty folder, or an earlier one of this kind, which is replaced.
        license: license of the weights, such as "Apache-2.0"; the entry's if not given.
        onnx: whether to write ONNX files, too, each of which is compared with Keras.
        address: the repository that the card names; "hf://user/repository" if not given.

    Returns:
        The folder.

    Raises:
        ImportError: if huggingface_hub or safetensors is not installed.
        WeightsError: if there are no trained weights.
        ValueError: for a folder that holds something else.
    """
    target = local(directory)
    if names(target) != [] and not is_written(target):
        expected = "Expected a new or empty folder, or an earlier one of a model to replace"
        raise ValueError(f"{expected}. Received: directory={os.fspath(directory)!r}")
    hub.client()  # writes the card; before the work
    chosen, gan = recipe_of(source), load(source)
    license = license or (chosen.weights or {}).get("license")
    beside = here(source) if not hub.repository(source) and is_run(source) else chosen.folder
    with place(target) as folder:
        folder.mkdir()
        _write_keras(gan, folder)
        alone = "discriminator" not in gan.loaded
        if alone:
            save_weights(gan.sampler, folder / GENERATOR)
        _write_safetensors(gan, folder / "generator.safetensors")
        _write_recipe(chosen, folder, GENERATOR if alone else WHOLE, license=license)
        _copy_pictures(gan, beside, folder)
        scores = card.measured(gan, beside)
        if scores is not None:
            (folder / "card.json").write_text(scores.to_json(), encoding="utf-8")
        if onnx:
            _write_onnx(gan, folder / "onnx", entry=chosen.name, license=license)
        text = card.written(gan, chosen, folder, scores, license=license, address=address)
        (folder / README).write_text(text, encoding="utf-8")
    return target


def _write_keras(gan: "GAN", folder: Path) -> None:
    """What Keras loads: of a model without optimizers, whose state is twice as large as the networks."""
    keras.saving.save_model(gan, folder, zipped=False)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["compile_config"] = None
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    about = {"keras_version": keras.__version__, "kerasgan_version": kerasgan.__version__}  # and no date
    (folder / "metadata.json").write_text(json.dumps(about) + "\n", encoding="utf-8")
    full = folder / f"full-{WHOLE}"
    (folder / WHOLE).rename(full)
    with h5py.File(full) as saved, h5py.File(folder / WHOLE, "w") as kept:
        for name in saved:
            if name != "optimizer":
                saved.copy(name, kept)
    full.unlink()


def _write_safetensors(gan: "GAN", path: Path) -> None:
    from kerasgan.checkpoints import safetensors

    safetensors.write(path, gan.sampler)


def _write_recipe(chosen: "Recipe", folder: Path, file: str, *, license: str | None) -> None:
    """The recipe without paths of this machine, with the folder's own file as its weights."""
    hidden = {key.removeprefix("data.") for key in ELSEWHERE}
    path, place = folder / "recipe.toml", chosen.data.get("path")
    if is_run(chosen.folder) or hidden & chosen.data.keys() or "start" in chosen.train:
        own = {key: value for key, value in chosen.data.items() if key not in hidden}
        needed = f" --data FOLDER  # {chosen.source.holds}" if place else ""
        _write_plain(chosen, path, own, f"kerasgan train recipe.toml{needed}\n{chosen.summary}")
    else:
        path.write_text(chosen.path.read_text(encoding="utf-8"), encoding="utf-8")
    digest = hashlib.sha256((folder / file).read_bytes()).hexdigest()
    weights = {"file": file, "sha256": digest, **({"license": license} if license else {})}
    published = chosen.weights or {}
    stated = {key: published[key] for key in ("scores", "protocol") if key in published}
    write_sections(path, {"weights": weights | stated})


def _write_plain(chosen: "Recipe", path: Path, data: Mapping[str, Any], header: str) -> None:
    train = {key: value for key, value in chosen.train.items() if key != "start"}  # a path, perhaps
    write_recipe(dataclasses.replace(chosen, data=data, train=train), path, header=header)


def _copy_pictures(gan: "GAN", beside: Path, folder: Path) -> None:
    for name in PICTURES:
        if (beside / name).is_file():
            shutil.copyfile(beside / name, folder / name)
    if not (folder / PICTURES[0]).is_file() and not gan.task.from_images:
        images, columns = gan.sample_grid(None)
        pictures.save(pictures.grid(images, columns=columns), folder / PICTURES[0])


def _write_onnx(gan: "GAN", folder: Path, *, entry: str, license: str | None) -> None:
    folder.mkdir()
    directions = getattr(gan, "directions", ()) or (None,)
    try:
        for way in directions:
            name = "generator.onnx" if way is None else f"generator-{way}.onnx"
            export.onnx(gan, folder / name, entry=entry, license=license, direction=way)
    except (ImportError, ValueError, export.ExportError) as error:
        shutil.rmtree(folder)
        warnings.warn(f"No ONNX file is in the folder: {error}", stacklevel=4)
