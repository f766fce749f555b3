"""The trainings of the benchmark in plain PyTorch, one file each: the same networks, updates and regularizers.

Each file has `trainer(batch, compiled, device, **model)`, which returns both networks and `step(index)`. A step makes
the same updates as `GAN.train_step`. `model` are the arguments of kerasgan's class; `compiled` is applied to a network
before it is called: `torch.compile`, or the identity. The network that is not updated is frozen, so that the backward
pass computes no unused gradients.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from torch import nn

__all__ = ["Trainer", "frozen"]


class Trainer(NamedTuple):
    """Both networks and the function that trains them for one step."""

    generator: nn.Module
    discriminator: nn.Module
    step: Callable[[int], None]


@contextmanager
def frozen(network: nn.Module) -> Iterator[None]:
    """Within this context gradients flow through a network, but not to its weights."""
    network.requires_grad_(False)
    try:
        yield
    finally:
        network.requires_grad_(True)
