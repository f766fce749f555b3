"""StyleGAN2-ADA's generator in PyTorch, written from the papers and the names in its files, and a writer of such files.

Its classes are persistent: they are pickled as the source of their module and their state.
"""

import pickle
import sys
import types

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

ROOT = 2**0.5


class EasyDict(dict):
    """Stands for dnnlib's, in which settings are kept."""


def _reconstruct_persistent_obj(meta):
    raise AssertionError("the source in the file would be executed now")


class Persistent(nn.Module):
    source = "text"

    def __init__(self, **settings):
        super().__init__()
        self._init_args, self._init_kwargs = (), EasyDict(settings)
        self.act_gain, self.blocks = np.sqrt(2), [4, 8]

    def __reduce__(self):
        meta = {"type": "class", "version": 6, "module_src": self.source, "class_name": type(self).__name__}
        return _reconstruct_persistent_obj, ({**meta, "state": self.__dict__},)


class FullyConnected(Persistent):
    def __init__(self, inputs, outputs, *, slow=False):
        super().__init__(in_features=inputs, out_features=outputs)
        self.multiplier = 0.01 if slow else 1.0
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / self.multiplier)
        self.bias = nn.Parameter(0.3 * torch.randn(outputs) / self.multiplier)

    def forward(self, x):
        weight = self.weight * self.multiplier / self.weight.shape[1] ** 0.5
        return F.linear(x, weight, self.bias * self.multiplier)


def normalized(x):
    return x * (x.square().mean(1, keepdim=True) + 1e-8).rsqrt()


class Mapping(Persistent):
    def __init__(self, size, depth, classes):
        super().__init__(z_dim=size)
        self.depth = depth
        if classes:
            self.embed = FullyConnected(classes, size)
        for index in range(depth):
            inputs = 2 * size if classes and index == 0 else size
            self.add_module(f"fc{index}", FullyConnected(inputs, size, slow=True))
        self.register_buffer("w_avg", torch.randn(size))

    def forward(self, z, c=None):
        x = normalized(z)
        if c is not None:
            x = torch.cat([x, normalized(self.embed(c))], 1)
        for index in range(self.depth):
            x = F.leaky_relu(getattr(self, f"fc{index}")(x), 0.2) * ROOT
        return x


class Modulated(Persistent):
    def __init__(self, inputs, outputs, kernel_size, style):
        super().__init__(kernel_size=kernel_size)
        self.affine = FullyConnected(style, inputs)
        self.affine.bias.data += 1
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel_size, kernel_size))
        self.bias = nn.Parameter(0.3 * torch.randn(outputs))


class Layer(Modulated):
    def __init__(self, inputs, outputs, style, size, *, up):
        super().__init__(inputs, outputs, 3, style)
        self.up = up
        self.noise_strength = nn.Parameter(torch.tensor(0.4))
        self.register_buffer("noise_const", torch.randn(size, size))
        taps = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
        self.register_buffer("resample_filter", torch.outer(taps, taps))

    def forward(self, x, w):
        made = []
        for image, scale in zip(x, self.affine(w)):
            kernel = self.weight * scale[:, None, None]
            kernel = kernel * (kernel.square().sum((1, 2, 3), keepdim=True) + 1e-8).rsqrt()
            if self.up:
                made.append(F.conv_transpose2d(image[None], kernel.transpose(0, 1), stride=2))
            else:
                made.append(F.conv2d(image[None], kernel, padding=1))
        x = torch.cat(made)
        if self.up:
            x = 4 * F.conv2d(x, self.resample_filter.expand(x.shape[1], 1, 4, 4), padding=1, groups=x.shape[1])
        x = x + self.noise_strength * self.noise_const
        return F.leaky_relu(x + self.bias[:, None, None], 0.2) * ROOT


class ToRGB(Modulated):
    def forward(self, x, w):
        scaled = x * self.affine(w)[:, :, None, None]
        return F.conv2d(scaled, self.weight / x.shape[1] ** 0.5, self.bias)


class Block(Persistent):
    def __init__(self, inputs, outputs, style, size):
        super().__init__(architecture="skip")
        if size == 4:
            self.const = nn.Parameter(torch.randn(outputs, 4, 4))
        else:
            self.conv0 = Layer(inputs, outputs, style, size, up=True)
        self.conv1, self.torgb = Layer(outputs, outputs, style, size, up=False), ToRGB(outputs, 3, 1, style)
        taps = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
        self.register_buffer("resample_filter", torch.outer(taps, taps))

    def forward(self, x, image, w):
        if image is None:
            x = self.const.expand(len(w), -1, -1, -1)
        else:
            x = self.conv0(x, w)
            spread = torch.zeros(len(w), 3, *x.shape[2:])
            spread[:, :, ::2, ::2] = image
            image = 4 * F.conv2d(F.pad(spread, (2, 1, 2, 1)), self.resample_filter.expand(3, 1, 4, 4), groups=3)
        x = self.conv1(x, w)
        colored = self.torgb(x, w)
        return x, colored if image is None else image + colored


class Synthesis(Persistent):
    def __init__(self, widths, style):
        super().__init__(channel_base=32)
        self.sizes = [4 * 2**index for index in range(len(widths))]
        for size, inputs, outputs in zip(self.sizes, [0, *widths], widths):
            self.add_module(f"b{size}", Block(inputs, outputs, style, size))

    def forward(self, w):
        x = image = None
        for size in self.sizes:
            x, image = getattr(self, f"b{size}")(x, image, w)
        return image


class Generator(Persistent):
    def __init__(self, *, widths, style, depth=2, classes=0):
        super().__init__(c_dim=classes)
        self.mapping, self.synthesis = Mapping(style, depth, classes), Synthesis(widths, style)

    def forward(self, z, c=None):
        return self.synthesis(self.mapping(z, c))


def snapshot(generator, average, **others):
    settings = {"class_name": "training.dataset.ImageFolderDataset", "path": "faces.zip", "max_size": None}
    others = {"D": FullyConnected(2, 1), "augment_pipe": None, **others}
    return {"training_set_kwargs": settings, "G": generator, "G_ema": average, **others}


def written(contents, *, protocol=4):
    """The bytes of a pickle as its code writes it, with its own modules' names."""
    modules = {"dnnlib.util": EasyDict, "torch_utils.persistence": _reconstruct_persistent_obj}
    present = dict(sys.modules)
    try:
        for name, member in modules.items():
            for module in (name.split(".")[0], name):
                sys.modules[module] = types.ModuleType(module)
            setattr(sys.modules[name], member.__name__, member)
            member.__module__ = name
        return pickle.dumps(contents, protocol)
    finally:
        for member in modules.values():
            member.__module__ = __name__
        for name in sys.modules.keys() - present.keys():
            del sys.modules[name]
