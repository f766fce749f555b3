"""What `kerasgan train` does: a recipe in, a run folder out, that can be interrupted and resumed.

recipe.toml            the recipe as it was trained, overrides included; it can be trained again
log.csv                step, losses, seconds
samples.png, film.png  the newest grid of samples, and how the same samples changed
samples/               a grid every so many steps, of the same latents
checkpoints/           the last three; `resume` goes on from the newest, to the bit as if nothing had happened
gan.keras              the trained GAN, optimizers included
run.json               what the run was made with: entry, recipe, data, versions; the first file to be written
phase-1/               if the run went on in a new phase: what the one before ended with
best.keras, best.json  if asked for: the GAN whose samples were best, and by which measure
generator.weights.h5   the network to sample from alone, of the best GAN if that was kept
"""

import dataclasses
import os
import random
import re
import shlex
import shutil
import time
import tomllib
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras

from kerasgan import callbacks as reports
from kerasgan import distribution, zoo
from kerasgan.checkpoints.keras_files import load_model
from kerasgan.files import paths
from kerasgan.files.text import warn
from kerasgan.files.toml import table, write_text
from kerasgan.files.weights import save_weights
from kerasgan.training import best, phases, record, run_folder
from kerasgan.training.interruption import Interrupted, Interruption
from kerasgan.training.ownership import owned
from kerasgan.training.start import initial_model

if TYPE_CHECKING:
    from kerasgan.gan import GAN

__all__ = [
    "Interrupted",
    "NotFiniteError",
    "assign",
    "override",
    "tracked",
    "train",
    "value_of",
    "watchers",
    "write_recipe",
]


class NotFiniteError(ArithmeticError):
    """Losses or weights became NaN or infinite: the training has ended, its files hold the last finite state."""


def override(recipe: zoo.Recipe, **settings: Any) -> zoo.Recipe:
    """The recipe with other [train] settings; those that are None stay as they are."""
    given = {key: value for key, value in settings.items() if value is not None}
    return dataclasses.replace(recipe, train={**recipe.train, **given})


def assign(recipe: zoo.Recipe, assignments: Iterable[str]) -> zoo.Recipe:
    """The recipe with other [data], [model] and [train] settings.

    Args:
        recipe: to change.
        assignments: such as `model.discriminator_norm=layer`, `train.penalties=["r1", "r2"]` or, inside a table,
            `train.generator_optimizer.learning_rate=1e-4`: values as in a recipe.toml; words and paths need no quotes.
            Paths of data are of the working directory.

    Raises:
        ValueError: for another section, a key that [train] does not have, or a value that is not TOML.
    """
    sections = {name: dict(getattr(recipe, name)) for name in ("data", "model", "train")}
    for assignment in assignments:
        path, equals, text = assignment.partition("=")
        section, *keys = path.strip().split(".")
        if not equals or section not in sections or not keys or not all(keys):
            raise ValueError(f"Expected data., model. or train.KEY=VALUE. Received: {assignment}")
        target: dict[str, Any] = sections[section]
        *tables, key = keys
        for name in tables:
            inner = target.get(name, {})
            target[name] = dict(inner) if isinstance(inner, Mapping) else {}
            target = target[name]
        value = value_of(text.strip(), assignment)
        # A run is resumed from other folders, too.
        place = path.strip() in record.ELSEWHERE and isinstance(value, str)
        target[key] = paths.absolute(value) if place else value
    zoo.check({"family": recipe.family, **sections}, recipe.path)
    return dataclasses.replace(recipe, **sections)  # type: ignore[arg-type]


def value_of(text: str, assignment: str) -> Any:
    """The value of an assignment such as KEY=TEXT, as in a recipe.toml; words and paths need no quotes."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        if re.fullmatch(r"""[A-Za-z_/~.][^"'\[\]{},=]*""", text):
            return text
        raise ValueError(f"Expected a value as in a recipe.toml. Received: {assignment}") from None


