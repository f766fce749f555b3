"""BEGAN: the discriminator is an autoencoder; a running weight keeps its errors on real images and fakes in balance.

Berthelot, Schumm, Metz: BEGAN: Boundary Equilibrium Generative Adversarial Networks, 2017,
https://arxiv.org/abs/1703.10717. Deviations: k is updated from the fakes of the discriminator's update; without the
skip connections and residuals that decay, which the paper leaves to choice; samples are clipped to [-1, 1]. The rate is
constant: `keras.callbacks.ReduceLROnPlateau("convergence_measure", 0.5, mode="min")` halves it when the measure stalls,
as in the paper.
"""

from types import MappingProxyType
from typing import Any

import keras
from keras import layers, ops

from kerasgan.gan import GAN
from kerasgan.gan.constructor_checks import check_doublings
from kerasgan.layers import ImageRange
from kerasgan.objectives import Wasserstein
from kerasgan.optimizers import for_both

__all__ = ["BEGAN", "Equilibrium", "discriminator", "generator"]


@keras.saving.register_keras_serializable("kerasgan")
class Equilibrium(Wasserstein):
    """Equation of section 3.4, of logits that are negative reconstruction errors: E b - E a and -E b.

    The fakes' logits arrive times k, which bounds what the discriminator gains by them.
    """

    needs_lipschitz = False
    ordered = False  # at the equilibrium fakes have the smaller error


@keras.saving.register_keras_serializable("kerasgan")
class BEGAN(GAN):
    """BEGAN for square images.

    The logit of an image is the negative mean absolute error of its reconstruction, `examine(images)`. In the logs,
    `convergence_measure` is M = L(x) + |gamma L(x) - L(G(z))|, which falls as the samples get better, and `fake_weight`
    is k; k is a weight of the model, which files and checkpoints keep.

    Args:
        image_size: 4, 5, 6 or 7 times a power of two, from 8 on, in pixels.
        channels: of the images.
        latent_dim: size of the latent vector, and of the autoencoder's code.
        width: channels of the convolutions; the encoder's grow by as many at each halving.
        diversity_ratio: gamma, the error on fakes over that on real images at the equilibrium, in (0, 1]; lower values
            give sharper and less varied samples.
        proportional_gain: lambda_k, the rate of k.
        prior: of the latents; U(-1, 1) if not given.

    Raises:
        ValueError: for another size, or numbers out of range.
    """

    tiny_config = MappingProxyType(dict(image_size=8, channels=1, latent_dim=4, width=2))
    extra_metrics = ("convergence_measure", "fake_weight")

    def __init__(
        self,
        *,
        image_size: int = 64,
        channels: int = 3,
        latent_dim: int = 64,
        width: int = 128,
        diversity_ratio: float = 0.5,
        proportional_gain: float = 1e-3,
        prior: Any = None,
        name: str | None = None,
    ):
        check_doublings(image_size)
        if not 0 < diversity_ratio <= 1 or proportional_gain < 0:
            expected = "Expected diversity_ratio in (0, 1] and proportional_gain from 0 on"
            received = f"diversity_ratio={diversity_ratio}, proportional_gain={proportional_gain}"
            raise ValueError(f"{expected}. Received: {received}")
        super().__init__(
            generator(image_size, channels, latent_dim, width=width),
            discriminator(image_size, channels, latent_dim, width=width),
            prior=prior or "uniform",
            name=name,
        )
        self.diversity_ratio, self.proportional_gain = diversity_ratio, proportional_gain
        # Each device updates k from its share of the batch; the mean of those is kept
        options = dict(initializer="zeros", trainable=False, aggregation="mean")
        self.fake_weight = self.add_weight((), name="fake_weight", **options)

    def default_compile_args(self) -> dict[str, Any]:
        """Section 3.5: Adam with a rate of 1e-4; the decay of the first moment is Keras' default."""
        return {"objective": Equilibrium(), **for_both(lambda: keras.optimizers.Adam(1e-4))}

    def discriminate(self, images, condition=None):
        """Minus L(v) = mean |v - D(v)| of each augmented image: (batch, 1)."""
        images = self.augmented(images)
        errors = ops.abs(images - ops.cast(self.discriminator(images, training=True), "float32"))
        return -ops.mean(errors, axis=(1, 2, 3))[:, None]

    def discriminator_loss(self, batch):
        """L(x) - k L(G(z)), and the update of k (section 3.4)."""
        real_logits, fake_logits = self.discriminate(batch.real), self.discriminate(batch.fake)
        weight = self.fake_weight + 0.0  # a copy: the variable itself changes next
        self._balance(ops.stop_gradient(-ops.mean(real_logits)), ops.stop_gradient(-ops.mean(fake_logits)))
        return self.adversarial_loss(real_logits, weight * fake_logits)

    def _balance(self, real_error: Any, fake_error: Any) -> None:
        """k + lambda_k (gamma L(x) - L(G(z))), within [0, 1], and the measure of convergence (section 3.4.1)."""
        balance = self.diversity_ratio * real_error - fake_error
        self.fake_weight.assign(ops.clip(self.fake_weight + self.proportional_gain * balance, 0.0, 1.0))
        self.log("convergence_measure", real_error + ops.abs(balance))
        self.log("fake_weight", self.fake_weight)


def generator(image_size: int, channels: int, latent_dim: int, *, width: int) -> keras.Model:
    """Latents (batch, latent_dim) to images, which are in [-1, 1] outside training."""
    latents = keras.Input((latent_dim,), name="latents")
    images = ImageRange(dtype="float32", name="range")(_decoded(latents, image_size, channels, width))
    return keras.Model(latents, images, name="generator")


def discriminator(image_size: int, channels: int, latent_dim: int, *, width: int) -> keras.Model:
    """Images to their reconstructions, which have no bounds; the decoder is as the generator (figure 1)."""
    images = keras.Input((image_size, image_size, channels), name="images")
    x, size, level = _elu(images, width, "encode"), image_size, 1
    while True:
        x = _elu(_elu(x, level * width, f"encode{size}_1"), level * width, f"encode{size}_2")
        if size <= _smallest(image_size):
            break
        x = _elu(x, level * width, f"encode{size}_down", strides=2)
        size, level = size // 2, level + 1
    code = layers.Dense(latent_dim, name="code")(layers.Flatten(name="flat")(x))
    return keras.Model(images, _decoded(code, image_size, channels, width), name="discriminator")


def _smallest(image_size: int) -> int:
    """The side of the smallest map, 8 to 14 pixels."""
    return 2 * check_doublings(image_size)


def _decoded(code: Any, image_size: int, channels: int, width: int) -> Any:
    size = _smallest(image_size)
    x = layers.Dense(size * size * width, name="decode")(code)
    x = layers.Reshape((size, size, width), name="decode_map")(x)
    while True:
        x = _elu(_elu(x, width, f"decode{size}_1"), width, f"decode{size}_2")
        if size == image_size:
            break
        x, size = layers.UpSampling2D(name=f"decode{size}_double")(x), 2 * size
    return layers.Conv2D(channels, 3, padding="same", dtype="float32", name="image")(x)


def _elu(x: Any, filters: int, name: str, *, strides: int = 1) -> Any:
    return layers.Conv2D(filters, 3, strides, padding="same", activation="elu", name=name)(x)
