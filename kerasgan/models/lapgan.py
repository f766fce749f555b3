"""LAPGAN: one conditional GAN per level of a Laplacian pyramid adds the detail that the coarser level lacks.

Denton, Chintala, Szlam, Fergus: Deep Generative Image Models using a Laplacian Pyramid of Adversarial Networks, 2015,
https://arxiv.org/abs/1506.05751. Layer tables follow the authors' Torch code. Deviations: images enter in [-1, 1], not
standardized per channel, and samples are clipped to it; all levels train at once, each on its own losses, where the
paper trains them one after the other (they share no weights, so the objectives are the same); weights start with
Glorot's distribution; `up` interpolates between pixel centers, where Torch's bilinear `image.scale` aligns the corners
(`down` averages areas as it does); the base level receives the class as a one-hot vector, which the sources do not
describe; maps below 9 pixels are padded, because the discriminator's valid convolutions do not fit into them; the
grouped convolutions and the LSUN code's rule that pauses the stronger network are left out.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from kerasgan.gan import GAN
from kerasgan.gan.constructor_checks import check_classes
from kerasgan.layers import Split, label_input, one_hot, pyramid
from kerasgan.optimizers import MomentumRampSGD, for_both

__all__ = ["LAPGAN", "discriminator", "generator"]


@keras.saving.register_keras_serializable("kerasgan")
class LAPGAN(GAN):
    """Laplacian pyramid of conditional GANs, class-conditional if `num_classes` is given.

    One latent vector holds the noise of all levels: `latent_dim` numbers of the base level, then a plane of size * size
    for each further one, from coarse to fine. In pairs, the first number is for the generators.

    Args:
        sizes: image sizes of the levels in pixels, increasing, of any ratios.
        channels: of the images.
        num_classes: number of classes, 2 or more, or None.
        latent_dim: latents of the base level.
        width: planes of the convolutions of all levels above the base, of generator and discriminator.
        base_width: hidden units of the base level's two dense networks.
        base_activation: of the base level's images. Not in the paper: "hard_tanh" gives pure black and white
            where noise would leave gray.
        dropout: of the discriminators, in [0, 1).
        prior: of the latents; U(-1, 1) if not given.

    Raises:
        ValueError: for fewer than two levels, sizes that do not increase, or fewer than two classes.
    """

    tiny_config = MappingProxyType(
        dict(sizes=(4, 7, 16), channels=1, latent_dim=8, width=(4, 4), base_width=(16, 16), dropout=0.2)
    )

    def __init__(
        self,
        *,
        sizes: Sequence[int] = (8, 14, 28),
        channels: int = 3,
        num_classes: int | None = None,
        latent_dim: int = 100,
        width: Sequence[int] = (64, 64),
        base_width: Sequence[int] = (1200, 600),
        base_activation: str = "linear",
        dropout: float = 0.5,
        prior: Any = None,
        name: str | None = None,
    ):
        sizes, increasing = tuple(sizes), all(low < high for low, high in pairwise(sizes))
        if not (len(sizes) > 1 and increasing and all(isinstance(size, int) and size > 0 for size in sizes)):
            raise ValueError(f"Expected two or more increasing sizes in pixels. Received: sizes={sizes}")
        check_classes(num_classes, optional=True)
        (planes, discriminator_planes), (units, discriminator_units) = width, base_width
        options: dict[str, Any] = {"num_classes": num_classes}
        generators = level_generators(
            sizes, channels, latent_dim, width=planes, base_width=units, base_activation=base_activation, **options
        )
        options.update(width=discriminator_planes, base_width=discriminator_units, dropout=dropout)
        discriminators = level_discriminators(sizes, channels, **options)
        super().__init__(
            generators,
            discriminator(discriminators),
            prior=prior or "uniform",
            num_classes=num_classes,
            name=name,
        )
        self.sizes, self.discriminators = sizes, MappingProxyType(discriminators)  # a dict would be saved once more
        self.extra_metrics = tuple(f"{name}_loss_{size}" for name in ("discriminator", "generator") for size in sizes)
        self.resolve_arguments(sizes=sizes, width=tuple(width), base_width=tuple(base_width))

    def assemble(self, parts):
        return generator([*parts.values()])

    def default_compile_args(self):
        # 0.0008 more momentum per epoch of 50,000 images up to 0.7
        ramp = dict(momentum=0.5, final_momentum=0.7, ramp_steps=195_250)
        return {"objective": "non_saturating", **for_both(lambda: MomentumRampSGD(0.02, **ramp))}

    def synthesize(self, batch):
        """The fake bands G_k(z_k, l_k) from coarse to fine; in training the low-pass l_k is a real image's (2.2)."""
        noises = self.generator.get_layer("noises")(batch.latents)
        fakes = []
        for size, noise, (_, low) in zip(self.sizes, noises, pyramid.laplacian(batch.real, self.sizes)):
            band = self.generator_parts[str(size)](_given(noise, low, batch.labels), training=True)
            fakes.append(ops.cast(band, "float32"))
        return tuple(fakes)

    def discriminator_loss(self, batch):
        """The sum of the levels' losses on (h_k, l_k) and (G_k(z_k, l_k), l_k), equation 4."""

        def loss(discriminate, real, fake):
            return self.adversarial_loss(discriminate(real), discriminate(fake))

        return self._total(loss, batch, "discriminator_loss")

    def generator_loss(self, batch):
        """The sum of the levels' losses; a paired objective pairs each fake band with the real one it replaces."""

        def loss(discriminate, real, fake):
            fake_logits = discriminate(fake)
            real_logits = discriminate(real) if self.objective.paired else None
            return self.objective.generator_loss(real_logits, fake_logits)

        return self._total(loss, batch, "generator_loss")

    def penalize(self, penalty, batch):
        """The sum of the levels' penalties on the gradient of D_k in the band, given the low-pass."""

        def value(discriminate, real, fake):
            return penalty(discriminate, real, fake, self.seed_generator, step=self.optimizer.iterations)

        return self._total(value, batch)

    def _total(self, function: Callable, batch: Any, name: str | None = None) -> Any:
        """The sum over levels of function(D_k given l_k, real band, fake band), logged level by level if named."""
        values = []
        for size, (real, low), fake in zip(self.sizes, pyramid.laplacian(batch.real, self.sizes), batch.fake):
            level = self.discriminators[str(size)]

            def discriminate(band, level=level, low=low):
                band, low = self._augmented(band, low)
                return ops.cast(level(_given(band, low, batch.labels), training=True), "float32")

            values.append(function(discriminate, real, fake))
            if name:
                self.log(f"{name}_{size}", values[-1])
        return sum(values)

    def _augmented(self, band: Any, low: Any) -> tuple[Any, Any]:
        """A band and its low-pass, if any, augmented together."""
        if low is None or self.augment is None:
            return self.augmented(band), low
        both = self.augmented(ops.concatenate([band, low], axis=-1))
        return tuple(ops.split(both, 2, axis=-1))

    def generate_levels(
        self, count: int, *, labels: Any = None, seed: int | None = None, batch_size: int = 64
    ) -> list[np.ndarray]:
        """The images of every level from coarse to fine; the last are those of `generate`, whose arguments it takes.

        Returns float32 (count, size, size, channels) in [-1, 1] for each size.
        """
        images = [self.sampler.get_layer(f"image_{size}").output for size in self.sizes]
        network = keras.Model(self.sampler.inputs, images)
        made = self._outputs(network, self._inputs(count, None, labels, seed), batch_size=batch_size)
        return [np.clip(image, -1.0, 1.0) for image in made]


