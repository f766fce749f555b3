"""Measures both networks on a small fixed batch, between two training steps and without changing any state."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from kerasgan import gradients
from kerasgan.doctor.reference import LOOKS, Classes, Reference, apart, patches_apart, pooled
from kerasgan.gan import GAN, Batch
from kerasgan.latents import Categorical
from kerasgan.objectives import Objective

__all__ = ["Probe"]


class Probe:
    """Computes the signals, each time from the same real images and latents.

    Args:
        gan: a compiled GAN.
        images: float32 (count, height, width, channels) in [-1, 1]: the images that the generator is to imitate.
        labels: (count,) int32 for a model that learns from them.
        trained_on: some of the training images, and their labels or None, if they differ from `images`.
        batch_size: number of images for the discriminator's logits and both gradients.
        count: number of generated images that are compared with the real ones.
        seed: seed of the latents.
    """

    def __init__(
        self,
        gan: GAN,
        images: np.ndarray,
        labels: Any = None,
        *,
        trained_on: tuple[np.ndarray, np.ndarray | None] | None = None,
        batch_size: int = 32,
        count: int = 64,
        seed: int = 0,
    ):
        self.gan, self.count, self.seed = gan, count, seed
        self.reference = Reference(images)
        conditional = gan.num_classes is not None  # otherwise only the discriminator uses the labels
        spread = np.arange(count) * len(images) // count  # images may come sorted by class
        self.labels = np.asarray(labels)[spread] if conditional and labels is not None else None
        self.classes = None if self.labels is None else Classes(self.reference, labels)
        self.training_data = self._compared(images, *trained_on) if trained_on else {"data_coverage": 1.0}
        rows = np.arange(min(batch_size, len(images)))
        latents = gan.prior.draw(len(rows), gan.latent_dim, seed)
        batch = (images[rows], None if labels is None else labels[rows], latents)
        self.batch = Batch(*(None if part is None else ops.convert_to_tensor(part) for part in batch))
        self._images: np.ndarray | None = None
        self._weights: dict[str, tuple[int, np.ndarray]] = {}

    def __call__(self, step: int) -> dict[str, float]:
        """The signals after `step` discriminator steps, by name; those that need an earlier call are NaN at first."""
        images = self.gan.generate(self.count, labels=self.labels, seed=self.seed)
        signals = self.reference.compare(images)._asdict()
        if _discrete(self.gan.prior):  # then equal samples are of equal latents
            del signals["duplicates"]
        signals["movement"] = self._movement(images)
        signals |= self._of_classes(images)
        signals |= {"examples": self.reference.examples, **self.training_data}
        with keras.StatelessScope():  # moving statistics and seeds stay as they are
            signals |= self._logits()
            signals |= self._gradients()
        signals |= self._updates(step)
        return {name: float(value) for name, value in signals.items()}

    def state(self) -> dict[str, Any]:
        """The values that the next call compares with, for `recall`."""
        state: dict[str, Any] = {} if self._images is None else {"images": self._images}
        for role, (step, weights) in self._weights.items():
            state |= {f"{role}_step": step, f"{role}_weights": weights}
        return state

    def recall(self, state: Mapping[str, np.ndarray]) -> None:
        """Restores the `state` of an earlier call; a value that is missing counts as not yet measured."""
        self._images = state.get("images")
        roles = [key.removesuffix("_step") for key in state if key.endswith("_step")]
        self._weights = {role: (int(state[f"{role}_step"]), state[f"{role}_weights"]) for role in roles}

    def _compared(self, reals: np.ndarray, images: np.ndarray, labels: np.ndarray | None) -> dict[str, float]:
        """How far the training data are like the reference."""
        compared = self.reference.compare(images)
        found = {"data_apart": apart(pooled(images), self.reference.pixels), "data_coverage": compared.coverage}
        found["data_patches"] = patches_apart(images, reals)
        found |= {f"data_{name}": getattr(compared, name) for name in LOOKS}
        if self.classes is not None and labels is not None:
            found["data_agreement"] = self.classes.agreement(images, labels)
        return found

    def _of_classes(self, images: np.ndarray) -> dict[str, float]:
        """Signals of a class-conditional model; `label_effect` is how far another label moves the same latents' images,
        over the distance of two real images."""
        if self.classes is None or self.labels is None or not np.isfinite(images).all():
            return {}
        diversity, label = self.classes.least_diverse(images, self.labels)
        known, indices = np.unique(self.labels, return_inverse=True)
        signals = {"class_diversity": diversity, "least_diverse_class": label}
        signals["label_agreement"] = self.classes.agreement(images, self.labels)
        if len(known) > 1:
            others = self.gan.generate(self.count, labels=known[(indices + 1) % len(known)], seed=self.seed)
            apart = 2 * self.reference.pixels.var(axis=0).mean() + 1e-12
            signals["label_effect"] = float(np.mean((pooled(others) - pooled(images)) ** 2) / apart)
        return signals

    def _movement(self, images: np.ndarray) -> float:
        """How far the same latents' images have moved since the last call, over the spread of the real images."""
        before, self._images = self._images, images
        if before is None:
            return np.nan
        return float(np.sqrt(np.mean((images - before) ** 2) / (self.reference.pixels.var(axis=0).mean() + 1e-12)))

    def _logits(self) -> dict[str, float]:
        if not (_sees_images(self.gan.discriminator) and self.gan.objective.ordered):
            return {}
        with _recorded_logits(self.gan) as recorded:
            self.gan.discriminator_loss(self.batch._replace(fake=self.gan.synthesize(self.batch)))
        if not recorded.real:
            return {}
        # Each of several discriminators has logits of its own, which are not to be compared with another's.
        several = [_told(self.gan.objective, *map(_flat, pair)) for pair in zip(*recorded)]
        return {name: float(np.mean([each[name] for each in several])) for name in several[0]}

    def _gradients(self) -> dict[str, float]:
        fake = keras.tree.map_structure(ops.stop_gradient, self.gan.synthesize(self.batch))
        batch = self.batch._replace(fake=fake)
        losses = {
            "discriminator": (self.gan.discriminator, lambda: self.gan.discriminator_loss(batch)),
            "generator": (
                self.gan.generator,
                lambda: self.gan.generator_loss(self.batch._replace(fake=self.gan.synthesize(self.batch))),
            ),
        }
        norms = {}
        for role, (network, loss) in losses.items():
            variables = network.trainable_variables
            grads = gradients.gradients(loss, variables)[1] if variables else []
            squares = [float(ops.sum(ops.square(grad))) for grad in grads if grad is not None]
            norms[f"{role}_gradient"] = np.sqrt(sum(squares))
        return norms

    def _updates(self, step: int) -> dict[str, float]:
        return {f"{role}_update": self._update(role, step) for role in ("discriminator", "generator")}

    def _update(self, role: str, step: int) -> float:
        """Relative change of a network's weights per step since the last call."""
        variables = getattr(self.gan, role).trainable_variables
        if not variables:
            return 0.0
        now = np.concatenate([np.ravel(ops.convert_to_numpy(variable.value)) for variable in variables])
        before_step, before = self._weights.get(role, (step, now))
        self._weights[role] = (step, now)
        if step <= before_step:
            return np.nan
        return float(np.linalg.norm(now - before) / (np.linalg.norm(before) + 1e-12) / (step - before_step))


