"""The games whose steps are timed: kerasgan's class, the arguments of both networks, and how many steps are timed."""

from typing import Any, NamedTuple

__all__ = ["NETWORKS", "QUICK", "Game"]


class Game(NamedTuple):
    """`model` are the arguments of kerasgan's class and of its twin in plain PyTorch alike."""

    family: str
    batch: int
    model: dict[str, Any]
    steps: int = 8
    """Of a timing: a multiple of the intervals at which the other player's turn and penalties come."""
    warm_up: int = 2
    """Steps in which all of that has come once, and is compiled."""


NETWORKS = {
    "DCGAN-64": Game("DCGAN", 32, {"image_size": 64, "width": 64, "variant": "torch"}),
    "SNGAN-32": Game("SNGAN", 16, {"width": 256, "discriminator_width": 128}, steps=10, warm_up=5),
    "StyleGAN2-64": Game("StyleGAN2", 4, {"image_size": 64, "channel_base": 4096}, steps=16),
    "CycleGAN-128": Game("CycleGAN", 1, {"image_size": 128, "width": 64, "blocks": 6}, steps=4),
}

_NARROW = {"latent_dim": 16, "style_dim": 16, "mapping_layers": 2, "channel_base": 128, "channel_limit": 16}
QUICK = {
    "DCGAN-64": Game("DCGAN", 4, {"image_size": 16, "width": 8, "variant": "torch"}),
    "SNGAN-32": Game("SNGAN", 4, {"width": 8, "discriminator_width": 8}, steps=10, warm_up=5),
    "StyleGAN2-64": Game("StyleGAN2", 4, {"image_size": 16, **_NARROW}, steps=16),
    "CycleGAN-128": Game("CycleGAN", 1, {"image_size": 32, "width": 4, "blocks": 1, "patch_layers": 1}),
}