def generator(levels: Sequence[keras.Model]) -> keras.Model:
    """Latents [and labels] to images in [-1, 1]: I_k = u(I_{k+1}) + G_k(z_k, u(I_{k+1})), equation 3.

    `levels` are the networks of the pyramid's levels, from coarse to fine.
    """
    base, *finer = levels
    sizes = [level.inputs[0].shape[-1] for level in levels]
    latents, labels = keras.Input((sum(sizes),), name="latents"), label_input(2 if len(base.inputs) > 1 else None)
    noises = Split(sizes, name="noises")(latents)
    image = base(_given(noises[0], None, labels))
    image = layers.Activation("linear", dtype="float32", name=f"image_{base.output_shape[1]}")(image)
    for level, noise in zip(finer, noises[1:]):
        size = level.output_shape[1]
        low = pyramid.Up(size, dtype="float32", name=f"low_{size}")(image)
        image = layers.Add(dtype="float32", name=f"image_{size}")([low, level(_given(noise, low, labels))])
    images = layers.Activation("hard_tanh", dtype="float32", name="clipped")(image)
    return keras.Model(_given(latents, None, labels), images, name="generator")


def discriminator(levels: Mapping[str, keras.Model]) -> keras.Model:
    """Images [and labels] to the logits (batch, levels) of their pyramid's levels, from coarse to fine.

    `levels` are those levels' networks by their size, in the same order.
    """
    sizes = [int(size) for size in levels]
    base, finest = levels[str(sizes[0])], levels[str(sizes[-1])]
    images, labels = (
        keras.Input(finest.inputs[0].shape[1:], name="images"),
        label_input(2 if len(base.inputs) > 1 else None),
    )
    image, logits = images, []
    for size, smaller in zip(sizes[:0:-1], sizes[-2::-1]):
        coarse = pyramid.Down(smaller, dtype="float32", name=f"image_{smaller}")(image)
        low = pyramid.Up(size, dtype="float32", name=f"low_{size}")(coarse)
        band = layers.Subtract(dtype="float32", name=f"band_{size}")([image, low])
        logits.append(levels[str(size)](_given(band, low, labels)))
        image = coarse
    logits.append(base(_given(image, None, labels)))
    logits = layers.Concatenate(dtype="float32", name="logits")(logits[::-1])
    return keras.Model(_given(images, None, labels), logits, name="discriminator")


