"""Troubles of rates, losses, networks and conditioning that earlier rules had not seen: the present ones had."""

from collections.abc import Callable, Mapping

import keras
import numpy as np
from earlier import Each
from families import Setting
from keras import ops
from troubles import ALL, ANY, Change, Trouble, conditional, plain

import kerasgan


class Half(kerasgan.objectives.NonSaturating):
    """Half of the answers that the discriminator learns from are wrong."""

    def discriminator_loss(self, real_logits, fake_logits):
        loss = super().discriminator_loss
        return (loss(real_logits, fake_logits) + loss(fake_logits, real_logits)) / 2


class Smooth(kerasgan.GAN):
    """The generator also minimizes the total variation of its images, times ten."""

    def generator_loss(self, batch):
        differences = [batch.fake[:, 1:] - batch.fake[:, :-1], batch.fake[:, :, 1:] - batch.fake[:, :, :-1]]
        return super().generator_loss(batch) + 10.0 * sum(ops.mean(ops.abs(each)) for each in differences)


class NextLabel(kerasgan.GAN):
    """The generator is judged as if its images had been asked for with the next label."""

    def generator_loss(self, batch):
        return super().generator_loss(batch._replace(labels=(batch.labels + 1) % 10))


class Positive(kerasgan.latents.Prior):
    """In the training no latent is negative; samples are drawn as usual."""

    def sample(self, count, latent_dim, seed):
        return ops.abs(keras.random.normal((count, latent_dim), seed=seed))

    def draw(self, count, latent_dim, seed=None):
        return np.random.default_rng(seed).normal(size=(count, latent_dim)).astype("float32")


def optimized(make: Callable[[float], keras.optimizers.Optimizer], *roles: str) -> Change:
    """The optimizers of some networks are made of their learning rates in another way."""

    def change(setting: Setting, rng: np.random.Generator) -> None:
        for role, rate in zip(("generator", "discriminator"), setting.rates):
            if role in roles:
                setting.compile[f"{role}_optimizer"] = make(rate)

    return change


def doubling(rate: float) -> keras.optimizers.Optimizer:
    return keras.optimizers.Adam(keras.optimizers.schedules.ExponentialDecay(rate, 40, 2.0), beta_1=0.5)


def half_of_the_answers(setting: Setting, rng: np.random.Generator) -> None:
    setting.compile["objective"] = Half()


def around(generator: Callable | None = None, discriminator: Callable | None = None, seen: Callable | None = None):
    """Changes a plain family's images, its logits, or the images that its discriminator sees."""

    def change(setting: Setting, rng: np.random.Generator) -> None:
        def build() -> kerasgan.GAN:
            gan = setting.family(**setting.model)
            made, judge = gan.generator, gan.discriminator
            if generator is not None:
                made = keras.Model(made.inputs, generator(made.outputs[0]))
            if seen is not None:
                images = keras.Input(judge.input_shape[1:], name="images")
                judge = keras.Model(images, judge(seen(images)))
            if discriminator is not None:
                judge = keras.Model(judge.inputs, discriminator(judge.outputs[0]))
            return kerasgan.GAN(made, judge, prior=gan.prior)

        setting.build = build

    return change


def pattern(keeps: np.ndarray) -> Callable:
    """Pixels that a pattern leaves out are black."""
    kept = keeps.astype("float32")[None, :, :, None]
    return lambda images: images * kept + (kept - 1.0)


def means(images):
    return 0.0 * images + ops.mean(images, axis=(1, 2), keepdims=True)


def total_variation(setting: Setting, rng: np.random.Generator) -> None:
    setting.build = plain(setting, Smooth)


def rare_generator(setting: Setting, rng: np.random.Generator) -> None:
    setting.compile["discriminator_steps"] = 20


def clipped_weights(setting: Setting, rng: np.random.Generator) -> None:
    setting.compile["weight_clip"] = 0.001


def last_layer_alone(setting: Setting, rng: np.random.Generator) -> None:
    def build() -> kerasgan.GAN:
        gan = setting.family(**setting.model)
        weighty = [layer for layer in gan.generator.layers if layer.trainable_variables]
        for layer in weighty[:-1]:
            layer.trainable = False
        return gan

    setting.build = build


