"""Frozen networks whose features a loss compares, or a generator inverts."""

import functools
import importlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
from keras import layers, ops

from kerasgan.data import checks
from kerasgan.metrics.classifiers import CLASSIFIERS, classifier
from kerasgan.names import resolve

__all__ = ["frozen", "get", "photos", "untrained_photos", "vgg16", "vgg19"]

CAFFE_MEANS = (123.68, 116.779, 103.939)  # red, green, blue of ImageNet, in units of 1 / 255
WEIGHTS = Path(__file__).with_name("photo_features.weights.h5")
WIDTHS = (16, 16, 32, 32, 64)  # of the convolutions; a pooling after the second and the fourth


def get(value: Any) -> Any:
    """A network from a recipe's table, {"name": "vgg19", "weights": "imagenet"}; anything else unchanged.

    Raises:
        ValueError: for an unknown name, with the known ones, or invalid arguments of the network.
    """
    if not isinstance(value, Mapping):
        return value
    return _builder(check(value))(**{key: setting for key, setting in value.items() if key != "name"})


def check(value: Mapping[str, Any]) -> str:
    """The name of the network that `get` builds from the table. Raises ValueError if it cannot; builds none."""
    settings = dict(value)
    known = sorted([*NETWORKS, *PUBLISHED])
    name = resolve(settings.pop("name", None), known, expected="a feature network", received=repr(dict(value)))
    arguments = inspect.signature(_builder(name)).parameters.keys()
    if unknown := settings.keys() - arguments:
        expected = ", ".join(arguments) or "none"
        raise ValueError(f"Expected arguments of {name}: {expected}. Received: {', '.join(sorted(unknown))}")
    return name


def _builder(name: str) -> Callable[..., keras.Model]:
    if name in NETWORKS:
        return NETWORKS[name]
    return importlib.import_module(PUBLISHED[name]).features


def vgg19(
    weights: Any = "imagenet",
    *,
    layer: str | Mapping[str, float] = "block5_conv4",
    activated: bool = True,
    factor: float = 1 / 12.75,
) -> keras.Model:
    """VGG-19 up to a layer, as a network from images in [-1, 1] to `factor` times its features.

    With the default layer these are SRGAN's VGG54, with "block2_conv2" VGG22 (1609.04802, sections 2.2.1 and 3.2);
    `activated=False` gives them before the last ReLU, as ESRGAN compares them (1809.00219, section 3.3).

    Args:
        weights: of `keras.applications.VGG19` without its top: a file, "imagenet", which Keras downloads, or None.
        layer: name of a convolution, or names of several and a weight of each.
        activated: whether its ReLU is applied.
        factor: scales squared distances of features to the magnitude of those of pixels (section 3.2).

    Raises:
        ValueError: for a layer that the network does not have, or weights of another network.
    """
    whole = keras.applications.VGG19(include_top=False, weights=weights, input_shape=(None, None, 3))
    layer_weights = {layer: 1.0} if isinstance(layer, str) else dict(layer)
    known = [part.name for part in whole.layers if isinstance(part, layers.Conv2D)]
    if not layer_weights or not layer_weights.keys() <= set(known):
        raise ValueError(f"Expected convolutions of VGG-19: {', '.join(known)}. Received: layer={layer!r}")
    first = whole.get_layer(known[0])  # of blue, green, red; our images are red, green, blue
    first.kernel.assign(ops.flip(first.kernel, axis=2))
    images = keras.Input((None, None, 3), name="images")
    x = layers.Rescaling(127.5, [127.5 - mean for mean in CAFFE_MEANS], name="centered")(images)
    outputs: list[Any] = []
    for part in whole.layers[1:]:
        if len(outputs) == len(layer_weights):
            break
        if part.name not in known:
            x = part(x)
            continue
        part.activation = keras.activations.linear  # a separate layer, so that features before it are available
        x = maps = part(x)
        x = layers.ReLU(name=f"{part.name}_relu")(x)
        if part.name in layer_weights:
            scale = layers.Rescaling(factor * layer_weights[part.name], name=f"{part.name}_scaled")
            outputs.append(scale(x if activated else maps))
    return keras.Model(images, outputs if len(outputs) > 1 else outputs[0], name="features")


