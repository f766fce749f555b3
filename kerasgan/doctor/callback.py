"""The doctor as a callback: it probes the model at a fixed interval and acts when it finds trouble."""

import itertools
import math
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasgan import data as sources
from kerasgan.callbacks.base import LossCallback, below
from kerasgan.doctor.diagnosis import Diagnosis, diagnose
from kerasgan.doctor.probe import Probe
from kerasgan.doctor.rules import NO_TROUBLE
from kerasgan.doctor.translation import TranslationProbe, has_targets
from kerasgan.scalars import checked

__all__ = ["Doctor", "DoctorWarning"]

REMEDIES = ("warn", "stop", "rollback")
EARLY = 400  # steps in which it looks closely, whatever was asked for: most collapses show there
CLOSE = 20  # steps between close looks


class DoctorWarning(UserWarning):
    """The doctor found trouble in a running training."""


class Doctor(LossCallback):
    """Diagnoses the training while `fit` runs, from a probe on a small fixed batch between two steps.

    - `diagnosis` is the latest `Diagnosis`.
    - `history` holds every signal so far, as lists by name; `diagnose` accepts it.
    - `found` maps each verdict that was acted on to the step at which that began.

    The doctor does not change the training: it runs bit for bit as it would without the doctor, until the doctor ends
    it.

    Of an image-to-image model it looks at the outputs for sixteen inputs, beside their targets or the other domain; of
    one that predicts frames, is given a kernel or translates between several domains, and where there is a single
    image, at the losses alone.

    Args:
        data: the images that the generator is to imitate, in any form that `fit` accepts; a few hundred of them are
            kept. The data of `fit` if not given.
        labels: labels of the images, if `data` is an array and the model is class-conditional; targets, or the second
            domain, if the model translates images. Those of `fit` are compared with them, as the images are.
        every: steps from one probe to the next. In the first 400 steps, and while trouble is suspected, there is a
            probe every 20 steps at least, so that a total collapse is found within 300 steps whatever the training's
            length. A probe costs about two steps of a batch of 32.
        on_trouble: "warn" warns once for each verdict; "stop" also ends the training; "rollback" also restores the
            weights with which the sampler (the moving average if there is one) came closest to the real images, or its
            outputs to their targets. List the doctor before callbacks that save at the end.
        patience: number of consecutive probes that must find trouble before the doctor acts.

    Raises:
        ValueError: for an unknown `on_trouble`, or a patience or interval below 1.
    """

    @checked
    def __init__(
        self, data: Any = None, labels: Any = None, *, every: int = 100, on_trouble: str = "warn", patience: int = 3
    ):
        super().__init__(every)
        self.interval, self.every = every, max(ticks for ticks in range(1, CLOSE + 1) if every % ticks == 0)
        if on_trouble not in REMEDIES:
            raise ValueError(f"Expected on_trouble to be one of {', '.join(REMEDIES)}. Received: {on_trouble!r}")
        self.on_trouble, self.patience = on_trouble, patience
        self.history: dict[str, list[float]] = {}
        self.diagnosis: Diagnosis | None = None
        self._data, self._labels = data, labels
        self._trained_on: Any = None
        self._probe: Probe | None = None
        self._best: tuple[float, int, list[np.ndarray]] | None = None
        self.found: dict[str, int] = {}
        self._troubles = 0
        self._roll_back = self._ending = False

    def on_fit_begin(self, source: Any) -> None:
        """Called by `fit` with its batches: they are the reference if the doctor has no data of its own."""
        self._trained_on = None if self._data is None else source
        if self._data is None:
            self._data = source

    def begin(self, step: int) -> None:
        self._troubles, self._roll_back, self._ending = 0, False, False
        if self._data is not None and self._probe is None:
            self._probe = self._new_probe()
        if self.resumed and self.resumed.state is not None:
            self._recall(self.resumed.state)
        else:
            self._look(step)

    def _new_probe(self) -> Probe | None:
        gan = self.model
        examples = _pairs if gan.task.from_images else _examples
        if gan.task.from_images and not has_targets(gan):
            return None
        trained_on = None if self._trained_on is None else examples(self._trained_on, None, gan)
        if not gan.task.from_images:
            images, labels = _examples(self._data, self._labels, gan)
            if len(images) < 2:
                return None
            return Probe(gan, images, labels, trained_on=trained_on)
        return TranslationProbe(gan, *_pairs(self._data, self._labels, gan), trained_on=trained_on)

    def state(self) -> dict[str, Any]:
        state = {**super().state(), "troubles": self._troubles}
        state |= {f"history/{name}": column for name, column in self.history.items()}
        state |= {f"found/{verdict}": step for verdict, step in self.found.items()}
        if self.on_trouble != "warn":  # as large as the model: only where the training's end depends on it
            probe = {} if self._probe is None else self._probe.state()
            state |= {f"probe/{name}": value for name, value in probe.items()}
            if self._best is not None:
                state |= {"best/distance": self._best[0], "best/step": self._best[1]}
                state |= {f"best/weights/{index}": array for index, array in enumerate(self._best[2])}
        return state

    def _recall(self, state: Mapping[str, np.ndarray]) -> None:
        self._troubles = int(state["troubles"])
        self.history = {name: column.tolist() for name, column in below(state, "history/").items()}
        self.found = {verdict: int(step) for verdict, step in below(state, "found/").items()}
        if self._probe is not None:
            self._probe.recall(below(state, "probe/"))
        if "best/step" in state:
            weights = [*below(state, "best/weights/").values()]
            self._best = float(state["best/distance"]), int(state["best/step"]), weights

    def on_train_end(self, logs: Any = None) -> None:
        self._ending = True
        super().on_train_end(logs)
        if self._roll_back:  # only now: JAX would overwrite the weights before
            self.put_back()

    def put_back(self) -> bool:
        """Gives the sampler its best weights, if "rollback" is the remedy and there are any; returns whether."""
        if self.on_trouble != "rollback" or self._best is None:
            return False
        self.model.sampler.set_weights(self._best[2])
        return True

    def act(self, step: int) -> None:
        if not self._due(step):
            return
        self._look(step)
        self.diagnosis = diagnose(self.history)
        healthy = self.diagnosis.verdict in NO_TROUBLE
        self._troubles = 0 if healthy else self._troubles + 1
        if self._troubles >= self.patience:
            self._treat(self.diagnosis, step)

    def _due(self, step: int) -> bool:
        last = int(self.history["step"][-1])
        if self._ending or step // self.interval > last // self.interval:
            return True
        return step - last >= CLOSE and (step <= EARLY or 0 < self._troubles < self.patience)

    def _look(self, step: int) -> None:
        losses = self.means.take(self.model.metrics)
        row = {"step": float(step), **{name: np.nan if x is None else x for name, x in losses.items()}}
        if self._probe is not None:
            row |= self._probe(step)
        length = len(self.history.get("step", []))
        for name in {**self.history, **row}:
            self.history.setdefault(name, [np.nan] * length).append(row.get(name, np.nan))
        distance = row.get("error", row.get("distance", np.nan))
        if np.isfinite(distance) and step and (self._best is None or distance < self._best[0]):
            weights = [np.array(array) for array in self.model.sampler.get_weights()]  # not views of live buffers
            self._best = (distance, step, weights)

    def _treat(self, diagnosis: Diagnosis, step: int) -> None:
        done = ""
        if self.on_trouble != "warn":
            self.gan.stop_training = True
            done = " Training stops."
            if self.on_trouble == "rollback" and self._best is not None:
                self._roll_back = True
                done = f" Training stops; the generator goes back to step {self._best[1]}."
        if diagnosis.verdict not in self.found:
            self.found[diagnosis.verdict] = step
            warnings.warn(f"Step {step}: {diagnosis}{done}", DoctorWarning, stacklevel=2)


