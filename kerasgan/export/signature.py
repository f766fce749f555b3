"""What is exported: the sampler in float32, its named inputs, and the facts that travel inside the file."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

import kerasgan
from kerasgan.gan import GAN, ImageToImage

__all__ = ["Input", "describe", "example_inputs", "in_float32", "output_of", "signature_of"]

POSITIONS = ("latents", "labels")
IMAGES = "images"  # what comes out, or goes into a network that translates
AUTOMATIC = ("input_layer", "keras_tensor")  # how Keras begins the names of inputs that were given none
SMALLEST_SIDE = 32  # pixels of the images on which a translating network is compared
HALF = ("float16", "bfloat16")


class Input(NamedTuple):
    """One input of an exported generator: None marks a dynamic axis of `shape`, of which the first is the batch."""

    name: str
    shape: tuple[int | None, ...]
    dtype: str


def signature_of(network: keras.Model) -> list[Input]:
    """The inputs of a functional network in their order, under the names that exported files use.

    Raises:
        ValueError: if an input is named neither `latents` nor `labels` nor `images`.
    """
    inputs = []
    for position, tensor in enumerate(network.inputs):
        name = tensor.name
        if name.startswith(AUTOMATIC) and position < len(POSITIONS):
            name = POSITIONS[position]
        if name not in (*POSITIONS, IMAGES):
            expected = "Expected the generator's inputs to be named latents and labels, or images"
            raise ValueError(f"{expected}. Received: name={name!r}")
        dtype = "float32" if tensor.dtype in HALF else tensor.dtype
        inputs.append(Input(name, tuple(tensor.shape), dtype))
    return inputs


def output_of(inputs: Sequence[Input]) -> str:
    """The name of the output: `images`, or `outputs` where images are the input."""
    return "outputs" if IMAGES in {each.name for each in inputs} else IMAGES


def describe(gan: GAN, *, entry: str | None, licence: str | None, direction: str | None = None) -> dict[str, Any]:
    """The facts about a generator that its file carries, as plain data; what is not known is left out."""
    if isinstance(gan, ImageToImage):
        start = {"scale": gan.scale, "multiple": gan.multiple, "smallest": gan.smallest, "direction": direction}
    else:
        start = {"latent_prior": gan.prior.describe(gan.latent_dim), "latent_dim": gan.latent_dim}
    facts = {
        "entry": entry,
        "family": type(gan).__name__,
        "value_range": [-1, 1],
        "layout": "NHWC",  # channels_last
        "image_shape": list(gan.image_shape),
        **start,
        "num_classes": gan.num_classes,
        "licence": licence,
        "kerasgan": kerasgan.__version__,
        "keras": keras.__version__,
    }
    return {name: value for name, value in facts.items() if value is not None}


def example_inputs(gan: GAN, inputs: Sequence[Input], *, count: int) -> list[dict[str, np.ndarray]]:
    """`count` reproducible values for each input: latents from the prior, labels over all classes.

    Of a network that translates images, noise in two sizes: square, and one stride wider; or in the one that it takes.
    """
    rng = np.random.default_rng(0)
    if isinstance(gan, ImageToImage) and None not in inputs[0].shape[1:]:
        return [{IMAGES: rng.uniform(-1, 1, (count, *inputs[0].shape[1:])).astype("float32")}]
    if isinstance(gan, ImageToImage):
        side = gan.multiple * -(-SMALLEST_SIDE // gan.multiple)
        shapes: Any = [(count, side, width, inputs[0].shape[-1]) for width in (side, side + gan.multiple)]
        return [{IMAGES: rng.uniform(-1, 1, shape).astype("float32")} for shape in shapes]
    labels = rng.integers(gan.num_classes or 1, size=count)
    values = {"latents": gan.prior.draw(count, gan.latent_dim, 0), "labels": labels}
    return [{each.name: values[each.name].astype(each.dtype) for each in inputs}]


def in_float32(network: keras.Model) -> keras.Model:
    """The same network with the same weights in float32 and on the CPU, whatever its dtype policy and device."""

    def rebuilt(layer: keras.layers.Layer) -> keras.layers.Layer:
        return type(layer).from_config(_without_half(layer.get_config()))

    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")  # for layers that make others without passing on their dtype
    try:
        with keras.device("cpu"):  # a GPU may round convolutions to 10 bits
            clone = keras.models.clone_model(network, clone_function=rebuilt)
            for weight, trained in zip(clone.weights, network.weights, strict=True):
                weight.assign(ops.convert_to_numpy(trained.value))
    finally:
        keras.config.set_dtype_policy(policy)
    return clone


def _without_half(config: Any) -> Any:
    """A layer's config with every half or mixed precision in it, also in nested layers, replaced by float32."""
    if isinstance(config, Mapping):
        return {
            key: "float32" if key == "dtype" and _is_half(value) else _without_half(value)
            for key, value in config.items()
        }
    if isinstance(config, (list, tuple)):
        return type(config)(_without_half(value) for value in config)
    return config


def _is_half(dtype: Any) -> bool:
    name = dtype.get("config", {}).get("name") if isinstance(dtype, Mapping) else dtype
    return str(name).removeprefix("mixed_") in HALF
