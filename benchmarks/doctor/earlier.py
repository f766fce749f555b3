"""Troubles that were held out from earlier rules, and with which the present ones were made."""

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
from families import Setting, digits
from troubles import ALL, ANY, Change, Constant, Trouble, imbalance

import kerasgan
from kerasgan.models import dcgan


class Each(keras.callbacks.Callback):
    """Calls a function with the model after every so many steps."""

    def __init__(self, steps: int, act: Callable[[Any], None]):
        super().__init__()
        self.steps, self.act = steps, act

    def on_train_batch_end(self, batch, logs=None):
        if self.model.optimizer.steps % self.steps == 0:
            self.act(self.model)


class ByClass(keras.utils.PyDataset):
    """Batches of one class, five in a row, without a length."""

    def __init__(self, x, y):
        super().__init__()
        self.rows = [x[digits(16)[1] == label] for label in range(10)]

    @property
    def num_batches(self):
        return None

    def __getitem__(self, index):
        own = self.rows[index // 5 % 10]
        return own[(np.arange(32) + 32 * (index % 5)) % len(own)]


def drawn_anew(variables: Any, rng: np.random.Generator) -> None:
    """Other values of the same mean and spread."""
    for variable in variables:
        own = np.array(variable)
        variable.assign(rng.permutation(own.ravel()).reshape(own.shape))


def generator_forgets(setting: Setting, rng: np.random.Generator) -> None:
    setting.callbacks = (Each(40, lambda gan: drawn_anew(gan.generator.trainable_variables, rng)),)


def discriminator_forgets(setting: Setting, rng: np.random.Generator) -> None:
    setting.callbacks = (Each(10, lambda gan: drawn_anew(gan.discriminator.trainable_variables, rng)),)


def noisy_weights(setting: Setting, rng: np.random.Generator) -> None:
    def shake(gan: Any) -> None:
        for variable in gan.generator.trainable_variables:
            own = np.array(variable)
            variable.assign(own + 0.2 * own.std() * rng.standard_normal(own.shape).astype("float32"))

    setting.callbacks = (Each(1, shake),)


def dead_units(setting: Setting, rng: np.random.Generator) -> None:
    def kill(gan: Any) -> None:
        for variable in gan.generator.trainable_variables:
            if variable.name == "bias":
                variable.assign(np.full(variable.shape, -100.0, "float32"))

    setting.callbacks = (Each(60, kill),)


def faded(setting: Setting, rng: np.random.Generator) -> None:
    setting.reference = setting.x, setting.y
    setting.x = (96 + setting.x // 4).astype("uint8")


def upside_down(setting: Setting, rng: np.random.Generator) -> None:
    setting.reference = setting.x, setting.y
    setting.x = setting.x[:, ::-1].copy()


def blends(setting: Setting, rng: np.random.Generator) -> None:
    setting.reference = setting.x, setting.y
    setting.x = (setting.x // 2 + rng.permutation(setting.x) // 2).astype("uint8")


def sorted_by_class(setting: Setting, rng: np.random.Generator) -> None:
    setting.loader = ByClass


def strong_penalty(setting: Setting, rng: np.random.Generator) -> None:
    setting.compile["penalties"] = {"name": "r1", "weight": 1e5}


def noise_before_the_discriminator(setting: Setting, rng: np.random.Generator) -> None:
    setting.compile["augment"] = {"name": "instance_noise", "deviation": 30.0}


def crawling_generator(setting: Setting, rng: np.random.Generator) -> None:
    setting.rates = 1e-8, setting.rates[1]


def minimax_behind(setting: Setting, rng: np.random.Generator) -> None:
    setting.compile["objective"] = "minimax"
    imbalance(1, 10)(setting, rng)


def never_dark(setting: Setting, rng: np.random.Generator) -> None:
    def build() -> kerasgan.GAN:
        generator = dcgan.generator(16, 1, 16, width=8, variant="torch")
        light = keras.Model(generator.inputs, (generator.outputs[0] + 1.0) / 2.0)
        return kerasgan.GAN(light, dcgan.discriminator(16, 1, width=8, variant="torch"))

    setting.build = build


def deaf(which: str) -> Change:
    """One of the networks is given label 0, whatever the label is."""

    def change(setting: Setting, rng: np.random.Generator) -> None:
        setting.steps = 400

        def build() -> kerasgan.GAN:
            gan = setting.family(**setting.model)
            networks = {"generator": gan.generator, "discriminator": gan.discriminator}
            first, labels = (keras.Input(each.shape[1:], dtype=each.dtype) for each in networks[which].inputs)
            heard = keras.ops.zeros_like(labels)
            networks[which] = keras.Model([first, labels], networks[which]([first, heard]))
            return kerasgan.GAN(*networks.values(), prior=gan.prior, num_classes=10)

        setting.build = build
        if setting.family.__name__ == "SNGAN":
            setting.compile["objective"] = "hinge"

    return change


def shifted_labels(setting: Setting, rng: np.random.Generator) -> None:
    setting.reference = setting.x, setting.y
    setting.y = (setting.y + 1) % 10


def constant_latents(setting: Setting, rng: np.random.Generator) -> None:
    setting.prior = Constant()


def targets_upside_down(setting: Setting, rng: np.random.Generator) -> None:
    setting.reference = setting.x, setting.y
    setting.y = setting.y[:, ::-1].copy()


def targets_of_noise(setting: Setting, rng: np.random.Generator) -> None:
    setting.reference = setting.x, setting.y
    setting.y = rng.integers(0, 256, setting.y.shape).astype("uint8")


def inputs_of_noise(setting: Setting, rng: np.random.Generator) -> None:
    setting.reference = setting.x, setting.y
    setting.x = rng.integers(0, 256, setting.x.shape).astype("uint8")


def weight_decay(setting: Setting, rng: np.random.Generator) -> None:
    setting.compile["generator_optimizer"] = keras.optimizers.AdamW(setting.rates[0], weight_decay=100.0)


def swapped_domains(setting: Setting, rng: np.random.Generator) -> None:
    setting.reference = setting.x, setting.y
    setting.x, setting.y = setting.y, setting.x


def heavy_identity(setting: Setting, rng: np.random.Generator) -> None:
    setting.model["identity_weight"] = 100.0


LABELS = ("labels ignored",)
EARLIER: Mapping[str, Trouble] = {
    "faded images": Trouble(faded, ALL, ("GAN2014", "LSGAN")),
    "generator deaf to labels": Trouble(deaf("generator"), LABELS, ("ConditionalDCGAN", "ConditionalGAN", "SNGAN")),
    "targets upside down": Trouble(targets_upside_down, ALL, ("Pix2Pix", "DeblurGAN")),
    "images upside down": Trouble(upside_down, ALL, ("GAN2014", "BiGAN")),
    "labels shifted by one": Trouble(shifted_labels, LABELS, ("ConditionalGAN", "ConditionalDCGAN", "ACGAN")),
    "blends of two images": Trouble(blends, ALL, ("GAN2014", "WGANGP")),
    "targets of noise": Trouble(targets_of_noise, ALL, ("Pix2Pix", "DeblurGAN")),
    "generator forgets": Trouble(generator_forgets, ANY, ("GAN2014", "LSGAN")),
    "latents ignored, labels heard": Trouble(constant_latents, ("mode collapse",), ("ConditionalGAN", "ACGAN")),
    "discriminator forgets": Trouble(discriminator_forgets, ANY, ("GAN2014", "DCGAN"), sure=False),
    "inputs of noise": Trouble(inputs_of_noise, ALL, ("Pix2Pix", "DeblurGAN")),
    "noise in the generator's weights": Trouble(noisy_weights, ANY, ("GAN2014", "DCGAN"), sure=False),
    "discriminator deaf to labels": Trouble(
        deaf("discriminator"), ("labels ignored", "mode collapse"), ("ConditionalDCGAN", "ConditionalGAN")
    ),
    "penalty of 100,000": Trouble(strong_penalty, ANY, ("GAN2014", "R3GAN"), sure=False),
    "swapped domains": Trouble(swapped_domains, ALL, ("CUT", "CycleGAN")),
    "noise before the discriminator": Trouble(noise_before_the_discriminator, ANY, ("DCGAN", "GAN2014")),
    "crawling generator": Trouble(crawling_generator, ALL, ("GAN2014", "BiGAN", "DCGAN")),
    "dead units": Trouble(dead_units, ("mode collapse",), ("GAN2014", "BEGAN")),
    "translator's weights decay": Trouble(weight_decay, ANY, ("Pix2Pix", "SRGAN"), sure=False),
    "minimax behind a fast discriminator": Trouble(minimax_behind, ANY, ("GAN2014", "DCGAN"), sure=False),
    "never dark": Trouble(never_dark, ANY, ("DCGAN",)),
    "sorted by class": Trouble(sorted_by_class, ANY, ("GAN2014", "DCGAN"), sure=False),
    "identity weight of 100": Trouble(heavy_identity, ("identity",), ("CycleGAN",), sure=False),
}
