"""Looks at both players on a small fixed batch, between two training steps and without leaving a trace."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from kerasgan import gradients
from kerasgan.doctor.reference import Reference
from kerasgan.gan import GAN, Batch
from kerasgan.objectives import Objective

__all__ = ["Probe"]


class Probe:
    """Signals of a batch, from the same real images and latents each time.

    Args:
        gan: a compiled GAN.
        images: float32 (count, height, width, channels) in [-1, 1], what the generator is to imitate.
        labels: (count,) int32 for a model that learns from them.
        taught: some of the images that it is trained on, where those are others.
        batch_size: images with which the discriminator's logits and both gradients are computed.
        count: generated images that are held against the real ones.
        seed: of the latents.
    """

    def __init__(
        self,
        gan: GAN,
        images: np.ndarray,
        labels: Any = None,
        *,
        taught: np.ndarray | None = None,
        batch_size: int = 32,
        count: int = 64,
        seed: int = 0,
    ):
        self.gan, self.count, self.seed = gan, count, seed
        self.reference = Reference(images)
        self.data_coverage = 1.0 if taught is None else self.reference.compare(taught).coverage
        asked = gan.num_classes is not None  # else they are the discriminator's alone
        self.labels = np.resize(labels, count) if asked and labels is not None else None
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
        signals["movement"] = self._movement(images)
        signals |= {"examples": self.reference.examples, "data_coverage": self.data_coverage}
        with keras.StatelessScope():  # moving statistics and seeds stay as they are
            signals |= self._logits()
            signals |= self._gradients()
        for player in ("discriminator", "generator"):
            signals[f"{player}_update"] = self._update(player, step)
        return {name: float(value) for name, value in signals.items()}

    def state(self) -> dict[str, Any]:
        """What the next call compares with, for `recall`."""
        state: dict[str, Any] = {} if self._images is None else {"images": self._images}
        for player, (step, weights) in self._weights.items():
            state |= {f"{player}_step": step, f"{player}_weights": weights}
        return state

    def recall(self, state: Mapping[str, np.ndarray]) -> None:
        """Goes on after the call whose `state` this is; what is not in it was never seen."""
        self._images = state.get("images")
        players = [key.removesuffix("_step") for key in state if key.endswith("_step")]
        self._weights = {player: (int(state[f"{player}_step"]), state[f"{player}_weights"]) for player in players}

    def _movement(self, images: np.ndarray) -> float:
        """How far the same latents' images have moved since the last call, over the spread of the real images."""
        before, self._images = self._images, images
        if before is None:
            return np.nan
        return float(np.sqrt(np.mean((images - before) ** 2) / (self.reference.pixels.var(axis=0).mean() + 1e-12)))

    def _logits(self) -> dict[str, float]:
        with _overheard(self.gan) as heard:
            self.gan.discriminator_loss(self.batch._replace(fake=self.gan.synthesize(self.batch)))
        if not heard.real:
            return {}
        real, fake = (np.concatenate([np.ravel(ops.convert_to_numpy(x)) for x in part]) for part in heard)
        boundary = _boundary(self.gan.objective, real, fake)
        return {
            "real_accuracy": np.mean(real > boundary),
            "fake_accuracy": np.mean(fake < boundary),
            "margin": real.mean() - fake.mean(),
            "separation": np.mean(real[:, None] > fake[None]) + 0.5 * np.mean(real[:, None] == fake[None]),
        }

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
        for player, (network, loss) in losses.items():
            variables = network.trainable_variables
            grads = gradients.gradients(loss, variables)[1] if variables else []
            squares = [float(ops.sum(ops.square(grad))) for grad in grads if grad is not None]
            norms[f"{player}_gradient"] = np.sqrt(sum(squares))
        return norms

    def _update(self, player: str, step: int) -> float:
        """Relative change of a player's weights per step since the last call."""
        variables = getattr(self.gan, player).trainable_variables
        if not variables:
            return 0.0
        now = np.concatenate([np.ravel(ops.convert_to_numpy(variable.value)) for variable in variables])
        before_step, before = self._weights.get(player, (step, now))
        self._weights[player] = (step, now)
        if step <= before_step:
            return np.nan
        return float(np.linalg.norm(now - before) / (np.linalg.norm(before) + 1e-12) / (step - before_step))


def _boundary(objective: Objective, real: np.ndarray, fake: np.ndarray) -> float:
    """The logit between "real" and "fake": the objective's own, or where it has none, the middle of this batch."""
    return (real.mean() + fake.mean()) / 2 if objective.boundary is None else objective.boundary


class _Heard(NamedTuple):
    """The logits that an objective was given."""

    real: list[Any]
    fake: list[Any]


@contextmanager
def _overheard(gan: GAN) -> Iterator[_Heard]:
    """Hears the logits where every family hands them over: families differ in what they show the discriminator."""
    heard, objective = _Heard([], []), gan.objective

    class Listener(Objective):
        paired = objective.paired

        def discriminator_loss(self, real_logits: Any, fake_logits: Any) -> Any:
            heard.real.append(real_logits)
            heard.fake.append(fake_logits)
            return objective.discriminator_loss(real_logits, fake_logits)

    gan.objective = Listener()
    try:
        yield heard
    finally:
        gan.objective = objective
