"""Which inputs of image-to-image models are drawings that one can make on the page, and how wide their lines are."""

from typing import Any

import numpy as np

__all__ = ["drawing"]

NEAR = 0.25  # of the range from paper to ink: what is as light as paper
MOSTLY = 0.5  # of a drawing's pixels are paper
USUAL_WIDTH = 2 / 72  # of a side: OpenMoji's lines
KEPT = 0.15  # mean difference, in the same range, of lines that an output repeats


def drawing(inputs: np.ndarray | None, targets: np.ndarray | None, size: tuple[int, int]) -> dict[str, Any] | None:
    """What a page must know to let somebody draw such inputs; None if they are no drawings.

    Drawings are gray and mostly paper: their median is nearly white, or nearly black. The width of their lines follows
    from the coarea formula: the total variation of a drawing is the length of its lines' borders, 2 L, and its ink is
    L w, so that w = 2 ink / total variation.

    Args:
        inputs: examples (count, height, width, channels) in [-1, 1]; if there are none, black lines are assumed.
        targets: the outputs that belong to them, (count, height, width, channels) in [-1, 1].
        size: (height, width) to draw at; the examples may have another one.

    Returns:
        - size: the given one.
        - paper: its level, 0 or 255.
        - width: of lines, in pixels.
        - keeps_lines: whether the outputs have the same lines.
    """
    if inputs is None or not len(inputs):
        return {"size": list(size), "paper": 255, "width": round(max(size) * USUAL_WIDTH, 2), "keeps_lines": False}
    gray = inputs.mean(axis=-1)
    paper = 1.0 if np.median(gray) > 0 else -1.0
    ink = np.abs(paper - gray) / 2
    if np.ptp(inputs, axis=-1).max() > 1 / 64 or np.mean(np.median(ink, axis=(1, 2)) < NEAR) < MOSTLY:
        return None
    return {
        "size": list(size),
        "paper": 255 if paper > 0 else 0,
        "width": round(_width(ink) * max(size) / max(ink.shape[1:]), 2),
        "keeps_lines": targets is not None and _keeps_lines(ink > 1 - NEAR, targets, -paper),
    }


def _width(ink: np.ndarray) -> float:
    """The median over the drawings: those with filled shapes seem to have wider lines."""
    padded = np.pad(ink, ((0, 0), (0, 1), (0, 1)), mode="edge")
    borders = np.hypot(padded[:, 1:, :-1] - ink, padded[:, :-1, 1:] - ink).sum(axis=(1, 2))
    drawn = borders > 0
    if not drawn.any():
        return max(ink.shape[1:]) * USUAL_WIDTH
    return float(np.median(2 * ink.sum(axis=(1, 2))[drawn] / borders[drawn]))


def _keeps_lines(lines: np.ndarray, targets: np.ndarray, color: float) -> bool:
    if targets.shape[:3] != lines.shape or not lines.any():
        return False
    return bool(np.abs(targets[lines] - color).mean() / 2 < KEPT)
