"""Troubles that were written when the doctor's rules were fixed: the rules were made without them."""

from collections.abc import Callable, Mapping

import keras
import numpy as np
from earlier import Each
from earlier_data import Loud
from earlier_learning import CHECKERS, around, optimized, pattern
from earlier_networks import built, drawn
from families import Setting
from keras import ops
from troubles import ALL, ANY, Change, Trouble, conditional, imbalance

import kerasgan


class Mixed(kerasgan.GAN):
    """Half of the images that the discriminator is given as fakes are real."""

    def discriminator_loss(self, batch):
        half = ops.shape(batch.fake)[0] // 2
        return super().discriminator_loss(
            batch._replace(fake=ops.concatenate([batch.fake[:half], batch.real[half:]], axis=0))
        )


class Zeroth(kerasgan.GAN):
    """The generator is judged as if all of its images had been asked for with the label 0."""

    def generator_loss(self, batch):
        return super().generator_loss(batch._replace(labels=ops.zeros_like(batch.labels)))


class Hundredth(Loud):
    """Latents of a hundredth of the usual deviation."""

    factor = 0.01


def chequered(images):
    return ops.clip(images + BOARD, -1.0, 1.0)


def shuffled_pixels(images):
    order = np.random.default_rng(0).permutation(16 * 16)
    flat = ops.reshape(images, (-1, 16 * 16, 1))
    return ops.reshape(ops.take(flat, order, axis=1), (-1, 16, 16, 1))


def warm_up(rate: float) -> keras.optimizers.Optimizer:
    schedule = keras.optimizers.schedules.PolynomialDecay(0.0, 100_000, rate)
    return keras.optimizers.Adam(schedule, beta_1=0.5)


def much_dropout(setting: Setting, rng: np.random.Generator) -> None:
    setting.model["dropout"] = 0.9


def fast_translator(setting: Setting, rng: np.random.Generator) -> None:
    setting.rates = 0.3, setting.rates[1]


def each_step(change: Callable[[keras.Model], None]) -> Change:
    """After each step weights of the generator are changed."""

    def plant(setting: Setting, rng: np.random.Generator) -> None:
        setting.callbacks = (Each(1, lambda gan: change(gan.generator)),)

    return plant


def bias_of_three(generator: keras.Model) -> None:
    biased = [layer for layer in generator.layers if getattr(layer, "bias", None) is not None]
    if biased:
        biased[-1].bias.assign(np.full(biased[-1].bias.shape, 3.0, "float32"))


def rank_one(generator: keras.Model) -> None:
    first = next(each for each in generator.trainable_variables if len(each.shape) > 1)
    flat = np.array(first).reshape(first.shape[0], -1)
    left, size, right = np.linalg.svd(flat, full_matrices=False)
    first.assign((left[:, :1] * size[:1] @ right[:1]).reshape(first.shape))


BOARD = (0.8 * CHECKERS - 0.4).astype("float32")[None, :, :, None]
ROWS = np.indices((16, 16))[0] % 4 != 0
LABELS = ("labels ignored", "mode collapse")
HELD_OUT: Mapping[str, Trouble] = {
    "real images among the fakes": Trouble(built(Mixed), ANY, ("DCGAN",), sure=False),
    "latents of a hundredth": Trouble(drawn(Hundredth), ALL, ("LSGAN", "StyleGAN2"), sure=False),
    "a chessboard in the outputs": Trouble(around(generator=chequered), ALL, ("DCGAN", "GAN2014")),
    "every fourth row black": Trouble(around(generator=pattern(ROWS)), ALL, ("LSGAN", "GAN2014")),
    "logits of a thousandth": Trouble(
        around(discriminator=lambda logits: 1e-3 * logits), ALL, ("DCGAN", "LSGAN"), sure=False
    ),
    "logits times a thousand": Trouble(
        around(discriminator=lambda logits: 1e3 * logits), ALL, ("GAN2014", "DCGAN"), sure=False
    ),
    "discriminator sees shuffled pixels": Trouble(around(seen=shuffled_pixels), ALL, ("DCGAN", "LSGAN"), sure=False),
    "judged by label 0": Trouble(conditional(Zeroth), LABELS, ("ConditionalDCGAN", "ConditionalGAN")),
    "warm-up of 100,000 steps": Trouble(optimized(warm_up, "generator"), ALL, ("GAN2014", "R3GAN"), sure=False),
    "clipped gradients, plain descent": Trouble(
        optimized(lambda rate: keras.optimizers.SGD(1.0, clipnorm=1e-5), "generator"), ALL, ("DCGAN",), sure=False
    ),
    "dropout of nine tenths": Trouble(much_dropout, ALL, ("DeblurGAN",), sure=False),
    "discriminator 300 times faster": Trouble(imbalance(1, 300), ALL, ("CycleGAN", "CUT"), sure=False),
    "a translator's rate of 0.3": Trouble(fast_translator, ALL, ("SRGAN", "Pix2Pix"), sure=False),
    "a last bias of three": Trouble(each_step(bias_of_three), ALL, ("LSGAN", "DCGAN"), sure=False),
    "a first layer of rank one": Trouble(each_step(rank_one), ALL, ("DCGAN", "GAN2014"), sure=False),
}
"""Written when the rules were fixed, none of them tried before."""
