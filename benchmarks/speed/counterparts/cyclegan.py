"""CycleGAN: two residual generators, two patch discriminators, pools of old fakes, cycle and identity losses."""

import random
from collections.abc import Callable

import torch
from torch import nn
from torch.nn.functional import l1_loss

from counterparts import Trainer, frozen

CYCLE, IDENTITY, POOL = 10.0, 0.5, 50


class Block(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        first = [nn.ReflectionPad2d(1), nn.Conv2d(width, width, 3), nn.InstanceNorm2d(width), nn.ReLU(True)]
        self.layers = nn.Sequential(*first, nn.ReflectionPad2d(1), nn.Conv2d(width, width, 3), nn.InstanceNorm2d(width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.layers(x)


def normalized(layer: nn.Module, width: int) -> list[nn.Module]:
    return [layer, nn.InstanceNorm2d(width), nn.ReLU(True)]


def generator(width: int, blocks: int) -> nn.Module:
    layers = [nn.ReflectionPad2d(3), *normalized(nn.Conv2d(3, width, 7), width)]
    for wide in (2 * width, 4 * width):
        layers += normalized(nn.Conv2d(wide // 2, wide, 3, 2, 1), wide)
    layers += [Block(4 * width) for _ in range(blocks)]
    for narrow in (2 * width, width):
        layers += normalized(nn.ConvTranspose2d(2 * narrow, narrow, 3, 2, 1, output_padding=1), narrow)
    return nn.Sequential(*layers, nn.ReflectionPad2d(3), nn.Conv2d(width, 3, 7), nn.Tanh())


def discriminator(width: int, patch_layers: int) -> nn.Module:
    layers, channels = [nn.Conv2d(3, width, 4, 2, 1), nn.LeakyReLU(0.2, True)], width
    for level in range(1, patch_layers + 1):
        wide = width * min(2**level, 8)
        layers += [nn.Conv2d(channels, wide, 4, 2 if level < patch_layers else 1, 1), nn.InstanceNorm2d(wide)]
        layers, channels = [*layers, nn.LeakyReLU(0.2, True)], wide
    return nn.Sequential(*layers, nn.Conv2d(channels, 1, 4, 1, 1))


class Pool:
    """Of half of the images, once it is full, older ones come back."""

    def __init__(self) -> None:
        self.kept: list[torch.Tensor] = []

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        shown = []
        for image in images:
            if len(self.kept) < POOL:
                self.kept.append(image)
            elif random.random() < 0.5:
                place = random.randrange(POOL)
                image, self.kept[place] = self.kept[place], image
            shown.append(image)
        return torch.stack(shown)


def trainer(
    batch: int,
    compiled: Callable,
    device: str,
    *,
    image_size: int = 128,
    width: int = 64,
    blocks: int = 6,
    patch_layers: int = 3,
) -> Trainer:
    generators = nn.ModuleList(generator(width, blocks) for _ in range(2)).to(device)
    discriminators = nn.ModuleList(discriminator(width, patch_layers) for _ in range(2)).to(device)
    optimizers = [
        torch.optim.Adam(networks.parameters(), 2e-4, betas=(0.5, 0.999)) for networks in (generators, discriminators)
    ]
    a, b = (torch.rand(batch, 3, image_size, image_size, device=device) * 2 - 1 for _ in range(2))
    to_b, to_a = (compiled(network) for network in generators)
    discriminate_b, discriminate_a = (compiled(network) for network in discriminators)
    pool_b, pool_a = Pool(), Pool()

    def least_squares(logits: torch.Tensor, target: float) -> torch.Tensor:
        return 0.5 * (logits - target).square().mean()

    def step(index: int) -> None:
        fake_b, fake_a = to_b(a), to_a(b)  # once, for both updates
        optimizers[1].zero_grad()
        shown = ((discriminate_b, b, pool_b(fake_b.detach())), (discriminate_a, a, pool_a(fake_a.detach())))
        losses = [
            least_squares(discriminate(real), 1.0) + least_squares(discriminate(fake), 0.0)
            for discriminate, real, fake in shown
        ]
        sum(losses).backward()
        optimizers[1].step()
        optimizers[0].zero_grad()
        with frozen(discriminators):
            adversarial = least_squares(discriminate_b(fake_b), 1.0) + least_squares(discriminate_a(fake_a), 1.0)
            cycle = l1_loss(to_a(fake_b), a) + l1_loss(to_b(fake_a), b)
            identity = l1_loss(to_b(b), b) + l1_loss(to_a(a), a)
            (adversarial + 0.5 * CYCLE * (cycle + IDENTITY * identity)).backward()
        optimizers[0].step()

    return Trainer(generators, discriminators, step)
