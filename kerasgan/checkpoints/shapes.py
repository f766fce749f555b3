"""Reads a network's arguments off the names and shapes of its tensors, for `Layout.detect`."""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ["Shapes", "count", "doublings", "under"]

# Of the tensors in a file, by name.
Shapes = Mapping[str, tuple[int, ...]]


def under(shapes: Shapes, *prefixes: str) -> Shapes:
    """The tensors whose names begin with the first of these prefixes that any name has, without it; else all."""
    for prefix in prefixes:
        if found := {name.removeprefix(prefix): shape for name, shape in shapes.items() if name.startswith(prefix)}:
            return found
    return shapes


def count(shapes: Shapes, pattern: str) -> int:
    """The number of different texts that the first group of a pattern of whole names has."""
    return len({found[1] for name in shapes if (found := re.fullmatch(pattern, name))})


def doublings(smaller: int, larger: int) -> int:
    """The number of doublings from one number to another. Raises KeyError, as for a tensor that is not there."""
    ratio, rest = divmod(larger, smaller)
    if rest or ratio & (ratio - 1) or not ratio:
        raise KeyError(f"{larger} is not {smaller} times a power of two")
    return ratio.bit_length() - 1
