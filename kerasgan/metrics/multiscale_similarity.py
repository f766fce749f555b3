"""MS-SSIM: structural similarity over five scales; between images of one generator, how little they vary."""

from typing import Any

import numpy as np

from kerasgan.metrics import checks
from kerasgan.metrics.structural_similarity import local_similarity

__all__ = ["multiscale_similarity", "self_similarity"]

# Wang et al. 2003, table: they sum to 1.0001.
_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


def _halved(images: np.ndarray) -> np.ndarray:
    """Means of 2x2 pixels; an odd last row or column is dropped."""
    count, height, width, channels = images.shape
    even = images[:, : height // 2 * 2, : width // 2 * 2]
    return even.reshape(count, height // 2, 2, width // 2, 2, channels).mean(axis=(2, 4))


def multiscale_similarity(first: Any, second: Any) -> np.ndarray:
    """MS-SSIM of each pair of images: 1 for equal ones (Wang, Simoncelli & Bovik 2003, eq. 7).

    As PGGAN's evaluation: if a scale is smaller than the 11x11 window, the window and its deviation shrink to fit. This
    happens below 176 pixels; such numbers are comparable only with each other. Negative factors count as 0.

    Args:
        first: images (count, height, width, channels), at least 16 pixels high and wide, uint8 or floats in [-1, 1].
        second: likewise, of the same shape.

    Returns:
        float64 (count,) in [0, 1].

    Raises:
        TypeError, ValueError: if the images do not suit or are smaller than 16 pixels.
    """
    first, second = checks.image_pair(first, second)
    if min(first.shape[1:3]) < 2 ** (len(_WEIGHTS) - 1):
        raise ValueError(f"Expected images of at least 16 pixels, for five scales. Received: {first.shape[1:3]}")
    result = np.ones(len(first))
    for scale, weight in enumerate(_WEIGHTS, start=1):
        similarity, contrast = local_similarity(first, second)
        last = scale == len(_WEIGHTS)
        result *= (similarity if last else contrast).clip(min=0) ** weight
        if not last:
            first, second = _halved(first), _halved(second)
    return result


def self_similarity(images: Any, *, pairs: int | None = None, seed: int = 0) -> float:
    """Mean MS-SSIM between images of one set: the nearer to 1, the less they vary (Odena et al. 2017, 1610.09585).

    Compare with the same number of the training images, class by class if there are classes.

    Args:
        images: (count, height, width, channels), at least two, at least 16 pixels, uint8 or floats in [-1, 1].
        pairs: random pairs of two different images, drawn with replacement; None takes each image once, count // 2.
        seed: seed of the pairing.

    Returns:
        A number in [0, 1].

    Raises:
        TypeError, ValueError: if the images do not suit.
    """
    stack = checks.array(images)
    if stack.ndim != 4 or len(stack) < 2:
        raise ValueError(f"Expected at least two images (count, height, width, channels). Received: {stack.shape}")
    generator = checks.generator(seed)
    if pairs is None:
        order = generator.permutation(len(stack))
        first, second = order[: len(stack) // 2], order[len(stack) // 2 : len(stack) // 2 * 2]
    else:
        first = generator.integers(len(stack), size=checks.integer(pairs, name="pairs"))
        second = (first + generator.integers(1, len(stack), size=pairs)) % len(stack)
    values = [
        multiscale_similarity(stack[first[start : start + 64]], stack[second[start : start + 64]])
        for start in range(0, len(first), 64)
    ]
    return float(np.concatenate(values).mean())