def _discrete(prior: Any) -> bool:
    """Whether there are only so many latents: categories, alone or joined."""
    parts = getattr(prior, "parts", ())
    return all(_discrete(part.prior) for part in parts) if parts else isinstance(prior, Categorical)


def _sees_images(discriminator: keras.Model) -> bool:
    """Whether it is given images: an adversarial autoencoder's is given codes, which it tells less well the better."""
    inputs = getattr(discriminator, "inputs", None)
    return not inputs or any(len(each.shape) > 2 for each in inputs)


def _flat(logits: Any) -> np.ndarray:
    return np.ravel(ops.convert_to_numpy(logits))


def _told(objective: Objective, real: np.ndarray, fake: np.ndarray) -> dict[str, float]:
    """How well a discriminator's logits (count,) tell real images from fakes."""
    boundary = _boundary(objective, real, fake)
    return {
        "real_accuracy": np.mean(real > boundary),
        "fake_accuracy": np.mean(fake < boundary),
        "margin": real.mean() - fake.mean(),
        "separation": np.mean(real[:, None] > fake[None]) + 0.5 * np.mean(real[:, None] == fake[None]),
    }


def _boundary(objective: Objective, real: np.ndarray, fake: np.ndarray) -> float:
    """The logit that separates "real" from "fake": the objective's own, or the middle of this batch if it has none."""
    return (real.mean() + fake.mean()) / 2 if objective.boundary is None else objective.boundary


class _Logits(NamedTuple):
    """The logits that an objective received."""

    real: list[Any]
    fake: list[Any]


@contextmanager
def _recorded_logits(gan: GAN) -> Iterator[_Logits]:
    """Records the logits that the family passes to its objective: families differ in the discriminator's inputs."""
    recorded, objective = _Logits([], []), gan.objective

    class Recorder(Objective):
        paired = objective.paired

        def discriminator_loss(self, real_logits: Any, fake_logits: Any) -> Any:
            recorded.real.append(real_logits)
            recorded.fake.append(fake_logits)
            return objective.discriminator_loss(real_logits, fake_logits)

    gan.objective = Recorder()
    try:
        yield recorded
    finally:
        gan.objective = objective
