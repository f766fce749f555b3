"""Takes the tensors of a network out of what training scripts save around them.

Scripts save a state dict alone or among others: {"netG_state_dict": ..., "epoch": 3}, {"params": ...}. Several GPUs,
compiled networks and modules of networks put `module.`, `_orig_mod.` or `netG.` before every name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from kerasgan.checkpoints.placement import AVERAGED

__all__ = ["views"]

# The keys of a generator's state dict, or of what holds it, in lower case; the better ones first.
KEYS = (
    "netg_state_dict",
    "generator_state_dict",
    "g_state_dict",
    "model_state_dict",
    "state_dict",
    "params",
    "params_ema",
    "net_g",
    "netg",
    "generator",
    "gen",
    "g",
    "model",
    "net",
    "network",
    "weights",
)
# What names of tensors begin with, in networks that hold the generator or copies of it.
PREFIXES = ("module.", "_orig_mod.", "netG.", "net_g.", "netG_A.", "generator.", "G.", "gen.", "net.", "model.")
DEPTH = 4  # of wrappers in one another


def views(contents: object) -> Iterator[object]:
    """What a file holds without the keys around its state dict, then without one prefix after another of the names.

    An averaged generator beside the last one stays with it, as in BasicSR's files: `params.` and `params_ema.`.
    """
    for _ in range(DEPTH):
        inner = _inside(contents)
        if inner is None:
            break
        contents = inner
    yield contents
    for _ in range(DEPTH):
        inner = _without_prefix(contents)
        if inner is None:
            break
        contents = inner
        yield contents


def _inside(contents: object) -> Mapping[str, Any] | None:
    """The dict under the best known key, or those of both networks; None if the tensors lie here already."""
    if not isinstance(contents, dict) or any(_is_tensor(value) for value in contents.values()):
        return None
    holding = {key for key, value in {id(each): each for each in contents.values()}.items() if _holds_tensors(value)}
    dicts = {name: value for name, value in contents.items() if isinstance(name, str) and id(value) in holding}
    if all(name in dicts for name in AVERAGED):
        return {f"{name}.{key}": tensor for name in AVERAGED for key, tensor in dicts[name].items()}
    named = {name.lower(): value for name, value in dicts.items()}
    return next((named[key] for key in KEYS if key in named), None)


def _holds_tensors(value: object) -> bool:
    """Whether there are tensors so deep in it. A pickle may have one dict in many places, and in itself: each once."""
    level: list[object] = [value]
    seen: set[int] = set()
    for _ in range(DEPTH):
        dicts = {id(each): each for each in level if isinstance(each, dict) and id(each) not in seen}
        seen |= dicts.keys()
        level = [part for each in dicts.values() for part in each.values()]
        if any(_is_tensor(part) for part in level):
            return True
    return False


def _is_tensor(value: object) -> bool:
    return isinstance(value, np.ndarray)


def _without_prefix(contents: object) -> Mapping[str, Any] | None:
    """The tensors whose names begin with the first known prefix that any has, without it; None if none has one."""
    if not isinstance(contents, dict) or not all(isinstance(name, str) for name in contents):
        return None
    for prefix in PREFIXES:
        found = {name.removeprefix(prefix): value for name, value in contents.items() if name.startswith(prefix)}
        if any(_is_tensor(value) for value in found.values()):
            return found
    return None
