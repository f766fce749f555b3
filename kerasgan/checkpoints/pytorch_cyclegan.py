"""The CycleGAN and pix2pix authors' `latest_net_G.pth` (junyanz/pytorch-CycleGAN-and-pix2pix): one bare state dict.

CycleGAN's file is the residual network, `model.N`, of one direction; DeblurGAN's, whose authors started from this code,
is the same network. Pix2pix' is the U-Net, with nested levels `model.model`, `model.model.1.model`,
`model.model.1.model.3.model`, ... Layers without tensors are counted, too. Others who train the
network name its blocks `block`, and give its instance normalization weights.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasgan.checkpoints.pickles import CheckpointError
from kerasgan.checkpoints.placement import Layout, Placement, each_parts, one_network
from kerasgan.checkpoints.pytorch import batch_normalization, convolution, find, transposed_convolution
from kerasgan.checkpoints.shapes import Shapes, count

if TYPE_CHECKING:
    import keras

    from kerasgan.gan import GAN

__all__ = ["CHANNEL_ORDER", "FAMILIES", "NAME", "skipped", "state"]

NAME = "pytorch-CycleGAN-and-pix2pix"
CHANNEL_ORDER = "rgb"

_NAME = re.compile(r"model\.((model|conv_block|block|\d+)\.)+[a-z_]+")
# Of instance normalization, for which PyTorch once kept moving statistics without using them.
_UNUSED_STATISTICS = re.compile(r"model\.\d+\.((conv_)?block\.\d+\.)?running_(mean|var)")


def residual(generator: keras.Model) -> list[Placement]:
    """The places of all tensors in one generator of a CycleGAN, or in DeblurGAN's."""
    blocks = sum(layer.name.startswith("block") and layer.name.endswith("_sum") for layer in generator.layers)
    top = 10 + blocks
    numbers = {"stem": 1, "down1": 4, "down2": 7, "up2": top, "up1": top + 3, "image": top + 7}
    places = []
    for name, number in numbers.items():
        layer = transposed_convolution if name.startswith("up") else convolution
        places += layer(f"model.{number}", find(generator, name))
        if name != "image":
            places += _scales(f"model.{number + 1}", find(generator, f"{name}_norm"))
    for block in range(blocks):
        for part, number in enumerate((1, 5), start=1):
            ours, theirs = f"block{block + 1}_conv{part}", f"model.{10 + block}.conv_block"
            places += convolution(f"{theirs}.{number}", find(generator, ours))
            places += _scales(f"{theirs}.{number + 1}", find(generator, f"{ours}_norm"))
    return places


def _scales(tensor: str, norm: Any) -> list[Placement]:
    """Those of instance normalization, if it has any."""
    if not getattr(norm, "affine", False):
        return []
    gamma = Placement(tensor=f"{tensor}.weight", variable=norm.gamma)
    return [gamma, Placement(tensor=f"{tensor}.bias", variable=norm.beta)]


def in_blocks(names: Iterable[str]) -> Mapping[str, str]:
    """The names in blocks as the authors have them without dropout, which counts as a layer: each mapped to the
    file's."""
    names = list(names)
    dropout = not any(re.search(r"block\.5\.", name) for name in names)
    found = {}
    for name in names:
        if each := re.fullmatch(r"(model\.\d+)\.(?:conv_)?block\.(\d+)\.(.+)", name):
            number = int(each[2])
            found[f"{each[1]}.conv_block.{number - (dropout and number > 5)}.{each[3]}"] = name
    return found


def detect(shapes: Shapes) -> Mapping[str, Any]:
    """The arguments of a CycleGAN's model for one direction."""
    blocks = count(shapes, r"model\.(\d+)\.(?:conv_)?block\..*")
    (width, inputs, *_), (channels, *_) = shapes["model.1.weight"], shapes[f"model.{17 + blocks}.weight"]
    sizes = dict(input_channels=inputs, channels=channels, blocks=blocks, width=width)
    sizes |= {"affine": True} if "model.2.weight" in shapes else {}
    return sizes if inputs == channels else {**sizes, "identity_weight": 0.0}