def photos() -> keras.Model:
    """The bundled feature network: images in [-1, 1] to maps of a quarter of their size and 64 channels.

    It was trained to classify how much detail crops of photographs had lost, on `data.photos(split="train")`, which the
    zoo's entries on photographs are trained on: a substitute where VGG-19's weights are not available. Trained by
    `benchmarks/photo_features.py`.
    """
    network = untrained_photos()
    network.load_weights(WEIGHTS)
    return network


def untrained_photos() -> keras.Model:
    """The network of `photos` with random weights; its last maps are normalized and not yet rectified."""
    images = keras.Input((None, None, 3), name="images")
    x = images
    for index, width in enumerate(WIDTHS, start=1):
        x = layers.Conv2D(width, 3, padding="same", use_bias=False, name=f"convolution{index}")(x)
        x = layers.BatchNormalization(momentum=0.9, name=f"normalization{index}")(x)
        if index < len(WIDTHS):
            x = layers.ReLU(name=f"relu{index}")(x)
        if index in (2, 4):
            x = layers.AveragePooling2D(2, name=f"pool{index}")(x)
    return keras.Model(images, x, name="features")


def vgg16(weights: Any = "imagenet") -> keras.Model:
    """VGG-16 with its dense layers, from RGB images (batch, 224, 224, 3) in [-1, 1] to 1,000 class probabilities.

    Args:
        weights: of `keras.applications.VGG16` with its top: a file, "imagenet", which Keras downloads, or None.
    """
    images = keras.Input((224, 224, 3), name="images")
    centered = layers.Rescaling(127.5, [127.5 - mean for mean in CAFFE_MEANS], name="centered")(images)
    whole = keras.applications.VGG16(weights=weights, input_tensor=centered)
    first = whole.get_layer("block1_conv1")  # of blue, green, red; our images are red, green, blue
    first.kernel.assign(ops.flip(first.kernel, axis=2))
    return whole


def frozen(whole: keras.Model, names: Sequence[str], *, image_size: Any = None) -> keras.Model:
    """A frozen copy of a network up to some of its layers: images to {layer: its output}.

    Args:
        whole: a functional or sequential model of images (batch, height, width, channels).
        names: of the layers.
        image_size: int or (height, width), for a network that takes any size; its own if not given.

    Raises:
        ValueError: for a network that is not one of images, an unknown layer, or a size that it does not take.
    """
    inputs = getattr(whole, "inputs", None) or []
    if len(inputs) != 1 or len(inputs[0].shape) != 4:
        raise ValueError(f"Expected a functional or sequential network of images. Received: network={whole!r}")
    size, own = image_size and checks.pair(image_size), inputs[0].shape[1:3]
    if any(side not in (None, given) for side, given in zip(own, size or own)) or None in (size or own):
        expected = "the height and width of the images" if None in own else f"the network's size, {own}"
        raise ValueError(f"Expected {expected}. Received: image_size={image_size!r}")
    outputs = {name: _layer(whole, name).output for name in names}
    part = keras.Model(inputs[0], outputs, name=whole.name)
    images = keras.Input((*(size or own), inputs[0].shape[-1]), name="images")
    copy = keras.models.clone_model(part, input_tensors=images)
    copy.set_weights(part.get_weights())
    copy.trainable = False
    return copy


def _layer(whole: keras.Model, name: str) -> keras.layers.Layer:
    known = [layer.name for layer in whole.layers]
    expected = f"a layer of {whole.name},"
    return whole.get_layer(resolve(name, known, expected=expected, received=f"layer={name!r}", nearest=5))


NETWORKS: dict[str, Callable[..., keras.Model]] = {
    **{name: functools.partial(classifier, name) for name in CLASSIFIERS},
    "photos": photos,
    "vgg16": vgg16,
    "vgg19": vgg19,
}
# Modules whose `features` builds a network with a publisher's weights: readers of checkpoints, which know the families
PUBLISHED = {"lpips": "kerasgan.checkpoints.lpips"}
