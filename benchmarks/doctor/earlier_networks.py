"""Troubles of losses, latents, networks and updates that earlier rules had not seen: the present ones had."""

from collections.abc import Mapping

import keras
import numpy as np
from earlier import DrawnOnce, Each
from earlier_learning import around, optimized, pattern
from families import Setting
from keras import ops
from troubles import ALL, ANY, At, Endless, Trouble, conditional, plain

import kerasgan


class Brighter(kerasgan.GAN):
    """The generator also maximizes the brightness of its images."""

    def generator_loss(self, batch):
        return super().generator_loss(batch) - 30.0 * ops.mean(batch.fake)


class Average(kerasgan.GAN):
    """The generator also minimizes each image's distance to the mean of the real ones."""

    def generator_loss(self, batch):
        mean = ops.mean(batch.real, axis=0, keepdims=True)
        return super().generator_loss(batch) + 100.0 * ops.mean(ops.square(batch.fake - mean))


class Shared(DrawnOnce):
    """In the training all images of a batch have the same latents; samples are drawn as usual."""

    def sample(self, count, latent_dim, seed):
        return ops.repeat(keras.random.normal((1, latent_dim), seed=seed), count, axis=0)


class Sides(kerasgan.latents.Prior):
    """All latents are one of two."""

    def sample(self, count, latent_dim, seed):
        return ops.repeat(ops.sign(keras.random.normal((count, 1), seed=seed)), latent_dim, axis=1)

    def draw(self, count, latent_dim, seed=None):
        return np.sign(np.random.default_rng(seed).normal(size=(count, 1))).repeat(latent_dim, axis=1).astype("float32")


class Guided(kerasgan.GAN):
    """The generator is judged by the labels of real images, but makes its own for others."""

    def generator_loss(self, batch):
        return super().generator_loss(batch._replace(labels=ops.flip(batch.labels, axis=0)))


class Pairs(Endless):
    """Batches of two images."""

    size = 2


def built(family: type[kerasgan.GAN]):
    """DCGAN's networks learn by the rules of `family`."""

    def change(setting: Setting, rng: np.random.Generator) -> None:
        setting.build = plain(setting, family)

    return change


def drawn(prior: type[kerasgan.latents.Prior]):
    def change(setting: Setting, rng: np.random.Generator) -> None:
        setting.prior = prior()

    return change


def from_step_60(generator: float, discriminator: float):
    """Both learning rates are multiplied at step 60."""

    def change(setting: Setting, rng: np.random.Generator) -> None:
        setting.callbacks = (At(60, generator, discriminator),)

    return change


def coarse(images):
    """Means over blocks of four pixels a side."""
    small = ops.average_pool(images, 4)
    return ops.repeat(ops.repeat(small, 4, axis=1), 4, axis=2)


def half_as_far(images):
    return 0.5 * images


