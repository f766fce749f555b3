"""Trainings in a tracker of experiments: Weights & Biases, MLflow, trackio, TensorBoard.

Steps are discriminator steps, counted over the whole life of the model, so that the count continues after a resume.
"""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from kerasgan import distribution
from kerasgan.callbacks.base import LossCallback
from kerasgan.files import pictures, trackers
from kerasgan.files.paths import local

__all__ = ["Tracker"]

NOTE = "run.txt"  # in the folder: which of the tracker's runs it is


class Tracker(LossCallback):
    """Sends losses, penalties, metrics, sample grids and the doctor's signals and warnings to a tracker.

    On every backend, by step. Accounts and places are those of the tracker's own package: `wandb login`,
    WANDB_MODE=offline, MLFLOW_TRACKING_URI, TRACKIO_DIR. A training that resumes from a checkpoint goes on in the same
    run, and so does another `fit` with the same callback. Keras' own `TensorBoard` callback can be used as well, but
    counts epochs and shows no samples.

    Args:
        tracker: "mlflow", "tensorboard", "trackio" or "wandb".
        directory: a folder, created if need be, for the files of TensorBoard, which needs one, and of Weights & Biases,
            and for a note which run it is: a trained model that is trained on goes on in that run, and so do `scores`.
        project: the project (MLflow: the experiment).
        name: the run's name; the tracker's choice if not given.
        config: settings that describe the run, beside the family and the numbers of parameters.
        every: steps from one row of losses (their means over the steps since the row before) to the next.
        images_every: steps from one grid of samples to the next; the latents are always the same.
        count: number of images in a grid, as for `SampleGrid`.
        seed: seed of the latents.
        doctor: a `kerasgan.doctor.Doctor` of the same `fit`, listed before this callback: its probes and warnings are
            sent too.

    Raises:
        ImportError: if the tracker's package is not installed.
        ValueError: for an unknown tracker, a missing directory, or an interval that is no positive whole number.
    """

    def __init__(
        self,
        tracker: str,
        directory: str | os.PathLike[str] | None = None,
        *,
        project: str = "kerasgan",
        name: str | None = None,
        config: Mapping[str, Any] | None = None,
        every: int = 50,
        images_every: int = 500,
        count: int | None = None,
        seed: int = 0,
        doctor: Any = None,
    ):
        super().__init__(every)
        self.tracker = trackers.check(tracker)
        self.directory = None if directory is None else local(directory)
        if self.tracker == "tensorboard" and directory is None:
            raise ValueError("Expected a directory for TensorBoard's files. Received: directory=None")
        self.project, self.name, self.config = project, name, dict(config or {})
        self.images_every, self.count, self.seed, self.doctor = images_every, count, seed, doctor
        self.key: str | None = None
        self._follows = False  # whether it goes on in the run that the folder notes
        self._run: trackers.TrackedRun | None = None

    def begin(self, step: int) -> None:
        state = (self.resumed.state if self.resumed else None) or {}
        if "run" in state:
            self.key = np.asarray(state["run"], "uint8").tobytes().decode()
        gan = self.gan
        sizes = {part: getattr(gan, part).count_params() for part in ("generator", "discriminator")}
        own = {"family": type(gan).__name__, **{f"{part}_parameters": size for part, size in sizes.items()}}
        self._follows = step > 0
        self._open({**own, **self.config})
        self._probes = len(self._history().get("step", [])) if step else 0
        self._warned = set(self._found()) if step else set()
        self._drawn = -self.images_every

    def _open(self, config: Mapping[str, Any]) -> None:
        if distribution.worker() != 0:
            self._run, self.key = trackers.Silent(), ""
            return
        noted = None if self.directory is None else self.directory / NOTE
        if noted is not None:
            self.directory.mkdir(parents=True, exist_ok=True)  # type: ignore[union-attr]
            if self.key is None and self._follows and noted.is_file():
                self.key = noted.read_text(encoding="utf-8").strip()
        place = trackers.Place(self.project, self.name, self.directory, config, self.key)
        self._run = trackers.open_run(self.tracker, place)
        self.key = self._run.key
        if noted is not None:
            noted.write_text(f"{self.key}\n", encoding="utf-8")

    def state(self) -> dict[str, Any]:
        return {**super().state(), "run": np.frombuffer((self.key or "").encode(), "uint8")}

    def _history(self) -> dict[str, list[float]]:
        return {} if self.doctor is None else self.doctor.history

    def _found(self) -> dict[str, int]:
        return {} if self.doctor is None else self.doctor.found

    def on_train_end(self, logs: Any = None) -> None:
        super().on_train_end(logs)
        self.close()

    def close(self) -> None:
        """Ends the run's writing; after an exception in `fit`, say."""
        run, self._run = self._run, None
        if run is not None:
            run.close()

    def scores(self, card: Any) -> None:
        """Sends the means of a `kerasgan.evaluation.ScoreCard` as numbers of the whole run."""
        if alone := self._run is None:
            self._follows = True
            self._open(self.config)
        try:
            self._run.summary({name: found["mean"] for name, found in card.content["scores"].items()})  # type: ignore[union-attr]
        finally:
            if alone:
                self.close()

    def act(self, step: int) -> None:
        run: Any = self._run
        means = self.means.take(self.model.metrics) | self.measured()
        run.scalars(step, {name: value for name, value in means.items() if value is not None})
        history = self._history()
        for row in range(self._probes, len(history.get("step", []))):
            found = {name: history[name][row] for name in history if name not in {"step", *means}}
            signals = {f"doctor/{name}": value for name, value in found.items() if value == value}  # NaN: not probed
            run.scalars(int(history["step"][row]), signals)
            self._probes = row + 1
        if self.doctor is not None and self.doctor.diagnosis is not None:
            run.scalars(step, {"doctor/collapse": self.doctor.diagnosis.collapse})
        for verdict, since in self._found().items():
            if verdict not in self._warned:
                self._warned.add(verdict)
                run.warn(since, verdict, str(self.doctor.diagnosis))
        if step // self.images_every > self._drawn // self.images_every:
            self._drawn = step
            images, columns = self.model.sample_grid(self.count, seed=self.seed)
            run.picture(step, "samples", pictures.grid(images, columns=columns))
