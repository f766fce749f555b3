"""Phases of a run: going on, on purpose, with another recipe or other data from where the training is.

A new phase keeps the networks, their moving average, and the optimizers' slots and number of steps. Whatever else the
recipe says may be another: losses, penalties, learning rates, batch size, data. Epochs, metrics and random numbers
begin anew. What the phase before ended with stays in the run folder, as phase-1, itself a folder that `kerasgan
generate` and the like take.
"""

import dataclasses
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasgan import zoo
from kerasgan.callbacks import Checkpoint
from kerasgan.checkpoints.keras_files import load_model
from kerasgan.files import paths
from kerasgan.files.toml import write_text
from kerasgan.training import record, run_folder

if TYPE_CHECKING:
    from kerasgan.gan import GAN

__all__ = ["gone_on", "loaded", "of_run"]


LEFT = (run_folder.BEST, run_folder.BEST.replace(".keras", ".json"))  # measured against other data: of the phase before


def of_run(kept: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """The phases after the first that a run's record holds: {step, changed, recipe, data, versions}."""
    return list((kept or {}).get("phases", []))


def gone_on(recipe: zoo.Recipe, run: Path, data: Any) -> tuple[zoo.Recipe, "GAN", Any, dict[str, Any]]:
    """The recipe, model, data and facts with which a run goes on in a new phase, which is recorded in its folder.

    Raises:
        ValueError: if there is no checkpoint to go on from, or no step left; for other networks; for optimizers of
            other kinds, whose slots would begin with zeros: their first updates would be many times as large as usual.
    """
    newest = Checkpoint.newest(run / "checkpoints")
    if newest is None:
        raise ValueError(f"Expected a run with a checkpoint, to begin a new phase. Received: {run}, without one")
    own = _own(recipe, run, newest)
    gan = loaded(newest)
    _compiled(gan, recipe)
    recipe = zoo.with_data(recipe, data, gan)
    source = gan.batches(zoo.source(recipe))
    facts = record.facts(recipe, source)
    _write(run, own, recipe, facts, gan.optimizer.steps)
    return recipe, gan, source, facts


def loaded(checkpoint: Path) -> "GAN":
    """The model of a checkpoint, from which `fit` restores the rest."""
    from kerasgan import models  # noqa: F401  # so that Keras knows the classes in the file

    return load_model(checkpoint)


def _own(recipe: zoo.Recipe, run: Path, newest: Path) -> zoo.Recipe:
    """The recipe as it was until now. Raises ValueError unless the new one can go on with its networks."""
    kept = (Checkpoint.recorded(newest) or run_folder.read_record(run) or {}).get("recipe")
    own = zoo.recipe(run / "recipe.toml")
    if kept is not None:  # recipe.toml may have been edited
        own = dataclasses.replace(own, **{key: kept[key] for key in ("family", "model", "data", "train")})
    before, now = run_folder.sections(own), run_folder.sections(recipe)
    same = {**now, "data": before["data"], "train": before["train"]}
    if changed := run_folder.changes(before, same):
        expected = f"Expected a new phase of {run} with the same networks; [data] and [train] may change"
        raise ValueError(f"{expected}. Received: {changed}. Begin another run, with --start {run} if they fit")
    return own


def _compiled(gan: "GAN", recipe: zoo.Recipe) -> None:
    """Compiles a trained model as the recipe says; its optimizers go on with their slots and steps."""
    before, steps = gan.optimizer, recipe.train["steps"]
    if steps <= before.steps:
        raise ValueError(f"Expected a total of more than the {before.steps} steps done. Received: steps={steps}")
    zoo.compile_as(gan, recipe)
    for player in ("generator", "discriminator"):
        old, new = getattr(before, player), getattr(gan.optimizer, player)
        theirs, ours = (_slots(each) for each in (old, new))
        if _kind(old) != _kind(new) or [each.shape for each in theirs] != [each.shape for each in ours]:
            expected = f"Expected a new phase with optimizers of the same kind; the {player}'s was {_kind(old)}"
            raise ValueError(f"{expected}. Received: {_kind(new)}. Begin another run, with train.start")
        for own, value in zip(ours, theirs):
            own.assign(value)


def _kind(optimizer: Any) -> str:
    return type(getattr(optimizer, "inner_optimizer", optimizer)).__name__


def _slots(optimizer: Any) -> list[Any]:
    """All that an optimizer counts and remembers; its learning rate is a setting."""
    return [variable for variable in optimizer.variables if variable.name != "learning_rate"]


def _write(run: Path, own: zoo.Recipe, recipe: zoo.Recipe, facts: Mapping[str, Any], step: int) -> None:
    """Keeps what the phase before ended with, then writes the new one into run.json.

    A phase that was killed before its first checkpoint is begun again, not recorded twice.
    """
    kept = run_folder.read_record(run) or {}
    earlier = [phase for phase in of_run(kept) if phase["step"] < step]
    _keep(run, own, run / f"phase-{len(earlier) + 1}")
    changed = run_folder.changes(run_folder.sections(own), run_folder.sections(recipe))
    if kept.get("data") and kept["data"] != facts["data"] and "data." not in changed:
        changed = ", ".join(filter(None, [changed, "other images"]))
    phase = {"step": step, "changed": changed or "nothing", **facts}
    write_text(json.dumps({**kept, **facts, "phases": [*earlier, phase]}, indent=1) + "\n", run / run_folder.RECORD)


def _keep(run: Path, own: zoo.Recipe, folder: Path) -> None:
    from kerasgan.training.train import write_recipe

    folder.mkdir(exist_ok=True)
    write_recipe(own, folder / "recipe.toml", header=f"{folder.name} of {run.name}")
    for name, source in (("gan.keras", Checkpoint.newest(run / "checkpoints")), ("log.csv", run / "log.csv")):
        if source is not None and source.is_file():
            with paths.replacing(folder / name) as partial:
                shutil.copyfile(source, partial)
    for name in LEFT:
        if (run / name).is_file():
            (run / name).replace(folder / name)
