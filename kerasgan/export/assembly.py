"""Builds the options into a generator: truncation, classes, noise, and uint8 outputs."""

import itertools
import math
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasgan.export.options import INPUT, Options
from kerasgan.export.signature import signature_of
from kerasgan.gan import GAN
from kerasgan.latents import class_labels
from kerasgan.layers import GivenClass, NoiseInjection, rerun

__all__ = ["assemble", "check_family"]


def assemble(gan: GAN, network: keras.Model, options: Options) -> keras.Model:
    """The network to write, made of the layers of `network`, a copy of the sampler; `network` itself if unchanged.

    Raises:
        ValueError: for options that the model does not support.
    """
    _check(gan, network, options)
    if (options.truncation, options.label, options.noise, options.output) == (1.0, None, "constant", "float32"):
        return network
    given = {each.name: keras.Input(each.shape[1:], dtype=each.dtype, name=each.name) for each in signature_of(network)}
    fed, added, noises = dict(given), {}, {}
    if options.truncation == INPUT:
        added["truncation"] = keras.Input((), name="truncation")
    if options.noise == INPUT:
        sizes = [layer.noise.shape for layer in _noisy(network)]
        added["noise"] = keras.Input((sum(map(math.prod, sizes)),), name="noise")
        maps = Maps(sizes, name="noise_maps")(added["noise"])
        noises = {layer.name: noise for layer, noise in zip(_noisy(network), maps)}
    if options.label is not None:
        del given["labels"]
        (number,) = _class(gan, options).tolist()
        fed["labels"] = GivenClass(number, name="label")(given["latents"])
    images = _run(network, fed, added, noises, _truncation(gan, options))
    if options.output == "uint8":
        images = Levels(name="levels")(images)
    inputs = [*given.values(), *added.values()]
    return keras.Model(inputs if len(inputs) > 1 else inputs[0], images, name=network.name)


def check_family(family: type[GAN], options: Options) -> None:
    """Raises ValueError for options that no model of the family supports."""
    for name in ("truncation", "label") if family.task.from_images else ("image_size", "direction"):
        if name in options.chosen:
            received = f"{name}={getattr(options, name)!r}"
            raise ValueError(f"Expected no {name} for a {family.__name__}. Received: {received}")


def _check(gan: GAN, network: keras.Model, options: Options) -> None:
    check_family(type(gan), options)
    if options.label is not None:
        _class(gan, options)
    if options.noise == INPUT and not _noisy(network):
        raise ValueError(f"Expected noise to be constant: a {type(gan).__name__} has none. Received: noise={INPUT!r}")
    sides = options.sides if gan.task.from_images else None
    if sides and any(side % gan.multiple or side < gan.smallest for side in sides):
        expected = f"Expected sides that are multiples of {gan.multiple}, from {gan.smallest} on"
        raise ValueError(f"{expected}. Received: image_size={options.image_size!r}")


def _class(gan: GAN, options: Options) -> Any:
    return class_labels(1, options.label, num_classes=gan.num_classes, names=gan.class_names)


def _noisy(network: keras.Model) -> list[NoiseInjection]:
    return [layer for layer in network.layers if isinstance(layer, NoiseInjection)]


def _truncation(gan: GAN, options: Options) -> "tuple[str | None, Truncation] | None":
    """The layer after which to truncate, or None for the latents, and the truncation; None if there is none."""
    if options.truncation == 1.0:
        return None
    where, center = gan.truncation_center()
    fixed = None if options.truncation == INPUT else float(options.truncation)
    if fixed is not None and where is None:
        gan.prior.truncate(center, fixed)  # refuses what `generate` refuses
    layer = Truncation(fixed, name="truncated")
    layer.build([(None, len(center))])
    layer.center.assign(np.nan_to_num(center))
    layer.moves.assign(~np.isnan(center))
    return where, layer


def _run(
    network: keras.Model,
    fed: dict[str, Any],
    added: Mapping[str, Any],
    noises: Mapping[str, Any],
    truncation: "tuple[str | None, Truncation] | None",
) -> Any:
    """The symbolic images of the network for its inputs by name, and for the inputs that the options add."""
    where, draw_near = truncation or (None, None)
    factors = [added[name] for name in added if name == "truncation"]
    if draw_near is not None and where is None:
        fed["latents"] = draw_near([fed["latents"], *factors])

    def call(layer: Any, *arguments: Any, **keywords: Any) -> Any:
        if layer.name in noises:
            keywords["noise"] = noises[layer.name]
        output = layer(*arguments, **keywords)
        return draw_near([output, *factors]) if draw_near is not None and layer.name == where else output

    return rerun(network, [*fed.values()], beside=[*added.values()], call=call)


@keras.saving.register_keras_serializable("kerasgan")
class Truncation(keras.layers.Layer):
    """center + t (points - center) of [points (batch, ..., size), t (batch,)], or of [points] for a fixed t.

    Columns without a mean, such as categories, are unchanged.

    Args:
        truncation: t if it is fixed, otherwise None.
        **options: of `keras.layers.Layer`.
    """

    def __init__(self, truncation: float | None = None, **options: Any):
        super().__init__(**options)
        self.truncation = truncation

    def build(self, input_shape):
        shape = (input_shape[0][-1],)
        self.center = self.add_weight(shape, initializer="zeros", trainable=False, name="center")
        self.moves = self.add_weight(shape, initializer="ones", trainable=False, name="moves")

    def call(self, inputs):
        points, *factors = inputs
        factor = self.truncation
        if factors:
            factor = ops.reshape(factors[0], (-1, *[1] * (len(points.shape) - 1)))
        factor = ops.where(self.moves > 0.5, factor, 1.0)
        return self.center + factor * (points - self.center)

    def compute_output_shape(self, input_shape):
        return tuple(input_shape[0])

    def get_config(self):
        return {**super().get_config(), "truncation": self.truncation}


@keras.saving.register_keras_serializable("kerasgan")
class Maps(keras.layers.Layer):
    """Numbers (batch, count) as a list of maps (batch, *shape).

    Args:
        shapes: shapes of the maps, without the batch.
        **options: of `keras.layers.Layer`.
    """

    def __init__(self, shapes: Any, **options: Any):
        super().__init__(**options)
        self.shapes = [tuple(shape) for shape in shapes]

    def call(self, inputs):
        ends = [0]
        for shape in self.shapes:
            ends.append(ends[-1] + math.prod(shape))
        parts = [inputs[:, start:end] for start, end in itertools.pairwise(ends)]
        return [ops.reshape(part, (-1, *shape)) for part, shape in zip(parts, self.shapes)]

    def compute_output_shape(self, input_shape):
        return [(input_shape[0], *shape) for shape in self.shapes]

    def get_config(self):
        return {**super().get_config(), "shapes": self.shapes}


@keras.saving.register_keras_serializable("kerasgan")
class Levels(keras.layers.Layer):
    """Images in [-1, 1] as uint8 levels from 0 to 255, rounded and clipped."""

    def call(self, images):
        return ops.cast(ops.round((ops.clip(images, -1.0, 1.0) + 1.0) * 127.5), "uint8")

    def compute_output_spec(self, images):
        return keras.KerasTensor(images.shape, dtype="uint8")
