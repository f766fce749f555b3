"""StyleGAN3's generator in PyTorch, written from the paper and the names in its files, a kernel for each image."""

import numpy as np
import torch
import torch.nn.functional as F
from ada_generator import ROOT, FullyConnected, Mapping, Persistent
from scipy.special import j1
from torch import nn


def kaiser(taps, cutoff, half_width, rate, *, radial=False):
    """Section 2.2 and appendix C: the ideal filter under Kaiser's window, by his formulas for attenuation and beta."""
    attenuation = 2.285 * (taps - 1) * np.pi * (2 * half_width / (rate / 2)) + 7.95
    if attenuation > 50:
        beta = 0.1102 * (attenuation - 8.7)
    else:
        beta = 0.5842 * max(attenuation - 21, 0) ** 0.4 + 0.07886 * max(attenuation - 21, 0)
    x = (np.arange(taps) - (taps - 1) / 2) / rate
    window = np.kaiser(taps, beta)
    if not radial:
        line = np.sinc(2 * cutoff * x) * window
        return np.outer(line, line) / line.sum() ** 2
    r = np.hypot(x[:, None], x)
    found = j1(2 * np.pi * cutoff * r) / r * np.outer(window, window)
    return found / found.sum()


def levels(size, layers):
    """Figure 4c: (map, rate, cutoff, half-width) of the input and of each layer but the one to colors."""
    found = []
    for index in range(layers):
        share = min(index / (layers - 2), 1)
        cutoff, stopband = 2 * (size / 4) ** share, 2**2.1 * (size / 2 * 2**0.3 / 2**2.1) ** share
        rate = 2
        while rate < min(2 * stopband, size):
            rate *= 2
        last = index == layers - 1
        found.append((size if last else rate + 20, rate, cutoff, max(stopband, rate / 2) - cutoff))
    return found


class Waves(Persistent):
    def __init__(self, channels, style, level):
        super().__init__(channels=channels)
        self.level = level
        self.weight = nn.Parameter(torch.randn(channels, channels))
        self.affine = FullyConnected(style, 4)
        self.affine.bias.data[0] += 1
        self.register_buffer("transform", torch.eye(3))
        self.register_buffer("freqs", torch.randn(channels, 2))
        self.register_buffer("phases", torch.rand(channels) - 0.5)

    def forward(self, w):
        size, rate, cutoff, _ = self.level
        line = (torch.arange(size) + 0.5 - size / 2) / rate
        y, x = torch.meshgrid(line, line, indexing="ij")
        points = torch.stack([x, y, torch.ones_like(x)], -1) @ self.transform.T
        made = []
        for c, s, tx, ty in self.affine(w):
            length = (c**2 + s**2) ** 0.5
            turn = torch.stack([torch.stack([c, -s]), torch.stack([s, c])]) / length
            moved = (points[..., :2] - torch.stack([tx, ty]) / length) @ turn.T
            lengths = (self.freqs @ turn @ self.transform[:2, :2]).norm(dim=1)
            fading = (1 - (lengths - cutoff) / (rate / 2 - cutoff)).clamp(0, 1)
            made.append(torch.sin(2 * torch.pi * (moved @ self.freqs.T + self.phases)) * fading)
        maps = torch.stack(made) @ (self.weight / len(self.weight) ** 0.5).T
        return maps.permute(0, 3, 1, 2)


class Layer(Persistent):
    def __init__(self, inputs, outputs, style, before, after, *, kernel_size, radial):
        super().__init__(in_channels=inputs)
        self.levels, self.radial = (before, after), radial
        self.affine = FullyConnected(style, inputs)
        self.affine.bias.data += 1
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel_size, kernel_size))
        self.bias = nn.Parameter(0.3 * torch.randn(outputs))
        self.register_buffer("magnitude_ema", torch.rand([]) + 0.5)
        if after is not None:
            rate = 2 * max(before[1], after[1])
            self.up, self.down = rate // before[1], rate // after[1]
            up, down = kaiser(6 * self.up, *before[2:], rate), kaiser(6 * self.down, *after[2:], rate, radial=radial)
            self.register_buffer("up_filter", torch.tensor(up, dtype=torch.float32))
            self.register_buffer("down_filter", torch.tensor(down, dtype=torch.float32))

    def forward(self, x, w):
        x = x * self.magnitude_ema**-0.5
        made = []
        for image, scale in zip(x, self.affine(w)):
            kernel = self.weight * scale[:, None, None]
            if self.levels[1] is None:
                kernel = kernel / kernel.shape[1] ** 0.5
            else:
                kernel = kernel * (kernel.square().sum((1, 2, 3), keepdim=True) + 1e-8).rsqrt()
            made.append(F.conv2d(image[None], kernel, padding=kernel.shape[-1] - 1))
        x = torch.cat(made) + self.bias[:, None, None]
        return x if self.levels[1] is None else self.rectified(x)

    def rectified(self, x):
        count, channels, size, _ = x.shape
        spread = torch.zeros(count, channels, size * self.up, size * self.up)
        spread[:, :, :: self.up, :: self.up] = x
        taps = len(self.up_filter) + len(self.down_filter)
        more = (self.levels[1][0] - 1) * self.down + taps - 1 - size * self.up
        first = (more + self.up) // 2
        spread = F.pad(spread, (first, more - first) * 2)
        up = self.up**2 * self.up_filter.expand(channels, 1, -1, -1)
        x = F.leaky_relu(F.conv2d(spread, up, groups=channels), 0.2) * ROOT
        return F.conv2d(x, self.down_filter.expand(channels, 1, -1, -1), stride=self.down, groups=channels)


class Synthesis(Persistent):
    def __init__(self, widths, style, size, *, radial, colors=3):
        super().__init__(img_resolution=size)
        bands = levels(size, len(widths))
        self.input = Waves(widths[0], style, bands[0])
        for index, outputs in enumerate(widths):
            previous, critical = max(index - 1, 0), index >= len(widths) - 2
            layer = Layer(
                widths[previous],
                outputs,
                style,
                bands[previous],
                bands[index],
                kernel_size=1 if radial else 3,
                radial=radial and not critical,
            )
            self.add_module(f"L{index}_{bands[index][0]}_{outputs}", layer)
        last = Layer(widths[-1], colors, style, bands[-1], None, kernel_size=1, radial=False)
        self.add_module(f"L{len(widths)}_{size}_{colors}", last)

    def forward(self, w):
        first, *layers = self.children()
        x = first(w)
        for layer in layers:
            x = layer(x, w)
        return x / 4


class Generator(Persistent):
    def __init__(self, *, widths, style, size, radial=False, classes=0, mapping="mapping"):
        super().__init__(c_dim=classes)
        self.synthesis = Synthesis(widths, style, size, radial=radial)
        self.add_module(mapping, Mapping(style, 2, classes))

    def forward(self, z, c=None):
        synthesis, mapping = self.children()
        return synthesis(mapping(z, c))
