"""The picture that shows what a verdict says, from the run's samples and training images."""

from typing import NamedTuple

import numpy as np

from kerasgan.files import pictures
from kerasgan.report import page
from kerasgan.report.evidence import SMALL, Evidence
from kerasgan.report.rendering import Markup

__all__ = ["Proof", "figure", "proof"]

SHOWN = 8  # images per row


class Proof(NamedTuple):
    """Rows of as many images: uint8 (count, height, width, channels) each, what they are, and what they show."""

    rows: list[np.ndarray]
    names: str
    caption: str


def proof(found: Evidence, verdict: str) -> Proof | None:
    """The images behind a verdict; None if there are no samples, or no training images where these are needed."""
    samples, reals = found.samples, found.reals
    if samples is None or len(samples) < 2:
        return None
    if found.inputs is not None and reals is not None:
        rows = [each[:SHOWN] for each in (found.inputs, samples, reals)]
        return Proof(rows, "inputs, outputs and targets", TRANSLATED.get(verdict, "Inputs, outputs, and targets."))
    if verdict == "mode collapse" and found.of_class is not None and found.diagnosis is not None:
        caption = f"Training images of class {found.diagnosis.label}, and below them samples of it, not selected."
        return Proof(list(found.of_class), "training images and samples of one class", caption)
    if verdict == "mode collapse":
        twins = samples[_nearest(samples[:SHOWN], samples, skip_itself=True)]
        caption = "Samples, not selected, and below each the other sample that is nearest to it: near-twins."
        return Proof([samples[:SHOWN], twins], "samples and their twins", caption)
    if verdict == "labels ignored" and found.by_class is not None:
        caption = "A training image of each class, and below it two samples of that class."
        return Proof(list(found.by_class), "training images and samples by class", caption)
    if reals is None:
        return None
    if verdict == "mode dropping":
        distances = _distances(reals, samples).min(axis=1)
        lost = reals[np.argsort(-distances)[:SHOWN]]
        caption = "The training images that are farthest from every sample, and below each the nearest one of "
        return Proof([lost, samples[_nearest(lost, samples)]], "missing images", f"{caption}{len(samples)} samples.")
    if verdict == "memorization":
        copied = reals[_nearest(samples[:SHOWN], reals)]
        caption = "Samples, not selected, and below each the training image that is nearest to it: near-copies."
        return Proof([samples[:SHOWN], copied], "samples and training images", caption)
    rows = [samples[:SHOWN], reals[:SHOWN]]
    if verdict == "artifacts":
        rows = [_middle(row) for row in rows]  # grain shows where pixels are large
    caption = CAPTIONS.get(verdict, "Samples above, training images below; neither is selected.")
    return Proof(rows, "samples and training images", caption)


CAPTIONS = {
    "artifacts": "The middle of samples, and below of training images, not selected: compare levels, colors and grain.",
    "data mismatch": "Samples above, training images below: compare these with the images that the doctor was given, "
    "which a run does not keep.",
}
TRANSLATED = {
    "convergence failure": "Inputs, outputs, no nearer to the targets than one mean image or the inputs, and targets.",
    "artifacts": "Inputs, outputs, whose levels, colors or grain are not those of the targets, and targets.",
    "data mismatch": "Inputs, outputs, and the run's targets, which do not belong to the inputs, or are not like "
    "those that the doctor was given.",
    "identity": "Inputs, outputs, which are the same, and targets.",
    "mode collapse": "Inputs, outputs, which are alike or of one color, and targets.",
    "drift": "Inputs, outputs, which have moved away from the targets, and targets.",
}


def _middle(images: np.ndarray) -> np.ndarray:
    """The middle quarter of large images."""
    height, width = images.shape[1:3]
    if min(height, width) < 64:
        return images
    return images[:, height // 4 : height - height // 4, width // 4 : width - width // 4]


def figure(found: Evidence, verdict: str) -> Markup | None:
    """The proof as a figure of the page."""
    shown = proof(found, verdict)
    if shown is None:
        return None
    count = min(map(len, shown.rows))
    rows = [pictures.reduced(row[:count], 128) for row in _alike(shown.rows)]
    alt = f"{shown.names[0].upper()}{shown.names[1:]}, {count} in each of {len(rows)} rows, for the verdict {verdict}"
    return page.figure(page.picture(pictures.grid(np.concatenate(rows), columns=count), alt), shown.caption)


def _alike(rows: list[np.ndarray]) -> list[np.ndarray]:
    """The rows in equal size and channels: smaller inputs are enlarged by repetition, gray ones get three channels."""
    height = max(row.shape[1] for row in rows)
    channels = max(row.shape[-1] for row in rows)
    large = [row.repeat(height // row.shape[1], axis=1).repeat(height // row.shape[1], axis=2) for row in rows]
    return [row.repeat(channels, axis=-1) if row.shape[-1] < channels else row for row in large]


def _nearest(images: np.ndarray, others: np.ndarray, *, skip_itself: bool = False) -> np.ndarray:
    distances = _distances(images, others)
    if skip_itself:  # the images are the first of the others
        np.fill_diagonal(distances, np.inf)
    return distances.argmin(axis=1)


def _distances(images: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Squared distances (images, others) in pixels, of at most `SMALL` pixels of height."""
    first, second = (
        pictures.reduced(part, SMALL).reshape(len(part), -1) / np.float32(127.5) for part in (images, others)
    )
    squares = (first**2).sum(axis=1)[:, None] + (second**2).sum(axis=1)[None] - 2 * first @ second.T
    return squares.clip(min=0)
