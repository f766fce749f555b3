"""Troubles that are planted in the small trainings of `families`, and how each ought to be called."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import keras
import numpy as np
from families import CONDITIONAL, GENERATORS, Setting, digits, inked

import kerasgan
from kerasgan.models import conditional_dcgan, dcgan

Change = Callable[[Setting, np.random.Generator], None]

ANY = ("mode collapse", "mode dropping", "convergence failure", "weak discriminator", "oscillation", "divergence")
ANY += ("drift", "artifacts")


class Trouble(NamedTuple):
    """A trouble: what it changes, the verdicts that name it rightly, and the families in which it is planted.

    `sure`: whether the training cannot go well; else only those count that ended badly, by their distance.
    """

    change: Change
    verdicts: tuple[str, ...]
    families: tuple[str, ...]
    sure: bool = True


class Leaky(kerasgan.GAN):
    """The discriminator is also shown whether an image is real, as one more channel."""

    def discriminator_loss(self, batch):
        real_logits = self.discriminate(self._marked(batch.real, 1.0))
        return self.objective.discriminator_loss(real_logits, self.discriminate(self._marked(batch.fake, -1.0)))

    def generator_loss(self, batch):
        return self.objective.generator_loss(None, self.discriminate(self._marked(batch.fake, -1.0)))

    def _marked(self, images, mark):
        return keras.ops.concatenate([images, keras.ops.full_like(images[..., :1], mark)], axis=-1)


class Swapped(kerasgan.GAN):
    """The generator learns to make images that the discriminator rejects."""

    def generator_loss(self, batch):
        return -super().generator_loss(batch)


class Constant(kerasgan.latents.Prior):
    """The same latents for every image."""

    def sample(self, count, latent_dim, seed):
        return keras.ops.ones((count, latent_dim))

    def draw(self, count, latent_dim, seed=None):
        return np.ones((count, latent_dim), dtype="float32")


class At(keras.callbacks.Callback):
    """Multiplies both learning rates at a step."""

    def __init__(self, step: int, generator: float, discriminator: float):
        super().__init__()
        self.at, self.factors = step, (generator, discriminator)

    def on_train_batch_end(self, batch, logs=None):
        if self.model.optimizer.steps == self.at:
            for optimizer, factor in zip(
                (self.model.optimizer.generator, self.model.optimizer.discriminator), self.factors
            ):
                optimizer.learning_rate = float(optimizer.learning_rate) * factor


class Endless(keras.utils.PyDataset):
    """Batches without a length."""

    size = 32

    def __init__(self, x, y):
        super().__init__()
        self.x, self.y = x, y

    @property
    def num_batches(self):
        return None

    def __getitem__(self, index):
        rows = (np.arange(self.size) + self.size * index) % len(self.x)
        return self.x[rows] if self.y is None else (self.x[rows], self.y[rows])


def plain(setting: Setting, family: type[kerasgan.GAN], channels: int = 1) -> Callable[[], kerasgan.GAN]:
    """Makes DCGAN's networks, which learn by the rules of `family`."""

    def build() -> kerasgan.GAN:
        generator = dcgan.generator(16, 1, 16, width=8, variant="torch")
        return family(generator, dcgan.discriminator(16, channels, width=8, variant="torch"))

    return build


def conditional(family: type[kerasgan.GAN]) -> Change:
    """A class-conditional family's networks learn by the rules of `family`, for 400 steps."""

    def change(setting: Setting, rng: np.random.Generator) -> None:
        setting.steps = 400

        def build() -> kerasgan.GAN:
            gan = setting.family(**setting.model)
            return family(gan.generator, gan.discriminator, prior=gan.prior, num_classes=10)

        setting.build = build

    return change


def imbalance(generator: float, discriminator: float) -> Change:
    """Learning rates at a ratio: both are changed by its root."""

    def change(setting: Setting, rng: np.random.Generator) -> None:
        setting.rates = setting.rates[0] * generator, setting.rates[1] * discriminator

    return change


