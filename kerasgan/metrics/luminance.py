"""The luminance of images without their borders, which super-resolution papers evaluate."""

import numpy as np

from kerasgan.metrics import checks

__all__ = ["luminance_of", "scored_pair"]

# ITU-R BT.601, studio range: black is 16 and white 235 of 255. The full range gives 1.32 dB less.
_WEIGHTS = np.array([65.481, 128.553, 24.966]) / 255.0
_BLACK = 16.0 / 255.0


def luminance_of(images: np.ndarray) -> np.ndarray:
    """RGB (count, height, width, 3) in [0, 1] as (count, height, width, 1) in [16 / 255, 235 / 255]."""
    if images.shape[-1] != 3:
        raise ValueError(f"Expected RGB images (count, height, width, 3). Received: images.shape={images.shape}")
    return (images @ _WEIGHTS + _BLACK)[..., np.newaxis]


def scored_pair(
    first: np.ndarray, second: np.ndarray, *, luminance: bool, border: int
) -> tuple[np.ndarray, np.ndarray]:
    """The part of two checked stacks of images that is compared."""
    most = (min(first.shape[1:3]) - 1) // 2
    edge = checks.integer(border, name="border", least=0, most=most)
    inner = slice(edge, -edge or None)
    pair = first[:, inner, inner], second[:, inner, inner]
    return (luminance_of(pair[0]), luminance_of(pair[1])) if luminance else pair
