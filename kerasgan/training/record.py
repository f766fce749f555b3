"""What a run was made with: its recipe, what its data look like, and the versions of what computes.

A run folder holds it as run.json before the first step, and each checkpoint as one of its members, so that a training
is not resumed with something else without a word.
"""

import json
import platform
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

import kerasgan
from kerasgan import data, zoo
from kerasgan.files.toml import write_text
from kerasgan.training import run_folder

__all__ = ["changed_versions", "facts", "refuse_others", "write"]

SAMPLED = 32  # images of the first batch whose mean and deviation are kept
TOLERANCE = 0.02  # of these, in [-1, 1]: decoders of JPEG differ by less
ELSEWHERE = ("data.path", "data.data_dir")  # where data lie, not what they are


def facts(recipe: zoo.Recipe, source: Any) -> dict[str, Any]:
    """Recipe, fingerprint of the data and versions, as JSON holds them."""
    return _plain({"recipe": run_folder.sections(recipe), "data": fingerprint(source), "versions": versions()})


def fingerprint(source: Any) -> dict[str, Any]:
    """What tells data from others, whatever folder they are in: count, shape, and statistics of the first batch."""
    if not isinstance(source, data.Source):
        return {}
    twin = source.copy()
    twin.epoch = twin.start = 0
    parts = [np.asarray(part)[:SAMPLED] for part in keras.tree.flatten(twin[0])]
    images = [part.reshape(len(part), -1) for part in parts if part.ndim > 2]
    return {
        "count": source.count,
        "shape": source.image_shape,
        "labels": [part.tolist() for part in parts if part.ndim == 1],
        "means": [np.round(part.mean(1, dtype="float64"), 4).tolist() for part in images],
        "deviations": [np.round(part.std(1, dtype="float64"), 4).tolist() for part in images],
    }


def versions() -> dict[str, str]:
    backend = keras.backend.backend()
    return {
        "kerasgan": kerasgan.__version__,
        "keras": keras.__version__,
        backend: sys.modules[backend].__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


def write(run: Path, recipe: zoo.Recipe, found: Mapping[str, Any]) -> None:
    """Writes run.json: the facts, and the entry with which the run began, before options of the command changed it."""
    entry = {"name": recipe.name, **run_folder.sections(zoo.recipe(recipe.path) if recipe.path.is_file() else recipe)}
    write_text(json.dumps({"entry": _plain(entry), **found}, indent=1) + "\n", run / run_folder.RECORD)


def refuse_others(kept: Mapping[str, Any], now: Mapping[str, Any], run: Path) -> None:
    """Raises ValueError that names what differs, if recipe or data are not those of the run."""
    changed = run_folder.changes(kept["recipe"], now["recipe"], besides=("train.steps", *ELSEWHERE))
    if changed:
        expected = f"Expected {run} with the recipe that it was trained with; only the number of steps may change"
        raise ValueError(f"{expected}. Received: {changed}. {run_folder.ADVICE}")
    before, found = kept["data"], now["data"]
    if before and found and not _same(before, found):
        differing = [key for key in before if key in ("count", "shape") and before[key] != found.get(key)]
        shown = ", ".join(f"{key}={found.get(key)} (the run: {before[key]})" for key in differing) or "other images"
        expected = f"Expected the data that {run} was trained on, wherever they are. Received: {shown}"
        raise ValueError(f"{expected}. To train on others, begin another run, with train.start if you like")


def _same(before: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    exact = all(before.get(key) == found.get(key) for key in ("count", "shape", "labels"))
    return exact and all(_close(before[key], found[key]) for key in ("means", "deviations"))


def _close(before: list[list[float]], found: list[list[float]]) -> bool:
    shapes = [len(part) for part in before], [len(part) for part in found]
    return shapes[0] == shapes[1] and all(np.allclose(a, b, atol=TOLERANCE) for a, b in zip(before, found))


def changed_versions(kept: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """What computes in another version now, or not at all; an empty text if nothing."""
    before, found = kept["versions"], now["versions"]
    changed = [name for name, version in before.items() if found.get(name) != version]
    return ", ".join(f"{name} {before[name]} (now: {found.get(name, 'none')})" for name in changed)


def _plain(values: Any) -> Any:
    """As it comes back from JSON: lists for tuples."""
    return json.loads(json.dumps(values, default=str))
