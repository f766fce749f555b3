"""BiGAN: an encoder learns the generator's inverse, for the discriminator sees images together with their latents.

Donahue, Krähenbühl, Darrell: Adversarial Feature Learning, 2017, https://arxiv.org/abs/1605.09782; the same idea,
ALI, in Dumoulin, Belghazi, Poole, Mastropietro, Lamb, Arjovsky, Courville: Adversarially Learned Inference, 2017,
https://arxiv.org/abs/1606.00704. "dense" are the networks of section 4.1 for MNIST; "convolutional" are DCGAN's layers
with a dense track for the latents in the discriminator, as in ALI. Deviations: images are in [-1, 1] with a tanh; the
rate does not decay in the second half; fakes and real images pass the discriminator apart.
"""

from types import MappingProxyType
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from kerasgan import data
from kerasgan.gan.constructor_checks import check_choice, check_doublings
from kerasgan.layers import Companion, dcgan_convolution, dcgan_transposed, leaky_relu, normalized, tanh_images
from kerasgan.models.encoding import Encoding

__all__ = ["BiGAN", "discriminator", "encoder", "generator"]

VARIANTS = ("dense", "convolutional")


@keras.saving.register_keras_serializable("kerasgan")
class BiGAN(Encoding):
    """BiGAN for square images: `generate`, `encode` and `reconstruct`.

    The encoder's weights are part of the generator, which is trained with it; images do not depend on them.

    Args:
        image_size: in pixels; for the variant "convolutional" 4, 5, 6 or 7 times a power of two, from 8 on.
        channels: of the images.
        latent_dim: size of the latent vector, 50 in the paper.
        variant: "dense", two hidden layers in each network, or "convolutional".
        width: units of each hidden layer ("dense", 1024 in the paper), or channels next to the image, 64 if not given.
        prior: of the latents; U(-1, 1) if not given.

    Raises:
        ValueError: for an unknown variant, or another size.
    """

    tiny_config = MappingProxyType(dict(image_size=8, latent_dim=4, width=16))

    def __init__(
        self,
        *,
        image_size: int = 28,
        channels: int = 1,
        latent_dim: int = 50,
        variant: str = "dense",
        width: int | None = None,
        prior: Any = None,
        name: str | None = None,
    ):
        check_choice("variant", variant, VARIANTS)
        if variant == "convolutional":
            check_doublings(image_size)
        width = width or (1024 if variant == "dense" else 64)
        shape = (image_size, image_size, channels)
        options: dict[str, Any] = dict(variant=variant, width=width)
        super().__init__(
            generator(shape, latent_dim, **options),
            discriminator(shape, latent_dim, **options),
            prior=prior or "uniform",
            name=name,
        )
        self.resolve_arguments(width=width)

    def discriminator_condition(self, batch):
        """The latents of the fakes, as the prior's network makes them if it has one."""
        return self._drawn_codes(batch)

    def discriminator_loss(self, batch):
        """Equation 3, of the pairs (x, E(x)) and (G(z), z)."""
        real_logits = self.discriminate(batch.real, ops.stop_gradient(self._codes(batch.real)))
        return self.adversarial_loss(real_logits, self.discriminate(batch.fake, self.discriminator_condition(batch)))

    def generator_loss(self, batch):
        """The inverse objective of section 3.4: the discriminator's with real images and fakes exchanged."""
        real_logits = self.discriminate(batch.real, self._codes(batch.real))
        fake_logits = self.discriminate(batch.fake, self.discriminator_condition(batch))
        return self.objective.discriminator_loss(fake_logits, real_logits)

    def penalize(self, penalty, batch):
        """The penalty on the gradient in the image, given what the encoder makes of it."""

        def discriminate(images):
            return self.discriminate(images, ops.stop_gradient(self._codes(ops.stop_gradient(images))))

        return penalty(discriminate, batch.real, batch.fake, self.seed_generator, step=self.optimizer.iterations)

    def examine(self, images, *, batch_size=64):
        """As `GAN.examine`: the logits of the pairs (x, E(x))."""
        pixels, _ = data.batch(images, image_shape=self.image_shape)
        codes = self.encode(pixels, batch_size=batch_size)
        return self._outputs(self.discriminator, [pixels, codes], batch_size=batch_size)

    def family_scores(self, images, labels, *, seed=0):
        """`neighbor_accuracy`: how often an image's nearest neighbor among the others, by latents, has its label.

        `pixel_neighbor_accuracy` is the same by pixels.
        """
        if labels is None or len(images) < 2:
            return {}
        labels = np.asarray(labels)
        features = {"": self.encode(images), "pixel_": np.asarray(images, "float32")}
        return {f"{name}neighbor_accuracy": _neighbor_accuracy(each, labels) for name, each in features.items()}


