"""DeePSiM: images from a network's features, made sharp by losses on pixels, on features and of a discriminator.

Dosovitskiy, Brox: Generating Images with Perceptual Similarity Metrics based on Deep Networks, 2016,
https://arxiv.org/abs/1602.02644. Layer tables, weights and the balance of both networks follow the authors' training
program. The network whose features are inverted and compared is not trained.

Deviations: images are in [-1, 1] outside the losses, which scale them to units of 1 / 255 as the authors do; the
discriminator's two softmax outputs are one logit; it is updated before the generator, not in one pass with it; weights
start from He's distribution; if doublings lead from the inverted maps to the image's size without a remainder, as with
VGG's, the third convolution keeps their size. The authors inverted AlexNet, which Keras does not have.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasgan import data
from kerasgan.data import checks
from kerasgan.data.decoding import resized
from kerasgan.gan import Balance, ImageToImage
from kerasgan.gan.tiling import filled
from kerasgan.models import feature_networks
from kerasgan.models.deepsim_networks import discriminator, generator

__all__ = ["DeePSiM", "discriminator", "generator"]


@keras.saving.register_keras_serializable("kerasgan")
class DeePSiM(ImageToImage):
    """A generator from the features of a frozen network back to its images, and a discriminator conditioned on them.

    `fit(images)` trains it, `predict(images)` reconstructs images from their features, and `invert(features)` generates
    images from given features. Exports map images to reconstructions and include the frozen network; `gan.sampler` is
    the part from features to images.

    Args:
        network: a functional or sequential Keras model of images in [-1, 1], or a recipe's table of one of
            `kerasgan.models.feature_networks`, such as {"name": "vgg16", "weights": FILE}. It is copied, not changed.
        layer: of the network: its features, vectors or maps, are inverted.
        comparator: the layer whose features of the image and of its reconstruction the loss compares.
        class_layer: the layer of class scores, for score cards to report how often both get the same class.
        image_size: int or (height, width), for a network that takes any.
        units: of the generator's dense layers, before which vectors become maps.
        width: channels of the generator's last maps; they double to 8 times that away from the image.
        discriminator_width: channels of the discriminator's first maps; they double to 8 times that.
        discriminator_stride: of its first convolution: 4 suits 227 pixels (paper), 1 suits 32.
        image_weight: of half the squared differences of pixels, in units of 1 / 255, summed over an image.
        feature_weight: of half the squared differences of the comparator's features, summed over an image; or 0.
        adversarial_weight: of the adversarial loss; with 0 the discriminator is not trained.
        balance: whether updates of a network that is too far ahead are paused: see `kerasgan.gan.Balance`. Not for
            objectives whose losses may be negative.
        weight_decay: L2 regularization of the kernels of both networks, times half the squared weights.

    Raises:
        ValueError: for an unsuitable network, layer or size, or images too small for the discriminator.
    """

    tiny_config = MappingProxyType(
        dict(
            network={"name": "digits"},
            layer="features",
            comparator="pool2",
            class_layer="probabilities",
            units=8,
            width=2,
            discriminator_width=2,
            discriminator_stride=1,
        )
    )

    def __init__(
        self,
        *,
        network: "Mapping[str, Any] | keras.Model",
        layer: str,
        comparator: str,
        class_layer: str | None = None,
        image_size: int | Sequence[int] | None = None,
        units: int = 4096,
        width: int = 32,
        discriminator_width: int = 32,
        discriminator_stride: int = 4,
        image_weight: float = 2e-6,
        feature_weight: float = 0.01,
        adversarial_weight: float = 100.0,
        balance: bool = True,
        weight_decay: float = 4e-4,
        name: str | None = None,
    ):
        names = dict.fromkeys((layer, comparator, *([class_layer] if class_layer else ())))
        part = feature_networks.frozen(feature_networks.get(network), [*names], image_size=image_size)
        image_shape = tuple(part.inputs[0].shape[1:])
        features = tuple(part.get_layer(layer).output.shape[1:])
        discriminator_sizes: dict[str, Any] = dict(width=discriminator_width, stride=discriminator_stride)
        super().__init__(
            generator(features, image_shape, units=units, width=width, weight_decay=weight_decay),
            discriminator(image_shape, features, **discriminator_sizes, weight_decay=weight_decay),
            image_size=image_shape[:2],
            name=name,
        )
        self.network = part
        self.encoder, self.compared = (self._up_to(each) for each in (layer, comparator))
        self.classifier = self._up_to(class_layer) if class_layer else None
        self.balance = Balance(name="balance") if balance else None
        self.image_weight, self.feature_weight = image_weight, feature_weight
        self.adversarial_weight = adversarial_weight
        weights = {"feature_loss": feature_weight, "adversarial_loss": adversarial_weight}
        self.extra_metrics = ("image_loss", *(loss for loss, weight in weights.items() if weight))
        self.resolve_arguments(network=part, image_size=None)

    def _up_to(self, layer: str) -> keras.Model:
        return keras.Model(self.network.inputs[0], self.network.get_layer(layer).output, name=f"up_to_{layer}")

    @property
    def input_shape(self) -> tuple[int, int, int]:
        return self.image_shape

    def default_compile_args(self):
        """The settings of the authors' solver, which halves the rate at 300,000 steps and then every 200,000."""

        def adam():
            return keras.optimizers.Adam(2e-4, beta_1=0.9, beta_2=0.999)

        return {**super().default_compile_args(), "generator_optimizer": adam(), "discriminator_optimizer": adam()}

    # Training

    def batches(self, x, y=None, *, batch_size=None):
        """Takes images alone, which are both inputs and targets, or what `ImageToImage` takes."""
        if y is None and not (getattr(x, "paired", False) or isinstance(x, tuple)):
            x = data.derive_pairs(data.batches(x, image_shape=self.image_shape, batch_size=batch_size), "unchanged")
            batch_size = None
        return super().batches(x, y, batch_size=batch_size)

    def train_on_batch(self, x, y=None, **options):
        return super().train_on_batch(x, x if y is None else y, **options)

    def prepare_batch(self, data):
        """The inputs of a step: the features are the generator's latents."""
        batch = super().prepare_batch(data)
        return batch._replace(latents=self._features(self.encoder, batch.inputs))

    def synthesize(self, batch):
        return ops.cast(self.generator(batch.latents, training=True), "float32")

    def discriminator_condition(self, batch):
        return batch.latents

    def should_update(self, network):
        update = super().should_update(network)
        if update is False or self.balance is None:
            return update
        flags = self.balance.discriminator_updates, self.balance.generator_updates
        return ops.convert_to_tensor(flags[network is self.generator]) > 0.5

    def discriminator_loss(self, batch):
        """The cross-entropies of real and generated images (L_discr of section 3)."""
        loss = super().discriminator_loss(batch)
        if self.balance is not None:
            self.balance.observe_discriminator(loss)
        return loss

    def generator_loss(self, batch):
        """The losses on features and pixels and the adversarial one, each times its weight (section 3)."""
        image = _half_squares(127.5 * batch.fake, 127.5 * batch.real)
        self.log("image_loss", image)
        loss = self.image_weight * image
        if self.feature_weight:
            feature = _half_squares(*(self._features(self.compared, images) for images in (batch.fake, batch.real)))
            self.log("feature_loss", feature)
            loss += self.feature_weight * feature
        if not self.adversarial_weight:
            return loss
        adversarial = super().generator_loss(batch)
        self.log("adversarial_loss", adversarial)
        if self.balance is not None:
            self.balance.observe_generator(adversarial)
        return loss + self.adversarial_weight * adversarial

    def _features(self, network: keras.Model, images: Any) -> Any:
        """The frozen network's outputs for images, float32."""
        return ops.cast(network(images, training=False), "float32")

    # Prediction

    def call(self, inputs, training=None):
        """Reconstructions of images of the network's size."""
        return self.sampler(self._features(self.encoder, inputs), training=training)

    def translator(self, direction=None):
        """The frozen network up to the layer, followed by the generator: the network that is exported."""
        sampler = super().translator(direction)
        images = keras.Input(self.image_shape, name="images")
        return keras.Model(images, sampler(self.encoder(images)), name="reconstruction")

    def encode(self, images: Any, *, batch_size: int = 64) -> np.ndarray:
        """Features (count, ...), float32, for `invert`, of images of any size; ValueError for other channels."""
        pixels = self._sized(data.sources.scaled(checks.image_array(images)))
        return self._outputs(self.encoder, [pixels], batch_size=batch_size)

    def invert(self, features: Any, *, batch_size: int = 64) -> np.ndarray:
        """Images, float32 in [-1, 1], of features (count, ...) of the layer; ValueError for those of another shape."""
        array = np.asarray(features, "float32")
        expected = tuple(self.sampler.inputs[0].shape[1:])
        if array.shape[1:] != expected or not len(array):
            raise ValueError(f"Expected features (count, {', '.join(map(str, expected))}). Received: {array.shape}")
        return self._outputs(self.sampler, [array], batch_size=batch_size)

    def examine(self, images, inputs, *, batch_size=64):
        """As `ImageToImage.examine`; the discriminator also receives the features of the inputs."""
        pixels = data.sources.scaled(checks.image_array(images))
        return self._outputs(self.discriminator, [pixels, self.encode(inputs)], batch_size=batch_size)

    def family_pair_scores(self, made, targets):
        """The distance of reconstructions in the inverted layer, and whether the class is preserved.

        `feature_error`: the distance of the features, relative to the length of the target's. `agreement`, with a
        `class_layer`: 1 if the most likely class is the same.
        """
        found, target = (self.encode(images).reshape(len(images), -1) for images in (made, targets))
        length = np.maximum(np.linalg.norm(target, axis=1), 1e-12)
        scores = {"feature_error": np.linalg.norm(found - target, axis=1) / length}
        if self.classifier is not None:
            classes = [self._outputs(self.classifier, [images], batch_size=64) for images in (made, targets)]
            scores["agreement"] = np.equal(*(each.argmax(axis=-1) for each in classes)).astype("float64")
        return scores

    def _translate(self, pixels, direction=None, tiling=None, out=None):
        """Images of other sizes are resized to the network's, not cut into tiles; outputs are resized back."""
        batch_size = tiling.batch_size if tiling else None
        made = self._outputs(self.translator(direction), [self._sized(pixels)], batch_size=batch_size or 64)
        return filled(out, resized(made, size=pixels.shape[1:3], crop="stretch"))

    def _sized(self, pixels: np.ndarray) -> np.ndarray:
        height, width, channels = self.image_shape
        if pixels.shape[-1] != channels:
            raise ValueError(f"Expected images of {channels} channels. Received: shape={pixels.shape}")
        return resized(pixels, size=(height, width), crop="stretch")


def _half_squares(first: Any, second: Any) -> Any:
    """Half of the squared differences, summed over each image, and averaged over the batch."""
    return 0.5 * ops.sum(ops.square(first - second)) / ops.cast(ops.shape(first)[0], "float32")
