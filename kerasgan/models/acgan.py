"""AC-GAN: the discriminator also classifies, and the generator is rewarded for recognizable classes.

Odena, Olah, Shlens: Conditional Image Synthesis with Auxiliary Classifier GANs, 2017, https://arxiv.org/abs/1610.09585.
No code of the authors was found: the tables for 32 and 128 pixels follow the paper's appendix from memory, not
checked; other sizes follow the table for 32. Deviations: the classes of the fakes are those of the real batch; the
source's terms are those of the chosen objective, the non-saturating one if none is.
"""

from types import MappingProxyType
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from scipy.special import softmax

from kerasgan.gan import GAN, Batch
from kerasgan.gan.constructor_checks import check_classes, check_doublings
from kerasgan.layers import (
    dcgan_convolution,
    dcgan_normal,
    dcgan_transposed,
    label_input,
    leaky_relu,
    norm_relu,
    normalized,
    one_hot,
    tanh_images,
)

__all__ = ["ACGAN", "discriminator", "generator"]


@keras.saving.register_keras_serializable("kerasgan")
class ACGAN(GAN):
    """Class-conditional GAN whose discriminator returns (source logits, class logits) for images alone.

    Args:
        image_size: 4, 5, 6 or 7 times a power of two, from 8 on, in pixels.
        channels: of the images.
        num_classes: number of classes, 2 or more.
        latent_dim: size of the latent vector.
        width: factor of all layers' channels; 1 is the paper's network.
        discriminator_width: the same factor for the discriminator, `width` if not given.
        dropout: dropout rate after the discriminator's convolutions, in [0, 1).
        activation_noise: standard deviation of the noise added to the discriminator's activations.
        normalize: whether the discriminator has batch normalization, which makes gradient penalties inexact.
        class_weight: factor of the discriminator's class loss.
        generator_class_weight: factor of the generator's class loss.
        prior: of the latents.

    Raises:
        ValueError: for another size, fewer than two classes, a width that is not positive or a negative weight.
    """

    tiny_config = MappingProxyType(dict(image_size=8, num_classes=3, latent_dim=8, width=0.05))
    extra_metrics = ("class_accuracy", "fake_class_loss", "real_class_loss")

    def __init__(
        self,
        *,
        image_size: int = 32,
        channels: int = 3,
        num_classes: int = 10,
        latent_dim: int = 100,
        width: float = 1.0,
        discriminator_width: float | None = None,
        dropout: float = 0.5,
        activation_noise: float = 0.0,
        normalize: bool = True,
        class_weight: float = 1.0,
        generator_class_weight: float = 1.0,
        prior: Any = "normal",
        name: str | None = None,
    ):
        check_doublings(image_size)
        check_classes(num_classes)
        discriminator_width = width if discriminator_width is None else discriminator_width
        if not min(width, discriminator_width) > 0 or class_weight < 0 or generator_class_weight < 0:
            received = f"{width=}, {discriminator_width=}, {class_weight=}, {generator_class_weight=}"
            raise ValueError(f"Expected a positive width, and no negative weights. Received: {received}")
        shape, regularization = (image_size, image_size, channels), (dropout, activation_noise)
        super().__init__(
            generator(shape, latent_dim, num_classes=num_classes, width=width),
            discriminator(
                shape,
                num_classes=num_classes,
                width=discriminator_width,
                normalize=normalize,
                regularization=regularization,
            ),
            prior=prior,
            num_classes=num_classes,
            name=name,
        )
        self.class_weight, self.generator_class_weight = class_weight, generator_class_weight
        self.resolve_arguments(discriminator_width=discriminator_width)

    def logits(self, images: Any) -> tuple[Any, Any]:
        """(source logits (batch, 1), class logits (batch, num_classes)) in training mode, float32."""
        outputs = self.discriminator(self.augmented(images), training=True)
        return tuple(ops.cast(logits, "float32") for logits in outputs)

    def discriminate(self, images, labels=None):
        """The source logits alone, for penalties and the doctor. The labels are not an input."""
        return self.logits(images)[0]

    def discriminator_loss(self, batch: Batch) -> Any:
        """Section 3: the discriminator maximizes L_S + L_C; L_C is of real images and of fakes (equation 3)."""
        real_logits, real_classes = self.logits(batch.real)
        fake_logits, fake_classes = self.logits(batch.fake)
        real_loss, fake_loss = _class_loss(batch.labels, real_classes), _class_loss(batch.labels, fake_classes)
        self.log("real_class_loss", real_loss)
        correct = ops.equal(ops.argmax(real_classes, axis=-1), ops.cast(batch.labels, "int32"))
        self.log("class_accuracy", ops.mean(ops.cast(correct, "float32")))
        source_loss = self.adversarial_loss(real_logits, fake_logits)
        return source_loss + self.class_weight * (real_loss + fake_loss)

    def generator_loss(self, batch: Batch) -> Any:
        """Section 3: the generator maximizes L_C - L_S."""
        fake_logits, fake_classes = self.logits(batch.fake)
        real_logits = self.discriminate(batch.real) if self.objective.paired else None
        class_loss = _class_loss(batch.labels, fake_classes)
        self.log("fake_class_loss", class_loss)
        return self.objective.generator_loss(real_logits, fake_logits) + self.generator_class_weight * class_loss

    def classify(self, images: Any, *, batch_size: int = 64) -> np.ndarray:
        """The discriminator's class probabilities of images.

        Args:
            images: (count, height, width, channels), uint8 or float in [-1, 1].
            batch_size: images computed at a time.

        Returns float32 (count, num_classes); `.argmax(axis=-1)` of it are the labels.

        Raises:
            TypeError, ValueError: for arrays that are not images of the model's size, or empty ones.
        """
        return softmax(self.examine(images, batch_size=batch_size)[1], axis=-1)


