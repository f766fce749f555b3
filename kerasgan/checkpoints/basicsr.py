"""xinntao's super-resolution generators, RRDBNet and SRVGGNetCompact: ESRGAN's, BasicSR's and Real-ESRGAN's files.

Later files hold state dicts as {"params": ..., "params_ema": ...}, or one of both, with the names that OpenMMLab
adopted; ESRGAN's own files are one bare state dict with older names (`RRDB_trunk`, `HRconv`, ...), and those before
them number all layers of a sequence (`model.0`, `model.1.sub.0.RDB1.conv1.0`, ...). SRVGGNetCompact is one sequence,
`body.N`, of convolutions, their PReLU and the convolution before a pixel shuffle.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasgan.checkpoints.openmmlab import esrgan
from kerasgan.checkpoints.openmmlab.srgan import in_our_range, shuffled
from kerasgan.checkpoints.placement import AVERAGED, Layout, Placement, generator_and_average
from kerasgan.checkpoints.pytorch import convolution, find
from kerasgan.checkpoints.shapes import Shapes, count, under

if TYPE_CHECKING:
    import keras

__all__ = ["CHANNEL_ORDER", "FAMILIES", "NAME", "skipped", "state"]

NAME = "BasicSR"
CHANNEL_ORDER = "rgb"

_LATER = {"trunk_conv": "conv_body", "upconv1": "conv_up1", "upconv2": "conv_up2", "HRconv": "conv_hr"}


def later_names(names: Iterable[str]) -> Mapping[str, str]:
    """The later names, each mapped to the file's."""
    names = list(names)
    layers = {**_LATER, **_numbered(names)}
    found = {}
    for name in names:
        later = re.sub(r"^RRDB_trunk\.(\d+)\.RDB", r"body.\1.rdb", name)
        later = re.sub(r"^model\.1\.sub\.(\d+)\.RDB(\d)\.conv(\d)\.0\.", r"body.\1.rdb\2.conv\3.", later)
        layer, _, rest = later.rpartition(".")
        found[f"{layers.get(layer, layer)}.{rest}"] = name
    return found


def _numbered(names: Iterable[str]) -> Mapping[str, str]:
    """The later names of the oldest files' layers: the first, the trunk's, one for each doubling, and the last two."""
    found = [re.fullmatch(r"model\.(\d+)\.weight|(model\.1\.sub\.\d+)\.weight", name) for name in names]
    numbers = sorted(int(each[1]) for each in found if each and each[1])
    if len(numbers) < 3:
        return {}
    first, *ups, larger, last = (f"model.{number}" for number in numbers)
    trunk = {each[2]: "conv_body" for each in found if each and each[2]}
    ends = {first: "conv_first", larger: "conv_hr", last: "conv_last"}
    return {**trunk, **ends, **{name: f"conv_up{level}" for level, name in enumerate(ups, start=1)}}


def placements(generator: keras.Model) -> list[Placement]:
    """The places of all tensors in the generator, of either variant."""
    names = [layer.name for layer in generator.layers]
    if "shuffle" not in names:
        return esrgan.placements(generator)
    places: list[Placement] = []
    activated = [name.removesuffix("_prelu") for name in names if name.endswith("_prelu")]
    for index, name in enumerate(activated):
        places += convolution(f"body.{2 * index}", find(generator, name))
        slopes = find(generator, f"{name}_prelu").alpha
        places.append(Placement(tensor=f"body.{2 * index + 1}.weight", variable=slopes, stored=(slopes.shape[-1],)))
    image, factor = find(generator, "image"), find(generator, "shuffle").factor
    return places + in_our_range(shuffled(f"body.{2 * len(activated)}", image, factor=factor), offset=0.0)


def detect(shapes: Shapes) -> Mapping[str, Any]:
    """The arguments of the model of a file, of either variant."""
    found = under(shapes, "params_ema.", "params.")
    if "body.0.weight" not in found:
        return esrgan.detect({later: found[name] for later, name in later_names(found).items()})
    last = 2 * count(found, r"body\.(\d*[02468])\.weight") - 2
    (width, channels, *_), (outputs, *_) = found["body.0.weight"], found[f"body.{last}.weight"]
    scale = math.isqrt(outputs // channels)
    sizes = dict(channels=channels, scale=scale, variant="compact", blocks=last // 2 - 1, width=width)
    return sizes if 128 % scale == 0 else {**sizes, "image_size": 128 - 128 % scale}


FAMILIES: Mapping[str, Layout] = {
    "ESRGAN": Layout(
        arguments="ESRGAN()",
        placements=placements,
        sources=functools.partial(generator_and_average, plain="params.", averaged="params_ema."),
        spelling=later_names,
        detect=detect,
    )
}


def state(contents: object) -> Mapping[str, object] | None:
    """The named tensors of a file, or None if it is neither network's."""
    if not isinstance(contents, dict) or not all(isinstance(name, str) for name in contents):
        return None
    return contents if all(_is_network(under(contents, f"{part}.")) for part in AVERAGED) else None


def _is_network(part: Mapping[str, object]) -> bool:
    rrdb = ("conv_first.weight", "body.0.rdb1.conv1.weight")
    names = later_names(part)
    if all(isinstance(part.get(names.get(name, "")), np.ndarray) for name in rrdb):
        return True
    dimensions = [getattr(part.get(f"body.{index}.weight"), "ndim", None) for index in (0, 1, 2)]
    return dimensions == [4, 1, 4]


def skipped(name: str) -> str | None:
    """Why the generator does not need a tensor, or None: it needs all."""
    return None