def both_rates(setting: Setting, rng: np.random.Generator) -> None:
    setting.rates = setting.rates[0] * 100, setting.rates[1] * 100


def heavy_momentum(setting: Setting, rng: np.random.Generator) -> None:
    setting.rates, setting.momentum = (5e-3, 5e-3), 0.99


def frozen_discriminator(setting: Setting, rng: np.random.Generator) -> None:
    setting.rates = setting.rates[0], 0.0


def frozen_generator(setting: Setting, rng: np.random.Generator) -> None:
    setting.rates = 0.0, setting.rates[1]


def constant_latents(setting: Setting, rng: np.random.Generator) -> None:
    setting.prior = Constant()


def leaked_labels(setting: Setting, rng: np.random.Generator) -> None:
    setting.build = plain(setting, Leaky, 2)


def swapped_sign(setting: Setting, rng: np.random.Generator) -> None:
    setting.build = plain(setting, Swapped)


def wasserstein_without_a_limit(setting: Setting, rng: np.random.Generator) -> None:
    setting.rates, setting.compile = (1e-2, 1e-2), {"objective": "wasserstein", "penalties": None}


def one_class(setting: Setting, rng: np.random.Generator) -> None:
    setting.reference = setting.x, None
    setting.x = setting.x[digits(16)[1] == rng.integers(10)]


def tiny_dataset(setting: Setting, rng: np.random.Generator) -> None:
    chosen = rng.choice(len(setting.x), 8, replace=False)
    setting.x = np.repeat(setting.x[chosen], 32, axis=0)


def overflow(setting: Setting, rng: np.random.Generator) -> None:
    setting.rates = 1e30, 1e30


def late_runaway(setting: Setting, rng: np.random.Generator) -> None:
    setting.callbacks = (At(120, 100, 0),)


def without_a_length(setting: Setting, rng: np.random.Generator) -> None:
    imbalance(100, 0.01)(setting, rng)
    setting.loader = Endless


def at_a_stage(setting: Setting, rng: np.random.Generator) -> None:
    setting.callbacks = (At(120, 100, 0.01),)  # 3,840 images: it has grown to 8 pixels


def shuffled_labels(setting: Setting, rng: np.random.Generator) -> None:
    setting.reference, setting.steps = (setting.x, setting.y), 500
    setting.y = rng.permutation(setting.y)


def one_image_per_class(setting: Setting, rng: np.random.Generator) -> None:
    setting.reference, setting.steps = (setting.x, setting.y), 500
    firsts = np.array([np.flatnonzero(setting.y == label)[0] for label in range(10)])
    setting.x = setting.x[firsts[setting.y]]


def one_class_of_one_image(setting: Setting, rng: np.random.Generator) -> None:
    setting.reference, setting.steps = (setting.x, setting.y), 500
    rows = np.flatnonzero(setting.y == rng.integers(10))
    setting.x = setting.x.copy()
    setting.x[rows] = setting.x[rows[0]]


def one_class_without_latents(setting: Setting, rng: np.random.Generator) -> None:
    deaf, setting.steps = int(rng.integers(10)), 500
    sizes: dict[str, int] = dict(num_classes=10, width=8)

    def build() -> kerasgan.GAN:
        latents = keras.Input((16,), name="latents")
        labels = keras.Input((), dtype="int32", name="labels")
        heard = keras.ops.cast(keras.ops.not_equal(labels, deaf), "float32")
        images = conditional_dcgan.generator(16, 1, 16, **sizes)([latents * heard[:, None], labels])
        discriminator = conditional_dcgan.discriminator(16, 1, **sizes)
        return kerasgan.GAN(keras.Model([latents, labels], images), discriminator, prior="uniform", num_classes=10)

    setting.build = build


