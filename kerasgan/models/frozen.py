"""Networks whose features a model inverts or compares: those that a recipe can name, and how they are frozen."""

import difflib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
from keras import layers, ops

from kerasgan.data import checks
from kerasgan.metrics.digits_network import digits_network
from kerasgan.models.super_resolution import CAFFE_MEANS

__all__ = ["NETWORKS", "frozen", "network", "vgg16"]


def vgg16(weights: Any = "imagenet") -> keras.Model:
    """VGG-16 with its dense layers, from RGB images (batch, 224, 224, 3) in [-1, 1] to 1,000 class probabilities.

    Args:
        weights: of `keras.applications.VGG16` with its top: a file, "imagenet", which Keras downloads, or None.
    """
    images = keras.Input((224, 224, 3), name="images")
    centred = layers.Rescaling(127.5, [127.5 - mean for mean in CAFFE_MEANS], name="centred")(images)
    whole = keras.applications.VGG16(weights=weights, input_tensor=centred)
    first = whole.get_layer("block1_conv1")  # of blue, green, red, which here come the other way round
    first.kernel.assign(ops.flip(first.kernel, axis=2))
    return whole


NETWORKS: Mapping[str, Callable[..., keras.Model]] = {"digits": digits_network, "vgg16": vgg16}


def network(choice: "str | Mapping[str, Any] | keras.Model") -> keras.Model:
    """A network of images in [-1, 1] from its name, from `{"name": "vgg16", "weights": FILE}`, or as it is.

    Raises:
        ValueError: for an unknown name.
    """
    if isinstance(choice, keras.Model):
        return choice
    settings = dict(choice) if isinstance(choice, Mapping) else {"name": choice}
    name = settings.pop("name", None)
    if name not in NETWORKS:
        received = f"network={choice!r}"
        raise ValueError(f"Expected a Keras model, or the name of one: {', '.join(NETWORKS)}. Received: {received}")
    return NETWORKS[name](**settings)


def frozen(whole: keras.Model, names: Sequence[str], *, image_size: Any = None) -> keras.Model:
    """A copy of a network up to some of its layers, which nothing trains: images to {layer: its output}.

    Args:
        whole: a functional or sequential model of images (batch, height, width, channels).
        names: of the layers.
        image_size: int or (height, width), of a network that takes any; its own if not given.

    Raises:
        ValueError: for a network of another kind, a layer that it does not have, or a size that it does not take.
    """
    inputs = getattr(whole, "inputs", None) or []
    if len(inputs) != 1 or len(inputs[0].shape) != 4:
        raise ValueError(f"Expected a functional or sequential network of images. Received: network={whole!r}")
    size, own = image_size and checks.pair(image_size), inputs[0].shape[1:3]
    if any(side not in (None, wanted) for side, wanted in zip(own, size or own)) or None in (size or own):
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
    if name not in known:
        near = difflib.get_close_matches(name, known, n=5) or known
        raise ValueError(f"Expected a layer of {whole.name}, such as {', '.join(near)}. Received: layer={name!r}")
    return whole.get_layer(name)
