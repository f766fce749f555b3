"""The material of a report: what is read from a run folder, drawn from its model or computed from its data."""

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasgan import doctor, zoo
from kerasgan.callbacks import Checkpoint
from kerasgan.doctor import history
from kerasgan.files import pictures
from kerasgan.files.paths import local
from kerasgan.training import run_folder

if TYPE_CHECKING:
    from kerasgan.gan import GAN

__all__ = ["Evidence", "Neighbors", "Segment", "gather"]

SAMPLES, REALS = 256, 4000
VALUES = 2**26  # of all samples, or of all real images: fewer images if they are large
PREFIXES = 60  # prefixes of the log that the doctor diagnoses
SMALL = 32  # pixels of height at which neighbors are searched


@dataclass(frozen=True)
class Segment:
    """Steps of the training at which the doctor gave one verdict."""

    first: float
    last: float
    verdict: str


@dataclass(frozen=True)
class Neighbors:
    """Samples, the training image nearest to each, and distances: root mean squares per value, in units of [-1, 1].

    Attributes:
        samples: uint8 (count, height, width, channels).
        nearest: likewise.
        distances: (count,), of these samples to these images.
        usual: median distance of a training image to the nearest other one.
        copies: share of all samples whose nearest training image is nearer than half of `usual`.
        searched: number of training images.
    """

    samples: np.ndarray
    nearest: np.ndarray
    distances: np.ndarray
    usual: float
    copies: float
    searched: int


@dataclass
class Evidence:
    """What was found; anything missing is None, with a sentence in `missing`.

    Attributes:
        columns: the log's.
        diagnosis: from what the doctor of the training measured, if it was `watched`; else from the log.
        samples: uint8 images, or an image-to-image model's outputs for `inputs`, whose targets are the `reals`.
        by_class: of a class-conditional model a training image of each class, and two rows of samples.
        of_class: training images and samples of the class that the diagnosis is about, if it is about one.
    """

    run: Path
    recipe: zoo.Recipe
    columns: history.Columns | None = None
    diagnosis: doctor.Diagnosis | None = None
    watched: bool = False
    segments: list[Segment] = field(default_factory=list)
    state: Path | None = None
    sample_grid: tuple[np.ndarray, int] | None = None
    samples: np.ndarray | None = None
    reals: np.ndarray | None = None
    inputs: np.ndarray | None = None
    by_class: tuple[np.ndarray, ...] | None = None
    of_class: tuple[np.ndarray, np.ndarray] | None = None
    neighbors: Neighbors | None = None
    card: Mapping[str, Any] | None = None
    missing: dict[str, str] = field(default_factory=dict)


def gather(run: str | os.PathLike[str]) -> Evidence:
    """Reads a run folder, samples its model and compares the samples with its data.

    Raises:
        ValueError: if it is no run folder.
    """
    folder = local(run)
    if not run_folder.is_run(folder):
        raise ValueError(f"Expected the folder of a run, with recipe.toml and log.csv. Received: {folder}")
    found = Evidence(folder, zoo.recipe(folder / "recipe.toml"))
    _read_log(found)
    _read_card(found)
    gan = _load(found)
    _read_signals(found)
    if gan is not None and gan.task.from_images:
        _translate(found, gan)
    elif gan is not None:
        few = _affordable(SAMPLES, gan.image_shape)
        found.sample_grid = gan.sample_grid(seed=0)
        found.samples = pictures.to_uint8(gan.generate(few, seed=1, batch_size=min(few, 64)))
        _read_data(found, gan)
    return found