def level_generators(
    sizes: Sequence[int],
    channels: int,
    latent_dim: int,
    *,
    num_classes: int | None,
    width: int,
    base_width: int,
    base_activation: str,
) -> dict[str, keras.Model]:
    """The generator of each level, by its size, from coarse to fine."""
    base = _base_generator(
        sizes[0], channels, latent_dim, num_classes=num_classes, width=base_width, activation=base_activation
    )
    finer = {str(size): _level_generator(size, channels, num_classes=num_classes, width=width) for size in sizes[1:]}
    return {str(sizes[0]): base, **finer}


def level_discriminators(
    sizes: Sequence[int], channels: int, *, num_classes: int | None, width: int, base_width: int, dropout: float
) -> dict[str, keras.Model]:
    """The discriminator of each level, by its size, from coarse to fine."""
    options: dict[str, Any] = dict(num_classes=num_classes, dropout=dropout)
    finer = {str(size): _level_discriminator(size, channels, width=width, **options) for size in sizes[:0:-1]}
    base = _base_discriminator(sizes[0], channels, width=base_width, **options)
    return {str(sizes[0]): base, **dict(reversed(finer.items()))}


def _base_generator(
    size: int, channels: int, latent_dim: int, *, num_classes: int | None, width: int, activation: str
) -> keras.Model:
    """Latents [and labels] to the smallest images."""
    latents, labels = keras.Input((latent_dim,), name="latents"), label_input(num_classes)
    x = _with_classes(latents, labels, num_classes)
    x = layers.Dense(width, activation="relu", name="hidden1")(x)
    x = layers.Dense(width, activation="sigmoid", name="hidden2")(x)
    x = layers.Dense(size * size * channels, activation=activation, name="image")(x)
    images = layers.Reshape((size, size, channels), name="image_map")(x)
    return keras.Model(_given(latents, None, labels), images, name=f"generator_{size}")


def _base_discriminator(
    size: int, channels: int, *, num_classes: int | None, width: int, dropout: float
) -> keras.Model:
    """The smallest images [and labels] to logits (batch, 1)."""
    images, labels = keras.Input((size, size, channels), name="images"), label_input(num_classes)
    x = _with_classes(layers.Flatten(name="flat")(images), labels, num_classes)
    for index in (1, 2):
        x = layers.Dense(width, activation="relu", name=f"hidden{index}")(x)
        x = layers.Dropout(dropout, name=f"hidden{index}_drop")(x)
    logits = layers.Dense(1, dtype="float32", name="logit")(x)
    return keras.Model(_given(images, None, labels), logits, name=f"discriminator_{size}")


def _level_generator(size: int, channels: int, *, num_classes: int | None, width: int) -> keras.Model:
    """Noise (batch, size * size) and the low-pass [and labels] to the band of detail."""
    noise, labels = keras.Input((size * size,), name="noise"), label_input(num_classes)
    low = keras.Input((size, size, channels), name="low")
    plane = layers.Reshape((size, size, 1), name="noise_plane")(noise)
    x = _with_classes(layers.Concatenate(name="joined")([plane, low]), labels, num_classes)
    for index in (1, 2):
        x = layers.Conv2D(width, 7, padding="same", activation="relu", name=f"conv{index}")(x)
    band = layers.Conv2D(channels, 5, padding="same", name="band")(x)
    return keras.Model(_given(noise, low, labels), band, name=f"generator_{size}")


def _level_discriminator(
    size: int, channels: int, *, num_classes: int | None, width: int, dropout: float
) -> keras.Model:
    """The band and the low-pass [and labels], first of all added, to logits (batch, 1)."""
    band, labels = keras.Input((size, size, channels), name="band"), label_input(num_classes)
    low = keras.Input((size, size, channels), name="low")
    x = _with_classes(layers.Add(name="image")([band, low]), labels, num_classes)
    padding = "valid" if size >= 9 else "same"
    x = layers.Conv2D(width, 5, padding=padding, activation="relu", name="conv1")(x)
    x = layers.Conv2D(width, 5, 2, padding, activation="relu", name="conv2")(x)
    x = layers.Dropout(dropout, name="drop")(layers.Flatten(name="flat")(x))
    logits = layers.Dense(1, dtype="float32", name="logit")(x)
    return keras.Model(_given(band, low, labels), logits, name=f"discriminator_{size}")


def _given(first: Any, low: Any, labels: Any) -> Any:
    """The list of a network's inputs that are not None."""
    inputs = [each for each in (first, low, labels) if each is not None]
    return inputs if len(inputs) > 1 else first


def _with_classes(x: Any, labels: Any, num_classes: int | None) -> Any:
    """Vectors with the one-hot class, maps (batch, size, size, n) with one plane that is learned from it, if any."""
    if num_classes is None:
        return x
    classes = one_hot(labels, num_classes)
    if len(x.shape) == 4:
        size = x.shape[1]
        classes = layers.Dense(size * size, activation="relu", name="class")(classes)
        classes = layers.Reshape((size, size, 1), name="class_plane")(classes)
    return layers.Concatenate(name="told")([x, classes])
