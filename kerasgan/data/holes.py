"""Holes in pictures: squares and brush strokes, as an alpha channel that is transparent in them."""

from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from kerasgan.data import checks
from kerasgan.data.sources import scaled

__all__ = ["SHAPES", "drawn", "with_hole"]

SHAPES = ("center", "square", "strokes", "mixed")


def with_hole(images: Any, mask: Any) -> np.ndarray:
    """Pictures with alpha: (..., height, width, channels + 1), float32 in [-1, 1].

    Alpha is -1 and the colors are 0, mid gray, in holes; alpha is 1 elsewhere.

    Args:
        images: (count, height, width, channels) or (height, width, channels), uint8 or float in [-1, 1].
        mask: (height, width), or (count, height, width), with or without a last axis of one: true (or above 0) in
            holes.

    Raises:
        ValueError: for a mask whose shape is not that of the pictures.
    """
    array = np.asarray(images)
    pixels = scaled(checks.values(array, all_light=True))
    try:
        given = np.asarray(mask)
    except ValueError as error:  # rows of different lengths
        raise ValueError(f"Expected a mask (height, width). Received: mask={type(mask).__name__} ({error})") from error
    if given.dtype.kind not in "buif" or not np.isfinite(given).all():
        raise ValueError(f"Expected a mask of numbers, above 0 in holes. Received: mask.dtype={given.dtype}")
    hole = given > 0
    hole = hole[..., 0] if hole.ndim > 2 and hole.shape[-1] == 1 else hole
    if hole.shape not in (pixels.shape[:-1], pixels.shape[-3:-1]):
        expected = f"Expected a mask (height, width) of pictures of the shape {pixels.shape}"
        raise ValueError(f"{expected}. Received: shape={np.asarray(mask).shape}")
    hole = np.broadcast_to(hole, pixels.shape[:-1])[..., np.newaxis]
    alpha = np.where(hole, -1, 1).astype(np.float32)
    return np.concatenate([np.where(hole, 0, pixels), alpha], axis=-1).astype(np.float32)


def drawn(shape: str, sides: tuple[int, int], rng: np.random.Generator, *, share: float) -> np.ndarray:
    """A hole: bool (height, width).

    Args:
        shape: "center", a square in the middle; "square", one anywhere; "strokes" of a brush (Yu et al. 2019,
            1806.03589, algorithm 1); "mixed", a square or strokes, either in half of the cases.
        sides: (height, width).
        rng: draws the place, the kind and the strokes.
        share: side of the square as a share of each side of the picture.

    Raises:
        ValueError: for another shape, or a share that is none.
    """
    if shape not in SHAPES:
        raise ValueError(f"Expected shape to be one of {', '.join(SHAPES)}. Received: shape={shape!r}")
    if not 0 < share <= 1:
        raise ValueError(f"Expected share above 0, 1 at most. Received: share={share!r}")
    if shape == "mixed":
        shape = ("square", "strokes")[int(rng.integers(2))]
    if shape == "strokes":
        return _strokes(sides, rng)
    size = [max(1, round(side * share)) for side in sides]
    room = [side - own for side, own in zip(sides, size)]
    top, left = (each // 2 for each in room) if shape == "center" else (int(rng.integers(each + 1)) for each in room)
    hole = np.zeros(sides, bool)
    hole[top : top + size[0], left : left + size[1]] = True
    return hole


def _strokes(sides: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """One to four strokes of 4 to 8 straight parts; a brush of 5 to 12 % of the shorter side."""
    height, width = sides
    picture, shorter = Image.new("L", (width, height)), min(sides)
    brush = ImageDraw.Draw(picture)
    for _ in range(int(rng.integers(1, 5))):
        x, y, angle = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(0, 2 * np.pi)
        thick = max(2, round(shorter * rng.uniform(0.05, 0.12)))
        for turn in range(int(rng.integers(4, 9))):
            angle += np.pi * (turn % 2) + rng.uniform(-0.7, 0.7)  # back and forth, as with an eraser
            length = shorter * rng.uniform(0.05, 0.3)
            end = np.clip(x + length * np.cos(angle), 0, width), np.clip(y + length * np.sin(angle), 0, height)
            brush.line([(x, y), end], fill=255, width=thick)
            radius = thick / 2
            brush.ellipse([end[0] - radius, end[1] - radius, end[0] + radius, end[1] + radius], fill=255)
            x, y = end
    return np.asarray(picture) > 0
