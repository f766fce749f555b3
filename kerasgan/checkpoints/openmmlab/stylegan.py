"""StyleGANv1Generator: `style_mapping.N`, `convs.N` of two styled layers each, `to_rgbs.N`, and constant noise.

The activations of its mapping network have no gain, those here multiply by sqrt(2); its weights for styles and images
have this gain in He's constant, those here have 1. It stores gains of features as they are; here they are stored minus
1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasgan.checkpoints.openmmlab.networks import NETWORKS, one_generator
from kerasgan.checkpoints.openmmlab.pggan import fully_grown
from kerasgan.checkpoints.openmmlab.stylegan2 import constant, mean_style
from kerasgan.checkpoints.pickles import CheckpointError
from kerasgan.checkpoints.placement import Layout, Placement
from kerasgan.checkpoints.pytorch import find
from kerasgan.checkpoints.shapes import Shapes, channels_of, count, size_of, under

if TYPE_CHECKING:
    import keras

__all__ = ["LAYOUT", "placements"]

ARGUMENTS = "StyleGAN(variant='rectified'), without classes"
GAIN = math.sqrt(2)


def placements(generator: keras.Model) -> list[Placement]:
    """The places of all tensors in the generator of `ARGUMENTS`."""
    names = [layer.name for layer in generator.layers]
    if len(generator.inputs) > 1:
        raise CheckpointError("one with classes")
    if "constant_bias" in names:
        raise CheckpointError("one of the paper's variant")
    places = [constant("convs.0.conv1.input", find(generator, "constant").map)]
    for index in range(1, 1 + sum(name.startswith("mapping") for name in names)):
        places += _mapping(f"style_mapping.{index}", find(generator, f"mapping{index}"))
    for block in range(sum(name.startswith("image") and name[5:].isdigit() for name in names)):
        theirs, first, second = f"convs.{block}", f"up{block + 1}" if block else "constant", f"conv{block + 1}"
        if block:
            places += _convolution(f"{theirs}.conv1.0", find(generator, first))
        places += _convolution(f"{theirs}.conv2", find(generator, second), find(generator, f"{second}_bias"))
        for part, ours in enumerate((first, second), start=1):
            noise = find(generator, f"{ours}_noise")
            places.append(constant(f"injected_noise_{2 * block + part - 1}", noise.noise))
            places.append(Placement(tensor=f"{theirs}.noise_injector{part}.weight", variable=noise.strength))
            places += _style(f"{theirs}.adain{part}", find(generator, f"{ours}_style").affine)
        places += _image(f"to_rgbs.{block}", find(generator, f"image{block + 1}"))
    return places


def computed(generator: keras.Model) -> list[tuple[Any, Callable[[], np.ndarray]]]:
    """Weights that are in no file: the mean style, and the number of doublings still missing (zero)."""
    return [*mean_style(generator), *fully_grown(generator)]


def _mapping(tensor: str, layer: Any) -> list[Placement]:
    return [
        Placement(tensor=f"{tensor}.linear.weight_orig", variable=layer.kernel, axes=(1, 0), factor=1 / GAIN),
        Placement(tensor=f"{tensor}.bias", variable=layer.bias, factor=1 / GAIN),
    ]


def _convolution(tensor: str, layer: Any, biased: Any = None) -> list[Placement]:
    """`biased` is the layer that has the bias, if it is another one."""
    return [
        Placement(tensor=f"{tensor}.conv.weight_orig", variable=layer.kernel, axes=(2, 3, 1, 0)),
        Placement(tensor=f"{tensor}.conv.bias", variable=(biased or layer).bias),
    ]


def _style(tensor: str, affine: Any) -> list[Placement]:
    gains = np.repeat([-1.0, 0.0], affine.units // 2)
    return [
        Placement(tensor=f"{tensor}.affine.weight_orig", variable=affine.kernel, axes=(1, 0), factor=GAIN),
        Placement(tensor=f"{tensor}.affine.bias", variable=affine.bias, offset=gains),
    ]


def _image(tensor: str, layer: Any) -> list[Placement]:
    kernel: dict[str, Any] = {"axes": (2, 3, 1, 0), "factor": GAIN, "colors": 3}
    return [
        Placement(tensor=f"{tensor}.conv.weight_orig", variable=layer.kernel, **kernel),
        Placement(tensor=f"{tensor}.conv.bias", variable=layer.bias, colors=0),
    ]


def detect(shapes: Shapes) -> Mapping[str, Any]:
    """The arguments of the model of a file."""
    found = under(shapes, *NETWORKS)
    images = [found[f"to_rgbs.{index}.conv.weight_orig"] for index in range(count(found, r"to_rgbs\.(\d+)\..*"))]
    (style_dim, latent_dim), _ = found["style_mapping.1.linear.weight_orig"], found["convs.0.conv1.input"]
    return {
        "image_size": size_of(found[f"injected_noise_{2 * len(images) - 1}"]),
        "channels": images[0][0],
        "latent_dim": latent_dim,
        "style_dim": style_dim,
        "mapping_layers": count(found, r"style_mapping\.(\d+)\..*"),
        "variant": "rectified",
        **channels_of([width for _, width, *_ in images], base=16384),
    }


LAYOUT = Layout(
    arguments=ARGUMENTS,
    placements=placements,
    sources=one_generator,
    computed=computed,
    detect=detect,
    published={"variant": "rectified"},
)
