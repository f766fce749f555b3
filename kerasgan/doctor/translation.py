"""Measures an image-to-image model on a few fixed inputs, between two training steps and without changing any state."""

from typing import Any

import numpy as np

from kerasgan.doctor.pairs import Filter, beside, common, errors
from kerasgan.doctor.probe import Probe
from kerasgan.doctor.reference import LOOKS, Look, Reference, apart, patches_apart, pooled, squared_distances, tiles
from kerasgan.files.pictures import to_uint8
from kerasgan.gan import GAN, Task

__all__ = ["TranslationProbe", "has_targets"]


def has_targets(gan: GAN) -> bool:
    """Whether an image-to-image model's outputs can be compared with targets: no frames, kernels or several domains."""
    return gan.task not in (Task.VIDEO_PREDICTION, Task.MULTI_DOMAIN) and not gan.takes_kernel


class TranslationProbe(Probe):
    """Computes the signals of an image-to-image model from its outputs for the same inputs each time.

    Beside those of `Reference.compare`, of tiles of the images:

    - `contrast`: variance within an output over that within a target; 0 if each output is of one color.
    - `error`: mean squared difference from the targets over their variance: 0 for the targets, 1 for their mean.
      Without pairs it is the `distance`.
    - `input_error`: the same of the inputs themselves, in gray; NaN if their size differs by an odd factor.
    - `change`: mean squared difference of outputs and inputs over the targets' variance, in gray.
    - `gray_error`: the `error` in gray, to compare with `input_error`.
    - `filter_error`: of a linear filter fitted to other pairs of the doctor's, in gray; `moved_error`: likewise, of the
      training's pairs, each moved to where the filter fits best (`pairs.errors`). NaN without pairs.
    - `unmoved_output_error`, `moved_output_error`: of the outputs within a margin, in gray; the latter from the targets
      moved or mirrored, all in the same way, to where they fit best (`pairs.beside`). NaN without pairs.
    - `pairing`: `error` over the same difference from the targets of the other inputs; NaN without pairs.
    - `input_distance`: without pairs, the `distance` of the outputs to the inputs' domain, in gray.

    Args:
        gan: a compiled image-to-image model.
        inputs: float32 (count, height, width, channels) in [-1, 1].
        targets: of the same inputs, or images of the other domain.
        trained_on: some of the training's inputs and targets, if they differ from these.
        count: number of inputs that are translated.
    """

    def __init__(self, gan: GAN, inputs: np.ndarray, targets: np.ndarray, *, trained_on: Any = None, count: int = 16):
        self.gan, self.inputs = gan, inputs[:count].copy()  # so that the others can be freed
        self.reference = Reference(targets)
        self.targets = pooled(targets[:count]) if gan.task is not Task.UNPAIRED else None
        self.spread = float(pooled(targets).var(axis=0).mean()) + 1e-12
        self.gray_inputs, gray_targets = _gray(self.inputs), _gray(targets)
        self.gray_targets = gray_targets[:count]
        self.domain = Reference(_gray(inputs)) if gan.task is Task.UNPAIRED else None
        self.gray_reference = Reference(gray_targets) if gan.task is Task.UNPAIRED else None
        self.gray_spread = float(gray_targets.var(axis=0).mean()) + 1e-12
        self.input_error = np.nan
        if self.gray_inputs.shape[1:] == gray_targets.shape[1:]:
            self.input_error = (
                self.gray_reference.compare(self.gray_inputs).distance
                if self.gray_reference is not None
                else _difference(self.gray_inputs, gray_targets[:count]) / self.gray_spread
            )
        self.target_contrast = _contrast(targets)
        self.training_data = {} if trained_on is None else self._compared_pairs((inputs, targets), trained_on)
        if self.targets is not None:
            self.training_data |= _filtered((inputs, targets), trained_on)
        self._images: np.ndarray | None = None
        self._weights: dict[str, tuple[int, np.ndarray]] = {}

    def __call__(self, step: int) -> dict[str, float]:
        # As uint8, because light images in [-1, 1] look as if they were in [0, 1], of which `predict` warns
        images: Any = self.gan.predict(to_uint8(self.inputs), verbose=0)
        found, gray = self.reference.compare(images), _gray(images)
        error = found.distance if self.targets is None else _difference(pooled(images), self.targets) / self.spread
        alike = gray.shape == self.gray_inputs.shape
        signals = {"distance": found.distance, "diversity": found.diversity, "repeats": found.repeats}
        signals |= {"movement": self._movement(images), "error": error, "input_error": self.input_error}
        signals["change"] = _difference(gray, self.gray_inputs) / self.gray_spread if alike else np.nan
        signals |= {**{name: getattr(found, name) for name in LOOKS}, **self.training_data}
        if self.targets is not None:
            if gray.shape[1:3] == self.gray_targets.shape[1:3]:
                signals["gray_error"] = _difference(gray, self.gray_targets[: len(gray)]) / self.gray_spread
                if (both := common(gray, self.gray_targets[: len(gray)])) is not None:
                    signals |= dict(zip(("unmoved_output_error", "moved_output_error"), beside(*both)))
            others = squared_distances(pooled(images), self.targets)[~np.eye(len(images), dtype=bool)]
            signals["pairing"] = error * self.spread * self.targets.shape[1] / (others.mean() + 1e-12)
        if self.domain is not None and self.gray_reference is not None:
            signals["gray_error"] = self.gray_reference.compare(gray).distance
            signals["input_distance"] = self.domain.compare(gray).distance if alike else np.nan
        signals["contrast"] = _contrast(images) / self.target_contrast
        signals |= self._updates(step)
        if self.gan.should_update(self.gan.discriminator) is False:  # not part of this training
            del signals["discriminator_update"]
        return {name: float(value) for name, value in signals.items()}

    def _compared_pairs(self, own: Any, trained_on: Any) -> dict[str, float]:
        """How far the training's pairs are like the doctor's; the larger difference of inputs and targets."""
        given, wanted = (Look(there).compared_with(Look(here)) for here, there in zip(own, trained_on))
        found = {f"data_{name}": max(given[name], wanted[name]) for name in LOOKS}
        told, also = (patches_apart(there, here) for here, there in zip(own, trained_on))
        found["data_patches"] = float(np.fmax(told, also))
        mine, others = ([pooled(images) for images in pair] for pair in (own, trained_on))
        if self.targets is None:
            first, second = (apart(images, there) for images, there in zip(mine, others))
            return {"data_apart": float(np.fmax(first, second)), **found}
        return {"data_apart": apart(np.concatenate(mine, axis=1), np.concatenate(others, axis=1)), **found}


def _filtered(own: Any, trained_on: Any) -> dict[str, float]:
    """What a linear filter tells of the doctor's pairs and of the training's, in gray; nothing of sizes that differ."""
    gray = ([each.mean(axis=-1, keepdims=True) for each in pair] for pair in (own, trained_on or own))
    mine, others = (common(*pair) for pair in gray)
    if mine is None or others is None:
        return {}
    found = dict(zip(("data_unmoved_error", "moved_error"), errors(*others)))
    found["filter_error"] = found["data_unmoved_error"]
    if trained_on is not None:
        found["filter_error"] = errors(*mine)[0]
        found["data_filter_error"] = Filter(*mine).error(*others)
    return found


def _difference(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.mean((first - second) ** 2))


def _gray(images: np.ndarray) -> np.ndarray:
    """Tiles of the mean over the channels, as images of one channel."""
    return tiles(images.mean(axis=-1, keepdims=True))


def _contrast(images: np.ndarray) -> float:
    """The mean variance within an image and channel, of tiles."""
    return float(tiles(images).reshape(len(images), -1, images.shape[-1]).var(axis=1).mean()) + 1e-12
