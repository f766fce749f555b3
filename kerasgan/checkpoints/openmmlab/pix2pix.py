"""UnetGenerator, with nested levels: `model.model`, `model.model.1.model`, ..."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from kerasgan.checkpoints.openmmlab.networks import by_domain
from kerasgan.checkpoints.pickles import CheckpointError
from kerasgan.checkpoints.placement import Layout, Placement
from kerasgan.checkpoints.pytorch import batch_normalization, convolution, find, transposed_convolution
from kerasgan.checkpoints.shapes import Shapes, under

if TYPE_CHECKING:
    import keras

    from kerasgan.gan import GAN

__all__ = ["LAYOUT", "placements"]

ARGUMENTS = "Pix2Pix(norm='batch')"


def placements(generator: keras.Model) -> list[Placement]:
    """The places of all tensors in the generator of `ARGUMENTS`."""
    depth = sum(layer.name.removeprefix("down").isdecimal() for layer in generator.layers)
    places = []
    for level in range(depth):
        block = "model.model" + ".1.model" * level
        up = f"{block}.{1 if level == depth - 1 else 2}"
        places += convolution(f"{block}.0.conv", find(generator, f"down{level}"), from_image=level == 0)
        places += transposed_convolution(f"{up}.conv", find(generator, f"up{level}"), image=level == 0)
        norms = [(f"{block}.0", f"down{level}")] if 0 < level < depth - 1 else []
        for theirs, ours in [*norms, *([(up, f"up{level}")] if level else [])]:
            norm = find(generator, f"{ours}_norm")
            if not hasattr(norm, "moving_mean"):
                raise CheckpointError(f"one with {type(norm).__name__} in {norm.path}")
            places += batch_normalization(f"{theirs}.bn", norm, epsilon=1e-5)
    return places


def sources(gan: GAN, names: Iterable[str]) -> list[tuple[keras.Model, str]]:
    """The only generator, which is named after the domain of its outputs."""
    prefixes = by_domain(names)
    if len(prefixes) != 1:
        raise CheckpointError(f"Expected one generator. Received: {', '.join(prefixes) or 'none'}")
    return [(network, prefixes[0]) for network in {id(n): n for n in (gan.generator, gan.sampler)}.values()]


def detect(shapes: Shapes) -> Mapping[str, Any]:
    """The arguments of the model of a file."""
    found = under(shapes, by_domain(shapes)[0])
    (width, inputs, *_), channels = found["model.model.0.conv.weight"], found["model.model.2.conv.weight"][1]
    depth = 1
    while "model.model" + ".1.model" * depth + ".0.conv.weight" in found:
        depth += 1
    sizes = dict(input_channels=inputs, channels=channels, depth=depth, width=width, norm="batch")
    return sizes if depth <= 8 else {**sizes, "image_size": 2**depth}


LAYOUT = Layout(arguments=ARGUMENTS, placements=placements, sources=sources, detect=detect, published={"norm": "batch"})