def train(
    recipe: zoo.Recipe,
    *,
    output: str | os.PathLike[str],
    data: Any = None,
    seconds: float | None = None,
    every: int | None = None,
    resume: bool = False,
    new_phase: bool = False,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    console: Any = None,
    started: float | None = None,
) -> "GAN":
    """Trains a recipe up to its number of steps and writes the run folder.

    Args:
        recipe: from `kerasgan.zoo.recipe`; `override` changes its steps, batch size and so on.
        output: the run folder; it must not hold a run yet, unless resumed.
        data: a folder of images instead of the recipe's own data; it is written into the run's recipe.
        seconds: ends the training after so many seconds, even if steps are left.
        every: steps between two sample grids and checkpoints; a twentieth of the training, 5,000 at most, if not given.
        resume: goes on from the newest intact checkpoint in `output`, with the run's own recipe and data; only the
            number of steps may differ, and the folder in which the data are.
        new_phase: of a run that is resumed: goes on with this recipe and data, whatever they were before, if the
            networks are the same, and records it; see `kerasgan.training.phases`.
        callbacks: further ones, such as those of `watchers`.
        console: a `rich.console.Console` for the progress bar instead of standard error.
        started: `time.monotonic()` at the start of the program, so that the shown total time includes its start-up; of
            this call, if not given.

    Raises:
        FileExistsError: if `output` holds a run and `resume` is not set, or another training writes to it.
        FileNotFoundError: if there is nothing to resume.
        ValueError: if the recipe, the data or the run to resume do not fit together.
        Interrupted: after Ctrl-C, SIGTERM or SIGHUP, when everything is saved.
        NotFiniteError: when losses or weights became NaN or infinite; the files hold the last finite state.
        OSError: if a file cannot be written, or the run folder is removed during the training.
    """
    if new_phase and not resume:
        raise ValueError("Expected resume, too: a new phase is one of a run (--resume). Received: new_phase=True")
    if seconds is not None and distribution.workers() > 1:
        raise ValueError(f"Expected a number of steps, which several machines end at together. Received: {seconds=}")
    started = time.monotonic() if started is None else started
    run = paths.local(output)
    if resume and not (run / "recipe.toml").is_file():
        raise FileNotFoundError(f"Expected the folder of a run to resume. Received: {run}, without a recipe.toml")
    begun = None if resume else _begun(recipe, run, data, console)
    keepers = None if begun is None else _keepers(*begun, run, every)
    with owned(run) as owner:  # only now: a mistake in the recipe or the data leaves no folder behind
        if begun is None:
            recipe, gan, source, made_with = _gone_on(recipe, run, data, console, new_phase)
        else:
            recipe, gan, source = begun
            made_with = record.facts(recipe, source)
            if distribution.worker() == 0:
                run_folder.refuse(run)  # again: another training may have begun meanwhile
            record.write(run, recipe, made_with)
        steps = recipe.train["steps"]
        write_recipe(recipe, run / "recipe.toml", header=_header(recipe, run))
        if gan.optimizer.steps == steps:
            _finish(gan, run)
            return gan
        keepers = _keepers(recipe, gan, source, run, every) if keepers is None else keepers
        every = _every(recipe, every)
        batch_size = recipe.train["batch_size"]
        bar = reports.Progress(steps=steps, seconds=seconds, batch_size=batch_size, console=console, started=started)
        often = max(1, min(steps // 200, 100))
        owner.every = often
        watching = [
            owner,
            reports.StopAfter(steps=steps, seconds=seconds),
            *callbacks,  # before those that save at the end: the doctor may put better weights back
            *keepers,
            reports.StopWhenNotFinite(every=often),
            reports.LossLog(run / "log.csv", every=often, other_columns=True),
            reports.SampleGrid(run / "samples", every=every, latest=run / "samples.png"),
            reports.FilmStrip(run / "film.png", every=max(1, min(steps // 12, 20))),
            reports.Checkpoint(run / "checkpoints", every=every, record=made_with, resume=not new_phase),
            bar,
        ]
        return _fitted(gan, source, watching, run, steps)


def _every(recipe: zoo.Recipe, every: int | None) -> int:
    return every or max(1, min(recipe.train["steps"] // 20, 5000))


def _keepers(recipe: zoo.Recipe, gan: "GAN", source: Any, run: Path, every: int | None) -> list[Any]:
    return best.keepers(recipe, gan, run, source, every=every, grids=_every(recipe, every))


def _fitted(gan: "GAN", source: Any, watching: list[Any], run: Path, steps: int) -> "GAN":
    interruption = Interruption()
    with interruption.listening():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", reports.NotFiniteWarning)  # the error says it
            # An epoch has at least one step: so many epochs are enough, whatever the data's length; StopAfter ends
            # them.
            gan.fit(source, epochs=steps, verbose=0, callbacks=[interruption, *watching])
        watching[0].check()
        _refuse_not_finite(gan, watching, run)
        _finish(gan, run)
    if interruption.signal_number is not None:
        raise Interrupted(run, gan.optimizer.steps, interruption.signal_number)
    return gan


def _refuse_not_finite(gan: "GAN", watching: list[Any], run: Path) -> None:
    """If the training has diverged: writes the last finite state, and raises NotFiniteError."""
    told = [each.found for each in watching if isinstance(each, reports.StopWhenNotFinite)]
    told += [each.refused for each in watching if isinstance(each, reports.Checkpoint)]
    found = next(filter(None, told), None)
    if found is None:
        return
    kept = reports.Checkpoint.newest(run / "checkpoints")
    gan.load_weights(kept)
    at_best = any([each.put_back() for each in watching if hasattr(each, "put_back")])  # the doctor, if so told
    _finish(gan, run, as_it_is=at_best)
    best = ", its generator with the doctor's best weights" if at_best else ""
    raise NotFiniteError(
        f"Expected finite losses and weights. Received: NaN or infinity by step {found[0]}, in "
        f"{', '.join(found[1][:3])}. {paths.address(run)} holds the last finite checkpoint, of step "
        f"{gan.optimizer.steps}{best}. Lower the learning rates in another run "
        "(--set train.generator_optimizer.learning_rate=...): resuming this one would repeat it."
    )


def watchers(
    run: str | os.PathLike[str],
    *,
    doctor: str | None = "warn",
    tracker: str | None = None,
    recipe: zoo.Recipe | None = None,
) -> list[keras.callbacks.Callback]:
    """Callbacks for `train`: the doctor, and a tracker of experiments.

    Args:
        run: the run folder.
        doctor: what to do on trouble: "warn", "stop" or "rollback"; None for no doctor.
        tracker: of `kerasgan.callbacks.Tracker`: losses, penalties, samples, the doctor's signals and warnings. Its
            files, if it has any here, are in a folder of its name in the run's.
        recipe: what the tracker shows as the run's settings.
    """
    from kerasgan.doctor import Doctor

    several: list[Any] = []
    if doctor is not None:
        several.append(Doctor(on_trouble=doctor))
    if tracker is not None:
        several.append(tracked(run, tracker, recipe, doctor=several[0] if several else None))
    return several


def tracked(
    run: str | os.PathLike[str], tracker: str, recipe: zoo.Recipe | None = None, *, doctor: Any = None
) -> reports.Tracker:
    """The tracker of a run folder, which notes there which of the tracker's runs it is, for scores that follow."""
    settings = {} if recipe is None else run_folder.sections(recipe)
    name = Path(run).resolve().name
    return reports.Tracker(tracker, Path(run) / tracker, name=name, config=settings, doctor=doctor)


def _begun(recipe: zoo.Recipe, run: Path, data: Any, console: Any) -> tuple[zoo.Recipe, "GAN", Any]:
    if distribution.worker() == 0:  # the first machine may have begun to write when another comes
        run_folder.refuse(run)
    _seed(recipe)
    gan = initial_model(recipe, console)
    recipe = zoo.with_data(recipe, data, gan)
    if recipe.source.tasks:  # it reads every picture in a folder
        run_folder.refuse_within(run, recipe.source.place(recipe.data))
    return recipe, gan, _checked(zoo.source(recipe), gan)


def _gone_on(
    recipe: zoo.Recipe, run: Path, data: Any, console: Any, new_phase: bool
) -> tuple[zoo.Recipe, "GAN", Any, dict[str, Any]]:
    if not new_phase:
        return _resumed(recipe, run, data, console)
    _seed(recipe)
    return phases.gone_on(recipe, run, data)


def _resumed(recipe: zoo.Recipe, run: Path, data: Any, console: Any) -> tuple[zoo.Recipe, "GAN", Any, dict[str, Any]]:
    own = zoo.recipe(run / "recipe.toml")
    if data is None:
        _refuse_other_data(own, recipe, run)
    steps = recipe.train["steps"]
    _refuse_changes(own, override(recipe, steps=own.train["steps"]), run)
    recipe = override(own, steps=steps)
    newest = reports.Checkpoint.newest(run / "checkpoints")
    _seed(recipe)
    gan = phases.loaded(newest) if newest else initial_model(recipe, console)
    done = gan.optimizer.steps
    if done > steps:
        raise ValueError(f"Expected at least the {done} steps that {run} has done. Received: steps={steps}")
    recipe = zoo.with_data(recipe, data, gan)
    source = _checked(zoo.source(recipe), gan)
    made_with = record.facts(recipe, source)
    _refuse_others(made_with, run)
    return recipe, gan, source, made_with


def _refuse_others(made_with: dict[str, Any], run: Path) -> None:
    """Raises ValueError if the run's newest state was made with another recipe or data; warns of other versions."""
    newest = reports.Checkpoint.newest(run / "checkpoints")
    kept = (reports.Checkpoint.recorded(newest) if newest else None) or run_folder.read_record(run)
    if kept is None:
        return  # a run of an earlier version
    record.refuse_others(kept, made_with, run)
    if changed := record.changed_versions(kept, made_with):
        warn(f"{run} was trained with {changed}: the result may differ in its last bits", stacklevel=3)


def _refuse_other_data(own: zoo.Recipe, wanted: zoo.Recipe, run: Path) -> None:
    """Raises ValueError for the data of a recipe that is neither the run's own nor that with which it began."""
    entry = (run_folder.read_record(run) or {}).get("entry")
    begun = [run_folder.sections(own), *([entry] if entry else [])]
    now = run_folder.sections(wanted)
    differing = [run_folder.changes({**now, "data": each["data"]}, now) for each in begun]
    if all(differing):
        raise ValueError(f"Expected to resume {run} with its own data. Received: {differing[0]}. {run_folder.ADVICE}")


def _seed(recipe: zoo.Recipe) -> None:
    # Keras draws every seed that it is not given from here; its own `set_random_seed` would import TensorFlow, too,
    # whatever the backend.
    random.seed(recipe.train.get("seed", 0))


def _refuse_changes(own: zoo.Recipe, wanted: zoo.Recipe, run: Path) -> None:
    for section in ("model", "train"):
        before, now = getattr(own, section), getattr(wanted, section)
        changed = [key for key in {**before, **now} if before.get(key) != now.get(key)]
        if changed:
            received = ", ".join(f"{key}={now.get(key)!r} (the run: {before.get(key)!r})" for key in changed)
            expected = f"Expected to resume {run} with its own recipe; only the number of steps may change"
            raise ValueError(f"{expected}. Received: {received}. {run_folder.ADVICE}")
    if own.family != wanted.family:
        raise ValueError(f"Expected to resume the {own.family} in {run}. Received: a {wanted.family}")


def _checked(source: Any, gan: "GAN") -> Any:
    return gan.batches(source)


def _finish(gan: "GAN", run: Path, *, as_it_is: bool = False) -> None:
    """Keeps the newest state, or that of `gan` as it is, under the names that everybody looks for."""
    found, kept = reports.Checkpoint.newest(run / "checkpoints"), run / run_folder.BEST
    with paths.replacing(run / "gan.keras") as partial:
        if as_it_is or found is None:
            gan.save(partial)
        else:
            shutil.copyfile(found, partial)
    shown = load_model(kept, compile=False) if kept.is_file() else gan
    save_weights(shown.sampler, run / "generator.weights.h5")


def write_recipe(recipe: zoo.Recipe, path: str | os.PathLike[str], *, header: str = "") -> Path:
    """Writes family, model, data and train as a recipe.toml with `header` as its first comment; returns its path.

    Weights and results are left out: they are those of the entry, not of a run.
    """
    import tomlkit

    document = tomlkit.document()
    for line in header.splitlines():
        document.add(tomlkit.comment(line))
    document.add("family", recipe.family)
    for section in ("model", "data", "train"):
        document.add(section, table(getattr(recipe, section)))
    return write_text(tomlkit.dumps(document), path)


def _header(recipe: zoo.Recipe, run: Path) -> str:
    """The command that goes on, and what the recipe says; that it says so of other settings, if these are others."""
    lines = [f"kerasgan train {shlex.quote(str(run))} --resume"]
    if recipe.summary and recipe.path.is_file() and recipe.path != run / "recipe.toml":
        origin = zoo.recipe(recipe.path)
        if any(getattr(recipe, part) != getattr(origin, part) for part in ("model", "data", "train")):
            lines.append(f"From the recipe {recipe.name}, with other settings. What that says of itself:")
    return "\n".join([*lines, recipe.summary])
