"""What the two losses alone tell about the game: four signs of collapse, none of which knows the kind of loss.

A healthy adversarial loss is noise around a plateau: its jumps are about equally large, as often up as down, and
they calm down. A discriminator that has won sits on the floor of its loss and is thrown off it now and then. Each sign
is a ratio that plain noise leaves near one and that neither the scale of the loss nor the length of the log changes;
only what lies before a row enters the score at that row.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

__all__ = ["FEWEST_ROWS", "SIGNS", "Sign", "alarm", "collapse", "diverged", "severities", "signs", "timeline"]

FEWEST_ROWS = 20
"""Fewer finite rows than this say nothing."""

WINDOW = 0.2  # "now" is the last fifth of the rows so far, of at least FEWEST_WINDOW rows
FEWEST_WINDOW = 10
FEWEST_ALARM_ROWS = 100


class Sign(NamedTuple):
    """A ratio >= 0 of which `full` is as bad as it gets, and a sentence that shows it."""

    full: float
    sentence: str


# The full marks are round numbers, and the four signs count equally: 28 labeled logs, 7 of them collapsed, cannot tell
# fitted weights from equal ones. SLOPE and MIDDLE turn the mean severity into a probability; they order nothing.
# `python benchmarks/doctor --logs DIR` prints what a fit would choose, and cross-validates it.
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
    # Calm that came later, when a learning rate has run out, say, is no reproach.
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
    """Each sign in [0, 1]: 0 for a ratio of one or less, 1 for the sign's full mark or more, logarithmic between."""
    return {key: float(np.clip(np.log(ratios[key]) / np.log(SIGNS[key].full), 0, 1)) for key in ratios}


def collapse(loss: np.ndarray) -> float:
    """How likely the game has collapsed at the last row, in [0, 1]; 0 where there are too few rows to say."""
    if np.isfinite(loss).sum() < FEWEST_ROWS:
        return 0.0
    severity = np.mean(list(severities(signs(loss)).values()))
    return float(1 / (1 + np.exp(-SLOPE * (severity - MIDDLE))))


def timeline(loss: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(row counts, collapse after that many rows), every three percent of the rows so far, and at the last row.

    Each score is computed from its own past alone, and a longer record adds points without moving the earlier ones.
    """
    count = int(np.log(max(len(loss), 1) / FEWEST_ROWS) / np.log(1.03) + 1) if len(loss) >= FEWEST_ROWS else 0
    rows = np.unique(np.append((FEWEST_ROWS * 1.03 ** np.arange(count)).astype(int), len(loss)))
    return rows, np.array([1.0 if diverged(loss[:row]) else collapse(loss[:row]) for row in rows])


def diverged(loss: np.ndarray) -> bool:
    """Whether the record ends in NaN or infinity, or in numbers a million times larger than it used to hold."""
    if not len(loss):
        return False
    finite = np.isfinite(loss)
    if not finite[-3:].any():
        return True
    past, end = np.abs(loss[finite][:-3]), np.abs(loss[finite][-3:])
    return bool(len(past) >= FEWEST_ROWS and np.min(end) > 1e6 * (np.median(past) + 1.0))


def alarm(rows: np.ndarray, scores: np.ndarray, *, threshold: float = 0.7) -> int | None:
    """The first of `rows` by which the score has kept to the threshold for a tenth of the rows so far, else None.

    Stopping a healthy game costs more than a late word: the threshold is higher than a verdict's, and the first
    hundred rows, where healthy losses are still settling, raise no alarm.

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
