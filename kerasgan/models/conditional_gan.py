"""Conditional GAN: both networks also receive the class, so that it can be chosen for generated images.

Mirza, Osindero: Conditional Generative Adversarial Nets, 2014, https://arxiv.org/abs/1411.1784, section 4.1.
Deviations: images are in [-1, 1] at both networks' interfaces ([0, 1] inside); dropout of 0.5
follows every hidden layer and weights start with Glorot's uniform distribution; the paper specifies neither.
"""

from types import MappingProxyType
from typing import Any

import keras
import numpy as np
from keras import layers

from kerasgan.gan import GAN
from kerasgan.gan.constructor_checks import check_classes
from kerasgan.layers import Maxout, label_input, one_hot
from kerasgan.optimizers import MomentumRampSGD, for_both
from kerasgan.schedules import ExponentialDecayWithFloor

__all__ = ["ConditionalGAN", "discriminator", "generator"]


@keras.saving.register_keras_serializable("kerasgan")
class ConditionalGAN(GAN):
    """Class-conditional GAN of dense layers.

    Args:
        image_size: in pixels, square.
        channels: of the images.
        num_classes: number of classes, 2 or more.
        latent_dim: size of the latent vector.
        width: factor of all layers' units; 1 is the paper's MNIST model.
        dropout: dropout rate after both networks' hidden layers, in [0, 1).
        prior: of the latents; uniform on the unit cube, as the paper's, if not given.

    Raises:
        ValueError: for fewer than two classes or a width that is not positive.
    """

    tiny_config = MappingProxyType(dict(image_size=16, latent_dim=8, width=0.05))

    def __init__(
        self,
        *,
        image_size: int = 28,
        channels: int = 1,
        num_classes: int = 10,
        latent_dim: int = 100,
        width: float = 1.0,
        dropout: float = 0.5,
        prior: Any = None,
        name: str | None = None,
    ):
        check_classes(num_classes)
        if not width > 0:
            raise ValueError(f"Expected a positive width. Received: width={width}")
        shape = (image_size, image_size, channels)
        super().__init__(
            generator(shape, latent_dim, num_classes=num_classes, width=width, dropout=dropout),
            discriminator(shape, num_classes=num_classes, width=width, dropout=dropout),
            prior=prior or {"name": "uniform", "low": 0.0, "high": 1.0},
            num_classes=num_classes,
            name=name,
        )

    def default_compile_args(self):
        optimizers = for_both(lambda: MomentumRampSGD(ExponentialDecayWithFloor(0.1, decay=1.00004)))
        return {"objective": "non_saturating", **optimizers}


def generator(
    shape: tuple[int, int, int], latent_dim: int, *, num_classes: int, width: float, dropout: float
) -> keras.Model:
    """Latents (batch, latent_dim) and labels (batch,) to images (batch, height, width, channels) in [-1, 1]."""
    latents = keras.Input((latent_dim,), name="latents")
    labels = label_input(num_classes)
    from_latents = _hidden(latents, 200 * width, "from_latents", dropout)
    from_labels = _hidden(one_hot(labels, num_classes), 1000 * width, "from_labels", dropout)
    x = layers.Concatenate(name="joined")([from_latents, from_labels])
    x = _hidden(x, 1200 * width, "hidden", dropout)
    x = layers.Dense(int(np.prod(shape)), activation="sigmoid", name="image")(x)
    x = layers.Rescaling(2.0, -1.0, dtype="float32", name="to_range")(layers.Reshape(shape, name="image_map")(x))
    return keras.Model([latents, labels], x, name="generator")


def discriminator(shape: tuple[int, int, int], *, num_classes: int, width: float, dropout: float) -> keras.Model:
    """Images and labels (batch,) to logits (batch, 1)."""
    images = keras.Input(shape, name="images")
    labels = label_input(num_classes)
    x = layers.Flatten(name="flat")(layers.Rescaling(0.5, 0.5, name="to_unit")(images))
    from_images = _maxout(x, 240 * width, 5, "from_images", dropout)
    from_labels = _maxout(one_hot(labels, num_classes), 50 * width, 5, "from_labels", dropout)
    x = layers.Concatenate(name="joined")([from_images, from_labels])
    x = _maxout(x, 240 * width, 4, "hidden", dropout)
    logits = layers.Dense(1, name="logit", dtype="float32")(x)
    return keras.Model([images, labels], logits, name="discriminator")


def _hidden(x: Any, units: float, name: str, dropout: float) -> Any:
    x = layers.Dense(round(units), activation="relu", name=name)(x)
    return layers.Dropout(dropout, name=f"{name}_drop")(x)


def _maxout(x: Any, units: float, pieces: int, name: str, dropout: float) -> Any:
    x = Maxout(round(units), pieces, name=name)(x)
    return layers.Dropout(dropout, name=f"{name}_drop")(x)