def crossed(images):
    """Over each image a white cross."""
    mark = np.zeros((1, *images.shape[1:]), "float32")
    mark[:, mark.shape[1] // 2 - 1 :][:, :2] = 1
    mark[:, :, mark.shape[2] // 2 - 1 :][:, :, :2] = 1
    return ops.maximum(images, 2 * mark - 1)


def forgetful_dropout(logits):
    """Nine of ten logits are zero, by chance that depends on the logit alone."""
    return ops.where(ops.sin(1e4 * logits) > 0.95, logits, 0.0 * logits)


def batches_of_two(setting: Setting, rng: np.random.Generator) -> None:
    setting.loader = Pairs


def sign_of_weights(setting: Setting, rng: np.random.Generator) -> None:
    def binary(gan) -> None:
        for variable in gan.generator.trainable_variables:
            own = np.array(variable)
            variable.assign(np.sign(own) * np.abs(own).mean())

    setting.callbacks = (Each(30, binary),)


def louder_discriminator(setting: Setting, rng: np.random.Generator) -> None:
    def enlarge(gan) -> None:
        for variable in gan.discriminator.trainable_variables:
            variable.assign(1.5 * variable)

    setting.callbacks = (Each(10, enlarge),)


def content_weight_zero(setting: Setting, rng: np.random.Generator) -> None:
    def build():
        gan = setting.family(**setting.model)
        gan.l1_weight = 0.0
        gan.discriminator.trainable = False
        return gan

    setting.build = build


def without_cycles(setting: Setting, rng: np.random.Generator) -> None:
    setting.model["cycle_weight"] = 0.0
    setting.rates = setting.rates[0] * 30, setting.rates[1]


def noisy_outputs(setting: Setting, rng: np.random.Generator) -> None:
    noise = 0.7 * rng.standard_normal((1, 16, 16, 1)).astype("float32")

    def build() -> kerasgan.GAN:
        gan = setting.family(**setting.model)
        images = ops.clip(gan.generator.outputs[0] + ops.sin(50.0 * gan.generator.outputs[0]) * noise, -1.0, 1.0)
        return kerasgan.GAN(keras.Model(gan.generator.inputs, images), gan.discriminator, prior=gan.prior)

    setting.build = build


CORNER = np.indices((16, 16)).max(axis=0) < 8
LABELS = ("labels ignored", "mode collapse")
EARLIER_NETWORKS: Mapping[str, Trouble] = {
    "brightness": Trouble(built(Brighter), ANY, ("DCGAN",)),
    "towards the mean image": Trouble(built(Average), ANY, ("DCGAN",), sure=False),
    "one latent per batch": Trouble(drawn(Shared), ALL, ("DCGAN", "GAN2014"), sure=False),
    "two latents": Trouble(drawn(Sides), ALL, ("LSGAN", "StyleGAN2")),
    "discriminator stops at step 60": Trouble(from_step_60(1.0, 0.0), ANY, ("GRAN", "DCGAN"), sure=False),
    "generator stops at step 60": Trouble(from_step_60(0.0, 1.0), ALL, ("LSGAN", "BiGAN"), sure=False),
    "both rates grow at step 60": Trouble(from_step_60(50.0, 50.0), ALL, ("R3GAN", "LAPGAN"), sure=False),
    "coarse outputs": Trouble(around(generator=coarse), ALL, ("DCGAN", "LSGAN")),
    "discriminator sees a quarter": Trouble(around(seen=pattern(CORNER)), ANY, ("GAN2014", "DCGAN")),
    "outputs of half the range": Trouble(around(generator=half_as_far), ALL, ("LSGAN", "GAN2014"), sure=False),
    "a cross over each output": Trouble(around(generator=crossed), ALL, ("DCGAN", "GAN2014")),
    "most logits are zero": Trouble(around(discriminator=forgetful_dropout), ALL, ("DCGAN", "LSGAN"), sure=False),
    "batches of two": Trouble(batches_of_two, ALL, ("DCGAN", "LSGAN"), sure=False),
    "judged by another image's label": Trouble(conditional(Guided), LABELS, ("ConditionalDCGAN", "ConditionalGAN")),
    "weights of two values": Trouble(sign_of_weights, ALL, ("GAN2014", "LSGAN"), sure=False),
    "a discriminator that grows": Trouble(louder_discriminator, ALL, ("DCGAN", "GAN2014"), sure=False),
    "momentum of 0.99, rate 0.1": Trouble(
        optimized(lambda rate: keras.optimizers.SGD(0.1, momentum=0.99), "generator", "discriminator"),
        ALL,
        ("LSGAN", "Pix2Pix"),
        sure=False,
    ),
    "RMSprop of 0.1": Trouble(
        optimized(lambda rate: keras.optimizers.RMSprop(0.1), "generator"), ALL, ("StyleGAN2", "DeblurGAN"), sure=False
    ),
    "Adam without memory": Trouble(
        optimized(lambda rate: keras.optimizers.Adam(10 * rate, 0.0, 0.0), "generator"),
        ALL,
        ("SRGAN", "GRAN"),
        sure=False,
    ),
    "fixed noise in the outputs": Trouble(noisy_outputs, ALL, ("LSGAN", "DCGAN"), sure=False),
    "no loss beside a discriminator at rest": Trouble(content_weight_zero, ALL, ("Pix2Pix",), sure=False),
    "no cycles, a fast translator": Trouble(without_cycles, ALL, ("CycleGAN",), sure=False),
}
