"""What a linear filter tells of pairs: how far targets follow from inputs, and whether pairs were moved one by one."""

import itertools
from collections.abc import Iterator

import numpy as np

from kerasgan.doctor.reference import tiles

__all__ = ["Filter", "beside", "common", "errors"]

REACH = 2  # tiles on each side of which the filter makes one of the target
FARTHEST = 3  # tiles by which targets are moved
ROUNDS = 3  # of choosing moves and fitting the filter to what was moved
RIDGE = 1e-3


class Filter:
    """The linear filter of five tiles a side that is nearest to targets, by ridge regression.

    Args:
        inputs: (count, height, width, channels), as `common` returns them.
        targets: likewise, of the same height and width.
    """

    def __init__(self, inputs: np.ndarray, targets: np.ndarray):
        rows = _windows(inputs).reshape(-1, inputs.shape[-1] * (2 * REACH + 1) ** 2 + 1)
        squares = rows.T @ rows + RIDGE * len(rows) * np.eye(rows.shape[1])
        self.weights = np.linalg.solve(squares, rows.T @ targets.reshape(-1, targets.shape[-1]))

    def __call__(self, inputs: np.ndarray) -> np.ndarray:
        return _windows(inputs) @ self.weights

    def error(self, inputs: np.ndarray, targets: np.ndarray) -> float:
        """Mean squared difference from the targets over their variance: 0 for the targets, 1 for their mean image."""
        return float(np.mean(_inner(self(inputs) - targets) ** 2) / _variance(_inner(targets)))


def common(inputs: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """As many means over equal tiles of both, eight to sixteen a side; None if the sizes do not allow that."""
    height, width = min(tiles(images).shape[1:3] for images in (inputs, targets))
    if min(height, width) < 2 * FARTHEST + 2:
        return None
    if any(images.shape[1] % height or images.shape[2] % width for images in (inputs, targets)):
        return None
    parts = []
    for images in (inputs, targets):
        tall, wide, channels = images.shape[1] // height, images.shape[2] // width, images.shape[3]
        parts.append(images.reshape(-1, height, tall, width, wide, channels).mean(axis=(2, 4), dtype="float64"))
    return parts[0], parts[1]


def errors(inputs: np.ndarray, targets: np.ndarray) -> tuple[float, float]:
    """The error of a filter on pairs that it was not fitted to, as they are and each moved to where it fits best.

    The targets are moved by up to three tiles, mirrored or turned upside down, one by one; the filter is then fitted to
    the moved ones, and so on. The latter error is much the smaller one where inputs and targets were cropped or
    mirrored separately, and about the same where they were not, whether a filter explains them or not.

    Args:
        inputs: (count, height, width, channels), as `common` returns them.
        targets: likewise, of the same height and width.

    Returns:
        Both errors in variances of the targets, within the margin that the moves leave; NaN for fewer than four pairs.
    """
    if len(inputs) < 4:
        return np.nan, np.nan
    moved, found = targets, []
    for _ in range(ROUNDS):
        moved, unmoved, best = _moved(inputs, targets, moved)
        found += [unmoved, best]
    variance = _variance(_inner(targets))
    return found[0] / variance, found[-1] / variance


def beside(outputs: np.ndarray, targets: np.ndarray) -> tuple[float, float]:
    """The error of outputs, and that from the targets moved or mirrored, all in the same way, to where they fit best.

    Args:
        outputs: (count, height, width, channels), as `common` returns them.
        targets: likewise, of the same height and width.

    Returns:
        Both in variances of the targets, within the margin that the moves leave.
    """
    squares = [float(np.mean((_inner(outputs) - _inner(moved)) ** 2)) for moved in _moves(targets)]
    return squares[0] / _variance(_inner(targets)), min(squares) / _variance(_inner(targets))


def _moved(inputs: np.ndarray, targets: np.ndarray, fitted_to: np.ndarray) -> tuple[np.ndarray, float, float]:
    """The targets moved to where the filter of the other half of the pairs fits best; its error before and after."""
    chosen, before, after = np.empty_like(targets), [], []
    for half, other in ((slice(0, None, 2), slice(1, None, 2)), (slice(1, None, 2), slice(0, None, 2))):
        made = _inner(Filter(inputs[other], fitted_to[other])(inputs[half]))
        several = np.stack(list(_moves(targets[half])))
        squares = np.stack([np.mean((made - _inner(each)) ** 2, axis=(1, 2, 3)) for each in several])
        best = squares.argmin(axis=0)
        chosen[half] = several[best, np.arange(len(best))]
        before += squares[0].tolist()
        after += squares.min(axis=0).tolist()
    return chosen, float(np.mean(before)), float(np.mean(after))


def _windows(images: np.ndarray) -> np.ndarray:
    """Each tile with those around it, and a constant, as channels."""
    height, width = images.shape[1:3]
    wide = np.pad(images, ((0, 0), (REACH, REACH), (REACH, REACH), (0, 0)), mode="edge")
    places = itertools.product(range(2 * REACH + 1), repeat=2)
    around = [wide[:, top : top + height, left : left + width] for top, left in places]
    return np.concatenate([*around, np.ones((*images.shape[:3], 1))], axis=-1)


def _moves(targets: np.ndarray) -> Iterator[np.ndarray]:
    """The targets as they are, shifted, mirrored, upside down and both."""
    shifts = range(-FARTHEST, FARTHEST + 1)
    for shift in sorted(itertools.product(shifts, repeat=2), key=lambda pair: abs(pair[0]) + abs(pair[1])):
        yield np.roll(targets, shift, axis=(1, 2))
    yield from (targets[:, :, ::-1], targets[:, ::-1], targets[:, ::-1, ::-1])


def _inner(images: np.ndarray) -> np.ndarray:
    """Without the tiles that a shift may have brought around the edge."""
    return images[:, FARTHEST:-FARTHEST, FARTHEST:-FARTHEST]


def _variance(targets: np.ndarray) -> float:
    return float(targets.var(axis=0).mean()) + 1e-6
