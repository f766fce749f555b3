"""OpenMMLab's StyleGAN generator in PyTorch, written from its architecture."""

from itertools import pairwise

import torch
import torch.nn.functional as F
from openmmlab_networks import conv_module
from torch import nn


class Equalized(nn.Module):
    """A convolution or, with `kernel_size` 0, a dense layer whose weight He's constant scales in every call."""

    def __init__(self, inputs, outputs, kernel_size=0, *, gain=2**0.5, bias=True):
        super().__init__()
        self.weight_orig = nn.Parameter(torch.randn(outputs, inputs, *[kernel_size] * 2 * (kernel_size > 0)))
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None
        self.scale = gain / self.weight_orig[0].numel() ** 0.5

    def forward(self, x):
        weight = self.weight_orig * self.scale
        if weight.ndim == 2:
            return F.linear(x, weight, self.bias)
        return F.conv2d(x, weight, self.bias, padding=weight.shape[-1] // 2)


class SlowDense(nn.Module):
    """Of the mapping network, trained at a hundredth of the pace."""

    def __init__(self, size):
        super().__init__()
        self.linear, self.bias = Equalized(size, size, gain=0.01, bias=False), nn.Parameter(torch.zeros(size))

    def forward(self, x):
        return F.leaky_relu(self.linear(x) + 0.01 * self.bias, 0.2)


class Blur(nn.Module):
    def __init__(self):
        super().__init__()
        taps = torch.tensor([1.0, 2.0, 1.0]) / 4
        self.register_buffer("kernel", torch.outer(taps, taps))

    def forward(self, x):
        return F.conv2d(x, self.kernel.expand(x.shape[1], 1, 3, 3), padding=1, groups=x.shape[1])


class StyledConvs(nn.Module):
    """Two layers of StyleGAN; the first one is a learned map, or doubles the size and is rectified before the blur."""

    def __init__(self, inputs, outputs, style, *, first):
        super().__init__()
        self.conv1 = nn.Module() if first else nn.Sequential(conv_module(Equalized(inputs, outputs, 3)), Blur())
        if first:
            self.conv1.input = nn.Parameter(torch.ones(1, inputs, 4, 4))
        self.conv2 = conv_module(Equalized(outputs, outputs, 3))
        for part in (1, 2):
            affine, noise = nn.ModuleDict({"affine": Equalized(style, 2 * outputs)}), nn.Module()
            noise.weight = nn.Parameter(torch.zeros(1))
            self.add_module(f"adain{part}", affine)
            self.add_module(f"noise_injector{part}", noise)

    def styled(self, x, part, style, noise):
        x = F.leaky_relu(x + getattr(self, f"noise_injector{part}").weight * noise, 0.2)
        gain, bias = getattr(self, f"adain{part}")["affine"](style)[:, :, None, None].chunk(2, 1)
        return gain * F.instance_norm(x) + bias

    def forward(self, x, styles, noises):
        if isinstance(self.conv1, nn.Sequential):
            conv, blur = self.conv1
            x = blur(F.leaky_relu(conv["conv"](F.interpolate(x, scale_factor=2)), 0.2))
        else:
            x = self.conv1.input.expand(len(styles), -1, -1, -1)
        x = self.styled(x, 1, styles, noises[0])
        return self.styled(self.conv2["conv"](x), 2, styles, noises[1])


class StyleGANv1Generator(nn.Module):
    def __init__(self, *, widths, style, depth):
        super().__init__()
        self.style_mapping = nn.Sequential(nn.Identity(), *(SlowDense(style) for _ in range(depth)))
        self.convs, self.to_rgbs = nn.ModuleList(), nn.ModuleList()
        for index, (inputs, outputs) in enumerate(pairwise([widths[0], *widths])):
            self.convs.append(StyledConvs(inputs, outputs, style, first=index == 0))
            self.to_rgbs.append(conv_module(Equalized(outputs, 3, 1)))
            for noise in (2 * index, 2 * index + 1):
                self.register_buffer(f"injected_noise_{noise}", torch.randn(1, 1, 4 * 2**index, 4 * 2**index))

    def forward(self, latents):
        styles = self.style_mapping(latents / latents.square().mean(1, keepdim=True).sqrt())
        x = None
        for index, block in enumerate(self.convs):
            x = block(x, styles, [getattr(self, f"injected_noise_{2 * index + part}") for part in (0, 1)])
        return self.to_rgbs[-1]["conv"](x)
