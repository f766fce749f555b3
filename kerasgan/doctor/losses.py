"""A collapse score from the losses alone: four signs, none of which depends on the kind of loss.

A healthy adversarial loss is noise around a plateau: its jumps are about equally large, as often up as down, and they
become smaller. The loss of a discriminator that has won stays at its minimum, with occasional bursts. Each sign is a
ratio that is near one for plain noise and that depends neither on the scale of the loss nor on the length of the log;
the score at a row is computed only from rows up to it.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

__all__ = ["FEWEST_ROWS", "SIGNS", "Sign", "alarm", "collapse", "diverged", "severities", "signs", "timeline"]

FEWEST_ROWS = 20
"""With fewer finite rows than this there is no score."""

WINDOW = 0.2  # "now" is the last fifth of the rows so far, of at least FEWEST_WINDOW rows
FEWEST_WINDOW = 10
FEWEST_ALARM_ROWS = 100


class Sign(NamedTuple):
    """A ratio >= 0 that counts fully from `full` on, and a sentence that reports it."""

    full: float
    sentence: str


# The values of `full` are round numbers, and the four signs count equally: 28 labeled logs, 7 of them collapsed, are
# too few to tell fitted weights from equal ones. SLOPE and MIDDLE turn the mean severity into a probability,
# monotonically. `python benchmarks/doctor --logs DIR` prints what a fit would choose, and cross-validates it.
SIGNS: Mapping[str, Sign] = {
    "bursts": Sign(8, "its mean jump is {:.1f} times its median jump (1.2 for plain noise)"),
    "lopsided": Sign(8, "it strays {:.1f} times as far above its median as below (1 for plain noise)"),
    "floor": Sign(100, "it has fallen {:.1f} times below its early level"),
    "unrest": Sign(8, "its jumps are {:.1f} times as large as in its calmest stretch before"),
}
SLOPE, MIDDLE = 15.0, 0.35


def signs(loss: np.ndarray) -> dict[str, float]:
    """The ratio of each sign in `SIGNS`, for the last row of a discriminator's loss (rows,); NaN rows are left out."""
    loss = loss[np.isfinite(loss)]
    now = loss[-max(FEWEST_WINDOW, int(len(loss) * WINDOW)) :]
    low, high = np.quantile(loss, [0.05, 0.95])
    tiny = 1e-3 * (high - low) + 1e-12  # what counts as zero next to the loss's own range
    below, middle, above = np.quantile(now, [0.1, 0.5, 0.9])
    jumps, all_jumps = np.abs(np.diff(now)), np.abs(np.diff(loss))
    # Only calm stretches before the window count: a loss that calms down later, as the learning rate decays, is
    # healthy.
    before = np.cumsum(np.concatenate([[0.0], all_jumps[: len(loss) - len(now)]]))
    stretch = max(FEWEST_WINDOW // 2, len(now) // 4)
    calmest = np.min(before[stretch:] - before[:-stretch]) / stretch
    # A loss that crosses zero (a Wasserstein distance, say) has no floor there.
    has_floor = np.mean(loss < 0) <= 0.05
    return {
        "bursts": _ratio(np.mean(jumps), np.median(jumps), tiny),
        "lopsided": _ratio(above - middle, middle - below, tiny),
        "floor": _ratio(high, max(middle, 0.0), tiny) if has_floor else 1.0,
        "unrest": _ratio(np.mean(jumps), calmest, tiny),
    }


def _ratio(numerator: Any, denominator: Any, tiny: float) -> float:
    return float((numerator + tiny) / (denominator + tiny))


def severities(ratios: Mapping[str, float]) -> dict[str, float]:
    """Each sign in [0, 1]: 0 for a ratio of one or less, 1 from the sign's `full` on, logarithmic between."""
    return {key: float(np.clip(np.log(ratios[key]) / np.log(SIGNS[key].full), 0, 1)) for key in ratios}


def collapse(loss: np.ndarray) -> float:
    """How likely the training has collapsed at the last row, in [0, 1]; 0 if there are too few rows."""
    if np.isfinite(loss).sum() < FEWEST_ROWS:
        return 0.0
    severity = np.mean(list(severities(signs(loss)).values()))
    return float(1 / (1 + np.exp(-SLOPE * (severity - MIDDLE))))


def timeline(loss: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(row counts, collapse after that many rows), every three percent of the rows so far, and at the last row.

    Each score is computed from earlier rows alone: a longer record adds points and leaves the earlier ones as they are.
    """
    count = int(np.log(max(len(loss), 1) / FEWEST_ROWS) / np.log(1.03) + 1) if len(loss) >= FEWEST_ROWS else 0
    rows = np.unique(np.append((FEWEST_ROWS * 1.03 ** np.arange(count)).astype(int), len(loss)))
    return rows, np.array([1.0 if diverged(loss[:row]) else collapse(loss[:row]) for row in rows])


def diverged(loss: np.ndarray) -> bool:
    """Whether the record ends in NaN or infinity, or in numbers a million times larger than its earlier ones."""
    if not len(loss):
        return False
    finite = np.isfinite(loss)
    if not finite[-3:].any():
        return True
    past, end = np.abs(loss[finite][:-3]), np.abs(loss[finite][-3:])
    return bool(len(past) >= FEWEST_ROWS and np.min(end) > 1e6 * (np.median(past) + 1.0))


def alarm(rows: np.ndarray, scores: np.ndarray, *, threshold: float = 0.7) -> int | None:
    """The first of `rows` at which the score has stayed at or above the threshold for the last tenth of the rows.

    None if there is no such row. Stopping a healthy training costs more than a late alarm: the threshold is higher than
    a verdict's, and the first hundred rows, in which healthy losses still settle, raise no alarm.

    Args:
        rows: ascending row counts, as `timeline` gives them.
        scores: the collapse after each.
        threshold: in [0, 1].
    """
    for index, row in enumerate(rows):
        recent = scores[: index + 1][rows[: index + 1] >= 0.9 * row]
        if row >= FEWEST_ALARM_ROWS and recent.min() >= threshold:
            return int(row)
    return None
