"""Records what the doctor measures in a training, and replays it under the rules as they are now.

A record is a file of its own, so that a benchmark that was interrupted goes on, and rules that were changed need no
training to be measured again.
"""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

import kerasgan
from kerasgan.doctor import Doctor, DoctorWarning
from kerasgan.files.pictures import to_uint8

SHOWN = 16  # images that a record keeps


class Recorded(NamedTuple):
    """One training: the doctor's signals, the distance by which it failed or not, and some of its last images.

    `inputs` are those of an image-to-image model, whose targets are the `reals`; else there are none.
    """

    signals: dict[str, np.ndarray]
    distance: float
    images: np.ndarray
    reals: np.ndarray
    inputs: np.ndarray


def record(
    path: Path,
    gan: Any,
    fitted: tuple[Any, ...],
    *,
    reference: tuple[Any, Any] = (None, None),
    steps: int,
    callbacks: Sequence[Any] = (),
    options: dict[str, Any] | None = None,
    measure: Any = None,
) -> None:
    """Trains a compiled model, watched by a doctor that only listens, and writes the record."""
    doctor = Doctor(*reference, every=20)  # after the first 400 steps more often than a run's: `replay` leaves out
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DoctorWarning)
        warnings.simplefilter("ignore", UserWarning)
        several = [doctor, *callbacks, kerasgan.callbacks.StopAfter(steps=steps)]
        gan.fit(*fitted, epochs=steps, verbose=0, callbacks=several, **(options or {}))
    arrays = {f"signals/{name}": np.array(values) for name, values in doctor.history.items()}
    if doctor._probe is not None:
        arrays["images"] = _uint8(doctor._probe._images[:SHOWN])
        if hasattr(doctor._probe, "inputs"):
            arrays["inputs"] = _uint8(doctor._probe.inputs[:SHOWN])
        arrays["reals"] = _uint8(_tiles(doctor._probe))
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part.npz")
    np.savez_compressed(partial, distance=np.nan if measure is None else measure(gan), **arrays)
    partial.replace(path)


def measure_data(path: Path, gan: Any, fitted: tuple[Any, ...], reference: Any) -> None:
    """Writes into a record what the doctor says now of the training's data, which is the same at each step."""
    doctor = Doctor(*(reference or (None, None)))
    doctor.set_model(gan)
    source = gan.batches(*fitted)
    source.epoch = 1  # `fit` begins with an epoch of chance: the doctor's images are of the first
    doctor.on_fit_begin(source)
    found = doctor._new_probe().training_data
    with np.load(path) as file:
        kept = {name: file[name] for name in file.files if not name.startswith("signals/data_")}
    length = len(kept["signals/step"])
    arrays = {f"signals/{name}": np.full(length, value) for name, value in found.items()}
    partial = path.with_suffix(".part.npz")
    np.savez_compressed(partial, **{**kept, **arrays})
    partial.replace(path)


def _tiles(probe: Any) -> np.ndarray:
    """Real images as the doctor sees them, in tiles of at most sixteen a side."""
    shape = probe._images.shape
    high = shape[1] // -(-shape[1] // 16)
    return probe.reference.pixels[:SHOWN].reshape(-1, high, shape[2] // -(-shape[2] // 16), shape[3])


def _uint8(images: np.ndarray) -> np.ndarray:
    return to_uint8(np.clip(np.nan_to_num(images), -1, 1))


def read(path: Path) -> Recorded:
    with np.load(path) as file:
        signals = {name.removeprefix("signals/"): file[name] for name in file.files if name.startswith("signals/")}
        none = np.zeros((0, 1, 1, 1), "uint8")
        pictures = (file[name] if name in file.files else none for name in ("images", "reals", "inputs"))
        return Recorded(signals, float(file["distance"]), *pictures)


class _Replay(Doctor):
    """A doctor with a run's settings that reads its signals from a record."""

    def __init__(self, signals: dict[str, np.ndarray]):
        super().__init__()
        self._signals = signals
        self._look(0)

    def _look(self, step: int) -> None:
        row = int(np.flatnonzero(self._signals["step"] == step)[0])
        for name, values in self._signals.items():
            self.history.setdefault(name, []).append(float(values[row]))


def replay(signals: dict[str, np.ndarray]) -> Doctor:
    """The doctor after a training with these signals: what it found, and its last diagnosis."""
    doctor = _Replay(signals)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DoctorWarning)
        for step in signals["step"][1:]:
            doctor.act(int(step))
    return doctor


def seeded(seed: int) -> None:
    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
