"""OpenMMLab's generators in PyTorch, written from its architecture: what the names in its files stand for."""

from functools import partial
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import nn


def conv_module(conv, norm=None):
    """A convolution and what normalizes it, under the names that they have in OpenMMLab's files."""
    return nn.ModuleDict({"conv": conv} if norm is None else {"conv": conv, "bn": norm})


class DCGANGenerator(nn.Module):
    def __init__(self, *, size, width, latent_dim, channels=3):
        super().__init__()
        top = width * size // 8
        self.noise2feat = conv_module(nn.ConvTranspose2d(latent_dim, top, 4, bias=False), nn.BatchNorm2d(top))
        self.upsampling = nn.Sequential()
        while top > width:
            conv = nn.ConvTranspose2d(top, top // 2, 4, 2, 1, bias=False)
            self.upsampling.append(conv_module(conv, nn.BatchNorm2d(top // 2)))
            top //= 2
        self.output_layer = conv_module(nn.ConvTranspose2d(width, channels, 4, 2, 1))


class LSGANGenerator(nn.Module):
    def __init__(self, *, size, start, top, latent_dim):
        super().__init__()
        self.start = start
        self.noise2feat_head = nn.Sequential(nn.Linear(latent_dim, start * start * top))
        self.noise2feat_tail = nn.Sequential(nn.BatchNorm2d(top), nn.ReLU())
        doublings = (size // start).bit_length() - 1
        plan = [(top, 2), (top, 1)] * (doublings - 2) + [(top // 2, 2), (top // 4, 2)]
        self.conv_blocks = nn.ModuleList()
        for outputs, stride in plan:
            conv = nn.ConvTranspose2d(top, outputs, 3, stride, 1, output_padding=stride - 1, bias=False)
            self.conv_blocks.append(conv_module(conv, nn.BatchNorm2d(outputs)))
            top = outputs
        self.conv_blocks.append(conv_module(nn.ConvTranspose2d(top, 3, 3, 1, 1)))

    def forward(self, latents):
        x = self.noise2feat_head(latents).unflatten(1, (-1, self.start, self.start))
        x = self.noise2feat_tail(x)
        *blocks, last = self.conv_blocks
        for block in blocks:
            x = F.relu(block["bn"](block["conv"](x)))
        return torch.tanh(last["conv"](x))


class Projection(nn.Module):
    """WGAN-GP's first map: a bias per channel, and rectified before it is normalized."""

    def __init__(self, latent_dim, outputs):
        super().__init__()
        self.linear = nn.Linear(latent_dim, 16 * outputs, bias=False)
        self.bias = nn.Parameter(torch.zeros(1, outputs, 1, 1))
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, latents):
        return self.norm(F.relu(self.linear(latents).unflatten(1, (-1, 4, 4)) + self.bias))


class WGANGPGenerator(nn.Module):
    def __init__(self, *, widths, latent_dim):
        super().__init__()
        self.noise2feat = Projection(latent_dim, widths[0])
        self.conv_blocks = nn.ModuleList([self._block(widths[0], widths[0])])
        for inputs, outputs in pairwise(widths):
            blocks = nn.Upsample(scale_factor=2), self._block(inputs, outputs), self._block(outputs, outputs)
            self.conv_blocks.extend(blocks)
        self.to_rgb = conv_module(nn.Conv2d(widths[-1], 3, 1))

    @staticmethod
    def _block(inputs, outputs):
        return conv_module(nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs))

    def forward(self, latents):
        x = self.noise2feat(latents)
        for block in self.conv_blocks:
            x = block(x) if isinstance(block, nn.Upsample) else F.relu(block["bn"](block["conv"](x)))
        return torch.tanh(self.to_rgb["conv"](x))


# Spectral normalization, "torch": PyTorch's own; "brock": that of BigGAN-PyTorch, which iterates in every call.


def iterated(layer):
    """The weight by its singular value after one more power iteration."""
    matrix = layer.weight.flatten(1)
    v = F.normalize(layer.u0 @ matrix)
    u = F.normalize(v @ matrix.T)
    if layer.training:
        layer.u0.copy_(u.detach())
    return layer.weight / (v @ matrix.T @ u.T).squeeze()


class BrockConv2d(nn.Conv2d):
    def forward(self, x):
        return self._conv_forward(x, iterated(self), self.bias)


class BrockLinear(nn.Linear):
    def forward(self, x):
        return F.linear(x, iterated(self), self.bias)


def spectral(style, kind, *arguments, **options):
    if style is None:
        return kind(*arguments, **options)
    if style == "torch":
        return nn.utils.spectral_norm(kind(*arguments, **options))
    layer = {nn.Conv2d: BrockConv2d, nn.Linear: BrockLinear}[kind](*arguments, **options)
    layer.register_buffer("u0", torch.randn(1, layer.weight.shape[0]))
    layer.register_buffer("sv0", torch.ones(1))
    return layer


class Attention(nn.Module):
    def __init__(self, channels, style):
        super().__init__()
        self.gamma = nn.Parameter(torch.tensor(0.5))
        sizes = {"theta": channels // 8, "phi": channels // 8, "g": channels // 2}
        for name, outputs in sizes.items():
            setattr(self, name, conv_module(spectral(style, nn.Conv2d, channels, outputs, 1, bias=False)))
        self.o = conv_module(spectral(style, nn.Conv2d, channels // 2, channels, 1, bias=False))

    def forward(self, x, _):
        query = self.theta["conv"](x).flatten(2)
        key, value = (F.max_pool2d(part["conv"](x), 2).flatten(2) for part in (self.phi, self.g))
        mixed = value @ torch.softmax(query.mT @ key, -1).mT
        return self.gamma * self.o["conv"](mixed.unflatten(2, x.shape[2:])) + x


class TableNorm(nn.Module):
    """SNGAN's and SAGAN's: gain - 1 and bias are rows of tables, spectrally normalized or not."""

    def __init__(self, channels, classes, epsilon, style):
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, eps=epsilon, affine=False)
        self.weight_embedding = spectral(style, nn.Embedding, classes, channels)
        self.bias_embedding = spectral(style, nn.Embedding, classes, channels)

    def forward(self, x, labels):
        gain, bias = (table(labels)[:, :, None, None] for table in (self.weight_embedding, self.bias_embedding))
        return F.relu(self.norm(x) * (1 + gain) + bias)


class SAGANBlock(nn.Module):
    def __init__(self, inputs, outputs, style, norm):
        super().__init__()
        self.conv_1 = conv_module(spectral(style, nn.Conv2d, inputs, outputs, 3, padding=1))
        self.conv_2 = conv_module(spectral(style, nn.Conv2d, outputs, outputs, 3, padding=1))
        self.norm_1, self.norm_2 = norm(inputs), norm(outputs)
        self.shortcut = conv_module(spectral(style, nn.Conv2d, inputs, outputs, 1))

    def forward(self, x, labels):
        y = self.conv_1["conv"](F.interpolate(self.norm_1(x, labels), scale_factor=2))
        y = self.conv_2["conv"](self.norm_2(y, labels))
        return y + self.shortcut["conv"](F.interpolate(x, scale_factor=2))


class SAGANGenerator(nn.Module):
    """And SNGAN's, which has no spectral normalization and does not attend."""

    def __init__(self, *, widths, classes, latent_dim, attend_after=0, style="torch", tables="torch", epsilon=1e-4):
        super().__init__()
        self.noise2feat = spectral(style, nn.Linear, latent_dim, 16 * widths[0])
        self.conv_blocks = nn.ModuleList()
        for index, (inputs, outputs) in enumerate(pairwise(widths), start=1):
            norm = partial(TableNorm, classes=classes, epsilon=epsilon, style=tables)
            self.conv_blocks.append(SAGANBlock(inputs, outputs, style, norm))
            if index == attend_after:
                self.conv_blocks.append(Attention(outputs, style))
        conv = spectral(style, nn.Conv2d, widths[-1], 3, 3, padding=1)
        self.to_rgb = conv_module(conv, nn.BatchNorm2d(widths[-1], eps=epsilon))

    def forward(self, latents, labels):
        x = self.noise2feat(latents).unflatten(1, (-1, 4, 4))
        for block in self.conv_blocks:
            x = block(x, labels)
        return torch.tanh(self.to_rgb["conv"](F.relu(self.to_rgb["bn"](x))))


class BigGANNorm(nn.Module):
    """Gain - 1 and bias are linear in the condition, or, where it is a label, rows of tables."""

    def __init__(self, channels, condition, style, *, by_label):
        super().__init__()
        kind = nn.Embedding if by_label else nn.Linear
        options = {} if by_label else {"bias": False}
        for name in ("gain", "bias"):
            setattr(self, name, spectral(None if by_label else style, kind, condition, channels, **options))
        self.bn = nn.BatchNorm2d(channels, affine=False)

    def forward(self, x, y):
        gain, bias = self.gain(y)[:, :, None, None], self.bias(y)[:, :, None, None]
        return F.relu(self.bn(x) * (1 + gain) + bias)


class BigGANBlock(nn.Module):
    def __init__(self, inputs, outputs, style, norm):
        super().__init__()
        self.shortcut = conv_module(spectral(style, nn.Conv2d, inputs, outputs, 1))
        self.bn1, self.bn2 = norm(inputs), norm(outputs)
        self.conv1 = conv_module(spectral(style, nn.Conv2d, inputs, outputs, 3, padding=1))
        self.conv2 = conv_module(spectral(style, nn.Conv2d, outputs, outputs, 3, padding=1))

    def forward(self, x, y):
        inner = self.conv1["conv"](F.interpolate(self.bn1(x, y), scale_factor=2))
        inner = self.conv2["conv"](self.bn2(inner, y))
        return inner + self.shortcut["conv"](F.interpolate(x, scale_factor=2))


class BigGANGenerator(nn.Module):
    def __init__(self, *, widths, classes, latent_dim, attend_after=0, style="brock", shared=128):
        super().__init__()
        self.chunk = latent_dim // len(widths) if shared else latent_dim
        condition = shared + self.chunk if shared else classes
        self.noise2feat = spectral(style, nn.Linear, self.chunk, 16 * widths[0])
        self.shared_embedding = nn.Embedding(classes, shared) if shared else nn.Identity()
        self.conv_blocks = nn.ModuleList()
        for index, (inputs, outputs) in enumerate(pairwise(widths), start=1):
            norm = partial(BigGANNorm, condition=condition, style=style, by_label=not shared)
            self.conv_blocks.append(BigGANBlock(inputs, outputs, style, norm))
            if index == attend_after:
                self.conv_blocks.append(Attention(outputs, style))
        conv = spectral(style, nn.Conv2d, widths[-1], 3, 3, padding=1)
        self.output_layer = conv_module(conv, nn.BatchNorm2d(widths[-1]))

    def forward(self, latents, labels):
        first, *chunks = latents.split(self.chunk, 1)
        y = self.shared_embedding(labels)
        conditions = iter([torch.cat([y, chunk], 1) for chunk in chunks])
        x = self.noise2feat(first).unflatten(1, (-1, 4, 4))
        for block in self.conv_blocks:
            x = block(x, None if isinstance(block, Attention) else next(conditions, y))
        return torch.tanh(self.output_layer["conv"](F.relu(self.output_layer["bn"](x))))


class BigGANDeepBlock(nn.Module):
    def __init__(self, inputs, outputs, *, doubles, condition):
        super().__init__()
        self.outputs, self.scale, hidden = outputs, 2 if doubles else 1, inputs // 4
        sizes = [(inputs, hidden, 1), (hidden, hidden, 3), (hidden, hidden, 3), (hidden, outputs, 1)]
        for number, (before, after, kernel) in enumerate(sizes, start=1):
            conv = spectral("torch", nn.Conv2d, before, after, kernel, padding=kernel // 2)
            setattr(self, f"conv{number}", conv_module(conv))
            setattr(self, f"bn{number}", BigGANNorm(before, condition, "torch", by_label=False))

    def forward(self, x, y):
        inner = self.conv1["conv"](self.bn1(x, y))
        inner = self.conv2["conv"](F.interpolate(self.bn2(inner, y), scale_factor=self.scale))
        inner = self.conv3["conv"](self.bn3(inner, y))
        inner = self.conv4["conv"](self.bn4(inner, y))
        return inner + F.interpolate(x[:, : self.outputs], scale_factor=self.scale)


class BigGANDeepGenerator(nn.Module):
    """Its first map has the channels last, as the TensorFlow weights that its files were converted from."""

    def __init__(self, *, widths, classes, latent_dim, attend_after=0, shared=128):
        super().__init__()
        condition = latent_dim + shared
        self.noise2feat = spectral("torch", nn.Linear, condition, 16 * widths[0])
        self.shared_embedding = nn.Embedding(classes, shared)
        self.conv_blocks = nn.ModuleList()
        for index, (inputs, outputs) in enumerate(pairwise(widths), start=1):
            self.conv_blocks.append(BigGANDeepBlock(inputs, inputs, doubles=False, condition=condition))
            self.conv_blocks.append(BigGANDeepBlock(inputs, outputs, doubles=True, condition=condition))
            if index == attend_after:
                self.conv_blocks.append(Attention(outputs, "torch"))
        conv = spectral("torch", nn.Conv2d, widths[-1], 3, 3, padding=1)
        self.output_layer = conv_module(conv, nn.BatchNorm2d(widths[-1]))

    def forward(self, latents, labels):
        y = torch.cat([latents, self.shared_embedding(labels)], 1)
        x = self.noise2feat(y).unflatten(1, (4, 4, -1)).movedim(-1, 1)
        for block in self.conv_blocks:
            x = block(x, y)
        return torch.tanh(self.output_layer["conv"](F.relu(self.output_layer["bn"](x))))


class ResidualBlock(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv1, self.conv2 = (nn.Conv2d(width, width, 3, padding=1) for _ in range(2))

    def forward(self, x):
        return x + self.conv2(F.relu(self.conv1(x)))


class MSRResNet(nn.Module):
    """Images in [0, 1] to images in [0, 1]."""

    def __init__(self, *, width, blocks, scale):
        super().__init__()
        self.conv_first = nn.Conv2d(3, width, 3, padding=1)
        self.trunk_net = nn.Sequential(*(ResidualBlock(width) for _ in range(blocks)))
        self.ups = range(1, scale.bit_length())
        for level in self.ups:
            self.add_module(f"upsample{level}", nn.Module())
            getattr(self, f"upsample{level}").upsample_conv = nn.Conv2d(width, 4 * width, 3, padding=1)
        self.conv_hr, self.conv_last = nn.Conv2d(width, width, 3, padding=1), nn.Conv2d(width, 3, 3, padding=1)
        self.scale = scale

    def forward(self, images):
        x = self.trunk_net(F.leaky_relu(self.conv_first(images), 0.1))
        for level in self.ups:
            x = F.pixel_shuffle(getattr(self, f"upsample{level}").upsample_conv(x), 2)
        x = self.conv_last(F.leaky_relu(self.conv_hr(x), 0.1))
        return x + F.interpolate(images, scale_factor=self.scale, mode="bilinear", align_corners=False)


class DenseBlock(nn.Module):
    def __init__(self, width, growth):
        super().__init__()
        for index in range(5):
            outputs = width if index == 4 else growth
            self.add_module(f"conv{index + 1}", nn.Conv2d(width + index * growth, outputs, 3, padding=1))

    def forward(self, x):
        maps = [x]
        for index in range(1, 5):
            maps.append(F.leaky_relu(getattr(self, f"conv{index}")(torch.cat(maps, 1)), 0.2))
        return x + 0.2 * self.conv5(torch.cat(maps, 1))


class RRDB(nn.Module):
    def __init__(self, width, growth):
        super().__init__()
        self.rdb1, self.rdb2, self.rdb3 = (DenseBlock(width, growth) for _ in range(3))

    def forward(self, x):
        return x + 0.2 * self.rdb3(self.rdb2(self.rdb1(x)))


class RRDBNet(nn.Module):
    """Images in [0, 1] to images in [0, 1]."""

    def __init__(self, *, width, growth, blocks, scale, cells=None, inputs=3):
        super().__init__()
        self.cells = cells or 4 // scale
        self.conv_first = nn.Conv2d(inputs * self.cells**2, width, 3, padding=1)
        self.body = nn.Sequential(*(RRDB(width, growth) for _ in range(blocks)))
        ups = [f"conv_up{level + 1}" for level in range((scale * self.cells).bit_length() - 1)]
        for name in ("conv_body", *ups, "conv_hr"):
            self.add_module(name, nn.Conv2d(width, width, 3, padding=1))
        self.ups = ups
        self.conv_last = nn.Conv2d(width, 3, 3, padding=1)

    def forward(self, images):
        x = self.conv_first(F.pixel_unshuffle(images, self.cells))
        x = x + self.conv_body(self.body(x))
        for conv in map(self.get_submodule, self.ups):
            x = F.leaky_relu(conv(F.interpolate(x, scale_factor=2)), 0.2)
        return self.conv_last(F.leaky_relu(self.conv_hr(x), 0.2))


class SRVGGNetCompact(nn.Module):
    """Images in [0, 1] to images in [0, 1]: Real-ESRGAN's network for films."""

    def __init__(self, *, width, blocks, scale):
        super().__init__()
        self.scale = scale
        layers = [nn.Conv2d(3, width, 3, padding=1), nn.PReLU(width)]
        for _ in range(blocks):
            layers += [nn.Conv2d(width, width, 3, padding=1), nn.PReLU(width)]
        self.body = nn.ModuleList([*layers, nn.Conv2d(width, 3 * scale**2, 3, padding=1)])

    def forward(self, images):
        x = images
        for layer in self.body:
            x = layer(x)
        return F.pixel_shuffle(x, self.scale) + F.interpolate(images, scale_factor=self.scale, mode="nearest")


def trained(network, *inputs):
    """The network with weights that keep every layer alive, as training leaves it: one optimizer step after the last
    look at its singular vectors and moments."""
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
        for _ in range(3):
            network.train()(*inputs)
        for parameter in network.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return network.eval()
