"""Small models of the families that learn the digits, or to translate them, within a few hundred steps."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

import kerasgan
from kerasgan import metrics, models
from kerasgan.data import derivations

BATCH, PAIRS = 32, 8  # images, and pairs, per step
SAMPLES = 500  # of the distance that says whether a training has failed


@dataclass
class Setting:
    """A training that goes well; a trouble changes some of these fields.

    Attributes:
        family: the class.
        model: its arguments.
        rates: learning rates of generator and discriminator.
        x, y: what `fit` is given: images and labels, inputs and targets, or two domains.
        compile: further arguments of `compile`.
        momentum: Adam's beta_1.
        reference: what the doctor is given if that is not the data of `fit`.
        callbacks: of `fit`.
        build: what makes the model, if not the class.
        prior: of the latents, if not the family's.
        loader: what `fit` is given instead of arrays, made of x and y.
        steps: discriminator steps.
    """

    family: type[Any]
    model: dict[str, Any]
    rates: tuple[float, float]
    x: np.ndarray
    y: np.ndarray | None
    compile: dict[str, Any] = field(default_factory=dict)
    momentum: float = 0.5
    reference: tuple[np.ndarray, np.ndarray | None] | None = None
    callbacks: tuple[keras.callbacks.Callback, ...] = ()
    build: Callable[[], Any] | None = None
    prior: Any = None
    loader: Callable[[np.ndarray, np.ndarray | None], Any] | None = None
    steps: int = 300

    @property
    def translates(self) -> bool:
        return self.family.task.from_images

    @property
    def labeled(self) -> bool:
        return not self.translates and self.y is not None

    def gan(self) -> Any:
        gan = self.family(**self.model) if self.build is None else self.build()
        if self.prior is not None:
            gan.prior = self.prior
        optimizers = [keras.optimizers.Adam(rate, beta_1=self.momentum) for rate in self.rates]
        gan.compile(**{"generator_optimizer": optimizers[0], "discriminator_optimizer": optimizers[1], **self.compile})
        return gan


@functools.cache
def digits(size: int) -> tuple[np.ndarray, np.ndarray]:
    source = kerasgan.data.digits(image_size=size)
    return source.images(), source.labels.astype("int32")


def inked(images: np.ndarray) -> np.ndarray:
    """Digits in ink on paper, in gray: uint8 like the digits."""
    drawn = derivations.inked(images / np.float32(127.5) - 1).mean(axis=-1, keepdims=True)
    return np.round((drawn + 1) * 127.5).astype("uint8")


def blurred(images: np.ndarray) -> np.ndarray:
    """Means over five pixels to the right and below, around the edges: uint8 like the digits."""
    moved = [np.roll(images, (down, right), axis=(1, 2)) for down in range(5) for right in range(5)]
    return np.round(np.mean(moved, axis=0)).astype("uint8")


# Arguments, learning rates and Adam's beta_1; widths of which 300 steps take seconds.
SIZES: dict[str, tuple[dict[str, Any], tuple[float, float], float]] = {
    "DCGAN": (dict(image_size=16, channels=1, latent_dim=16, width=8, variant="torch"), (1e-3, 1e-3), 0.5),
    "GAN2014": (
        dict(image_size=16, latent_dim=16, generator_units=(128, 128), discriminator_units=(64, 64)),
        (1e-3, 1e-3),
        0.5,
    ),
    "LSGAN": (dict(image_size=16, channels=1, latent_dim=16, width=8, doublings=2), (1e-3, 1e-3), 0.5),
    "WGANGP": (dict(image_size=16, channels=1, latent_dim=16, width=4), (1e-3, 1e-3), 0.0),
    "ConditionalDCGAN": (dict(image_size=16, channels=1, num_classes=10, latent_dim=16, width=8), (1e-3, 1e-3), 0.5),
    "SNGAN": (
        dict(image_size=16, channels=1, num_classes=10, latent_dim=16, width=8, discriminator_width=8),
        (1e-3, 1e-3),
        0.0,
    ),
    "ACGAN": (
        dict(image_size=16, channels=1, num_classes=10, latent_dim=16, width=0.1, dropout=0.0),
        (1e-3, 1e-3),
        0.5,
    ),
    "StyleGAN2": (
        dict(image_size=16, channels=1, latent_dim=16, style_dim=16, mapping_layers=2)
        | dict(channel_base=128, channel_limit=16),
        (2e-3, 2e-3),
        0.0,
    ),
    "R3GAN": (
        dict(image_size=16, channels=1, latent_dim=16, widths=(32, 16, 8), blocks=1, group_width=8),
        (2e-3, 2e-3),
        0.0,
    ),
    "PGGAN": (
        dict(image_size=16, channels=1, latent_dim=16, channel_base=128, channel_limit=16)
        | dict(stable_images=1600, fade_images=1600),
        (2e-3, 2e-3),
        0.0,
    ),
    "InfoGAN": (dict(image_size=16, channels=1, latent_dim=16, width=8, units=64, code_units=16), (1e-2, 1e-3), 0.5),
    "GRAN": (dict(image_size=16, channels=1, latent_dim=16, steps=2, width=4, variant="mnist"), (1e-3, 1e-3), 0.5),
    "LAPGAN": (
        dict(sizes=(4, 8, 16), channels=1, latent_dim=16, width=(16, 16), base_width=(128, 128), dropout=0.0),
        (1e-3, 1e-3),
        0.5,
    ),
    "BigGAN": (
        dict(image_size=16, channels=1, num_classes=10, latent_dim=18, width=4, embedding_dim=8, attention_size=8),
        (1e-3, 1e-3),
        0.0,
    ),
    "SAGAN": (
        dict(image_size=16, channels=1, num_classes=10, latent_dim=16, width=8, attention_size=8),
        (1e-3, 1e-3),
        0.0,
    ),
    "ConditionalGAN": (
        dict(image_size=16, channels=1, num_classes=10, latent_dim=16, width=0.2, dropout=0.0, prior="normal"),
        (1e-3, 1e-3),
        0.5,
    ),
    "BEGAN": (
        dict(image_size=16, channels=1, latent_dim=16, width=8, diversity_ratio=0.9, proportional_gain=0.05),
        (3e-3, 3e-3),
        0.5,
    ),
    "BiGAN": (dict(image_size=16, channels=1, latent_dim=16, width=128), (1e-3, 1e-3), 0.5),
    "Pix2Pix": (dict(image_size=16, input_channels=1, channels=1, depth=3, width=8, patch_layers=1), (1e-3, 1e-3), 0.5),
    "CycleGAN": (
        dict(image_size=16, input_channels=1, channels=1, blocks=1, width=8, patch_layers=1, identity_weight=0.0),
        (1e-3, 1e-3),
        0.5,
    ),
    "SRGAN": (dict(image_size=32, channels=1, scale=4, blocks=1, width=8, discriminator_width=4), (1e-3, 1e-3), 0.9),
    "CUT": (
        dict(image_size=16, input_channels=1, channels=1, blocks=1, width=8, patch_layers=1)
        | dict(projection_dim=16, num_patches=16),
        (1e-3, 1e-3),
        0.5,
    ),
    "DeblurGAN": (
        dict(image_size=16, channels=1, halvings=1, blocks=1, width=8, patch_layers=1, dropout=0.0),
        (1e-3, 1e-3),
        0.5,
    ),
}
OWN: dict[str, dict[str, Any]] = {  # arguments of `compile`
    "DeblurGAN": {"discriminator_steps": 1},  # of five, 300 leave the generator 60
    "ConditionalGAN": {"penalties": "r1"},  # without it all samples are the same image
}
CONDITIONAL = ("ConditionalDCGAN", "SNGAN", "ACGAN", "BigGAN", "SAGAN", "ConditionalGAN")
TRANSLATORS = ("Pix2Pix", "CycleGAN", "SRGAN", "CUT", "DeblurGAN")
GENERATORS = tuple(name for name in SIZES if name not in TRANSLATORS)


def setting(name: str, seed: int) -> Setting:
    """The healthy training of a family."""
    arguments, rates, momentum = SIZES[name]
    images, labels = digits(32 if name == "SRGAN" else 16)
    x: np.ndarray = images
    y: np.ndarray | None = labels if name in CONDITIONAL else None
    order = np.random.default_rng(seed).permutation(len(images))
    if name == "SRGAN":
        small = images.reshape(len(images), 8, 4, 8, 4, 1).mean(axis=(2, 4))
        x, y = np.round(small).astype("uint8"), images
    elif name == "Pix2Pix":
        x, y = inked(images), images
    elif name == "DeblurGAN":
        x, y = blurred(images), images
    elif name in ("CycleGAN", "CUT"):
        half = len(images) // 2
        x, y = inked(images[order[:half]]), images[order[half:]]
    own: dict[str, Any] = OWN.get(name, {})
    return Setting(getattr(models, name), dict(arguments), rates, x, y, dict(own), momentum=momentum)


def distance(gan: Any, wanted: Setting, seed: int) -> float:
    """How far a trained model's outputs are from the real images: the label by which a training has failed or not.

    The Frechet distance of the digits network's features; of pairs the mean absolute difference, in units of [-1, 1].
    """
    given, others = (wanted.x, wanted.y) if wanted.reference is None else wanted.reference
    if wanted.translates and others is not None:
        made = gan.predict(given[:SAMPLES], verbose=0)
        if not np.isfinite(made).all():
            return float("inf")
        if wanted.family.task is not kerasgan.gan.Task.UNPAIRED:
            return float(np.mean(np.abs(made - (others[:SAMPLES] / np.float32(127.5) - 1))))
        reals = others
    else:
        labels = np.resize(others, SAMPLES) if gan.num_classes else None
        made, reals = gan.generate(SAMPLES, labels=labels, seed=seed), given
    if not np.isfinite(made).all():
        return float("inf")
    measured = _compared_with(reals)
    return float(measured.measure([np.asarray(measured.features(np.clip(made, -1, 1)))]))


def _compared_with(reals: np.ndarray) -> metrics.FrechetDistance:
    """The metric with the real images' features, which take as long as a hundred steps."""
    kept = _metrics.get(id(reals))
    if kept is None:
        measured = metrics.FrechetDistance("digits")
        measured.compare_with([np.asarray(measured.features(reals))])
        kept = _metrics[id(reals)] = measured, reals  # holds the array, so that no other gets its identity
    return kept[0]


_metrics: dict[int, tuple[metrics.FrechetDistance, np.ndarray]] = {}
