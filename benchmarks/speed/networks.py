"""The settings whose steps are timed: family, batch size, arguments of both networks, and how many steps are timed."""

from typing import Any, NamedTuple

__all__ = ["NETWORKS", "PAPER", "PUBLISHED", "QUICK", "Setting"]


class Setting(NamedTuple):
    """`model` are the arguments of kerasgan's class and of its counterpart in plain PyTorch."""

    family: str
    batch: int
    model: dict[str, Any]
    steps: int = 8
    """Steps of one timing: a multiple of the intervals of the generator's updates and of the lazy penalties."""
    warm_up: int = 2
    """Steps after which each kind of update has run once and is compiled."""


NETWORKS = {
    "DCGAN-64": Setting("DCGAN", 32, {"image_size": 64, "width": 64, "variant": "torch"}),
    "SNGAN-32": Setting("SNGAN", 16, {"width": 256, "discriminator_width": 128}, steps=10, warm_up=5),
    "StyleGAN2-64": Setting("StyleGAN2", 4, {"image_size": 64, "channel_base": 4096}, steps=16),
    "CycleGAN-128": Setting("CycleGAN", 1, {"image_size": 128, "width": 64, "blocks": 6}, steps=4),
}
PAPER = {
    "DCGAN-64, paper": Setting("DCGAN", 128, {"image_size": 64, "width": 128, "variant": "torch"}),
    "SNGAN-32, paper": Setting("SNGAN", 64, {"width": 256, "discriminator_width": 128}, steps=10, warm_up=5),
    "StyleGAN2-256, paper": Setting("StyleGAN2", 16, {"image_size": 256, "channel_base": 16384}, steps=16),
    "CycleGAN-256, paper": Setting("CycleGAN", 1, {"image_size": 256, "width": 64, "blocks": 9}, steps=4),
}
"""Of the papers' sizes, for GPUs; StyleGAN2 of StyleGAN2-ADA's width and batch for 256 pixels on one GPU."""

PUBLISHED = {"StyleGAN2-256, paper": ("NVIDIA, StyleGAN2-ADA, one V100", 1000 / 24.2, 1000 / 21.6)}
"""A step's images a second that others state, from the least to the most.

NVIDIA's are the 21.6 to 24.2 s for a thousand images of the README of stylegan2-ada-pytorch, with float16 in the four
largest resolutions and adaptive augmentation, which our rows leave out, and fewer layers of mapping.
"""

_NARROW = {"latent_dim": 16, "style_dim": 16, "mapping_layers": 2, "channel_base": 128, "channel_limit": 16}
QUICK = {
    "DCGAN-64": Setting("DCGAN", 4, {"image_size": 16, "width": 8, "variant": "torch"}),
    "SNGAN-32": Setting("SNGAN", 4, {"width": 8, "discriminator_width": 8}, steps=10, warm_up=5),
    "StyleGAN2-64": Setting("StyleGAN2", 4, {"image_size": 16, **_NARROW}, steps=16),
    "CycleGAN-128": Setting("CycleGAN", 1, {"image_size": 32, "width": 4, "blocks": 1, "patch_layers": 1}),
}
