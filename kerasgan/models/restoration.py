"""Base of the image restoration families: content losses on pixels and features besides the adversarial one."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import keras
from keras import ops

from kerasgan import schedules
from kerasgan.gan import ImageToImage
from kerasgan.models import feature_networks

__all__ = ["Restoration"]

DISTANCES = {"squared": ops.square, "absolute": ops.abs}


class Restoration(ImageToImage):
    """A generator of larger or sharper images, and a discriminator of images of that size.

    Args:
        generator: from images in [-1, 1] to images `scale` times as large; 1 for the same size.
        discriminator: of images of `image_size`.
        distance: of both content losses: "squared" or "absolute" differences, averaged over all elements.
        pixel_weight: of the distance of the images, in [-1, 1].
        features: a network of images in [-1, 1] whose outputs are compared; a recipe's table of one of
            `kerasgan.models.feature_networks`, such as {"name": "vgg19", "weights": "imagenet"}, which is built (and
            its weights are loaded) when training begins; or None.
        feature_layer: the layer of `features` whose output is compared; its last one if not given.
        feature_weight: of the distance of features.
        adversarial_weight: a number, or a schedule of generator steps, or a recipe's table of one. With 0
            only the generator is trained; with a schedule the discriminator is trained from the first step on.
        **options: of `ImageToImage`: image_size, scale, multiple, name.

    Raises:
        ValueError: without a content loss, for an unknown distance, or a layer without a network.
    """

    needs_content: bool = True
    """Whether it takes a weight of pixels, or features; a family whose own losses compare images needs neither."""

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        distance: str,
        pixel_weight: float,
        features: keras.Model | Mapping[str, Any] | None,
        feature_layer: str | None,
        feature_weight: float,
        adversarial_weight: Any,
        **options: Any,
    ):
        super().__init__(generator, discriminator, **options)
        if distance not in DISTANCES:
            raise ValueError(f"Expected a distance: {', '.join(DISTANCES)}. Received: distance={distance!r}")
        if self.needs_content and features is None and not pixel_weight:
            raise ValueError(f"Expected a weight of pixels, or features. Received: pixel_weight={pixel_weight}")
        if features is None and feature_layer is not None:
            raise ValueError(f"Expected the network of the layer. Received: feature_layer={feature_layer!r}")
        self.distance, self.features = distance, None
        self._feature_settings = MappingProxyType({"features": features, "layer": feature_layer})
        if isinstance(features, Mapping):
            feature_networks.check(features)
        else:
            self._make_features()
        self.pixel_weight, self.feature_weight = pixel_weight, feature_weight
        self.adversarial_weight = schedules.get(adversarial_weight)
        self.resolve_arguments(adversarial_weight=self.adversarial_weight)
        feature_metrics = ("feature_loss",) if features is not None else ()
        self.extra_metrics = ("pixel_loss", *feature_metrics, "adversarial_loss")

    def make_train_function(self, force: bool = False) -> Any:
        """As Keras', after building the feature network, which only training needs."""
        self._make_features()
        return super().make_train_function(force)

    def _make_features(self) -> None:
        if self.features is not None:
            return
        network, layer = feature_networks.get(self._feature_settings["features"]), self._feature_settings["layer"]
        if layer is not None:
            network = keras.Model(network.inputs, network.get_layer(layer).output, name="features")
        self.features = network

    def generator_loss(self, batch):
        """The content losses and the adversarial one, each times its weight (1609.04802, equation 3)."""
        pixel = self._distance(batch.fake, batch.real)
        self.log("pixel_loss", pixel)
        loss = self.pixel_weight * pixel
        if self.features is not None:
            maps = [keras.tree.flatten(self.features(images, training=False)) for images in (batch.fake, batch.real)]
            feature = sum(self._distance(*pair) for pair in zip(*maps))
            self.log("feature_loss", feature)
            loss += self.feature_weight * feature
        if not callable(self.adversarial_weight) and not self.adversarial_weight:
            return loss
        adversarial = self.adversarial_generator_loss(batch)
        self.log("adversarial_loss", adversarial)
        return loss + schedules.at(self.adversarial_weight, self.optimizer.generator.iterations) * adversarial

    def adversarial_generator_loss(self, batch: Any) -> Any:
        """The generator's loss without the content losses."""
        return super().generator_loss(batch)

    def _distance(self, first: Any, second: Any) -> Any:
        difference = ops.cast(first, "float32") - ops.cast(second, "float32")
        return ops.mean(DISTANCES[self.distance](difference))
