"""A collapse score from the losses alone: five signs, none of which depends on the kind of loss.

A healthy adversarial loss is noise around a plateau: its jumps are about equally large, they become smaller, and its
level moves slowly next to them. Each sign is a ratio that is near one, or below, for plain noise and that depends
neither on the scale of a loss nor on the length of the log; the score at a row is computed only from rows up to it.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

__all__ = ["FEWEST_ROWS", "SIGNS", "Sign", "alarm", "collapse", "defeat", "diverged", "fallen", "resting", "severities"]
__all__ += ["signs", "timeline"]

FEWEST_ROWS = 20
FEWEST_BEFORE = 5  # rows to which a loss that grows without bound is compared
"""With fewer finite rows than this there is no score."""

WINDOW = 0.2  # "now" is the last fifth of the rows so far, of at least FEWEST_WINDOW rows
FEWEST_WINDOW = 10
FEWEST_ALARM_ROWS = 100


class Sign(NamedTuple):
    """A ratio >= 0 that counts fully from `full` on, and a sentence that reports it."""

    full: float
    sentence: str


# The values of `full` are round numbers, and the signs count equally: the labeled logs are too few to tell fitted
# weights from equal ones. SLOPE and MIDDLE turn the mean severity into a probability, monotonically.
# `python benchmarks/doctor --logs DIR` prints what a fit would choose, and cross-validates the choice of the signs.
SIGNS: Mapping[str, Sign] = {
    "bursts": Sign(8, "its mean jump is {:.1f} times its median jump (1.2 for plain noise)"),
    "unrest": Sign(8, "its jumps are {:.1f} times as large as in its calmest stretch before"),
    "unsteadiness": Sign(8, "its noise is {:.1f} times as strong in loud stretches as in calm ones"),
    "shift": Sign(8, "its level has shifted by {:.1f} times its noise between two stretches"),
    "drift": Sign(8, "the other network's loss has drifted by {:.1f} times its noise"),
}
SLOPE, MIDDLE = 12.0, 0.33
EQUILIBRIA = {
    "ln 2": np.log(2),
    "2 ln 2": 2 * np.log(2),
    "hinge's 2": 2.0,
    "half of hinge's": 1.0,
    "1/2": 0.5,
    "1/4": 0.25,
}


def signs(loss: np.ndarray, other: np.ndarray | None = None) -> dict[str, float]:
    """The ratio of each sign in `SIGNS` at the last row.

    Args:
        loss: the discriminator's (rows,), or the generator's if there is no other; rows that are not finite are left
            out.
        other: the generator's loss (rows,), for the drift, which is one without it.
    """
    loss = loss[np.isfinite(loss)]
    now = loss[-max(FEWEST_WINDOW, int(len(loss) * WINDOW)) :]
    tiny = _tiny(loss)
    jumps, all_jumps = np.abs(np.diff(now)), np.abs(np.diff(loss))
    # Only calm stretches before the window count: a loss that calms down later, as the learning rate decays, is
    # healthy.
    before = np.cumsum(np.concatenate([[0.0], all_jumps[: len(loss) - len(now)]]))
    stretch = max(FEWEST_WINDOW // 2, len(now) // 4)
    calmest = np.min(before[stretch:] - before[:-stretch]) / stretch
    blocks = _blocks(loss)
    noise, level = blocks.std(axis=1), blocks.mean(axis=1)
    calm, loud = np.quantile(noise[-max(2, len(noise) // 5) :], [0.1, 0.9])
    by_chance = np.exp(2.56 / np.sqrt(2 * blocks.shape[1]))  # between these quantiles of Gaussian noise's deviations
    shift = np.max(np.abs(np.diff(level))[-max(1, len(level) // 2) :])
    return {
        "bursts": _ratio(np.mean(jumps), np.median(jumps), tiny),
        "unrest": _ratio(np.mean(jumps), calmest, tiny),
        "unsteadiness": _ratio(loud, calm, tiny) / by_chance,
        "shift": _ratio(shift, np.median(noise), tiny),
        "drift": 1.0 if other is None else _drift(other[np.isfinite(other)]),
    }


def _drift(loss: np.ndarray) -> float:
    if len(loss) < FEWEST_ROWS:
        return 1.0
    last = _blocks(loss)[-max(2, len(_blocks(loss)) // 3) :]
    return _ratio(last.mean(axis=1).std(), np.median(last.std(axis=1)), _tiny(loss))


def _blocks(loss: np.ndarray) -> np.ndarray:
    """The loss in up to forty equal stretches (count, rows), the last of which ends with it."""
    rows = max(5, min(25, len(loss) // 8), len(loss) // 40)
    return loss[len(loss) % rows :].reshape(-1, rows)


def _tiny(loss: np.ndarray) -> float:
    """What counts as zero next to the loss's own range."""
    low, high = np.quantile(loss, [0.05, 0.95])
    return float(1e-3 * (high - low) + 1e-12)


