"""A bundle: a folder with the generator in several formats, programs that use them, seeds, a report and a card."""

import glob
import hashlib
import importlib.metadata
import json
import os
import platform
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

import kerasgan
from kerasgan.export import card, formats, seeds
from kerasgan.export.material import material
from kerasgan.export.options import Bound, Options
from kerasgan.export.preparation import Prepared
from kerasgan.export.signature import Input, family_of, output_of
from kerasgan.files import paths, pictures
from kerasgan.gan import GAN

__all__ = ["REPORT", "fill", "name_of", "own_names"]

REPORT, CARD, SEEDS, SAMPLES = "export_report.json", "card.md", "seeds.json", "samples.png"
PROGRAMS = "programs"
AXES = ("batch", "height", "width", "channels")


def name_of(gan: GAN, options: Options) -> str:
    """The base name of a bundle's files: the entry, or the family, and the direction if there is one."""
    return "-".join(filter(None, (options.entry or family_of(gan).lower(), options.direction)))


def own_names(folder: Path) -> list[str]:
    """The names in a bundle, by its report; and that of the picture which the commands in its card draw."""
    with paths.reading(folder / REPORT) as file:
        try:
            written = [each["path"] for each in json.load(file)["formats"].values()]
        except (AttributeError, LookupError, TypeError, ValueError):  # no report of ours: nothing is known to be
            written = []
    return [REPORT, CARD, SEEDS, SAMPLES, PROGRAMS, "drawn.png", *map(glob.escape, written)]


def fill(
    folder: Path,
    gan: GAN,
    prepared: Prepared,
    found: dict[str, Any],
    *,
    left_out: dict[str, str],
    options: Options,
    bound: Bound,
) -> dict[str, Any]:
    """Adds programs, seeds, samples, report and card to the files that are in `folder`; returns the report.

    Args:
        folder: a folder with a file for each format of `found`, under `name_of`.
        gan: the model.
        prepared: the network and reference images of the files.
        found: by format, the results of the comparison.
        left_out: by format, the reason.
        options: options of the files.
        bound: the accepted difference.
    """
    rows = seeds.rows(gan, prepared.inputs)
    seeds.write(rows, folder / SEEDS)
    pictures.save(seeds.picture(prepared.network, prepared.inputs, rows), folder / SAMPLES)
    for program in [each for key in found for each in formats.FORMATS[key].programs]:
        here = shutil.ignore_patterns("node_modules", "__pycache__")
        shutil.copytree(material(program), folder / PROGRAMS / program, ignore=here)
    name = name_of(gan, options)
    files = {key: _described(folder, name, key) | facts for key, facts in found.items()}
    report = {
        "name": name,
        **{key: text for key in ("title", "description") if (text := getattr(options, key))},
        "metadata": prepared.facts,
        "inputs": [_input(each, prepared.facts) for each in prepared.inputs],
        "output": _output(prepared),
        "allowed": {**bound._asdict(), "of": "|difference from Keras|, of images in [-1, 1]"},
        "formats": files,
        "left_out": left_out,
        "versions": _versions(found),
        "machine": {"system": platform.platform(), "processors": os.cpu_count()},
    }
    (folder / REPORT).write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    (folder / CARD).write_text(card.written(gan, report), encoding="utf-8")
    return report


def _described(folder: Path, name: str, format_name: str) -> dict[str, Any]:
    form = formats.FORMATS[format_name]
    path = folder / form.path.format(name=name)
    files = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
    return {
        "path": path.name,
        "runtime": form.runtime,
        "command": form.command.format(path=path.name),
        "bytes": sum(each.stat().st_size for each in files),
        "sha256": {
            each.relative_to(folder).as_posix(): hashlib.sha256(each.read_bytes()).hexdigest() for each in files
        },
    }


def _input(each: Input, facts: dict[str, Any]) -> dict[str, Any]:
    names = {"names": facts["class_names"]} if "class_names" in facts else {}
    values: dict[str, Any] = {
        "latents": {"prior": facts.get("latent_prior")},
        "labels": {"range": [0, facts.get("num_classes", 1) - 1], **names},
        "truncation": {"range": [0, 1]},
        "noise": {"prior": {"name": "normal"}},
        "images": {"range": [-1, 1]},
    }
    return {"name": each.name, "shape": _axes(each.shape), "dtype": each.dtype, **values[each.name]}


def _output(prepared: Prepared) -> dict[str, Any]:
    shapes = {case.images.shape[1:] for case in prepared.cases}  # several if height and width are dynamic
    sides = prepared.network.output_shape[1:] if len(shapes) > 1 else shapes.pop()
    shape = (prepared.inputs[0].shape[0], *sides)
    dtype = str(prepared.cases[0].images.dtype)
    name, values = output_of(prepared.inputs), prepared.facts["value_range"]
    return {"name": name, "shape": _axes(shape), "dtype": dtype, "range": values}


def _axes(shape: Sequence[int | None]) -> list[int | str]:
    return [axis if size is None else size for size, axis in zip(shape, AXES)]


def _versions(found: dict[str, Any]) -> dict[str, str]:
    packages = dict.fromkeys(package for name in found for package in formats.FORMATS[name].packages)
    installed = {package: importlib.metadata.version(package) for package in packages}
    own = {"kerasgan": kerasgan.__version__, "keras": keras.__version__, "backend": keras.backend.backend()}
    return {**own, **installed, "python": platform.python_version()}
