"""StyleGANv3Generator: `style_mapping.fcN`, and `synthesis` with the names of NVIDIA's own files.

`synthesis.input` is the Fourier features, `synthesis.L<index>_<size>_<channels>` each layer, of which the last one
makes colors. Files whose name has "cvt_official_rgb" hold NVIDIA's weights.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kerasgan.checkpoints.openmmlab.networks import NETWORKS, one_generator
from kerasgan.checkpoints.openmmlab.stylegan2 import discriminator
from kerasgan.checkpoints.placement import Layout, Placement
from kerasgan.checkpoints.pytorch import dense, find
from kerasgan.checkpoints.shapes import Shapes, count, under

if TYPE_CHECKING:
    import keras

__all__ = ["LAYOUT", "detected", "placed"]


def placed(generator: keras.Model, *, mapping: str) -> list[Placement]:
    """The places of all tensors, with the name that the publisher gives the mapping network."""
    names = [layer.name for layer in generator.layers]
    places = [Placement(tensor=f"{mapping}.w_avg", variable=find(generator, "mean_style").mean)]
    if len(generator.inputs) > 1:
        places += dense(f"{mapping}.embed", find(generator, "classes"))
    for index in range(1, 1 + sum(name.startswith("mapping") for name in names)):
        places += dense(f"{mapping}.fc{index - 1}", find(generator, f"mapping{index}"))
    waves = find(generator, "fourier")
    places += [
        Placement(tensor="synthesis.input.weight", variable=waves.kernel, axes=(1, 0)),
        *dense("synthesis.input.affine", waves.transformation),
        Placement(tensor="synthesis.input.transform", variable=waves.transform),
        Placement(tensor="synthesis.input.freqs", variable=waves.frequencies),
        Placement(tensor="synthesis.input.phases", variable=waves.phases),
    ]
    layers = sum(name.startswith("conv") for name in names)
    for index in range(1, layers + 1):
        active = find(generator, f"filtered{index}")
        places += _layer(generator, f"conv{index}", f"magnitude{index}", active, index - 1, active.after.size)
    image = find(generator, "image")
    return places + _layer(generator, "image", "image_magnitude", image, layers, image.output.shape[1])


def _layer(generator: keras.Model, name: str, magnitude: str, biased: Any, index: int, size: int) -> list[Placement]:
    layer = find(generator, name)
    tensor, image = f"synthesis.L{index}_{size}_{layer.filters}", name == "image"
    return [
        Placement(tensor=f"{tensor}.weight", variable=layer.kernel, axes=(2, 3, 1, 0), colors=3 if image else None),
        Placement(tensor=f"{tensor}.bias", variable=biased.bias, colors=0 if image else None),
        Placement(tensor=f"{tensor}.magnitude_ema", variable=find(generator, magnitude).magnitude),
        *dense(f"{tensor}.affine", layer.affine),
    ]


def detect(shapes: Shapes) -> Mapping[str, Any]:
    """The arguments of the model of a file."""
    return detected(under(shapes, *NETWORKS), mapping="style_mapping")


def detected(found: Shapes, *, mapping: str) -> Mapping[str, Any]:
    """The arguments of the model with these tensors, whose mapping network has that name."""
    layers = count(found, r"synthesis\.(L\d+)_.*")
    named = (re.fullmatch(r"synthesis\.L(\d+)_(\d+)_(\d+)\.weight", name) for name in found)
    sizes = {int(each[1]): (int(each[2]), int(each[3])) for each in named if each}
    (image_size, channels), (style_dim, inputs) = sizes[layers - 1], found[f"{mapping}.fc0.weight"]
    table = found.get(f"{mapping}.embed.weight")
    variant = "r" if found[f"synthesis.L0_{sizes[0][0]}_{sizes[0][1]}.weight"][-1] == 1 else "t"
    return {
        "image_size": image_size,
        "channels": channels,
        "num_classes": table and table[1],
        "variant": variant,
        "latent_dim": inputs - (table[0] if table else 0),
        "style_dim": style_dim,
        "mapping_layers": count(found, rf"{mapping}\.fc(\d+)\..*"),
        "num_layers": layers - 1,
        **_channels([sizes[index][1] for index in range(layers - 1)], image_size, variant),
    }


def _channels(widths: list[int], image_size: int, variant: str) -> dict[str, int]:
    """`channel_base` and `channel_limit` with which the layers have these widths. Raises KeyError if there are none."""
    from kerasgan.models import stylegan3

    if image_size > 2**16:
        raise KeyError(f"images of {image_size} pixels")
    cutoffs = [band.cutoff for band in stylegan3.bands(image_size, len(widths))]
    factor = 2 if variant == "r" else 1
    narrow = [round(2 * width * cutoff / factor) for width, cutoff in zip(widths, cutoffs) if width < widths[0]]
    for limit in (512, widths[0] // factor):
        for base in (32768, 16384, *(2 ** round(math.log2(each)) for each in narrow[-1:]), *narrow, 4 * limit):
            if widths == stylegan3.widths(cutoffs[:-1], factor * base, factor * limit):
                return {"channel_base": base, "channel_limit": limit}
    raise KeyError(f"widths {widths}")


LAYOUT = Layout(
    arguments="StyleGAN3(image_size=..., variant=..., channel_base=...)",
    placements=functools.partial(placed, mapping="style_mapping"),
    sources=one_generator,
    discriminator=discriminator,
    discriminator_prefix="discriminator.",
    detect=detect,
)
