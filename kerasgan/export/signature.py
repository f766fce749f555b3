"""What is exported: the sampler in float32, its named inputs, and the metadata of the file."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import numpy as np

import kerasgan
from kerasgan.export.options import Options
from kerasgan.export.portable import HALF
from kerasgan.gan import GAN

__all__ = ["Input", "describe", "example_inputs", "family_of", "output_of", "side_of", "signature_of"]

POSITIONS = ("latents", "labels")
NAMES = (*POSITIONS, "truncation", "noise")
IMAGES = "images"  # the output, or the input of an image-to-image network
SMALLEST_SIDE = 32  # pixels of the images on which an image-to-image network is compared


class Input(NamedTuple):
    """One input of an exported generator. None marks a dynamic axis of `shape`, whose first axis is the batch."""

    name: str
    shape: tuple[int | None, ...]
    dtype: str


def signature_of(network: keras.Model, options: Options | None = None) -> list[Input]:
    """The inputs, in order, of a functional network that has the names of exported files, see `naming.named`.

    If `options` fix the number or the size of images, the inputs' axes are fixed, too.

    Raises:
        ValueError: if an input has another name.
    """
    inputs = []
    for tensor in network.inputs:
        name = tensor.name
        if name not in (*NAMES, IMAGES):
            expected = "Expected the generator's inputs to be named latents and labels, or images"
            raise ValueError(f"{expected}. Received: name={name!r}")
        dtype = "float32" if tensor.dtype in HALF else tensor.dtype
        inputs.append(Input(name, _fixed(tuple(tensor.shape), options or Options()), dtype))
    return inputs


def _fixed(shape: tuple[int | None, ...], options: Options) -> tuple[int | None, ...]:
    _, *sides = shape
    if options.sides is not None:
        sides[:2] = options.sides
    return (options.batch_size, *sides)


def side_of(gan: GAN) -> int:
    """Pixels of the images on which an image-to-image network is compared: of those that are enlarged, as few fewer.

    Each of its operations computes all of its output alike, and large outputs take long.
    """
    return -(-SMALLEST_SIDE // gan.scale) if gan.task.from_images else SMALLEST_SIDE  # type: ignore[attr-defined]


def output_of(inputs: Sequence[Input]) -> str:
    """The name of the output: `images`, or `outputs` if images are the input."""
    return "outputs" if IMAGES in {each.name for each in inputs} else IMAGES


def family_of(gan: GAN) -> str:
    """The name of a model's family; of a model that another makes for one choice, that one's."""
    return getattr(gan, "choice", {}).get("family", type(gan).__name__)


def describe(gan: GAN, options: Options) -> dict[str, Any]:
    """The metadata of a generator's file, as plain data; unknown facts are left out."""
    if gan.task.from_images:
        first = next(iter(gan.directions), None)  # which is exported if none is chosen
        start = {"scale": gan.scale, "multiple": gan.multiple, "smallest": gan.smallest, "direction": first}
    else:
        start = {"latent_prior": gan.prior.describe(gan.latent_dim), "latent_dim": gan.latent_dim}
    facts = {
        "entry": options.entry,
        "family": family_of(gan),
        "value_range": [0, 255] if options.output == "uint8" else [-1, 1],
        "layout": "NHWC",  # channels_last
        "image_shape": list(gan.image_shape),
        **start,
        **{key: value for key, value in getattr(gan, "choice", {}).items() if key != "family"},
        "num_classes": gan.num_classes if options.label is None else None,
        "class_names": list(gan.class_names) if gan.class_names and options.label is None else None,
        **options.chosen,
        "kerasgan": kerasgan.__version__,
        "keras": keras.__version__,
    }
    return {name: value for name, value in facts.items() if value is not None}


def example_inputs(
    gan: GAN, inputs: Sequence[Input], *, count: int, seed: int = 0, side: int = SMALLEST_SIDE
) -> list[dict[str, np.ndarray]]:
    """`count` reproducible values for each input: latents from the prior, labels over all classes.

    For an image-to-image network, noise in two sizes, unless the size is fixed: square, of `side` pixels or the least
    that the network takes, and one stride wider.
    """
    rng = np.random.default_rng(seed)
    shapes: dict[str, Any] = {each.name: each.shape for each in inputs}
    if gan.task.from_images:
        _, height, width, channels = shapes[IMAGES]
        side = gan.multiple * -(-max(side, gan.smallest) // gan.multiple)
        sizes = [(height, width)] if height and width else [(side, side), (side, side + gan.multiple)]
        return [{IMAGES: rng.uniform(-1, 1, (count, *size, channels)).astype("float32")} for size in sizes]
    values: dict[str, Any] = {
        "latents": gan.prior.draw(count, gan.latent_dim, seed),
        "labels": rng.integers(gan.num_classes or 1, size=count),
        "truncation": rng.uniform(0.3, 1.0, size=count),
        "noise": rng.standard_normal((count, shapes.get("noise", (None, 0))[1])),
    }
    return [{each.name: values[each.name].astype(each.dtype) for each in inputs}]
