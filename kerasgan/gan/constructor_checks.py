"""Checks of arguments that the constructors of several families share."""

import math
from collections.abc import Iterable
from typing import Any

from kerasgan.layers.pyramid import nearest_doublings

__all__ = ["check_choice", "check_classes", "check_doublings", "check_multiple"]

OTHER_SIZES = 'multiples of 4: DCGAN(variant="upsampling"), ConditionalDCGAN; any size: GAN2014, ConditionalGAN'


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


def check_doublings(image_size: int, *, smallest: int = 8, largest: int = 1024) -> int:
    """The side, 4 to 7 pixels, of the map that doublings make an image of that size.

    Raises ValueError unless there is one, or for a size that is not from `smallest` to `largest`.
    """
    whole = isinstance(image_size, int) and smallest <= image_size <= largest
    side = image_size >> (image_size.bit_length() - 3) if whole else 0
    if not whole or side << (image_size.bit_length() - 3) != image_size:
        expected = f"Expected image_size from {smallest} to {largest} to be 4, 5, 6 or 7 times a power of two"
        if isinstance(image_size, int):
            expected += f", such as {nearest_doublings(image_size, smallest=smallest, largest=largest)}"
        raise ValueError(f"{expected} ({OTHER_SIZES}). Received: image_size={image_size}")
    return side


def check_multiple(
    image_size: int, factor: int, *, smallest: int = 1, largest: float = math.inf, otherwise: str = ""
) -> None:
    """Raises ValueError unless the size is a multiple of `factor` from `smallest` to `largest`.

    `otherwise` says which other settings make other sizes.
    """
    if not isinstance(image_size, int) or image_size % factor or not smallest <= image_size <= largest:
        limits = f" from {smallest} {'on' if largest == math.inf else f'to {largest}'}" if smallest > 1 else ""
        limits += f", or {otherwise}" if otherwise else ""
        raise ValueError(f"Expected image_size to be a multiple of {factor}{limits}. Received: image_size={image_size}")