def parity(setting: Setting, rng: np.random.Generator) -> None:
    setting.steps = 400

    def build() -> kerasgan.GAN:
        gan = setting.family(**setting.model)
        latents, labels = (keras.Input(each.shape[1:], dtype=each.dtype) for each in gan.generator.inputs)
        images = gan.generator([latents, labels % 2])
        return kerasgan.GAN(keras.Model([latents, labels], images), gan.discriminator, prior=gan.prior, num_classes=10)

    setting.build = build


def away_from_the_targets(setting: Setting, rng: np.random.Generator) -> None:
    def build() -> kerasgan.GAN:
        gan = setting.family(**setting.model)
        gan.l1_weight = -1.0
        return gan

    setting.build = build


def adversarial_alone(setting: Setting, rng: np.random.Generator) -> None:
    setting.model["adversarial_weight"] = 1000.0


def positive_latents(setting: Setting, rng: np.random.Generator) -> None:
    setting.prior = Positive()


def back_to_the_start(setting: Setting, rng: np.random.Generator) -> None:
    first: list[np.ndarray] = []

    def restore(gan) -> None:
        if first:
            gan.generator.set_weights(first)
        else:
            first.extend(np.array(weights) for weights in gan.generator.get_weights())

    setting.callbacks = (Each(50, restore),)


def slow_cycles(setting: Setting, rng: np.random.Generator) -> None:
    setting.model["cycle_weight"] = 1000.0


CHECKERS = np.indices((16, 16)).sum(axis=0) % 2
LEFT = np.indices((16, 16))[1] < 8

LABELS = ("labels ignored",)
EARLIER_LEARNING: Mapping[str, Trouble] = {
    "rates that double": Trouble(
        optimized(doubling, "generator", "discriminator"), ANY, ("StyleGAN2", "DCGAN"), sure=False
    ),
    "a generator's beta_1 of 0.999": Trouble(
        optimized(lambda rate: keras.optimizers.Adam(rate, beta_1=0.999), "generator"),
        ALL,
        ("GRAN", "LSGAN"),
        sure=False,
    ),
    "Adagrad at a rate of one": Trouble(
        optimized(lambda rate: keras.optimizers.Adagrad(1.0), "generator", "discriminator"),
        ALL,
        ("LAPGAN", "GAN2014"),
        sure=False,
    ),
    "half of the answers wrong": Trouble(half_of_the_answers, ANY, ("DCGAN", "LAPGAN")),
    "sigmoid before a loss of logits": Trouble(
        around(discriminator=ops.sigmoid), ALL, ("GAN2014", "LSGAN"), sure=False
    ),
    "discriminator sees means": Trouble(around(seen=means), ANY, ("DCGAN", "GAN2014")),
    "total variation": Trouble(total_variation, ANY, ("DCGAN",), sure=False),
    "generator updated every twentieth step": Trouble(rare_generator, ALL, ("StyleGAN2", "LSGAN"), sure=False),
    "weights clipped to a thousandth": Trouble(clipped_weights, ANY, ("GRAN", "DCGAN"), sure=False),
    "last layer alone": Trouble(last_layer_alone, ALL, ("LSGAN", "GAN2014"), sure=False),
    "every second pixel black": Trouble(around(generator=pattern(CHECKERS)), ANY, ("GAN2014", "LSGAN")),
    "right half black": Trouble(around(generator=pattern(LEFT)), ANY, ("DCGAN",)),
    "labels heard modulo two": Trouble(parity, LABELS, ("ConditionalDCGAN", "ConditionalGAN")),
    "judged by the next label": Trouble(conditional(NextLabel), LABELS, ("ConditionalGAN", "ConditionalDCGAN")),
    "away from the targets": Trouble(away_from_the_targets, ALL, ("Pix2Pix",), sure=False),  # the adversarial loss wins
    "adversarial loss alone": Trouble(adversarial_alone, ALL, ("SRGAN", "DeblurGAN"), sure=False),
    "cycle weight of 1000": Trouble(slow_cycles, ALL, ("CycleGAN",), sure=False),
    "latents of one sign": Trouble(positive_latents, ALL, ("GRAN", "LSGAN"), sure=False),
    "back to the start": Trouble(back_to_the_start, ALL, ("StyleGAN2", "GAN2014"), sure=False),
}
