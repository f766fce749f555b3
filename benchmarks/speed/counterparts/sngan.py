"""SNGAN for 32 pixels: residual blocks, PyTorch's own spectral normalization, hinge loss, five steps against one."""

from collections.abc import Callable

import torch
from torch import nn
from torch.nn.functional import avg_pool2d, interpolate, relu
from torch.nn.utils.parametrizations import spectral_norm

from counterparts import Trainer, frozen

LATENTS, DISCRIMINATOR_STEPS = 128, 5


class Up(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.norm1, self.norm2 = nn.BatchNorm2d(width, eps=2e-5), nn.BatchNorm2d(width, eps=2e-5)
        self.conv1, self.conv2 = (nn.Conv2d(width, width, 3, padding=1) for _ in range(2))
        self.shortcut = nn.Conv2d(width, width, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv1(interpolate(relu(self.norm1(x)), scale_factor=2))
        return self.conv2(relu(self.norm2(y))) + self.shortcut(interpolate(x, scale_factor=2))


class Down(nn.Module):
    def __init__(self, channels: int, width: int, *, halve: bool, first: bool = False):
        super().__init__()
        self.halve, self.first = halve, first
        self.conv1 = spectral_norm(nn.Conv2d(channels, width, 3, padding=1))
        self.conv2 = spectral_norm(nn.Conv2d(width, width, 3, padding=1))
        self.shortcut = spectral_norm(nn.Conv2d(channels, width, 1)) if halve else nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv2(relu(self.conv1(x if self.first else relu(x))))
        if not self.halve:
            return y + x
        shortcut = self.shortcut(avg_pool2d(x, 2)) if self.first else avg_pool2d(self.shortcut(x), 2)
        return avg_pool2d(y, 2) + shortcut


class Generator(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.project, self.width = nn.Linear(LATENTS, 16 * width), width
        self.blocks = nn.Sequential(*(Up(width) for _ in range(3)))
        self.norm, self.image = nn.BatchNorm2d(width, eps=2e-5), nn.Conv2d(width, 3, 3, padding=1)

    def forward(self, latents: torch.Tensor) -> torch.Tensor:
        x = self.blocks(self.project(latents).view(-1, self.width, 4, 4))
        return torch.tanh(self.image(relu(self.norm(x))))


class Discriminator(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        first, second = Down(3, width, halve=True, first=True), Down(width, width, halve=True)
        self.blocks = nn.Sequential(first, second, *(Down(width, width, halve=False) for _ in range(2)))
        self.logit = spectral_norm(nn.Linear(width, 1, bias=False))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.logit(relu(self.blocks(images)).sum((2, 3)))


def trainer(
    batch: int, compiled: Callable, device: str, *, width: int = 256, discriminator_width: int = 128
) -> Trainer:
    gen, disc = Generator(width).to(device), Discriminator(discriminator_width).to(device)
    optimizers = [torch.optim.Adam(network.parameters(), 2e-4, betas=(0.0, 0.9)) for network in (gen, disc)]
    real = torch.rand(batch, 3, 32, 32, device=device) * 2 - 1
    generate, discriminate = compiled(gen), compiled(disc)

    def step(index: int) -> None:
        with torch.no_grad():
            fake = generate(torch.randn(batch, LATENTS, device=device))
        optimizers[1].zero_grad()
        relu(1 - discriminate(real)).mean().backward()  # now: compiled, the next call overwrites what this one saves
        relu(1 + discriminate(fake)).mean().backward()
        optimizers[1].step()
        if index % DISCRIMINATOR_STEPS == DISCRIMINATOR_STEPS - 1:
            optimizers[0].zero_grad()
            with frozen(disc):
                (-discriminate(generate(torch.randn(batch, LATENTS, device=device))).mean()).backward()
            optimizers[0].step()

    return Trainer(gen, disc, step)
