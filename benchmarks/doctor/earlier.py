"""Troubles that were held out from earlier rules, and with which the present ones were made.

Many are mistakes that users report in public issues, such as keras-team/keras-io#830 (normalized twice),
wangle53/CSA-CDGAN#5 (detached), huggingface/diffusers#10697 (pairs mirrored separately),
junyanz/pytorch-CycleGAN-and-pix2pix#1061 (pairs cropped separately), keras-team/keras#5892 (batch normalization).
"""

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
from families import Setting, digits
from troubles import ALL, ANY, At, Change, Constant, Swapped, Trouble, imbalance, plain

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


class Detached(Swapped):
    """No gradient of its loss reaches the generator."""

    def generator_loss(self, batch):
        fake = keras.ops.stop_gradient(batch.fake) + 0.0 * batch.fake
        return -super().generator_loss(batch._replace(fake=fake))


class DrawnOnce(kerasgan.latents.Prior):
    """In the training the same few latents at each step."""

    def sample(self, count, latent_dim, seed):
        return keras.random.normal((count, latent_dim), seed=0)

    def draw(self, count, latent_dim, seed=None):
        return np.random.default_rng(seed).normal(size=(count, latent_dim)).astype("float32")


class Louder(DrawnOnce):
    """Samples are drawn with five times the deviation that the training had."""

    def sample(self, count, latent_dim, seed):
        return 0.2 * keras.random.normal((count, latent_dim), seed=seed)


def normalized_twice(setting: Setting, rng: np.random.Generator) -> None:
    setting.reference = setting.x, setting.y
    setting.x = setting.x // 255


def detached(setting: Setting, rng: np.random.Generator) -> None:
    setting.build = plain(setting, Detached)


def moved(images: np.ndarray, rng: np.random.Generator, most: int) -> np.ndarray:
    shifts = rng.integers(-most, most + 1, (len(images), 2))
    return np.stack([np.roll(image, shift, axis=(0, 1)) for image, shift in zip(images, shifts)])


def mirrored(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.where(rng.random((len(images), 1, 1, 1)) < 0.5, images[:, :, ::-1], images)


def pairs_mirrored(setting: Setting, rng: np.random.Generator) -> None:
    setting.reference = setting.x, setting.y
    setting.x, setting.y = mirrored(setting.x, rng), mirrored(setting.y, rng)


def pairs_cropped(setting: Setting, rng: np.random.Generator) -> None:
    setting.reference = setting.x, setting.y
    setting.x, setting.y = moved(setting.x, rng, 2), moved(setting.y, rng, 2)


def normalization_at_rest(setting: Setting, rng: np.random.Generator) -> None:
    def build() -> kerasgan.GAN:
        gan = setting.family(**setting.model)
        for layer in [*gan.generator.layers, *gan.discriminator.layers]:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.trainable = False  # then Keras uses the moving statistics
        return gan

    setting.build = build


def turned(setting: Setting, rng: np.random.Generator) -> None:
    setting.reference, quarters = (setting.x, setting.y), rng.integers(0, 4, len(setting.x))
    setting.x = np.stack([np.rot90(image, times) for image, times in zip(setting.x, quarters)])


def transposed(setting: Setting, rng: np.random.Generator) -> None:
    setting.reference = setting.x, setting.y
    setting.x = setting.x.transpose(0, 2, 1, 3).copy()


def wrapped(setting: Setting, rng: np.random.Generator) -> None:
    setting.reference = setting.x, setting.y
    setting.x = (setting.x.astype("int32") * 3 % 256).astype("uint8")


def drawn_once(setting: Setting, rng: np.random.Generator) -> None:
    setting.prior = DrawnOnce()


def louder(setting: Setting, rng: np.random.Generator) -> None:
    setting.prior = Louder()


def saturated(setting: Setting, rng: np.random.Generator) -> None:
    def build() -> kerasgan.GAN:
        gan = setting.family(**setting.model)
        images = keras.ops.clip(50.0 * gan.generator.outputs[0], -1.0, 1.0)
        return kerasgan.GAN(keras.Model(gan.generator.inputs, images), gan.discriminator)

    setting.build = build


def early_decay(setting: Setting, rng: np.random.Generator) -> None:
    setting.callbacks = (At(40, 1e-6, 1e-6),)


def half_of_the_labels(setting: Setting, rng: np.random.Generator) -> None:
    setting.reference, setting.steps = (setting.x, setting.y), 400
    wrong = rng.random(len(setting.x)) < 0.5
    setting.y = np.where(wrong, rng.permutation(setting.y), setting.y)


def few_images(setting: Setting, rng: np.random.Generator) -> None:
    chosen = rng.choice(len(setting.x), 64, replace=False)
    setting.x = np.repeat(setting.x[chosen], 8, axis=0)


def plain_descent(setting: Setting, rng: np.random.Generator) -> None:
    for role, rate in zip(("generator", "discriminator"), setting.rates):
        setting.compile[f"{role}_optimizer"] = keras.optimizers.SGD(rate)


def lazy_average(setting: Setting, rng: np.random.Generator) -> None:
    setting.compile["ema_half_life"] = 1e6


def blank_images(setting: Setting, rng: np.random.Generator) -> None:
    setting.reference, setting.x = (setting.x, setting.y), setting.x.copy()
    setting.x[::2] = 0


LABELS, DATA = ("labels ignored",), ("data mismatch",)
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
    "normalized twice": Trouble(normalized_twice, DATA, ("GAN2014", "DCGAN")),
    "detached generator": Trouble(detached, ("frozen generator",), ("DCGAN",)),
    "pairs mirrored separately": Trouble(pairs_mirrored, DATA, ("Pix2Pix", "DeblurGAN"), sure=False),
    "pairs cropped separately": Trouble(pairs_cropped, DATA, ("Pix2Pix", "DeblurGAN"), sure=False),
    "batch normalization at rest": Trouble(normalization_at_rest, ALL, ("DCGAN", "LSGAN"), sure=False),
    "augmentation that leaks": Trouble(turned, DATA, ("GAN2014", "LSGAN")),
    "rows for columns": Trouble(transposed, DATA, ("LSGAN", "GAN2014")),
    "levels that wrap": Trouble(wrapped, DATA, ("GAN2014", "LSGAN")),
    "latents drawn once": Trouble(drawn_once, ALL, ("DCGAN", "LSGAN"), sure=False),
    "louder latents in sampling": Trouble(louder, ALL, ("GAN2014", "DCGAN"), sure=False),
    "saturated output": Trouble(saturated, ALL, ("DCGAN", "LSGAN"), sure=False),
    "early decay": Trouble(early_decay, ALL, ("GAN2014", "Pix2Pix"), sure=False),
    "half of the labels": Trouble(half_of_the_labels, ("labels ignored",), ("ConditionalDCGAN", "ConditionalGAN")),
    "sixty-four images": Trouble(few_images, ("memorization",), ("GAN2014", "DCGAN"), sure=False),
    "plain descent": Trouble(plain_descent, ANY, ("GAN2014", "Pix2Pix"), sure=False),
    "lazy average": Trouble(lazy_average, ALL, ("GAN2014", "LSGAN"), sure=False),
    "blank images": Trouble(blank_images, (*DATA, "mode dropping"), ("GAN2014", "LSGAN")),
}
