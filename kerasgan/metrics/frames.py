"""Scores of predicted frames, on whole frames and on moving areas: those of Mathieu et al. 2016 (1511.05440)."""

from typing import Any

import numpy as np

from kerasgan.metrics import checks
from kerasgan.metrics.sharpness import sharpness, sharpness_difference
from kerasgan.metrics.structural_similarity import WINDOW, local_similarity

__all__ = ["clip_scores", "frame_scores", "moving_areas"]

LEAST_ERROR = 1e-4  # of squared 8-bit levels: equal frames score 88 dB, not infinity
LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601


def frame_scores(made: Any, targets: Any, *, moving: Any = None) -> dict[str, np.ndarray]:
    """How close predicted frames are to the true ones, frame by frame (Mathieu et al. 2016, 1511.05440).

    As the paper's evaluation code computes it:

    - `peak_signal_to_noise`: 10 log10(255^2 / max(128^2 mean squared error, 1e-4)). The paper's code leaves frames of
      50 dB or more out of its means; here the caller does.
    - `structural_similarity`: of the luminance, with a window that extends over the border, where both frames are
      black.
    - `sharpness_difference`: see that function.
    - `sharpness_ratio` is not in the paper: the total variation of the prediction over the true frame's, below 1 if the
      prediction is blurred.

    Args:
        made: frames (count, height, width, channels), at least 3x3 pixels, uint8 or floats in [-1, 1].
        targets: likewise.
        moving: bool (count, height, width), for instance from `moving_areas`: all other pixels are set to black in
            both frames, and count as correct.

    Returns:
        float64 (count,) each: `peak_signal_to_noise` and `sharpness_difference` in dB, `structural_similarity` and
        `sharpness_ratio`.

    Raises:
        TypeError, ValueError: if the frames or the mask do not suit.
    """
    pair = list(checks.image_pair(made, targets))
    if moving is not None:
        mask = checks.array(moving)
        if mask.dtype != bool or mask.shape != pair[0].shape[:3]:
            expected = f"Expected a mask of truth values {pair[0].shape[:3]}"
            raise ValueError(f"{expected}. Received: moving.shape={mask.shape}, moving.dtype={mask.dtype}")
        pair = [np.where(mask[..., np.newaxis], frames, 0.0) for frames in pair]
    signed = [frames * 2.0 - 1.0 for frames in pair]
    error = np.mean((signed[0] - signed[1]) ** 2, axis=(1, 2, 3))
    around = ((0, 0), *[(WINDOW - 1, WINDOW - 1)] * 2, (0, 0))
    gray = [frames @ LUMA[:, np.newaxis] if frames.shape[-1] == 3 else frames for frames in pair]
    return {
        "peak_signal_to_noise": 10.0 * np.log10(255.0**2 / np.maximum(128.0**2 * error, LEAST_ERROR)),
        "structural_similarity": local_similarity(*(np.pad(frames, around) for frames in gray))[0],
        "sharpness_difference": sharpness_difference(*signed),
        "sharpness_ratio": sharpness(signed[0]) / np.maximum(sharpness(signed[1]), 1e-12),
    }


def clip_scores(
    newest: np.ndarray, made: np.ndarray, targets: np.ndarray
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """`frame_scores` of the first and the last predicted frame, on whole frames and on moving areas.

    Args:
        newest: the newest input frame of the prediction, (count, height, width, channels).
        made: the frames predicted, (count, time, height, width, channels).
        targets: the true ones.

    Returns:
        The scores by name, and those of `newest`, which is the prediction of a model that copies. Each is float64
        (count,). Names end in `_moving` for moving areas, then in `_frame_N` for the last frame, number N.
    """
    scores: dict[str, np.ndarray] = {}
    beside: dict[str, np.ndarray] = {}
    for place in sorted({0, targets.shape[1] - 1}):
        moving = moving_areas(targets[:, place - 1] if place else newest, targets[:, place])
        number = f"_frame_{place + 1}" if place else ""
        for area, mask in (("", None), ("_moving", moving)):
            for found, frames in ((scores, made[:, place]), (beside, newest)):
                values = frame_scores(frames, targets[:, place], moving=mask)
                found.update({f"{name}{area}{number}": value for name, value in values.items()})
    return scores, beside


def moving_areas(before: Any, after: Any, *, threshold: float = 0.1) -> np.ndarray:
    """Where successive frames differ by more than a share of the range in some channel: bool (count, height, width).

    Mathieu et al. 2016 (1511.05440) use the area found by optical flow, which includes the inside of large plain
    objects; differences need no estimate of the flow, and are exact if the camera does not move.

    Args:
        before: frames (count, height, width, channels), uint8 or floats in [-1, 1].
        after: the frames that follow them.
        threshold: in [0, 1).

    Raises:
        TypeError, ValueError: if the frames or the threshold do not suit.
    """
    if not 0 <= threshold < 1:
        raise ValueError(f"Expected a threshold from 0 to 1. Received: threshold={threshold!r}")
    first, second = checks.image_pair(before, after)
    return (np.abs(second - first) > threshold).any(axis=-1)
