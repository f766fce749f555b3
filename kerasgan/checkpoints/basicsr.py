"""xinntao's super-resolution generators, RRDBNet: ESRGAN's files, and those of BasicSR and Real-ESRGAN.

Later files hold state dicts as {"params": ..., "params_ema": ...}, or one of both, with the names that OpenMMLab
adopted; ESRGAN's own files are one bare state dict with older names (`RRDB_trunk`, `HRconv`, ...).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping

import numpy as np

from kerasgan.checkpoints.openmmlab import esrgan
from kerasgan.checkpoints.placement import Layout, generator_and_average

__all__ = ["CHANNEL_ORDER", "FAMILIES", "NAME", "skipped", "state"]

NAME = "BasicSR"
CHANNEL_ORDER = "rgb"

PARTS = ("params", "params_ema")
_LATER = {"trunk_conv": "conv_body", "upconv1": "conv_up1", "upconv2": "conv_up2", "HRconv": "conv_hr"}


def later_names(names: Iterable[str]) -> Mapping[str, str]:
    """The later names, each mapped to the file's."""
    found = {}
    for name in names:
        layer, _, rest = re.sub(r"^RRDB_trunk\.(\d+)\.RDB", r"body.\1.rdb", name).partition(".")
        found[f"{_LATER.get(layer, layer)}.{rest}"] = name
    return found


FAMILIES: Mapping[str, Layout] = {
    "ESRGAN": Layout(
        arguments="ESRGAN()",
        placements=esrgan.placements,
        sources=functools.partial(generator_and_average, plain="params.", averaged="params_ema."),
        spelling=later_names,
    )
}


def state(contents: object) -> Mapping[str, object] | None:
    """The named tensors of a file, or None if it is not an RRDBNet's."""
    if not isinstance(contents, dict):
        return None
    parts = {f"{part}.": contents[part] for part in PARTS if part in contents} or {"": contents}
    if not all(_is_network(part) for part in parts.values()):
        return None
    return {prefix + name: tensor for prefix, part in parts.items() for name, tensor in part.items()}


def _is_network(part: object) -> bool:
    if not isinstance(part, dict) or not all(isinstance(name, str) for name in part):
        return False
    first = ("conv_first.weight", "body.0.rdb1.conv1.weight")
    names = later_names(part)
    return all(isinstance(part.get(names.get(name)), np.ndarray) for name in first)


def skipped(name: str) -> str | None:
    """Why the generator does not need a tensor, or None: it needs all."""
    return None
