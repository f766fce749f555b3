"""Small trainings on the digits: some with a planted failure, some healthy."""

import contextlib
import dataclasses
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from unittest import mock

import keras
import numpy as np

import kerasgan
from kerasgan.doctor import Doctor
from kerasgan.models import dcgan

STEPS, EVERY = 400, 20


class Leaky(kerasgan.GAN):
    """The discriminator is also shown whether an image is real, as one more channel."""

    def discriminator_loss(self, batch):
        real_logits = self.discriminate(self._marked(batch.real, 1.0))
        return self.objective.discriminator_loss(real_logits, self.discriminate(self._marked(batch.fake, -1.0)))

    def generator_loss(self, batch):
        return self.objective.generator_loss(None, self.discriminate(self._marked(batch.fake, -1.0)))

    def _marked(self, images, mark):
        return keras.ops.concatenate([images, keras.ops.full_like(images[..., :1], mark)], axis=-1)


class Constant(kerasgan.latents.Prior):
    """The same latents for every image."""

    def sample(self, count, latent_dim, seed):
        return keras.ops.ones((count, latent_dim))

    def draw(self, count, latent_dim, seed=None):
        return np.ones((count, latent_dim), dtype="float32")


class Swapped(kerasgan.GAN):
    """The generator learns to make images that the discriminator rejects."""

    def generator_loss(self, batch):
        return -super().generator_loss(batch)


class Late(keras.callbacks.Callback):
    """From the 250th step on the generator learns a hundred times faster and the discriminator no more."""

    def on_train_batch_end(self, batch, logs=None):
        if self.model.optimizer.steps == 250:
            self.model.optimizer.generator.learning_rate = 0.1
            self.model.optimizer.discriminator.learning_rate = 0.0


@dataclass
class Setting:
    """A small DCGAN on the digits at 16 pixels that trains well in 400 steps; a case changes some of these fields."""

    images: np.ndarray
    labels: np.ndarray
    generator_rate: float = 1e-3
    discriminator_rate: float = 1e-3
    momentum: float = 0.5
    objective: str = "non_saturating"
    family: type[kerasgan.GAN] = kerasgan.GAN
    prior: Any = "normal"
    variant: str = "torch"
    channels_seen: int = 1
    normalized: bool = True
    ema_half_life: float = 500
    reference: np.ndarray | None = None
    callbacks: tuple[keras.callbacks.Callback, ...] = ()

    def gan(self) -> kerasgan.GAN:
        bare = mock.patch.multiple(
            dcgan, normalized=lambda x, *_, **__: x, norm_relu=lambda x, *_, **__: keras.layers.ReLU()(x)
        )
        with contextlib.nullcontext() if self.normalized else bare:
            generator = dcgan.generator(16, 1, 16, width=8, variant=self.variant)
            discriminator = dcgan.discriminator(16, self.channels_seen, width=8, variant=self.variant)
        gan = self.family(generator, discriminator, prior=self.prior)
        gan.compile(
            self.objective,
            generator_optimizer=keras.optimizers.Adam(self.generator_rate, beta_1=self.momentum),
            discriminator_optimizer=keras.optimizers.Adam(self.discriminator_rate, beta_1=self.momentum),
            ema_half_life=self.ema_half_life,
        )
        return gan


def rates_times_100(setting: Setting, rng: np.random.Generator) -> None:
    setting.generator_rate = setting.discriminator_rate = 0.1


def heavy_momentum(setting: Setting, rng: np.random.Generator) -> None:
    setting.generator_rate, setting.discriminator_rate, setting.momentum = 5e-3, 5e-3, 0.99


def frozen_discriminator(setting: Setting, rng: np.random.Generator) -> None:
    setting.discriminator_rate = 0.0


def frozen_generator(setting: Setting, rng: np.random.Generator) -> None:
    setting.generator_rate = 0.0


def constant_latents(setting: Setting, rng: np.random.Generator) -> None:
    setting.prior = Constant()


def leaked_labels(setting: Setting, rng: np.random.Generator) -> None:
    setting.family, setting.channels_seen = Leaky, 2


