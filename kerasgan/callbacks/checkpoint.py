"""Checkpoints: the complete state of a training in one file, from which `fit` resumes exactly.

A checkpoint is the `.keras` file of the GAN with one more member, which holds what Keras leaves out: the random states,
the running means of the losses, the position in `fit`, and the states of the other callbacks. As members of a zip
archive all of them have a checksum (CRC-32).
"""

import contextlib
import io
import json
import os
import shutil
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerasgan import distribution, gradients
from kerasgan.callbacks.base import Position, Resumed, StepCallback, below, not_finite
from kerasgan.callbacks.stop import NotFiniteWarning
from kerasgan.files.paths import local, sync
from kerasgan.files.text import warn

__all__ = ["Checkpoint"]

STATE = "training.npz"
RECORD = "record.json"
MODEL = {"config.json", "model.weights.h5"}
MEMBERS = MODEL | {STATE}


class Checkpoint(StepCallback):
    """Saves the whole training as directory/step-000500.keras, keeps the last few, and lets `fit` resume from them.

    - Resuming: a `fit` whose model has done fewer steps than the directory's newest checkpoint, as an untrained one
      has, resumes from that checkpoint. With the same model, data and callbacks the result is bit for bit that of an
      uninterrupted training; `epochs` counts all epochs, those before included.
    - A state that is not finite is never saved: the training ends with a warning, and `refused` holds the step and
      what is not finite. The newest checkpoint is then the last good state.
    - Damaged files are skipped with a warning. A checkpoint appears under its name only when it is complete and on the
      disk.
    - The first is written before the first step, so that a read-only folder or a full disk is reported at once; the
      last after the last step.
    - `keras.saving.load_model` reads them, too.

    Bit for bit is a promise of processors, on which it is tested. On GPUs the state is as complete (on PyTorch with the
    random generators of each), but their sums may take another order in each run: ask for the same one with
    `tf.config.experimental.enable_op_determinism()` on TensorFlow, XLA_FLAGS=--xla_gpu_deterministic_ops=true on JAX,
    `torch.use_deterministic_algorithms(True)` on PyTorch.

    The order of the data is restored if it is a function of the epoch, as for arrays, folders and the other sources of
    `kerasgan.data`. A `tf.data.Dataset` or a PyTorch loader that shuffles by itself starts with its first order again.

    Args:
        directory: the folder, created if need be. Use one for each training.
        every: steps from one checkpoint to the next.
        keep: number of checkpoints to keep.
        record: what the training is made with, such as its recipe, as JSON holds it; `recorded` reads it.
        resume: whether `fit` resumes from the newest one; if not, it goes on with the model as it is, in epoch 0 of its
            data, and its first checkpoint takes the place of that of the same step.

    Raises:
        OSError: if a checkpoint cannot be written; earlier ones stay.
        ValueError: if no checkpoint in the directory is intact, they belong to another model, or the model is not
            finite before the first step.
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        *,
        every: int = 1000,
        keep: int = 3,
        record: Mapping[str, Any] | None = None,
        resume: bool = True,
    ):
        super().__init__(every)
        self.directory, self.keep, self.record, self.resume = local(directory), keep, record, resume
        self.refused: tuple[int, list[str]] | None = None

    @staticmethod
    def damage(path: str | os.PathLike[str]) -> str | None:
        """What is wrong with a `.keras` file, a checkpoint or not; None if it is intact."""
        return _damage(Path(path), MODEL)

    @staticmethod
    def recorded(path: str | os.PathLike[str]) -> dict[str, Any] | None:
        """The `record` in a checkpoint; None if it has none."""
        with zipfile.ZipFile(path) as archive:
            return json.loads(archive.read(RECORD)) if RECORD in archive.namelist() else None

    @staticmethod
    def found(directory: str | os.PathLike[str]) -> list[Path]:
        """The checkpoints in a directory, the newest last; not what else lies there, such as copies of some."""
        return sorted(filter(_is_step, Path(directory).glob("step-*.keras")), key=_step)

    @classmethod
    def newest(cls, directory: str | os.PathLike[str]) -> Path | None:
        """The newest intact checkpoint, with a warning of each later one that is damaged; None if there are none.

        Raises:
            ValueError: if there are some, but none is intact.
        """
        found = cls.found(directory)
        for path in reversed(found):
            if (damage := _damage(path)) is None:
                return path
            expected = "Expected an intact checkpoint; the one before it is used"
            warn(f"{expected}. Received: {path}, {damage}", stacklevel=2)
        if found:
            raise ValueError(f"Expected an intact checkpoint in {directory}. Received: {len(found)} damaged ones")
        return None

    @staticmethod
    def kept(path: str | os.PathLike[str], callback: str, prefix: str = "") -> dict[str, np.ndarray]:
        """What the state of a callback, such as "Doctor.0", holds in a file; nothing if the file holds none."""
        try:
            return below(_read(Path(path)), f"callback/{callback}/{prefix}")
        except (KeyError, OSError, ValueError, zipfile.BadZipFile):
            return {}

    def restore(self, gan: Any, callbacks: Sequence[Any], *, epochs: int) -> Position | None:
        """Called by `fit` before it begins: loads the newest checkpoint into the model and its callbacks.

        Returns the position in `fit` at which it was taken, or None if there is nothing to resume: no checkpoint, a
        model that is ahead of it, or one that has just done all the `epochs`.
        """
        self._watching = _by_name(callbacks)
        path = self.newest(self.directory) if self.resume else None
        if path is None:
            return None
        kept = _read(path)
        position, done = Position(*map(int, kept["position"])), gan.optimizer.steps
        if position.step < done or (position.step == done and position.epoch >= epochs):
            return None
        try:
            gan.load_weights(path)
        except ValueError as error:
            raise ValueError(f"Expected checkpoints of the same model. Received: {path}: {error}") from error
        _assign(gan.metrics_variables, below(kept, "metric/"))
        _assign(_random_states(gan), below(kept, "random/"))
        gan.data_order.first = int(kept.get("data_order", 0))
        self._kept = kept
        for name, callback in self._watching.items():
            callback.resumed = Resumed(position, below(kept, f"callback/{name}/") or None)
        for later in self.found(self.directory):
            if _step(later) > _step(path):  # damaged: it must not count as one of those to keep
                later.replace(later.with_suffix(".damaged"))
        return position

    def begin(self, step: int) -> None:
        self._acted = step  # a resumed training starts from a checkpoint of this step
        self._position = Position(0, 0, step, step)
        self._begins = True
        self.refused = None
        self._ended: dict[str, Any] | None = None

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        resumed, begins, self._begins = self.resumed, self._begins, False
        super().on_epoch_begin(epoch, logs)
        batch = resumed.position.batch if resumed else 0
        self._position = Position(epoch, batch, self.step, self._epoch_start)
        if batch:  # Keras has just reset them
            _assign(self.model.metrics_variables, below(self._kept, "metric/"))
        elif resumed:
            gradients.set_generator_state(self._kept)
        if begins:
            if not resumed:
                if wrong := _not_finite(self.model):
                    raise ValueError(f"Expected a finite model to train. Received: {_few(wrong)} with NaN or infinity")
                self._make_directory()
                self._save(self._position, self._states())
            self._check_room()

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        if not batch and self._position.batch:  # only now: PyTorch's loaders draw from it when they begin an epoch
            gradients.set_generator_state(self._kept)
        self._begun = batch
        # A resumed `fit` skips the batches that are done: the position stays.
        self._position = self._position._replace(batch=max(batch, self._position.batch))
        super().on_train_batch_begin(batch, logs)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        done, total = self._begun + self.gan.steps_per_execution, self.params.get("steps")
        if self.gan.stop_training and not (total and done >= total):
            self._position = self._position._replace(batch=max(done, self._position.batch))
        else:
            self._position = Position(epoch + 1, 0, self.step, 0)
        super().on_epoch_end(epoch, logs)
        if self.gan.stop_training or epoch + 1 == self.params.get("epochs"):
            # Before the other callbacks' last acts, which must not be in the state of a training that is resumed.
            self._ended = self._states()

    def act(self, step: int) -> None:
        wrong = _not_finite(self.model)
        if distribution.anywhere(bool(wrong)):
            self._refuse(step, wrong or ["another machine's"])
            return
        self._save(self._position._replace(step=step), self._states() if self._ended is None else self._ended)
        for old in self.found(self.directory)[: -self.keep]:
            old.unlink()

    def _refuse(self, step: int, wrong: list[str]) -> None:
        self.gan.stop_training = True
        if self.refused is None:
            self.refused = step, wrong
            kept = self.found(self.directory)[-1]
            ends = f"Step {step}: the training ends, and {kept} stays the newest checkpoint"
            warn(f"{ends}. Not finite any more: {_few(wrong)}", NotFiniteWarning, stacklevel=2)

    def _states(self) -> dict[str, Any]:
        states = ((name, callback.state()) for name, callback in self._watching.items())
        return {f"callback/{name}/{key}": np.array(value) for name, state in states for key, value in state.items()}

    def _save(self, position: Position, states: Mapping[str, Any]) -> None:
        gan = self.model
        arrays: dict[str, Any] = {"position": np.array(position), "data_order": np.array(gan.data_order.first or 0)}
        arrays |= {**gradients.generator_state(), **states}
        for prefix, variables in (("random", _random_states(gan)), ("metric", gan.metrics_variables)):
            arrays |= {f"{prefix}/{index}": x.numpy() for index, x in enumerate(variables)}
        content = io.BytesIO()
        np.savez(content, **arrays)
        with self._writing(position.step):
            gan.save(self._partial)
            with zipfile.ZipFile(self._partial, "a") as archive:
                archive.writestr(STATE, content.getvalue())
                if self.record is not None:
                    archive.writestr(RECORD, json.dumps(self.record))
            sync(self._partial)
            self._partial.replace(self.directory / f"step-{position.step:06d}.keras")
            sync(self.directory)

    def _make_directory(self) -> None:
        with self._writing(self._position.step):
            self.directory.mkdir(parents=True, exist_ok=True)

    @contextlib.contextmanager
    def _writing(self, step: int) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            with contextlib.suppress(OSError):
                self._partial.unlink()
            expected = f"Expected to write the checkpoint of step {step} into {self.directory}"
            raise OSError(f"{expected}. Received: {error}") from error

    @property
    def _partial(self) -> Path:
        return self.directory / ".partial.keras"

    def _check_room(self) -> None:
        """Raises OSError at the start, not hours later, if the folder has no room for all its checkpoints."""
        found = self.found(self.directory)
        self._partial.touch()
        self._partial.unlink()
        size, free = found[-1].stat().st_size, shutil.disk_usage(self.directory).free
        more = self.keep + 1 - len(found)  # one is written before the oldest is deleted
        if more * size > free:
            expected = f"Expected room for {more} more checkpoints of {size:,} bytes in {self.directory}"
            raise OSError(f"{expected}. Received: {free:,} bytes free")


def _is_step(path: Path) -> bool:
    return path.stem.removeprefix("step-").isdecimal()


def _step(path: Path) -> int:
    return int(path.stem.removeprefix("step-"))


def _by_name(callbacks: Iterable[Any]) -> dict[str, StepCallback]:
    """The callbacks that have a state, under names that are the same in another process."""
    named: dict[str, StepCallback] = {}
    count: Counter[str] = Counter()
    for callback in callbacks:
        if isinstance(callback, StepCallback):
            kind = type(callback).__name__
            named[f"{kind}.{count[kind]}"] = callback
            count[kind] += 1
    return named


def _random_states(gan: keras.Model) -> list[Any]:
    """The states of all seed generators, which Keras does not count among the weights."""
    weights = {id(variable) for variable in gan.weights}
    return [variable for variable in gan.variables if id(variable) not in weights]


def _assign(variables: Sequence[Any], values: Mapping[str, np.ndarray]) -> None:
    if len(variables) != len(values):
        expected = "Expected a checkpoint of the same model and settings"
        raise ValueError(f"{expected}. Received: one with {len(values)} states instead of {len(variables)}")
    for index, variable in enumerate(variables):
        variable.assign(values[str(index)])


def _not_finite(gan: Any) -> list[str]:
    """The losses and arrays of a training that hold NaN or infinity."""
    variables = {id(variable): variable for variable in (*gan.variables, *gan.optimizer.variables)}
    arrays = ((each.path, each.numpy()) for each in variables.values() if "float" in each.dtype)
    return [*not_finite(gan.metrics), *(path for path, array in arrays if not np.isfinite(array).all())]


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _damage(path: Path, members: Set[str] = frozenset(MEMBERS)) -> str | None:
    """What is wrong with a file, or None."""
    try:
        with zipfile.ZipFile(path) as archive:
            missing, broken = members - set(archive.namelist()), archive.testzip()
    except Exception as error:  # zipfile raises nearly anything for damaged headers
        return f"{type(error).__name__}: {error}"
    if missing:
        return f"without {', '.join(sorted(missing))}"
    return None if broken is None else f"wrong checksum of {broken}"


def _read(path: Path) -> dict[str, np.ndarray]:
    with zipfile.ZipFile(path) as archive, np.load(io.BytesIO(archive.read(STATE))) as arrays:
        return dict(arrays)
