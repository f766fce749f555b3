"""Scores of image-to-image models: how close their images are to the targets of pairs."""

from typing import Any

import numpy as np

from kerasgan.metrics import checks
from kerasgan.metrics.peak_signal_to_noise import peak_signal_to_noise
from kerasgan.metrics.sharpness import sharpness
from kerasgan.metrics.structural_similarity import structural_similarity

__all__ = ["likened", "pair_scores"]


def pair_scores(made: Any, targets: Any, *, scale: int = 1) -> dict[str, np.ndarray]:
    """How close images are to their targets, image by image.

    Args:
        made: (count, height, width, channels), uint8 or floats in [-1, 1].
        targets: likewise, of the same shape.
        scale: factor of super-resolution: from 2 on PSNR and SSIM compare the luminance of colors and leave out a
            border of that many pixels, as its papers do.

    Returns float64 (count,) each: `peak_signal_to_noise` in dB, `structural_similarity`, `mean_absolute_error` in units
    of [-1, 1], and `sharpness_ratio`: 1 for equal total variation, below 1 for blurred images.

    Raises:
        TypeError, ValueError: if the images do not suit.
    """
    made, targets = (2.0 * images - 1.0 for images in checks.image_pair(made, targets))
    options: Any = {"luminance": scale > 1 and made.shape[-1] == 3, "border": scale if scale > 1 else 0}
    return {
        "peak_signal_to_noise": peak_signal_to_noise(made, targets, **options),
        "structural_similarity": structural_similarity(made, targets, **options),
        "mean_absolute_error": np.abs(made - targets).mean(axis=(1, 2, 3)),
        "sharpness_ratio": sharpness(made) / np.maximum(sharpness(targets), 1e-12),
    }


def likened(inputs: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The inputs, resized to the targets and with their number of color channels; further channels are dropped."""
    from kerasgan.data.decoding import resized
    from kerasgan.data.derivations import gray

    channels = targets.shape[-1]
    inputs = inputs if inputs.shape[-1] in (1, 3) else inputs[..., :channels]
    inputs = gray(inputs) if channels == 1 else inputs
    inputs = np.repeat(inputs, channels, axis=-1) if inputs.shape[-1] == 1 else inputs
    return resized(inputs, size=targets.shape[1:3], crop="stretch")
