"""DCGAN as in PyTorch's example of it: batch normalization, 4x4 kernels, Adam, the non-saturating loss."""

import itertools
from collections.abc import Callable

import torch
from torch import nn
from torch.nn.functional import softplus

from counterparts import Trainer, frozen

LATENTS = 100


def generator(size: int, width: int) -> nn.Module:
    stages = size.bit_length() - 3
    channels = [width * 2**stage for stage in reversed(range(stages))]
    layers: list[nn.Module] = [nn.ConvTranspose2d(LATENTS, channels[0], 4, bias=False)]
    for wide, narrow in zip(channels, [*channels[1:], 3]):
        layers += [nn.BatchNorm2d(wide), nn.ReLU(True), nn.ConvTranspose2d(wide, narrow, 4, 2, 1, bias=False)]
    return nn.Sequential(*layers, nn.Tanh())


def discriminator(size: int, width: int) -> nn.Module:
    channels = [width * 2**stage for stage in range(size.bit_length() - 3)]
    layers: list[nn.Module] = [nn.Conv2d(3, width, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, True)]
    for narrow, wide in itertools.pairwise(channels):
        layers += [nn.Conv2d(narrow, wide, 4, 2, 1, bias=False), nn.BatchNorm2d(wide), nn.LeakyReLU(0.2, True)]
    return nn.Sequential(*layers, nn.Conv2d(channels[-1], 1, 4, bias=False), nn.Flatten())


def trainer(
    batch: int, compiled: Callable, device: str, *, image_size: int = 64, width: int = 64, variant: str = "torch"
) -> Trainer:
    gen, disc = generator(image_size, width).to(device), discriminator(image_size, width).to(device)
    optimizers = [torch.optim.Adam(network.parameters(), 2e-4, betas=(0.5, 0.999)) for network in (gen, disc)]
    real = torch.rand(batch, 3, image_size, image_size, device=device) * 2 - 1
    generate, discriminate = compiled(gen), compiled(disc)

    def latents() -> torch.Tensor:
        return torch.randn(batch, LATENTS, 1, 1, device=device)

    def step(index: int) -> None:
        with torch.no_grad():
            fake = generate(latents())
        optimizers[1].zero_grad()
        (softplus(-discriminate(real)).mean() + softplus(discriminate(fake)).mean()).backward()
        optimizers[1].step()
        optimizers[0].zero_grad()
        with frozen(disc):
            softplus(-discriminate(generate(latents()))).mean().backward()
        optimizers[0].step()

    return Trainer(gen, disc, step)
