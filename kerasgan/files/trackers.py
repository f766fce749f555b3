"""Trackers of experiments, one interface for all: numbers and pictures by step, warnings, a summary.

Weights & Biases, MLflow, trackio and TensorBoard, each through its own package, which is imported when a run is opened.
Where they keep runs, and accounts, are as those packages have it: WANDB_MODE=offline, MLFLOW_TRACKING_URI, TRACKIO_DIR.
"""

from __future__ import annotations

import importlib
import importlib.util
import io
import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple, Protocol

from kerasgan.files.event_files import EventFile
from kerasgan.names import resolve

__all__ = ["TRACKERS", "Place", "Silent", "TrackedRun", "check", "open_run"]


class Place(NamedTuple):
    """Where a run is kept.

    project: the project (MLflow: the experiment).
    name: the run's name.
    directory: the folder of files on this machine: of TensorBoard always, of Weights & Biases if given.
    config: settings that describe the run.
    key: of a run that goes on, its `TrackedRun.key`; otherwise None.
    """

    project: str
    name: str | None
    directory: str | os.PathLike[str] | None
    config: Mapping[str, Any]
    key: str | None


class TrackedRun(Protocol):
    """A run that is open in a tracker.

    key: by which the same run is opened again.
    """

    key: str

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Numbers by name."""

    def picture(self, step: int, name: str, picture: Any) -> None:
        """A picture of Pillow."""

    def warn(self, step: int, title: str, text: str) -> None:
        """A warning, where the tracker shows such."""

    def summary(self, values: Mapping[str, float]) -> None:
        """Numbers of the whole run, such as its scores."""

    def close(self) -> None:
        """Ends the run's writing."""


class Silent:
    """A run that is kept nowhere: of the machines that train together, all but the first have it."""

    key = ""

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        pass

    def picture(self, step: int, name: str, picture: Any) -> None:
        pass

    def warn(self, step: int, title: str, text: str) -> None:
        pass

    def summary(self, values: Mapping[str, float]) -> None:
        pass

    def close(self) -> None:
        pass


class _WeightsAndBiases:
    def __init__(self, place: Place) -> None:
        self._wandb: Any = importlib.import_module("wandb")
        where = None if place.directory is None else os.fspath(place.directory)
        settings = {"project": place.project, "name": place.name, "dir": where, "config": dict(place.config)}
        self._run = self._wandb.init(**settings, id=place.key, resume=None if place.key is None else "allow")
        self._run.define_metric("*", step_metric="step")  # its own count does not go back, as a resumed training may
        self.key = self._run.id

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        self._run.log({"step": step, **values})

    def picture(self, step: int, name: str, picture: Any) -> None:
        self._run.log({"step": step, name: self._wandb.Image(picture)})

    def warn(self, step: int, title: str, text: str) -> None:
        self._run.alert(title, text)

    def summary(self, values: Mapping[str, float]) -> None:
        self._run.summary.update(dict(values))

    def close(self) -> None:
        self._run.finish()


class _MLflow:
    def __init__(self, place: Place) -> None:
        self._client = importlib.import_module("mlflow").MlflowClient()
        if place.key is None:
            found = self._client.get_experiment_by_name(place.project)
            kept = self._client.create_experiment(place.project) if found is None else found.experiment_id
            self.key = self._client.create_run(kept, run_name=place.name).info.run_id
            for name, value in place.config.items():
                self._client.log_param(self.key, name, str(value)[:6000])  # its limit
        else:
            self.key = place.key
            self._client.update_run(self.key, status="RUNNING")

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self._client.log_metric(self.key, name, value, step=step)

    def picture(self, step: int, name: str, picture: Any) -> None:
        self._client.log_image(self.key, picture, key=name, step=step)

    def warn(self, step: int, title: str, text: str) -> None:
        self._client.set_tag(self.key, f"doctor.{title}", f"step {step}: {text}"[:5000])

    def summary(self, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self._client.log_metric(self.key, name, value)

    def close(self) -> None:
        self._client.set_terminated(self.key)


class _Trackio:
    def __init__(self, place: Place) -> None:
        self._trackio: Any = importlib.import_module("trackio")
        resume = "never" if place.key is None else "allow"
        settings = {"project": place.project, "config": dict(place.config), "embed": False, "auto_log_cpu": False}
        self._run = self._trackio.init(name=place.key or place.name, resume=resume, **settings)
        self.key = self._run.name

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        self._run.log(dict(values), step=step)

    def picture(self, step: int, name: str, picture: Any) -> None:
        self._run.log({name: self._trackio.Image(picture)}, step=step)

    def warn(self, step: int, title: str, text: str) -> None:
        self._run.alert(title, text, step=step)

    def summary(self, values: Mapping[str, float]) -> None:
        self._run.log({f"summary/{name}": value for name, value in values.items()})

    def close(self) -> None:
        self._trackio.finish()


class _TensorBoard:
    key = "tensorboard"  # several files in one folder are one run

    def __init__(self, place: Place) -> None:
        if place.directory is None:
            raise ValueError("Expected a directory for TensorBoard's files. Received: directory=None")
        self._file = EventFile(place.directory)

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        self._file.scalars(step, values)

    def picture(self, step: int, name: str, picture: Any) -> None:
        written = io.BytesIO()
        picture.save(written, format="PNG")
        self._file.picture(step, name, written.getvalue(), size=picture.size, channels=len(picture.getbands()))

    def warn(self, step: int, title: str, text: str) -> None:
        self._file.text(step, f"doctor/{title}", text)

    def summary(self, values: Mapping[str, float]) -> None:
        self._file.scalars(0, {f"summary/{name}": value for name, value in values.items()})

    def close(self) -> None:
        self._file.close()


TRACKERS: Mapping[str, Any] = {
    "mlflow": _MLflow,
    "tensorboard": _TensorBoard,
    "trackio": _Trackio,
    "wandb": _WeightsAndBiases,
}


def check(name: str) -> str:
    """The tracker's name, as `TRACKERS` has it.

    Raises:
        ImportError: if its package is not installed.
        ValueError: for an unknown one.
    """
    found = resolve(name, TRACKERS, expected="a tracker,", received=f"tracker={name!r}")
    with suppress(ValueError):  # of a module without a specification
        if importlib.util.find_spec(found) is None:
            raise ImportError(f"{found} tracks through its own package: pip install {found}")
    return found


def open_run(name: str, place: Place) -> TrackedRun:
    """A run in the tracker of that name, which `check` has accepted."""
    return TRACKERS[name](place)
