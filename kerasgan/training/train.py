"""What `kerasgan train` does: a recipe in, a run folder out, that can be interrupted and resumed.

recipe.toml            the recipe as it was trained, overrides included; it can be trained again
log.csv                step, losses, seconds
samples.png, film.png  the newest grid of samples, and how the same samples changed
samples/               a grid every so many steps, of the same latents
checkpoints/           the last three; `resume` goes on from the newest, to the bit as if nothing had happened
gan.keras              the trained GAN, optimizers included
generator.weights.h5   the network to sample from alone
"""

import dataclasses
import os
import random
import re
import shlex
import shutil
import signal
import threading
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
from rich.console import Console

from kerasgan import callbacks as reports
from kerasgan import distribution, zoo
from kerasgan.files import paths
from kerasgan.files.toml import table, write_text
from kerasgan.training import run_folder
from kerasgan.training.load import load

if TYPE_CHECKING:
    from kerasgan.gan import GAN

__all__ = ["Interrupted", "assign", "override", "train", "watchers", "write_recipe"]


class Interrupted(KeyboardInterrupt):
    """Training was interrupted, after its state was saved.

    Attributes:
        output: the run folder.
        step: discriminator steps done.
        signal_number: what interrupted it, such as SIGINT.
    """

    def __init__(self, output: Path, step: int, signal_number: int):
        super().__init__(f"Interrupted at step {step}; the state is saved in {paths.address(output)}.")
        self.output, self.step, self.signal_number = output, step, signal_number


def override(recipe: zoo.Recipe, **settings: Any) -> zoo.Recipe:
    """The recipe with other [train] settings; those that are None stay as they are."""
    given = {key: value for key, value in settings.items() if value is not None}
    return dataclasses.replace(recipe, train={**recipe.train, **given})


def assign(recipe: zoo.Recipe, assignments: Iterable[str]) -> zoo.Recipe:
    """The recipe with other [model] and [train] settings.

    Args:
        recipe: to change.
        assignments: such as `model.discriminator_norm=layer`, `train.penalties=["r1", "r2"]` or, inside a table,
            `train.generator_optimizer.learning_rate=1e-4`: values as in a recipe.toml; words need no quotes.

    Raises:
        ValueError: for another section, a key that [train] does not have, or a value that is not TOML.
    """
    sections = {"model": dict(recipe.model), "train": dict(recipe.train)}
    for assignment in assignments:
        path, equals, text = assignment.partition("=")
        section, *keys = path.strip().split(".")
        if not equals or section not in sections or not keys or not all(keys):
            raise ValueError(f"Expected model.KEY=VALUE or train.KEY=VALUE. Received: {assignment}")
        target: dict[str, Any] = sections[section]
        *tables, key = keys
        for name in tables:
            inner = target.get(name, {})
            target[name] = dict(inner) if isinstance(inner, Mapping) else {}
            target = target[name]
        target[key] = _value(text.strip(), assignment)
    zoo.check({"family": recipe.family, "data": recipe.data, **sections}, recipe.path)
    return dataclasses.replace(recipe, **sections)  # type: ignore[arg-type]