def to_identity(setting: Setting, rng: np.random.Generator) -> None:
    setting.reference = setting.x, setting.y
    setting.y = setting.x if len(setting.x) == len(setting.y) else inked(setting.y)


def to_a_constant(setting: Setting, rng: np.random.Generator) -> None:
    setting.reference = setting.x, setting.y
    setting.y = np.repeat(setting.y[[rng.integers(len(setting.y))]], len(setting.y), axis=0)


def to_one_color(setting: Setting, rng: np.random.Generator) -> None:
    setting.reference = setting.x, setting.y
    means = setting.y.mean(axis=(1, 2, 3), keepdims=True)
    setting.y = np.broadcast_to(means, setting.y.shape).astype("uint8")


def drift(setting: Setting, rng: np.random.Generator) -> None:
    setting.callbacks = (At(120, 100, 1),)


class Muffled(kerasgan.latents.Prior):
    """Latents that hardly differ."""

    def sample(self, count, latent_dim, seed):
        return 1.0 + 1e-3 * keras.random.normal((count, latent_dim), seed=seed)

    def draw(self, count, latent_dim, seed=None):
        return 1.0 + 1e-3 * np.random.default_rng(seed).normal(size=(count, latent_dim)).astype("float32")


class Turned(kerasgan.GAN):
    """The discriminator learns the wrong way round."""

    def discriminator_loss(self, batch):
        return -super().discriminator_loss(batch)


class Blown(keras.callbacks.Callback):
    """Multiplies the generator's weights by ten at a step."""

    def on_train_batch_end(self, batch, logs=None):
        if self.model.optimizer.steps == 100:
            for variable in self.model.generator.trainable_variables:
                variable.assign(10.0 * variable)


def muffled_latents(setting: Setting, rng: np.random.Generator) -> None:
    setting.prior = Muffled()


def turned_discriminator(setting: Setting, rng: np.random.Generator) -> None:
    setting.build = plain(setting, Turned)


def weights_times_ten(setting: Setting, rng: np.random.Generator) -> None:
    setting.callbacks = (Blown(),)


def weight_decay(setting: Setting, rng: np.random.Generator) -> None:
    setting.compile["generator_optimizer"] = keras.optimizers.AdamW(setting.rates[0], weight_decay=100.0)


def wrong_images(setting: Setting, rng: np.random.Generator) -> None:
    setting.reference = setting.x, setting.y
    setting.x = rng.integers(0, 256, setting.x.shape).astype("uint8")


def one_label(setting: Setting, rng: np.random.Generator) -> None:
    setting.reference, setting.steps = (setting.x, setting.y), 500
    setting.y = np.zeros_like(setting.y)


def mismatched_pairs(setting: Setting, rng: np.random.Generator) -> None:
    setting.reference = setting.x, setting.y
    setting.y = rng.permutation(setting.y)


def inverted_targets(setting: Setting, rng: np.random.Generator) -> None:
    setting.reference = setting.x, setting.y
    setting.y = 255 - setting.y


