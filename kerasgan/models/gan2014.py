"""GAN: a generator and a discriminator, trained against each other by a minimax objective.

Goodfellow, Pouget-Abadie, Mirza, Xu, Warde-Farley, Ozair, Courville, Bengio: Generative Adversarial Networks, 2014,
https://arxiv.org/abs/1406.2661. Networks and hyper-parameters follow the configuration files of the authors' code;
there the generator is non-saturating. Deviations: images are in [-1, 1] at both networks' interfaces ([0, 1] inside;
the authors' CIFAR-10 runs use contrast-normalized images and a linear output, here a tanh); the networks are updated in
turn on new fakes, where the code updates both at once on the same, as `compile(updates="simultaneous",
reuse_fakes=True)` does; the TFD output layer starts dense, not sparse; "tfd" is trained whole, without the first stage
that the authors trained before.
"""

from types import MappingProxyType
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import layers, ops

from kerasgan.gan import GAN
from kerasgan.gan.constructor_checks import check_choice
from kerasgan.layers import Maxout, MaxoutConv2D
from kerasgan.optimizers import MomentumRampSGD, for_both
from kerasgan.schedules import ExponentialDecayWithFloor

__all__ = ["GAN2014", "discriminator", "generator"]


class Variant(NamedTuple):
    """One of the authors' configuration files."""

    generator_units: tuple[int, ...]
    generator_activations: tuple[str, ...]
    output: str
    discriminator_units: tuple[int, ...]
    prior: Any
    learning_rate: float
    max_norm: float | None = None
    convolutional: bool = False


CUBE = {"name": "uniform", "low": -(3**0.5), "high": 3**0.5}  # unit variance
RELUS, MIXED, DEEP = ("relu", "relu"), ("relu", "sigmoid"), ("relu", "sigmoid", "relu", "sigmoid")
# fmt: off
VARIANTS = {
    #                               generator           hidden  output     maxout units  prior     rate  max norm  conv
    "mnist":                Variant((1200, 1200),            RELUS, "sigmoid", (240, 240),   CUBE,     0.1),
    "tfd-pretrain":         Variant((8000, 8000),            MIXED, "sigmoid", (1200, 1200), "normal", 0.05,  1.9365),
    "tfd":                  Variant((8000, 100, 8000, 8000), DEEP,  "sigmoid", (1200, 1200), "normal", 0.05,  1.9365),
    "cifar10":              Variant((8000, 8000),            MIXED, "tanh",    (1600, 1600), "normal", 0.025),
    "cifar10-convolutional": Variant((8000, 8000), MIXED, "tanh", (500,), "normal", 0.004, convolutional=True),
}
# fmt: on


@keras.saving.register_keras_serializable("kerasgan")
class GAN2014(GAN):
    """The first GAN: a multilayer perceptron against a maxout network with dropout.

    Args:
        image_size: in pixels, square; 32 for "cifar10-convolutional".
        channels: of the images.
        latent_dim: size of the latent vector.
        variant: "mnist", "tfd-pretrain", "tfd", "cifar10" or "cifar10-convolutional".
        generator_units: hidden units of the generator, the variant's if not given.
        discriminator_units: maxout units of the discriminator, the variant's if not given.
        prior: of the latents, the variant's if not given.

    Raises:
        ValueError: for an unknown variant, or units whose number does not fit the variant's activations.
    """

    tiny_config = MappingProxyType(
        dict(image_size=16, latent_dim=8, generator_units=(16, 16), discriminator_units=(8, 8))
    )

    def __init__(
        self,
        *,
        image_size: int = 28,
        channels: int = 1,
        latent_dim: int = 100,
        variant: str = "mnist",
        generator_units: Any = None,
        discriminator_units: Any = None,
        prior: Any = None,
        name: str | None = None,
    ):
        settings = _variant(variant, image_size, generator_units, discriminator_units)
        shape = (image_size, image_size, channels)
        super().__init__(
            generator(shape, latent_dim, settings),
            discriminator(shape, settings),
            prior=prior or settings.prior,
            name=name,
        )
        self.learning_rate = settings.learning_rate
        self.resolve_arguments(
            generator_units=settings.generator_units, discriminator_units=settings.discriminator_units
        )

    def default_compile_args(self):
        optimizers = for_both(lambda: MomentumRampSGD(ExponentialDecayWithFloor(self.learning_rate)))
        return {"objective": "non_saturating", **optimizers}

    def discriminator_loss(self, batch):
        """Half the sum of both terms, as the authors' code averages them."""
        return 0.5 * super().discriminator_loss(batch)

    def adapt(self, source):
        """Sets the output bias to the logit of each pixel's mean, so that the first samples have the data's marginals.

        The mean is clipped to [1e-7, 1 - 1e-7]; taken over at most 10,000 images. Variants with a tanh output start
        from its inverse. Weights that are trained or loaded are left alone.
        """
        output = self.generator.get_layer("image")
        if np.any(ops.convert_to_numpy(output.bias.value)):
            return  # trained or loaded already: not initialized again
        total, count = np.zeros(self.image_shape), 0
        for batch in source:
            images = ops.convert_to_numpy(self.unpack(batch)[0])
            total, count = total + images.sum(axis=0), count + len(images)
            if count >= 10_000:
                break
        mean = np.clip((total / count + 1) / 2, 1e-7, 1 - 1e-7)
        logit = np.log(mean / (1 - mean))
        # tanh(x) = 2 sigmoid(2x) - 1
        bias = logit if output.activation is keras.activations.sigmoid else logit / 2
        for network in filter(None, (self.generator, self.ema_generator)):
            network.get_layer("image").bias.assign(bias.reshape(output.bias.shape))