def _value(text: str, assignment: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        if re.fullmatch(r"[A-Za-z_][\w-]*", text):
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
    callbacks: Sequence[keras.callbacks.Callback] = (),
    console: Any = None,
) -> "GAN":
    """Trains a recipe up to its number of steps and writes the run folder.

    Args:
        recipe: from `kerasgan.zoo.recipe`; `override` changes its steps, batch size and so on.
        output: the run folder; it must not hold a run yet, unless resumed.
        data: a folder of images instead of the recipe's own data; it is written into the run's recipe.
        seconds: ends the training after so many seconds, even if steps are left.
        every: steps between two sample grids and checkpoints; a twentieth of the training, 5,000 at most, if not given.
        resume: goes on from the newest intact checkpoint in `output`, with the run's own recipe; only the number of
            steps may differ from it.
        callbacks: further ones, such as those of `watchers`.
        console: a `rich.console.Console` for the progress bar instead of standard error.

    Raises:
        FileExistsError: if `output` holds a run and `resume` is not set.
        FileNotFoundError: if there is nothing to resume.
        ValueError: if the recipe, the data or the run to resume do not fit together.
        Interrupted: after Ctrl-C or SIGTERM, when everything is saved.
    """
    if seconds is not None and distribution.workers() > 1:
        raise ValueError(f"Expected a number of steps, which several machines end at together. Received: {seconds=}")
    run = paths.local(output)
    recipe, gan, source = _resumed(recipe, run, data, console) if resume else _begun(recipe, run, data, console)
    steps, done = recipe.train["steps"], gan.optimizer.steps
    if distribution.worker() == 0:
        write_recipe(recipe, run / "recipe.toml", header=_header(recipe, run))
    if done == steps:
        _finish(gan, run)
        return gan
    every = every or max(1, min(steps // 20, 5000))
    bar = reports.Progress(steps=steps, seconds=seconds, batch_size=recipe.train["batch_size"], console=console)
    interruption = _Interruption()
    watching = [
        reports.StopAfter(steps=steps, seconds=seconds),
        interruption,
        *callbacks,  # before those that save at the end: the doctor may put better weights back
        reports.LossLog(run / "log.csv", every=max(1, min(steps // 200, 100))),
        reports.SampleGrid(run / "samples", every=every, latest=run / "samples.png"),
        reports.FilmStrip(run / "film.png", every=max(1, min(steps // 12, 20))),
        reports.Checkpoint(run / "checkpoints", every=every),
        bar,
    ]
    with interruption.listening():
        # An epoch has at least one step: so many epochs are enough, whatever the data's length; StopAfter ends them.
        gan.fit(source, epochs=steps, verbose=0, callbacks=watching)
        _finish(gan, run)
    if interruption.signal_number is not None:
        raise Interrupted(run, gan.optimizer.steps, interruption.signal_number)
    return gan


def watchers(
    run: str | os.PathLike[str], *, steps: int, doctor: str | None = "warn", tensorboard: bool = False
) -> list[keras.callbacks.Callback]:
    """Callbacks for `train`: the doctor, and a log for TensorBoard in the run folder.

    Args:
        run: the run folder.
        steps: of the training: the doctor looks fifty times, but at most every hundred steps.
        doctor: what to do on trouble: "warn", "stop" or "rollback"; None for no doctor.
        tensorboard: whether to write run/tensorboard: losses, penalties, samples and the doctor's signals.
    """
    from kerasgan.doctor import Doctor

    several: list[Any] = []
    if doctor is not None:
        several.append(Doctor(every=max(100, steps // 50), on_trouble=doctor))
    if tensorboard:
        several.append(reports.TensorBoardLog(Path(run) / "tensorboard", doctor=several[0] if several else None))
    return several


def _begun(recipe: zoo.Recipe, run: Path, data: Any, console: Any) -> tuple[zoo.Recipe, "GAN", Any]:
    if distribution.worker() == 0:  # the first machine may have begun to write when another comes
        run_folder.refuse(run)
    _seed(recipe)
    gan = _started(recipe, console)
    recipe = zoo.with_data(recipe, data, gan)
    source = _checked(zoo.source(recipe), gan)
    run.mkdir(parents=True, exist_ok=True)  # only now: a mistake in the recipe or the data leaves no folder behind
    return recipe, gan, source


def _resumed(recipe: zoo.Recipe, run: Path, data: Any, console: Any) -> tuple[zoo.Recipe, "GAN", Any]:
    from kerasgan import models  # noqa: F401  # so that Keras knows the classes in the file

    kept = run / "recipe.toml"
    if not kept.is_file():
        raise FileNotFoundError(f"Expected the folder of a run to resume. Received: {run}, without a recipe.toml")
    own = zoo.recipe(kept)
    steps = recipe.train["steps"]
    _refuse_changes(own, override(recipe, steps=own.train["steps"]), run)
    recipe = override(own, steps=steps)
    newest = reports.Checkpoint.newest(run / "checkpoints")
    _seed(recipe)
    gan = keras.saving.load_model(newest) if newest else _started(recipe, console)
    done = gan.optimizer.steps
    if done > steps:
        raise ValueError(f"Expected at least the {done} steps that {run} has done. Received: steps={steps}")
    recipe = zoo.with_data(recipe, data, gan)
    source = _checked(zoo.source(recipe), gan)
    return recipe, gan, source


def _started(recipe: zoo.Recipe, console: Any) -> "GAN":
    """The recipe's model with the weights that it starts from, if it says any, and a line on the console of which.

    With a discriminator that was trained beside it, each network goes on from its own. Without one, generator and
    average both start from the network to sample from.
    """
    gan = zoo.build(recipe)
    start = recipe.train.get("start")
    if start is None:
        return gan
    weights_alone = Path(start).is_file() and not start.endswith((".keras", ".toml"))
    first = zoo.load(recipe.path, weights=start) if weights_alone else load(start)
    goes_on = "discriminator" in first.loaded and _shapes(first.discriminator) == _shapes(gan.discriminator)
    pairs = [(gan.generator, first.generator if goes_on else first.sampler), (gan.sampler, first.sampler)]
    if _shapes(gan.generator) != _shapes(first.sampler):
        expected = f"Expected in {recipe.path} to start from a generator of the same architecture"
        raise ValueError(f"{expected}. Received: start={start!r}")
    for network, theirs in [*pairs, *([(gan.discriminator, first.discriminator)] if goes_on else [])]:
        network.set_weights(theirs.get_weights())
    found = [name for name in first.loaded if goes_on or name != "discriminator"]
    rest = "" if goes_on else "; the discriminator starts anew"
    (console or Console(stderr=True)).print(
        f"Start from {start}: {', '.join(found)}{rest}.", markup=False, soft_wrap=True
    )
    return gan


def _shapes(network: keras.Model) -> list[tuple[int, ...]]:
    return [tuple(weight.shape) for weight in network.weights]


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
            raise ValueError(f"{expected}. Received: {received}")
    if own.family != wanted.family:
        raise ValueError(f"Expected to resume the {own.family} in {run}. Received: a {wanted.family}")


def _checked(source: Any, gan: "GAN") -> Any:
    return gan.batches(source)


def _finish(gan: "GAN", run: Path) -> None:
    """Keeps the newest state under the names that everybody looks for."""
    found = reports.Checkpoint.found(run / "checkpoints")
    for name, write in (
        ("gan.keras", lambda path: shutil.copyfile(found[-1], path)),
        ("generator.weights.h5", gan.sampler.save_weights),
    ):
        partial = run / f".partial.{name}"
        write(partial)
        partial.replace(run / name)


class _Interruption(reports.StepCallback):
    """Ends the training after the step in progress when Ctrl-C or SIGTERM comes; a second Ctrl-C ends it at once.

    Raising inside the step would leave the two networks in the middle of it. Of several machines it is enough that one
    hears it: all save the same step.
    """

    def __init__(self) -> None:
        super().__init__(every=1)
        self.signal_number: int | None = None

    def act(self, step: int) -> None:
        # It may have come while `fit` was starting, which forgets earlier wishes to stop. Of several machines all end
        # at one step: one would wait for ever for another that has stopped.
        if distribution.anywhere(self.signal_number is not None):
            self.signal_number = self.signal_number or signal.SIGTERM
            self.gan.stop_training = True

    @contextmanager
    def listening(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():  # Python allows handlers there only
            yield
            return
        previous = {number: signal.signal(number, self._heard) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    def _heard(self, number: int, frame: Any) -> None:
        if self.signal_number is not None:
            raise KeyboardInterrupt
        self.signal_number = number
        if self.gan is not None and distribution.workers() == 1:
            self.gan.stop_training = True


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
    return f"kerasgan train {shlex.quote(str(run))} --resume\n{recipe.summary}"