def fallen(loss: np.ndarray) -> float:
    """How many times a loss has fallen below its early level, its 95 % quantile; 1 if it crosses zero."""
    loss = loss[np.isfinite(loss)]
    if len(loss) < FEWEST_ROWS or np.mean(loss < 0) > 0.05:  # a Wasserstein distance, say, has no floor there
        return 1.0
    now = loss[-max(FEWEST_WINDOW, int(len(loss) * WINDOW)) :]
    return _ratio(np.quantile(loss, 0.95), max(np.median(now), 0.0), _tiny(loss) / 10)


def resting(loss: np.ndarray, share: float = WINDOW) -> str | None:
    """The equilibrium, by name, at which a discriminator's loss rests within a hundredth; None if there is none.

    There it gives all images the same logit: because the generator is perfect, or because neither network learns.

    Args:
        loss: the discriminator's (rows,); rows that are not finite are left out.
        share: of the last rows, in which it must rest.
    """
    loss = loss[np.isfinite(loss)]
    now = loss[-max(FEWEST_WINDOW, int(len(loss) * share)) :]
    low, high = np.quantile(now, [0.1, 0.9]) if len(now) else (np.nan, np.nan)
    return next((name for name, at in EQUILIBRIA.items() if 0.99 * at < low and high < 1.01 * at), None)


def _ratio(numerator: Any, denominator: Any, tiny: float) -> float:
    return float((numerator + tiny) / (denominator + tiny))


def severities(ratios: Mapping[str, float]) -> dict[str, float]:
    """Each sign in [0, 1]: 0 for a ratio of one or less, 1 from the sign's `full` on, logarithmic between."""
    return {key: float(np.clip(np.log(ratios[key]) / np.log(SIGNS[key].full), 0, 1)) for key in ratios}


def collapse(loss: np.ndarray, other: np.ndarray | None = None) -> float:
    """How likely the training has collapsed at the last row, in [0, 1]; 0 if there are too few rows."""
    if np.isfinite(loss).sum() < FEWEST_ROWS:
        return 0.0
    severity = np.mean(list(severities(signs(loss, other)).values()))
    return float(max(1 / (1 + np.exp(-SLOPE * (severity - MIDDLE))), defeat(loss)))


def defeat(loss: np.ndarray) -> float:
    """How surely the discriminator has won, in [0, 1], by how far its loss has fallen: 0.5 for a hundredth."""
    return float(np.clip(np.log10(fallen(loss)) - 1.5, 0.0, 1.0))


def timeline(loss: np.ndarray, other: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """(row counts, collapse after that many rows), every three percent of the rows so far, and at the last row.

    Each score is computed from earlier rows alone: a longer record adds points and leaves the earlier ones as they are.
    """
    count = int(np.log(max(len(loss), 1) / FEWEST_ROWS) / np.log(1.03) + 1) if len(loss) >= FEWEST_ROWS else 0
    rows = np.unique(np.append((FEWEST_ROWS * 1.03 ** np.arange(count)).astype(int), len(loss)))
    both = [(loss[:row], None if other is None else other[:row]) for row in rows]
    gone = [diverged(first) or (second is not None and diverged(second)) for first, second in both]
    return rows, np.array([1.0 if broken else collapse(*part) for broken, part in zip(gone, both)])


def diverged(loss: np.ndarray) -> bool:
    """Whether the record ends in NaN or infinity, or in numbers a million times larger than its earlier ones.

    Rows without a value, as of a generator that is updated less often, are no end: it must be longer than such gaps.
    """
    if not len(loss):
        return False
    finite = np.isfinite(loss)
    if np.isinf(loss[~np.isnan(loss)][-3:]).any() or not finite.any():
        return True
    gaps = np.diff(np.flatnonzero(finite)) - 1
    if len(loss) - 1 - np.flatnonzero(finite)[-1] >= max(3, 2 * int(np.max(gaps, initial=0)) + 1):
        return True
    past, end = np.abs(loss[finite][:-3]), np.abs(loss[finite][-3:])
    return bool(len(past) >= FEWEST_BEFORE and np.min(end) > 1e6 * (np.quantile(past, 0.1) + 1.0))


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