def detect_deblurring(shapes: Shapes) -> Mapping[str, Any] | None:
    """The arguments of a DeblurGAN's model, which is the same network where its inputs are images of its outputs."""
    found = dict(detect(shapes))
    plain = found.pop("input_channels") == found["channels"] and "affine" not in found
    return found if plain else None


def detect_u_net(shapes: Shapes) -> Mapping[str, Any]:
    """The arguments of pix2pix' model."""
    (width, inputs, *_), channels = shapes["model.model.0.weight"], shapes["model.model.3.weight"][1]
    depth, block = 1, "model.model.1.model"
    while f"{block}.1.weight" in shapes:
        depth, block = depth + 1, f"{block}.3.model"
    sizes = dict(input_channels=inputs, channels=channels, depth=depth, width=width, norm="batch")
    return sizes if depth <= 8 else {**sizes, "image_size": 2**depth}


def one_direction(gan: GAN, names: Iterable[str]) -> list[tuple[keras.Model, str]]:
    """The first generator: a file holds one, and does not name its domains."""
    warnings.warn("The file holds one generator: its weights are loaded into generator_ab only.", stacklevel=3)
    prefix = one_network(gan, names)[0][1]
    return [(parts["ab"], prefix) for parts in each_parts(gan)]


def u_net(generator: keras.Model) -> list[Placement]:
    """The places of all tensors in the generator of a pix2pix with batch normalization."""
    depth = sum(layer.name.removeprefix("down").isdecimal() for layer in generator.layers)
    places, block = [], "model.model"
    for level in range(depth):
        outer, inner = level == 0, level == depth - 1
        down, up = (0, 3) if outer else (1, 3) if inner else (1, 5)
        places += convolution(f"{block}.{down}", find(generator, f"down{level}"))
        places += transposed_convolution(f"{block}.{up}", find(generator, f"up{level}"))
        if not (outer or inner):
            places += _norm(f"{block}.{down + 1}", find(generator, f"down{level}_norm"))
        if not outer:
            places += _norm(f"{block}.{up + 1}", find(generator, f"up{level}_norm"))
        block += f".{down + 1 if outer else down + 2}.model"
    return places


def _norm(tensor: str, layer: Any) -> list[Placement]:
    if not hasattr(layer, "moving_mean"):
        raise CheckpointError(f"one with {type(layer).__name__} in {layer.path}")
    return batch_normalization(tensor, layer, epsilon=1e-5)


FAMILIES: Mapping[str, Layout] = {
    "CycleGAN": Layout(
        arguments="CycleGAN()", placements=residual, sources=one_direction, spelling=in_blocks, detect=detect
    ),
    "DeblurGAN": Layout(
        arguments="DeblurGAN(), blind",
        placements=residual,
        sources=one_network,
        spelling=in_blocks,
        detect=detect_deblurring,
        published={"halvings": 2},
    ),
    "Pix2Pix": Layout(
        arguments="Pix2Pix(norm='batch')",
        placements=u_net,
        sources=one_network,
        detect=detect_u_net,
        published={"norm": "batch"},
    ),
}


def state(contents: object) -> Mapping[str, object] | None:
    """The named tensors of a file, or None if it holds neither network."""
    if not isinstance(contents, dict) or not contents:
        return None
    known = all(isinstance(name, str) and _NAME.fullmatch(name) for name in contents)
    return contents if known and all(isinstance(value, np.ndarray) for value in contents.values()) else None


def skipped(name: str) -> str | None:
    """Why the generator does not need a tensor, or None."""
    if name.endswith(".num_batches_tracked"):
        return "counts training steps"
    if _UNUSED_STATISTICS.fullmatch(name):
        return "is a statistic that instance normalization does not use"
    return None