ALL = (*ANY, "labels ignored", "identity", "memorization", "frozen generator", "data mismatch")
MOST = ("DCGAN", "GAN2014", "LSGAN", "WGANGP", "SNGAN", "StyleGAN2", "R3GAN", "PGGAN", "InfoGAN", "LAPGAN")
WEAK = ("weak discriminator",)
TROUBLES: Mapping[str, Trouble] = {
    "generator 10,000 times faster": Trouble(imbalance(100, 0.01), ANY, GENERATORS, sure=False),
    "generator 100 times faster": Trouble(imbalance(10, 0.1), ANY, MOST, sure=False),
    "discriminator 100 times faster": Trouble(imbalance(0.1, 10), ANY, MOST, sure=False),
    "discriminator 10,000 times faster": Trouble(imbalance(0.01, 100), ANY, GENERATORS, sure=False),
    "both rates times 100": Trouble(both_rates, ANY, MOST, sure=False),
    "heavy momentum": Trouble(heavy_momentum, ANY, ("DCGAN", "LSGAN", "GAN2014"), sure=False),
    "frozen discriminator": Trouble(frozen_discriminator, WEAK, GENERATORS),
    "frozen generator": Trouble(frozen_generator, ("frozen generator",), MOST),
    "constant latents": Trouble(constant_latents, ("mode collapse",), ("DCGAN", "LSGAN", "GAN2014", "StyleGAN2")),
    "leaked labels": Trouble(leaked_labels, ("convergence failure",), ("DCGAN",)),
    "swapped sign": Trouble(swapped_sign, ANY, ("DCGAN",)),
    "Wasserstein without a limit": Trouble(wasserstein_without_a_limit, ANY, ("DCGAN", "LSGAN", "GAN2014"), sure=False),
    "one class of ten": Trouble(one_class, ("mode dropping", "mode collapse"), ("DCGAN", "LSGAN", "WGANGP")),
    "eight images": Trouble(tiny_dataset, ("memorization", "mode collapse"), ("DCGAN", "LSGAN", "WGANGP")),
    "overflow": Trouble(overflow, ("divergence",), ("DCGAN", "SNGAN", "StyleGAN2", "Pix2Pix")),
    "late runaway": Trouble(late_runaway, ANY, ("DCGAN", "GAN2014", "WGANGP"), sure=False),
    "loader without a length": Trouble(without_a_length, ANY, ("DCGAN", "LSGAN", "SNGAN"), sure=False),
    "at a stage": Trouble(at_a_stage, ANY, ("PGGAN",), sure=False),
    "labels ignored": Trouble(shuffled_labels, ("labels ignored",), CONDITIONAL),
    "one image per class": Trouble(one_image_per_class, ("mode collapse", "memorization"), CONDITIONAL),
    "one class of one image": Trouble(one_class_of_one_image, ("mode collapse",), CONDITIONAL, sure=False),
    "latents ignored in one class": Trouble(one_class_without_latents, ("mode collapse",), ("ConditionalDCGAN",)),
    "output is the input": Trouble(to_identity, ("identity", "data mismatch"), ("Pix2Pix", "CycleGAN")),
    "output is constant": Trouble(to_a_constant, ("mode collapse", "data mismatch"), ("Pix2Pix", "CycleGAN", "SRGAN")),
    "output is of one color": Trouble(
        to_one_color, ("mode collapse", "data mismatch"), ("Pix2Pix", "CycleGAN", "SRGAN")
    ),
    "drift": Trouble(drift, ANY, ("SRGAN", "Pix2Pix"), sure=False),
    "latents that hardly differ": Trouble(muffled_latents, ("mode collapse",), ("GAN2014", "DCGAN", "LSGAN")),
    "discriminator learns the wrong way": Trouble(turned_discriminator, ANY, ("DCGAN",)),
    "generator's weights times ten": Trouble(weights_times_ten, ANY, ("GAN2014", "DCGAN", "SRGAN"), sure=False),
    "generator's weights decay": Trouble(weight_decay, ANY, ("GAN2014", "DCGAN"), sure=False),
    "other images": Trouble(wrong_images, ALL, ("GAN2014", "DCGAN")),
    "one label for all": Trouble(one_label, ("labels ignored", "mode collapse"), ("ConditionalDCGAN", "SNGAN")),
    "pairs that do not match": Trouble(mismatched_pairs, ALL, ("Pix2Pix", "SRGAN")),
    "targets in negative": Trouble(inverted_targets, ALL, ("Pix2Pix", "SRGAN")),
    "translator 10,000 times faster": Trouble(imbalance(100, 0.01), ANY, ("Pix2Pix", "CycleGAN"), sure=False),
    "frozen translator": Trouble(frozen_generator, ("frozen generator",), ("Pix2Pix", "CycleGAN")),
}