def no_normalization(setting: Setting, rng: np.random.Generator) -> None:
    # At the usual rate it only learns more slowly; the rate that normalization would have allowed breaks it.
    setting.normalized, setting.generator_rate, setting.discriminator_rate = False, 1e-2, 1e-2


def one_class(setting: Setting, rng: np.random.Generator) -> None:
    setting.reference = setting.images
    setting.images = setting.images[setting.labels == rng.integers(10)]


def tiny_dataset(setting: Setting, rng: np.random.Generator) -> None:
    setting.images = np.repeat(setting.images[rng.choice(len(setting.images), 8, replace=False)], 32, axis=0)


def overflow(setting: Setting, rng: np.random.Generator) -> None:
    setting.generator_rate = setting.discriminator_rate = 1e30


def generator_races(setting: Setting, rng: np.random.Generator) -> None:
    setting.generator_rate, setting.discriminator_rate = 1e-2, 1e-5


def generator_runs_away(setting: Setting, rng: np.random.Generator) -> None:
    setting.generator_rate, setting.discriminator_rate = 1e-1, 1e-5


def discriminator_races(setting: Setting, rng: np.random.Generator) -> None:
    setting.generator_rate, setting.discriminator_rate = 1e-6, 1e-2


def name(change: Callable) -> str:
    return change.__name__.replace("_", " ")


# Kinds of trouble that were planted only when the rules were fixed.


def swapped_sign(setting: Setting, rng: np.random.Generator) -> None:
    setting.family = Swapped


def wasserstein_without_a_limit(setting: Setting, rng: np.random.Generator) -> None:
    setting.objective, setting.generator_rate, setting.discriminator_rate = "wasserstein", 1e-2, 1e-2


def late_runaway(setting: Setting, rng: np.random.Generator) -> None:
    setting.callbacks = (Late(),)


ANY = ("mode collapse", "mode dropping", "convergence failure", "weak discriminator", "oscillation", "divergence")
PLANTED: dict[Callable, tuple[str, ...]] = {
    rates_times_100: ANY,
    heavy_momentum: ANY,
    no_normalization: ANY,
    frozen_discriminator: ("weak discriminator",),
    frozen_generator: ("convergence failure", "mode collapse"),
    constant_latents: ("mode collapse",),
    leaked_labels: ("convergence failure",),
    one_class: ("mode dropping", "mode collapse"),
    tiny_dataset: ("memorization", "mode collapse"),
    overflow: ("divergence",),
    generator_races: ANY,
    generator_runs_away: ANY,
    discriminator_races: ANY,
    swapped_sign: ANY,
    wasserstein_without_a_limit: ANY,
    late_runaway: ANY,
}
HELD_OUT = frozenset(map(name, (swapped_sign, wasserstein_without_a_limit, late_runaway)))
HEALTHY: dict[str, dict[str, Any]] = {
    "as it is": {},
    "a fifth of the rates": {"generator_rate": 2e-4, "discriminator_rate": 2e-4},
    "hinge": {"objective": "hinge"},
    "least squares": {"objective": "least_squares"},
    "no average": {"ema_half_life": 0},
    "paper's DCGAN": {"variant": "paper", "prior": "uniform"},
}


def train(change: Callable | Mapping[str, Any], seed: int) -> Doctor:
    """Trains one model and returns the doctor that watched it."""
    keras.utils.set_random_seed(seed)
    digits = kerasgan.data.digits(image_size=16)
    setting = Setting(digits.images(), digits.labels)
    if callable(change):
        change(setting, np.random.default_rng(seed))
    else:
        setting = dataclasses.replace(setting, **change)
    reference = setting.images if setting.reference is None else setting.reference
    doctor = Doctor(reference, every=EVERY, on_trouble="stop")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        callbacks = [doctor, *setting.callbacks, kerasgan.callbacks.StopAfter(steps=STEPS)]
        setting.gan().fit(setting.images, batch_size=32, epochs=STEPS, verbose=0, callbacks=callbacks)
    return doctor
