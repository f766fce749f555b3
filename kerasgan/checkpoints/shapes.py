"""Reads a network's arguments off the names and shapes of its tensors, for `Layout.detect`."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

__all__ = ["Shapes", "channels_of", "count", "side", "size_of", "under"]

# Of the tensors in a file, by name.
Shapes = Mapping[str, tuple[int, ...]]
LIMIT = 256  # blocks or layers of one kind


def under(shapes: Shapes, *prefixes: str) -> Shapes:
    """The tensors whose names begin with the first of these prefixes that any name has, without it; else all."""
    for prefix in prefixes:
        if found := {name.removeprefix(prefix): shape for name, shape in shapes.items() if name.startswith(prefix)}:
            return found
    return shapes


def count(shapes: Shapes, pattern: str) -> int:
    """The number of different texts that the first group of a pattern of whole names has.

    Raises KeyError for more than any network has, of which building a model would take hours.
    """
    number = len({found[1] for name in shapes if (found := re.fullmatch(pattern, name))})
    if number > LIMIT:
        raise KeyError(f"{number} blocks")
    return number


def side(units: int, channels: int) -> int:
    """The side of the square map with so many channels that so many units make. Raises KeyError if none does."""
    found = math.isqrt(units // channels)
    if found**2 * channels != units:
        raise KeyError(f"{units} units make no square map of {channels} channels")
    return found


def channels_of(widths: Sequence[int], *, base: int) -> dict[str, int]:
    """`channel_base` and `channel_limit` of progressive families with maps of these widths, the smallest map first.

    `base` is the family's own, which is chosen where it gives these widths too.
    """
    sides = [4 * 2**index for index in range(len(widths))]
    narrow = [width * side for width, side in zip(widths, sides) if width < widths[0]]
    for limit in (512, widths[0]):
        for each in (base, *narrow[:1], widths[0] * sides[-1]):
            if [min(each // side, limit) for side in sides] == [*widths]:
                return {"channel_base": each, "channel_limit": limit}
    raise KeyError(f"widths {widths}")


def size_of(shape: Sequence[int]) -> int | tuple[int, int]:
    """The size of the images of a map (..., height, width): one number if they are square."""
    height, width = shape[-2:]
    return height if height == width else (height, width)
