"""What is in a run folder, whoever asks: whether it is one, and its newest trained state; also of remote ones."""

import json
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from kerasgan import zoo
from kerasgan.files import paths
from kerasgan.files.text import warn

__all__ = [
    "ADVICE",
    "BEST",
    "RECORD",
    "changes",
    "is_run",
    "newest",
    "read_record",
    "refuse",
    "refuse_entry",
    "sections",
]

BEST = "best.keras"  # the GAN whose samples were best, if the training keeps that
ADVICE = "To go on with that: --new-phase; or begin another run, with --start"
RECORD = "run.json"  # written first, and the recipe next: a folder with both can be resumed, from the first second


def is_run(path: str | os.PathLike[str]) -> bool:
    """Whether a folder holds a training's record; an entry's folder in a checkout of the zoo does not."""
    inside = set(paths.names(path) or ())
    return "recipe.toml" in inside and bool({RECORD, "log.csv", "gan.keras", "checkpoints"} & inside)


def refuse(path: str | os.PathLike[str]) -> None:
    """Raises FileExistsError if a folder holds a run, or the beginnings of one, or is a file."""
    if os.path.isfile(path):
        found = f"output={paths.address(path)}, which is a file"
        raise FileExistsError(f"Expected a folder for the run. Received: {found}")
    if {"recipe.toml", "log.csv", "checkpoints"} & set(paths.names(path) or ()):
        raise FileExistsError(
            f"Expected a folder without a run. Received: {paths.address(path)}, which holds one. "
            "Resume it (--resume), or choose another folder (--output)."
        )


def refuse_within(run: str | os.PathLike[str], data: Any) -> None:
    """Raises ValueError for a run in the folder of its data, whose pictures its sample grids would be from then on."""
    if data is None or not os.path.isdir(data) or not Path(run).resolve().is_relative_to(Path(data).resolve()):
        return
    expected = f"Expected a run folder outside the data, {data}, whose pictures its samples would become"
    raise ValueError(f"{expected}. Received: output={paths.address(run)}")


def sections(recipe: zoo.Recipe) -> dict[str, Any]:
    """What of a recipe decides about a training."""
    return {"family": recipe.family, **{name: dict(getattr(recipe, name)) for name in ("model", "data", "train")}}


def changes(before: Mapping[str, Any], now: Mapping[str, Any], *, besides: Collection[str] = ("train.steps",)) -> str:
    """What differs between two recipes' `sections`, as a text, empty if nothing."""
    flat = [_flat(each) for each in (before, now)]
    keys = [key for key in {**flat[0], **flat[1]} if not _equal(*(each.get(key) for each in flat))]
    differing = [key for key in keys if key not in besides]
    return ", ".join(f"{key}={flat[1].get(key)!r} (the run: {flat[0].get(key)!r})" for key in differing)


def _flat(recipe: Mapping[str, Any]) -> dict[str, Any]:
    parts = {f"{part}.{key}": value for part in ("model", "data", "train") for key, value in recipe[part].items()}
    return {"family": recipe["family"], **parts}


def _equal(one: Any, other: Any) -> bool:
    """Of two values from TOML or JSON, which knows no tuples."""
    return json.dumps(one, sort_keys=True, default=str) == json.dumps(other, sort_keys=True, default=str)


def read_record(run: str | os.PathLike[str]) -> dict[str, Any] | None:
    """What run.json says; None of a run of an earlier version, which has none, or if it cannot be read."""
    try:
        return json.loads(paths.here(f"{run}/{RECORD}").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def refuse_entry(asked: zoo.Recipe, run: str | os.PathLike[str]) -> None:
    """Raises ValueError if a run to resume is not that of the entry, or the recipe.toml, that the command names."""
    own = paths.here(f"{run}/recipe.toml")
    if asked.path.resolve() == own.resolve():
        return
    begun = (read_record(run) or {}).get("entry")
    if begun is not None and (differing := changes(begun, sections(asked), besides=())):
        expected = f"Expected to resume the {begun['name']} in {paths.address(run)}, which its path alone does, too"
        raise ValueError(f"{expected}. Received: {asked.name} with {differing}. {ADVICE}")
    family = zoo.recipe(own).family
    if family != asked.family:  # all that a run of an earlier version tells
        expected = f"Expected to resume the {family} in {paths.address(run)}"
        raise ValueError(f"{expected}. Received: {asked.name}, a {asked.family}")


def newest(run: str | os.PathLike[str]) -> Path:
    """The run's trained GAN: the best one if it was kept, else gan.keras, or of a killed run the newest checkpoint.

    It warns of files that are damaged.

    Raises:
        FileNotFoundError: if the run was killed before its first checkpoint.
        ValueError: if nothing is intact.
    """
    from kerasgan.callbacks import Checkpoint  # needs Keras, `is_run` does not

    folder = paths.here(run)
    for name in (BEST, "gan.keras"):
        finished = folder / name
        if finished.is_file():
            if (damage := Checkpoint.damage(finished)) is None:
                return finished
            instead = "gan.keras" if name == BEST else "the newest checkpoint"
            expected = f"Expected an intact {name}; {instead} is used"
            warn(f"{expected}. Received: {finished}, {damage}", stacklevel=2)
    found = Checkpoint.newest(folder / "checkpoints")
    if found is None:
        raise FileNotFoundError(
            f"Expected gan.keras or a checkpoint in {run}. Received: neither; the training ended before its first "
            f"checkpoint. Go on with it: kerasgan train {run} --resume"
        )
    return found