def _examples(data: Any, labels: Any, gan: Any, *, count: int = 512) -> tuple[np.ndarray, np.ndarray | None]:
    """Up to `count` images, and their labels where the model learns from them, from the first batches of `data`."""
    batches = sources.batches(data, labels, **gan.data_options(), batch_size=count)
    parts: list[tuple[Any, Any]] = []
    for batch in _each(batches):
        parts.append(gan.unpack(batch))
        if sum(len(images) for images, _ in parts) >= count:
            break
    several = [
        np.concatenate([ops.convert_to_numpy(x) for x in part])[:count] for part in zip(*parts) if part[0] is not None
    ]
    return several[0], several[1] if gan.label_classes else None


def _pairs(data: Any, targets: Any, gan: Any, *, most: int = 128) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and targets, or images of both domains, from the first batches of `data`: fewer if they are large."""
    count = min(most, max(16, 2**24 // math.prod(gan.image_shape)))
    parts = sources.first_batches(gan.batches(data, targets), count)
    inputs, others = (np.concatenate(part)[:count] for part in zip(*parts))
    return inputs, others


def _each(batches: Any) -> Iterator[Any]:
    if isinstance(batches, keras.utils.PyDataset):
        indices = itertools.count() if batches.num_batches is None else range(batches.num_batches)
        return (batches[index] for index in indices)
    return iter(batches)
