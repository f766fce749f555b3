"""OpenMMLab's checkpoints (mmgeneration, mmediting): {"meta": ..., "state_dict": {tensor name: tensor}}.

Names as in its published files: `generator.`, `discriminator.`, and `generator_ema.` if training kept a moving average.
Its unconditional color models are trained on images in the order blue, green, red (its loader's default, and
`to_rgb=False` in its configurations), so that their generators produce this order: pass `channel_order="bgr"`. One file
per family maps its tensors to weights; `FAMILIES` lists them.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from kerasgan.checkpoints.openmmlab import (
    biggan,
    cyclegan,
    dcgan,
    esrgan,
    lsgan,
    pggan,
    pix2pix,
    sagan,
    sngan,
    srgan,
    stylegan,
    stylegan2,
    stylegan3,
    wgan_gp,
)
from kerasgan.checkpoints.placement import Layout

__all__ = ["CHANNEL_ORDER", "FAMILIES", "NAME", "USUALLY_RGB", "is_named", "skipped", "state"]

NAME = "OpenMMLab"
CHANNEL_ORDER = None  # both occur, and the files do not record which
USUALLY_RGB = (
    "BigGANDeep",
    "ESRGAN",
    "SRGAN",
    "StyleGAN3",
)  # families whose files mostly are; those of the others are BGR

# By the class in `kerasgan.models`.
FAMILIES: Mapping[str, Layout] = {
    "BigGAN": biggan.LAYOUT,
    "BigGANDeep": biggan.DEEP_LAYOUT,
    "CycleGAN": cyclegan.LAYOUT,
    "DCGAN": dcgan.LAYOUT,
    "ESRGAN": esrgan.LAYOUT,
    "LSGAN": lsgan.LAYOUT,
    "PGGAN": pggan.LAYOUT,
    "Pix2Pix": pix2pix.LAYOUT,
    "SAGAN": sagan.LAYOUT,
    "SNGAN": sngan.LAYOUT,
    "SRGAN": srgan.LAYOUT,
    "StyleGAN": stylegan.LAYOUT,
    "StyleGAN2": stylegan2.LAYOUT,
    "StyleGAN3": stylegan3.LAYOUT,
    "WGANGP": wgan_gp.LAYOUT,
}


def state(contents: object) -> Mapping[str, object] | None:
    """The named tensors of a file, or None if it is not in OpenMMLab's format; a bare state dict is accepted."""
    if not isinstance(contents, dict) or not any(isinstance(value, np.ndarray) for value in contents.values()):
        return None
    return contents if all(isinstance(name, str) for name in contents) else None


def is_named(state: Mapping[str, object]) -> bool:
    """Whether any tensor has a name as in OpenMMLab's files: below the network that it belongs to."""
    return any(name.startswith(("generator.", "generator_ema.", "generators.")) for name in state)


def skipped(name: str) -> str | None:
    """Why the generator does not need a tensor, or None."""
    if name.startswith(("discriminator.", "discriminator_", "discriminators.")):
        return "belongs to the discriminator"
    if name.endswith(".num_batches_tracked"):
        return "counts training steps"
    if name.endswith((".blur.kernel", ".upsample.kernel", ".conv1.1.kernel", ".up_filter", ".down_filter")):
        return "is the constant kernel of the resampling"
    if name.endswith(".sv0"):
        return "is computed from the weight"
    return None