def generator(shape: tuple[int, int, int], latent_dim: int, *, num_classes: int, width: float) -> keras.Model:
    """Latents (batch, latent_dim) and labels (batch,) to images (batch, height, width, channels) in [-1, 1]."""
    stages = shape[0].bit_length() - 3  # doublings of the first map
    side = shape[0] >> stages
    filters = (768, 384, 256, 192, 64) if shape[0] == 128 else tuple(384 / 2**index for index in range(stages))
    first, *rest = (max(round(width * factor), 1) for factor in filters)
    latents = keras.Input((latent_dim,), name="latents")
    labels = label_input(num_classes)
    x = layers.Concatenate(name="joined")([latents, one_hot(labels, num_classes)])
    x = layers.Dense(side * side * first, activation="relu", kernel_initializer=dcgan_normal(), name="project")(x)
    x = layers.Reshape((side, side, first), name="latent_map")(x)
    for index, units in enumerate(rest, start=1):
        x = norm_relu(dcgan_transposed(x, units, 5, f"up{index}"), f"up{index}")
    images = tanh_images(dcgan_transposed(x, shape[-1], 5, "image"))
    return keras.Model([latents, labels], images, name="generator")


def discriminator(
    shape: tuple[int, int, int],
    *,
    num_classes: int,
    width: float,
    normalize: bool = True,
    regularization: tuple[float, float] = (0.5, 0.0),
) -> keras.Model:
    """Images to source logits (batch, 1) and class logits (batch, num_classes).

    `regularization` is (dropout rate, standard deviation of the activations' noise) after each convolution.
    """
    dropout, noise = regularization
    images = keras.Input(shape, name="images")
    x = images
    for index, filters in enumerate((16, 32, 64, 128, 256, 512), start=1):
        name = f"down{index}"
        x = dcgan_convolution(x, max(round(width * filters), 1), 3, name, strides=1 + index % 2)
        x = normalized(x, "batch" if normalize and index > 1 else "none", name=f"{name}_norm")
        x = leaky_relu(x, name)
        x = layers.GaussianNoise(noise, name=f"{name}_noise")(x) if noise else x
        x = layers.Dropout(dropout, name=f"{name}_drop")(x)
    x = layers.Flatten(name="flat")(x)
    source = layers.Dense(1, kernel_initializer=dcgan_normal(), dtype="float32", name="logit")(x)
    classes = layers.Dense(num_classes, kernel_initializer=dcgan_normal(), dtype="float32", name="class_logits")(x)
    return keras.Model(images, [source, classes], name="discriminator")


def _class_loss(labels: Any, logits: Any) -> Any:
    """-log P(class | image), averaged."""
    return ops.mean(keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True))
