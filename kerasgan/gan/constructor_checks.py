"""Checks of arguments that the constructors of several families share."""

import math
from collections.abc import Iterable
from typing import Any

__all__ = ["check_choice", "check_classes", "check_multiple", "check_power_of_two"]


def check_choice(name: str, value: Any, known: Iterable[Any]) -> None:
    """Raises ValueError unless the argument of that name is one of the known values."""
    known = list(known)
    if value not in known:
        expected = f"Expected {name} to be {'one of ' if len(known) > 1 else ''}{', '.join(map(str, known))}"
        raise ValueError(f"{expected}. Received: {name}={value!r}")


def check_classes(num_classes: int | None, *, optional: bool = False) -> None:
    """Raises ValueError for fewer than two classes; None, for no classes, is accepted if `optional`."""
    if num_classes is None and optional:
        return
    if num_classes is None or num_classes < 2:
        expected = "at least two classes, or None" if optional else "at least two classes"
        raise ValueError(f"Expected {expected}. Received: num_classes={num_classes}")


def check_power_of_two(image_size: int, *, smallest: int = 8) -> None:
    """Raises ValueError unless the size is a power of two from `smallest` to 1024."""
    if not isinstance(image_size, int) or image_size not in [2**n for n in range(11) if 2**n >= smallest]:
        expected = f"Expected image_size to be a power of two from {smallest} to 1024"
        raise ValueError(f"{expected}. Received: image_size={image_size}")


def check_multiple(image_size: int, factor: int, *, smallest: int = 1, largest: float = math.inf) -> None:
    """Raises ValueError unless the size is a multiple of `factor` from `smallest` to `largest`."""
    if not isinstance(image_size, int) or image_size % factor or not smallest <= image_size <= largest:
        limits = f" from {smallest} {'up' if largest == math.inf else f'to {largest}'}" if smallest > 1 else ""
        raise ValueError(f"Expected image_size to be a multiple of {factor}{limits}. Received: image_size={image_size}")
