"""The games of the benchmark in plain PyTorch, one file each: the same networks, updates and regularizers.

Each file has `play(batch, compiled, device, **model)`: the players' networks, and `step(index)`, which plays the step
of that number as `GAN.train_step` does. `model` are the arguments of kerasgan's class, `compiled` is what a network
goes through before it is called: `torch.compile`, or nothing. The player whose turn it is not is frozen, so that
backward passes compute no gradients that nobody uses.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from torch import nn

__all__ = ["Play", "frozen"]


class Play(NamedTuple):
    """A game that can be played step by step."""

    generator: nn.Module
    discriminator: nn.Module
    step: Callable[[int], None]


@contextmanager
def frozen(network: nn.Module) -> Iterator[None]:
    """Within, gradients flow through a network and none to its weights."""
    network.requires_grad_(False)
    try:
        yield
    finally:
        network.requires_grad_(True)