def _affordable(count: int, shape: tuple[int, ...]) -> int:
    return min(count, max(16, VALUES // math.prod(shape)))


def _read_log(found: Evidence) -> None:
    path = found.run / "log.csv"
    try:
        columns = history.read(path)
    except (OSError, ValueError) as error:
        found.missing["log"] = f"There are no losses yet: {error}"
        return
    if not len(columns["step"]):
        found.missing["log"] = f"There are no losses yet: {path} has no rows."
        return
    found.columns, found.diagnosis = columns, doctor.diagnose(columns)
    found.segments = _segments(columns)


def _read_signals(found: Evidence) -> None:
    """Diagnoses what the doctor of the training measured, which the newest state holds, instead of the losses alone."""
    signals = {} if found.state is None else Checkpoint.kept(found.state, "Doctor.0", "history/")
    if len(signals.get("step", ())) > 1:
        found.diagnosis, found.segments, found.watched = doctor.diagnose(signals), _segments(signals), True


def _segments(columns: history.Columns) -> list[Segment]:
    """The verdict on each of some growing prefixes of the log, joined where it stays the same."""
    rows = len(columns["step"])
    ends = np.unique(np.linspace(1, rows, min(rows, PREFIXES)).astype(int))
    segments: list[Segment] = []
    first = float(columns["step"][0])
    for end in ends:
        verdict = doctor.diagnose({name: values[:end] for name, values in columns.items()}).verdict
        last = float(columns["step"][end - 1])
        if segments and segments[-1].verdict == verdict:
            segments[-1] = Segment(segments[-1].first, last, verdict)
        else:
            segments.append(Segment(segments[-1].last if segments else first, last, verdict))
    return segments


def _read_card(found: Evidence) -> None:
    path = found.run / "card.json"
    if not path.is_file():
        return
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        found.missing["card"] = f"{path.name} is not valid JSON: {error}."
        return
    if isinstance(card, dict) and isinstance(card.get("scores"), dict):
        found.card = card
    else:
        found.missing["card"] = f"{path.name} holds no scores."


def _load(found: Evidence) -> "GAN | None":
    try:
        found.state = run_folder.newest(found.run)
    except (FileNotFoundError, ValueError) as error:
        found.missing["model"] = f"There is no model to sample from yet. {error}"
        return None
    return zoo.load(found.recipe.path, weights=found.state)


def _translate(found: Evidence, gan: Any) -> None:
    """The images that an image-to-image model makes of its data, beside the targets."""
    found.missing["neighbors"] = "The outputs of an image-to-image model are compared with their targets, above."
    try:
        source = _source(found.recipe)
        several = gan.task == "multi-domain-image-to-image"
        gan.examples = gan.examples_of(source) if several else source.examples(_affordable(64, gan.image_shape))
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        found.missing["model"] = f"There are no images to translate: {error}"
        return
    found.sample_grid = gan.sample_grid()
    found.samples = pictures.to_uint8(gan.sample_row(len(gan.examples[0])))
    found.inputs, found.reals = (pictures.to_uint8(part) for part in gan.examples)


def _source(recipe: zoo.Recipe) -> Any:
    if not recipe.source.at_hand(recipe.data):
        raise ValueError(f"{recipe.data.get('name')} is not on this machine, and a report downloads nothing")
    return zoo.source(recipe, seed=0)


def _read_data(found: Evidence, gan: "GAN") -> None:
    samples = found.samples
    try:
        found.reals, small = _real_images(_source(found.recipe), gan.image_shape)
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        found.missing["data"] = f"The training images are not available: {error}"
        return
    if samples is not None:
        found.neighbors = _neighbors(samples, found.reals, small)
    if gan.num_classes:
        found.by_class = _by_class(found, gan)
        if found.diagnosis is not None and found.diagnosis.label is not None:
            found.of_class = _of_class(found, gan, found.diagnosis.label)


def _by_class(found: Evidence, gan: Any, *, most: int = 8) -> tuple[np.ndarray, ...] | None:
    images, labels = _source(found.recipe)[0]
    classes, first = np.unique(np.asarray(labels)[np.asarray(labels) >= 0], return_index=True)
    if not len(classes):
        return None
    reals = pictures.to_uint8(np.asarray(images)[np.asarray(labels) >= 0][first[:most]])
    made = (gan.generate(len(reals), labels=classes[:most].astype("int32"), seed=seed) for seed in (1, 2))
    return reals, *map(pictures.to_uint8, made)


def _of_class(found: Evidence, gan: Any, label: int, *, count: int = 8) -> tuple[np.ndarray, np.ndarray] | None:
    source, reals = _source(found.recipe), np.zeros((0, *gan.image_shape), "uint8")
    for index in range(min(source.num_batches or REALS, -(-REALS // source.batch_size))):
        images, labels = source[index]
        reals = np.concatenate([reals, pictures.to_uint8(np.asarray(images)[np.asarray(labels) == label])])
        if len(reals) >= count:
            break
    if not len(reals):
        return None
    return reals[:count], pictures.to_uint8(gan.generate(count, labels=label, seed=1))


def _real_images(source: Any, shape: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Some of the training images, drawn at random: uint8 as they are, and small."""
    source = source.copy(with_labels=False)
    if source.image_shape != shape:
        raise ValueError(f"Expected images {shape}. Received: {source!r}")
    wanted = _affordable(REALS, shape)
    whole: list[np.ndarray] = []
    small: list[np.ndarray] = []
    for index in range(min(source.num_batches or wanted, -(-wanted // source.batch_size))):
        images = source[index]
        whole.append(pictures.to_uint8(images))
        small.append(pictures.reduced(images, SMALL))
    return np.concatenate(whole)[:wanted], np.concatenate(small)[:wanted]


def _neighbors(samples: np.ndarray, reals: np.ndarray, small: np.ndarray, shown: int = 10) -> Neighbors:
    from kerasgan.metrics import nearest
    from kerasgan.metrics.neighbors import centered, radii

    ours = pictures.reduced(samples / np.float32(127.5) - 1, SMALL)
    rows, images = (pixels.reshape(len(pixels), -1) / np.float32(127.5) for pixels in (ours, small))
    unit = np.sqrt(rows.shape[1])
    found = nearest(rows, images)
    usual = float(np.median(radii(centered(images, images)[0], 1)) / unit) if len(images) > 1 else float("nan")
    return Neighbors(
        samples=samples[:shown],
        nearest=reals[found.indices[:shown]],
        distances=found.distances[:shown] / unit,
        usual=usual,
        copies=float(np.mean(found.distances / unit < usual / 2)),
        searched=len(images),
    )
