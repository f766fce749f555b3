"""StyleGAN3's pickles, of the same persistent classes as StyleGAN2-ADA's: {"G": ..., "D": ..., "G_ema": ..., ...}.

The generator's `mapping.fcN` and, with classes, `mapping.embed`; `synthesis.input`, the Fourier features; and
`synthesis.L<index>_<size>_<channels>` for each layer, the last of which makes colors. The discriminator is
StyleGAN2-ADA's.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kerasgan.checkpoints import stylegan2_ada
from kerasgan.checkpoints.openmmlab.stylegan3 import detected, placed
from kerasgan.checkpoints.placement import Layout, Placement, generator_and_average
from kerasgan.checkpoints.shapes import Shapes, under

if TYPE_CHECKING:
    import keras

__all__ = ["CHANNEL_ORDER", "FAMILIES", "NAME", "skipped", "state"]

NAME = "StyleGAN3"
CHANNEL_ORDER = "rgb"


def placements(generator: keras.Model) -> list[Placement]:
    """The places of all tensors."""
    return placed(generator, mapping="mapping")


def detect(shapes: Shapes) -> Mapping[str, Any]:
    """The arguments of the model of a file."""
    return detected(under(shapes, "G_ema.", "G."), mapping="mapping")


FAMILIES: Mapping[str, Layout] = {
    "StyleGAN3": Layout(
        arguments="StyleGAN3(image_size=..., variant=..., channel_base=...)",
        placements=placements,
        sources=functools.partial(generator_and_average, plain="G.", averaged="G_ema."),
        discriminator=stylegan2_ada.discriminator,
        discriminator_prefix="D.",
        detect=detect,
    )
}


def state(contents: object) -> Mapping[str, object] | None:
    """The named tensors of a file, or None if it has no such generator."""
    named = stylegan2_ada.networks(contents)
    return named if named is not None and stylegan2_ada.ALIAS_FREE & named.keys() else None


def skipped(name: str) -> str | None:
    """Why the generator does not need a tensor, or None."""
    if name.endswith((".up_filter", ".down_filter")):
        return "is the constant kernel of the resampling"
    return stylegan2_ada.skipped(name)
