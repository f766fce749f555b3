"""Label maps of drawings and photographs: which of a few colors each place has."""

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

__all__ = ["OPENMOJI", "checked", "labels"]

# the colors of OpenMoji's style guide: white, the lines' black, and those that fill
# fmt: off
COLORS = (
    0xFFFFFF, 0x000000, 0xFCEA2B, 0xD0CFCE, 0x92D3F5, 0x3F3F3F, 0xEA5A47, 0xA57939, 0x9B9B9A, 0xD22F27, 0xF4AA41,
    0xB1CC33, 0x61B2E4, 0x8967AA, 0xF1B31C, 0xE27022, 0x5C9E31, 0x6A462F, 0xB399C8, 0xFFA7C0, 0x1E50A0,
)
# fmt: on
OPENMOJI = tuple(tuple(color.to_bytes(3, "big")) for color in COLORS)
FLAT = 24.0  # distance in RGB from 0 to 255 within which a drawing's pixel has a color of the palette, and is no edge
SPOT = np.ones((2, 2), bool)  # what does not hold this is an edge, too: mixtures may be near a third color
PATCH = np.ones((3, 3), bool)  # ink that does not hold this is a line


def checked(palette: Sequence[Sequence[int]], ink: int | None = None) -> np.ndarray:
    """A palette as float32 (colors, 3). Raises ValueError for another shape or range, or an ink that is not in it."""
    try:
        colors = np.asarray(palette, np.float32)
    except ValueError:  # rows of different lengths
        colors = np.empty(0, np.float32)
    if colors.ndim != 2 or colors.shape[1] != 3 or len(colors) < 2 or colors.min() < 0 or colors.max() > 255:
        raise ValueError(
            f"Expected two colors or more, [red, green, blue] from 0 to 255. Received: palette={palette!r}"
        )
    if ink is not None and not 0 <= ink < len(colors):
        raise ValueError(f"Expected ink to be a place in the palette, from 0 on. Received: ink={ink!r}")
    return colors


def labels(images: np.ndarray, colors: np.ndarray, *, ink: int | None = None, smooth: float = 0.0) -> np.ndarray:
    """The place in a palette of each pixel's color: int (count, height, width).

    With an ink, of drawings, what is no spot of a color of the palette (edges are mixtures of two), nor a patch of ink,
    takes the label of the nearest pixel that is: regions grow together where lines were.

    Args:
        images: (count, height, width, 3), float in [-1, 1].
        colors: float32 (colors, 3) from 0 to 255.
        ink: place of the lines' color.
        smooth: standard deviation of a Gaussian in pixels.
    """
    found = np.empty(images.shape[:3], np.int64)
    for image, label in zip(images, found):
        pixels = (image.astype(np.float32) + 1) * 127.5
        if smooth:
            pixels = ndimage.gaussian_filter(pixels, (smooth, smooth, 0))
        distances = np.square(pixels[:, :, None] - colors).sum(axis=-1)
        label[:] = distances.argmin(axis=-1)
        if ink is None:
            continue
        flat = distances.min(axis=-1) <= FLAT**2
        known = np.zeros(label.shape, bool)
        for each in np.unique(label[flat]):
            known |= ndimage.binary_opening(flat & (label == each), PATCH if each == ink else SPOT)
        if known.any():
            rows, columns = ndimage.distance_transform_edt(~known, return_distances=False, return_indices=True)
            label[:] = label[rows, columns]
    return found
