"""StyleGAN2: modulated convolutions, FIR resampling, style mixing, lazy R1 and path lengths, the moving average."""

import copy
import itertools
import math
from collections.abc import Callable

import torch
from torch import nn
from torch.nn.functional import conv2d, conv_transpose2d, leaky_relu, linear, pad, softplus

from counterparts import Trainer, frozen

R1_WEIGHT, R1_INTERVAL, PATH_WEIGHT, PATH_INTERVAL, MIXING, HALF_LIFE = 10.0, 16, 2.0, 4, 0.9, 10_000
ROOT = math.sqrt(2)


def activated(x: torch.Tensor) -> torch.Tensor:
    return leaky_relu(x, 0.2) * ROOT


class Dense(nn.Module):
    """With equalized learning rate."""

    def __init__(self, inputs: int, outputs: int, *, bias: float = 0.0, multiplier: float = 1.0):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / multiplier)
        self.bias = nn.Parameter(torch.full((outputs,), bias))
        self.multiplier, self.scale = multiplier, multiplier / math.sqrt(inputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return linear(x, self.weight * self.scale, self.bias * self.multiplier)


class Convolution(nn.Module):
    """With equalized learning rate."""

    def __init__(self, inputs: int, outputs: int, kernel: int, *, stride: int = 1, bias: bool = True):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None
        self.scale, self.stride = 1 / math.sqrt(inputs * kernel**2), stride
        self.padding = kernel // 2 if stride == 1 else 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return conv2d(x, self.weight * self.scale, self.bias, self.stride, self.padding)


class Blur(nn.Module):
    """The binomial filter of four taps."""

    def __init__(self, padding: tuple[int, int], *, up: int = 1, down: int = 1):
        super().__init__()
        taps = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
        self.register_buffer("kernel", up**2 * torch.outer(taps, taps)[None, None])
        self.padding, self.up, self.down = padding, up, down

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        channels = x.shape[1]
        if self.up > 1:
            x = pad(x[:, :, :, None, :, None], (0, self.up - 1, 0, 0, 0, self.up - 1)).flatten(4, 5).flatten(2, 3)
        kernel = self.kernel.to(x.dtype).expand(channels, -1, -1, -1)
        return conv2d(pad(x, self.padding * 2), kernel, stride=self.down, groups=channels)


class Modulated(nn.Module):
    """Scales inputs and outputs instead of kernels, which is the same and needs no kernel per image."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, style: int, *, demodulate: bool = True, up: bool = False
    ):
        super().__init__()
        self.affine = Dense(style, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.scale, self.demodulate, self.up = 1 / math.sqrt(inputs * kernel**2), demodulate, up
        self.blur = Blur((1, 1)) if up else None

    def forward(self, x: torch.Tensor, style: torch.Tensor) -> torch.Tensor:
        scales, weight = self.affine(style), self.weight * self.scale
        x = x * scales[:, :, None, None]
        if self.blur is None:
            x = conv2d(x, weight, padding=weight.shape[-1] // 2)
        else:
            x = 4 * self.blur(conv_transpose2d(x, weight.transpose(0, 1), stride=2))
        if not self.demodulate:
            return x
        energies = scales.square() @ weight.square().sum((2, 3)).T
        return x * torch.rsqrt(energies + 1e-8)[:, :, None, None]


class Styled(nn.Module):
    """A modulated convolution, noise, bias and activation."""

    def __init__(self, inputs: int, outputs: int, style: int, *, up: bool = False):
        super().__init__()
        self.convolution = Modulated(inputs, outputs, 3, style, up=up)
        self.strength, self.bias = nn.Parameter(torch.zeros(1)), nn.Parameter(torch.zeros(outputs, 1, 1))

    def forward(self, x: torch.Tensor, style: torch.Tensor) -> torch.Tensor:
        x = self.convolution(x, style)
        noise = torch.randn(len(x), 1, *x.shape[2:], device=x.device, dtype=x.dtype)
        return activated(x + noise * self.strength + self.bias)


class Colored(nn.Module):
    def __init__(self, inputs: int, style: int):
        super().__init__()
        self.convolution = Modulated(inputs, 3, 1, style, demodulate=False)
        self.bias = nn.Parameter(torch.zeros(3, 1, 1))

    def forward(self, x: torch.Tensor, style: torch.Tensor) -> torch.Tensor:
        return self.convolution(x, style) + self.bias


class Mapping(nn.Module):
    """Latents to styles, whose mean it remembers."""

    def __init__(self, latents: int, style: int, depth: int):
        super().__init__()
        sizes = [latents] + [style] * depth
        self.layers = nn.ModuleList(Dense(*pair, multiplier=0.01) for pair in itertools.pairwise(sizes))
        self.register_buffer("mean", torch.zeros(style))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x * torch.rsqrt(x.square().mean(1, keepdim=True) + 1e-8)
        for layer in self.layers:
            x = activated(layer(x))
        self.mean.lerp_(x.detach().mean(0).to(self.mean.dtype), 1 - 0.995)
        return x


class Synthesis(nn.Module):
    """Styles (batch, count, style) to images."""

    def __init__(self, widths: list[int], style: int):
        super().__init__()
        self.constant = nn.Parameter(torch.randn(1, widths[0], 4, 4))
        self.first, pairs = Styled(widths[0], widths[0], style), list(itertools.pairwise(widths))
        self.ups = nn.ModuleList(Styled(*pair, style, up=True) for pair in pairs)
        self.convolutions = nn.ModuleList(Styled(wide, wide, style) for wide in widths[1:])
        self.colors = nn.ModuleList(Colored(width, style) for width in widths)
        self.doubled = Blur((2, 1), up=2)

    def forward(self, styles: torch.Tensor) -> torch.Tensor:
        styles = styles.unbind(1)
        x = self.first(self.constant.repeat(len(styles[0]), 1, 1, 1), styles[0])
        image = self.colors[0](x, styles[1])
        for index, (up, convolution, color) in enumerate(zip(self.ups, self.convolutions, self.colors[1:])):
            own = styles[2 * index + 1 :]
            x = convolution(up(x, own[0]), own[1])
            image = self.doubled(image) + color(x, own[2])
        return image


class Down(nn.Module):
    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.first, self.second = Convolution(inputs, inputs, 3), Convolution(inputs, outputs, 3, stride=2)
        self.skip = Convolution(inputs, outputs, 1, bias=False)
        self.blur, self.halved = Blur((2, 2)), Blur((1, 1), down=2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = activated(self.second(self.blur(activated(self.first(x)))))
        return (y + self.skip(self.halved(x))) / ROOT


class Discriminator(nn.Module):
    def __init__(self, widths: list[int]):
        super().__init__()
        self.image = Convolution(3, widths[-1], 1)
        self.blocks = nn.Sequential(*(Down(*pair) for pair in zip(widths[:0:-1], widths[-2::-1])))
        self.last = Convolution(widths[0] + 1, widths[0], 3)
        self.dense, self.logit = Dense(16 * widths[0], widths[0]), Dense(widths[0], 1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        x = self.blocks(activated(self.image(images)))
        groups = -(-len(x) // 4)  # of four images, whose deviation becomes a channel
        grouped = x.reshape(-1, groups, *x.shape[1:])
        deviations = (grouped.var(0, unbiased=False) + 1e-8).sqrt().mean((1, 2, 3))
        channel = deviations.repeat(len(x) // groups)[:, None, None, None].expand(-1, 1, 4, 4)
        x = activated(self.last(torch.cat([x, channel], 1)))
        return self.logit(activated(self.dense(x.flatten(1))))


class Training:
    """Both networks, their optimizers, and a training step."""

    def __init__(
        self, networks: nn.ModuleList, discriminator: nn.Module, compiled: Callable, real: torch.Tensor, latents: int
    ):
        self.networks, self.discriminator, self.real, self.latents = networks, discriminator, real, latents
        self.average = copy.deepcopy(networks)
        self.mapping, self.synthesis, self.discriminate = (
            compiled(networks[0]),
            compiled(networks[1]),
            compiled(discriminator),
        )
        self.mean_length = torch.zeros((), device=real.device)
        self.optimizers = []
        for network, interval in ((networks, PATH_INTERVAL), (discriminator, R1_INTERVAL)):
            share = interval / (interval + 1)
            self.optimizers.append(torch.optim.Adam(network.parameters(), 0.002 * share, (0.0, 0.99**share), eps=1e-8))

    def styles(self, count: int) -> torch.Tensor:
        """Style mixing: the styles of one latent before a random layer, and of another from that layer on."""
        latents = torch.randn(2 * count, self.latents, device=self.real.device)
        first, second = self.mapping(latents)[:, None].chunk(2)
        layers = 2 * len(self.networks[1].colors)
        draws = torch.rand(2, count, 1, 1, device=self.real.device)
        place = torch.arange(layers, device=self.real.device)[None, :, None]
        return torch.where((place < 1 + (draws[0] * (layers - 1)).floor()) | (draws[1] >= MIXING), first, second)

    def r1(self) -> torch.Tensor:
        """Uses the uncompiled network: compiled ones cannot be differentiated twice."""
        real = self.real.detach().requires_grad_()
        (slopes,) = torch.autograd.grad(self.discriminator(real).sum(), real, create_graph=True)
        return R1_INTERVAL * 0.5 * R1_WEIGHT * slopes.square().sum((1, 2, 3)).mean()

    def path_lengths(self) -> torch.Tensor:
        styles = self.styles((len(self.real) + 1) // 2)
        images = self.networks[1](styles)
        noise = torch.randn_like(images) / math.sqrt(images[0, 0].numel())
        (slopes,) = torch.autograd.grad((images * noise).sum(), styles, create_graph=True)
        lengths = (slopes.square().sum(2).mean(1) + 1e-12).sqrt()
        self.mean_length.lerp_(lengths.detach().mean(), 0.01)
        return PATH_INTERVAL * PATH_WEIGHT * (lengths - self.mean_length).square().mean()

    def step(self, index: int) -> None:
        count = len(self.real)
        with torch.no_grad():
            fake = self.synthesis(self.styles(count))
        self.optimizers[1].zero_grad()
        (softplus(-self.discriminate(self.real)).mean() + softplus(self.discriminate(fake)).mean()).backward()
        if index % R1_INTERVAL == 0:
            self.r1().backward()
        self.optimizers[1].step()
        self.optimizers[0].zero_grad()
        with frozen(self.discriminator):
            softplus(-self.discriminate(self.synthesis(self.styles(count)))).mean().backward()
        if index % PATH_INTERVAL == 0:
            self.path_lengths().backward()
        self.optimizers[0].step()
        half_life = min(HALF_LIFE, 0.05 * (index + 1) * count)
        with torch.no_grad():
            for average, own in zip(self.average.parameters(), self.networks.parameters()):
                average.lerp_(own, 1 - 0.5 ** (count / half_life))


def trainer(
    batch: int,
    compiled: Callable,
    device: str,
    *,
    image_size: int = 64,
    latent_dim: int = 512,
    style_dim: int = 512,
    mapping_layers: int = 8,
    channel_base: int = 32768,
    channel_limit: int = 512,
) -> Trainer:
    sides = [4 * 2**level for level in range(image_size.bit_length() - 2)]
    widths = [min(channel_base // side, channel_limit) for side in sides]
    networks = nn.ModuleList([Mapping(latent_dim, style_dim, mapping_layers), Synthesis(widths, style_dim)])
    discriminator = Discriminator(widths).to(device)
    real = torch.rand(batch, 3, image_size, image_size, device=device) * 2 - 1
    training = Training(networks.to(device), discriminator, compiled, real, latent_dim)
    return Trainer(networks, discriminator, training.step)
