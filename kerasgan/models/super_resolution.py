"""What the super-resolution families share: content losses on pixels and on features beside the adversarial one."""

from typing import Any

import keras
from keras import layers, ops

from kerasgan import schedules
from kerasgan.gan import ImageToImage

__all__ = ["SuperResolution", "vgg19"]

DISTANCES = {"squared": ops.square, "absolute": ops.abs}
CAFFE_MEANS = (123.68, 116.779, 103.939)  # red, green, blue of ImageNet, in units of 1 / 255


class SuperResolution(ImageToImage):
    """A generator of larger images, and a discriminator that holds them against real ones of their size.

    Args:
        generator: from images in [-1, 1] to images `scale` times as large.
        discriminator: of images of `image_size`.
        distance: of both content losses: "squared" or "absolute" differences, averaged over all elements.
        pixel_weight: of the distance of the images, in [-1, 1].
        features: a network of images in [-1, 1] (see `vgg19`) for the distance of what it makes of them, or None.
        feature_layer: the layer of `features` whose output is meant; its last one if not given.
        feature_weight: of the distance of features.
        adversarial_weight: a number, or a schedule of generator steps, or a recipe's table of one. 0 trains the
            generator alone; a schedule that starts at 0 trains it alone first. The discriminator plays along from the
            first step.
        **options: of `ImageToImage`: image_size, scale, multiple, name.

    Raises:
        ValueError: without a content loss, for an unknown distance, or a layer without a network.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        distance: str,
        pixel_weight: float,
        features: keras.Model | None,
        feature_layer: str | None,
        feature_weight: float,
        adversarial_weight: Any,
        **options: Any,
    ):
        super().__init__(generator, discriminator, **options)
        if distance not in DISTANCES:
            raise ValueError(f"Expected a distance: {', '.join(DISTANCES)}. Received: distance={distance!r}")
        if features is None and not pixel_weight:
            raise ValueError(f"Expected a weight of pixels, or features. Received: pixel_weight={pixel_weight}")
        if features is None and feature_layer is not None:
            raise ValueError(f"Expected the network of the layer. Received: feature_layer={feature_layer!r}")
        if features is not None and feature_layer is not None:
            features = keras.Model(features.inputs, features.get_layer(feature_layer).output, name="features")
        self.distance, self.features = distance, features
        self.pixel_weight, self.feature_weight = pixel_weight, feature_weight
        self.adversarial_weight = schedules.get(adversarial_weight)
        of_features = ("feature_loss",) if features is not None else ()
        self.reports = ("pixel_loss", *of_features, "adversarial_loss")

    def generator_loss(self, game):
        """The content losses and the adversarial one, each times its weight (1609.04802, equation 3)."""
        pixel = self._distance(game.fake, game.real)
        self.report("pixel_loss", pixel)
        loss = self.pixel_weight * pixel
        if self.features is not None:
            feature = self._distance(*(self.features(images, training=False) for images in (game.fake, game.real)))
            self.report("feature_loss", feature)
            loss += self.feature_weight * feature
        if not callable(self.adversarial_weight) and not self.adversarial_weight:
            return loss
        adversarial = super().generator_loss(game)
        self.report("adversarial_loss", adversarial)
        return loss + schedules.at(self.adversarial_weight, self.optimizer.generator.iterations) * adversarial

    def _distance(self, first: Any, second: Any) -> Any:
        difference = ops.cast(first, "float32") - ops.cast(second, "float32")
        return ops.mean(DISTANCES[self.distance](difference))


def vgg19(
    weights: Any, *, layer: str = "block5_conv4", activated: bool = True, factor: float = 1 / 12.75
) -> keras.Model:
    """VGG-19 up to a layer, as a network from images in [-1, 1] to `factor` times its features.

    With the default layer these are the paper's VGG54, with "block2_conv2" VGG22 (1609.04802, sections 2.2.1 and 3.2);
    `activated=False` gives them before the last ReLU, as ESRGAN compares them (1809.00219, section 3.3).

    Args:
        weights: of `keras.applications.VGG19` without its top: a file, "imagenet", which Keras downloads, or None.
        layer: name of a convolution.
        activated: whether its ReLU counts.
        factor: brings squared distances of features to the size of those of pixels (section 3.2).

    Raises:
        ValueError: for a layer that the network does not have, or weights of another network.
    """
    whole = keras.applications.VGG19(include_top=False, weights=weights, input_shape=(None, None, 3))
    last = whole.get_layer(layer)
    if not activated:
        last.activation = keras.activations.linear
    first = whole.get_layer("block1_conv1")  # of blue, green, red, which here come the other way round
    first.kernel.assign(ops.flip(first.kernel, axis=2))
    images = keras.Input((None, None, 3), name="images")
    centred = layers.Rescaling(127.5, [127.5 - mean for mean in CAFFE_MEANS], name="centred")(images)
    maps = keras.Model(whole.inputs, last.output, name="vgg19")(centred)
    return keras.Model(images, layers.Rescaling(factor, name="scaled")(maps), name="features")