def _variant(name: str, image_size: int, generator_units: Any, discriminator_units: Any) -> Variant:
    check_choice("variant", name, VARIANTS)
    settings = VARIANTS[name]
    if settings.convolutional and image_size != 32:
        raise ValueError(f"Expected image_size=32 for the variant {name}. Received: image_size={image_size}")
    units = tuple(generator_units or settings.generator_units)
    if len(units) != len(settings.generator_activations):
        expected = len(settings.generator_activations)
        raise ValueError(f"Expected {expected} hidden layers. Received: generator_units={generator_units}")
    return settings._replace(
        generator_units=units, discriminator_units=tuple(discriminator_units or settings.discriminator_units)
    )


def generator(shape: tuple[int, int, int], latent_dim: int, settings: Variant) -> keras.Model:
    """Latents (batch, latent_dim) to images (batch, height, width, channels) in [-1, 1]."""
    latents = x = keras.Input((latent_dim,), name="latents")
    for index, (units, activation) in enumerate(zip(settings.generator_units, settings.generator_activations), 1):
        # the authors lower the biases of hidden sigmoids, to start from sparse codes
        bias = -2.0 if activation == "sigmoid" and settings.output == "sigmoid" else 0.0
        x = _dense(x, units, f"hidden{index}", settings, activation=activation, bias=bias)
    if settings.convolutional:
        x = layers.Reshape((10, 10, -1), name="map")(x)  # (10, 10, 80)
        x = layers.Conv2DTranspose(shape[-1], 5, 3, use_bias=False, kernel_initializer=_uniform(0.05), name="deconv")(x)
        x = PixelBias(activation=settings.output, name="image")(x)  # (32, 32, channels)
    else:
        x = _dense(x, int(np.prod(shape)), "image", settings, activation=settings.output)
        x = layers.Reshape(shape, name="image_map")(x)
    if settings.output == "sigmoid":
        x = layers.Rescaling(2.0, -1.0, name="to_range")(x)
    return keras.Model(latents, layers.Activation("linear", dtype="float32")(x), name="generator")


def discriminator(shape: tuple[int, int, int], settings: Variant) -> keras.Model:
    """Images to logits (batch, 1): maxout layers with dropout, 0.2 of the inputs and 0.5 of all other layers."""
    images = keras.Input(shape, name="images")
    x = layers.Rescaling(0.5, 0.5, name="to_unit")(images)
    x = layers.Dropout(0.2, name="drop_input")(x)
    if settings.convolutional:
        for index, (filters, kernel, padding, pool) in enumerate([(32, 8, 4, 4), (32, 8, 3, 4), (192, 5, 3, 2)], 1):
            x = _convolution_and_pool(x, filters, kernel, padding=padding, pool=pool, name=f"conv{index}")
    x = layers.Flatten(name="flat")(x)
    for index, units in enumerate(settings.discriminator_units, start=1):
        x = Maxout(
            units,
            pieces=5,
            kernel_initializer=_uniform(0.005),
            kernel_constraint=_max_norm(settings),
            name=f"maxout{index}",
        )(x)
        x = layers.Dropout(0.5, name=f"drop{index}")(x)
    logits = layers.Dense(
        1, kernel_initializer=_uniform(0.005), kernel_constraint=_max_norm(settings), name="logit", dtype="float32"
    )(x)
    return keras.Model(images, logits, name="discriminator")


def _uniform(bound: float) -> keras.initializers.Initializer:
    return keras.initializers.RandomUniform(-bound, bound)


def _max_norm(settings: Variant) -> keras.constraints.Constraint | None:
    return keras.constraints.MaxNorm(settings.max_norm, axis=0) if settings.max_norm else None


def _dense(x, units: int, name: str, settings: Variant, *, activation: str, bias: float = 0.0):
    return layers.Dense(
        units,
        activation=activation,
        kernel_initializer=_uniform(0.5 if name == "image" and settings.output == "tanh" else 0.05),
        bias_initializer=keras.initializers.Constant(bias),
        kernel_constraint=_max_norm(settings),
        name=name,
    )(x)


def _convolution_and_pool(x, filters: int, kernel: int, *, padding: int, pool: int, name: str):
    x = layers.ZeroPadding2D(padding, name=f"{name}_pad")(x)
    x = MaxoutConv2D(filters, kernel, pieces=2, kernel_initializer=_uniform(0.005), name=name)(x)
    # pools of `pool` every 2 pixels that may hang over the edge: outputs ceil((n - pool) / 2) + 1
    x = layers.ZeroPadding2D(((0, (x.shape[1] - pool) % 2), (0, (x.shape[2] - pool) % 2)), name=f"{name}_edge")(x)
    x = layers.MaxPooling2D(pool, 2, name=f"{name}_pool")(x)
    return layers.Dropout(0.5, name=f"{name}_drop")(x)


@keras.saving.register_keras_serializable("kerasgan")
class PixelBias(keras.layers.Layer):
    """Adds an untied bias for each pixel and channel, then the activation."""

    def __init__(self, *, activation: str, **options: Any):
        super().__init__(**options)
        self.activation = keras.activations.get(activation)

    def build(self, input_shape):
        self.bias = self.add_weight(shape=input_shape[1:], initializer="zeros", name="bias")

    def call(self, inputs):
        return self.activation(inputs + self.bias)

    def get_config(self):
        return {**super().get_config(), "activation": keras.activations.serialize(self.activation)}