def generator(shape: tuple[int, int, int], latent_dim: int, *, variant: str, width: int) -> keras.Model:
    """Latents (batch, latent_dim) to images in [-1, 1], with the encoder beside it."""
    latents = keras.Input((latent_dim,), name="latents")
    x = Companion(encoder(shape, latent_dim, variant=variant, width=width), name="encoder")(latents)
    if variant == "dense":
        x = layers.ReLU(name="hidden1_relu")(_dense(x, width, "hidden1"))
        x = layers.ReLU(name="hidden2_relu")(_plain_norm(_dense(x, width, "hidden2"), "hidden2"))
        x = layers.Reshape(shape, name="image_map")(_dense(x, int(np.prod(shape)), "image"))
        return keras.Model(latents, tanh_images(x), name="generator")
    stages = shape[0].bit_length() - 3
    side, top = shape[0] >> stages, width * 2 ** (stages - 1)
    x = layers.Dense(side * side * top, use_bias=False, name="project")(x)
    x = layers.Reshape((side, side, top), name="project_map")(x)
    x = layers.ReLU(name="project_relu")(normalized(x, "batch", name="project_norm"))
    for index in range(1, stages):
        name = f"up{index}"
        x = dcgan_transposed(x, width * 2 ** (stages - 1 - index), 4, name, use_bias=False)
        x = layers.ReLU(name=f"{name}_relu")(normalized(x, "batch", name=f"{name}_norm"))
    return keras.Model(latents, tanh_images(dcgan_transposed(x, shape[-1], 4, "image")), name="generator")


def encoder(shape: tuple[int, int, int], latent_dim: int, *, variant: str, width: int) -> keras.Model:
    """Images to latents (batch, latent_dim), without bounds."""
    images = keras.Input(shape, name="images")
    if variant == "dense":
        x = leaky_relu(_dense(layers.Flatten(name="flat")(images), width, "hidden1"), "hidden1")
        x = leaky_relu(_plain_norm(_dense(x, width, "hidden2"), "hidden2"), "hidden2")
    else:
        x = layers.Flatten(name="flat")(_halved(images, width))
    codes = layers.Dense(latent_dim, dtype="float32", name="codes")(x)
    return keras.Model(images, codes, name="encoder")


def discriminator(shape: tuple[int, int, int], latent_dim: int, *, variant: str, width: int) -> keras.Model:
    """[Images, latents] to logits (batch, 1)."""
    images, latents = keras.Input(shape, name="images"), keras.Input((latent_dim,), name="latents")
    if variant == "dense":
        x = layers.Concatenate(name="pair")([layers.Flatten(name="flat")(images), latents])
        x = leaky_relu(_dense(x, width, "hidden1"), "hidden1")
        x = leaky_relu(_plain_norm(_dense(x, width, "hidden2"), "hidden2"), "hidden2")
    else:
        units = 8 * width
        x, y = layers.Flatten(name="flat")(_halved(images, width)), latents
        for index in (1, 2):
            y = leaky_relu(layers.Dense(units, name=f"latents{index}")(y), f"latents{index}")
        x = layers.Concatenate(name="pair")([x, y])
        x = leaky_relu(layers.Dense(2 * units, name="joint")(x), "joint")
    return keras.Model([images, latents], layers.Dense(1, dtype="float32", name="logit")(x), name="discriminator")


def _halved(x: Any, width: int) -> Any:
    """DCGAN's strided convolutions, to a side of 4 to 7 pixels."""
    for index in range(1, x.shape[1].bit_length() - 2):
        x = dcgan_convolution(x, width * 2 ** (index - 1), 4, f"down{index}", use_bias=index == 1)
        x = x if index == 1 else normalized(x, "batch", name=f"down{index}_norm")
        x = leaky_relu(x, f"down{index}")
    return x


def _dense(x: Any, units: int, name: str) -> Any:
    return layers.Dense(units, kernel_initializer=keras.initializers.RandomNormal(stddev=0.02), name=name)(x)


def _plain_norm(x: Any, name: str) -> Any:
    """Batch normalization without parameters (section 4.1)."""
    return normalized(x, "batch", affine=False, name=f"{name}_norm")


def _neighbor_accuracy(features: np.ndarray, labels: np.ndarray) -> float:
    from sklearn.neighbors import NearestNeighbors

    rows = features.reshape(len(features), -1)
    found = NearestNeighbors(n_neighbors=1).fit(rows).kneighbors(return_distance=False)[:, 0]  # among the others
    return float(np.mean(labels[found] == labels))
