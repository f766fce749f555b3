"""BEGAN's measure of convergence as a signal: unlike a GAN's losses, it falls as the samples get better."""

import numpy as np

from kerasgan.doctor.history import Columns

__all__ = ["NAME", "evidence"]

NAME = "convergence_measure"  # the column of a log (1703.10717, section 3.4.1)
PARTS = 8
FEWEST_ROWS = 2 * PARTS
STALLED, RISEN = 0.02, 0.1  # relative changes between parts of the record


def evidence(columns: Columns) -> list[str]:
    """A sentence on where the measure stands at the last row; none for a record without it, or a short one.

    Args:
        columns: of a record, with `step` beside it; the medians of its eighths are compared.
    """
    values = columns.get(NAME)
    if values is None or np.isfinite(values).sum() < FEWEST_ROWS:
        return []
    rows = np.flatnonzero(np.isfinite(values))
    parts = np.array_split(rows, PARTS)
    medians = np.array([np.median(values[part]) for part in parts])
    first, now, best = medians[0], medians[-1], int(medians.argmin())
    sentence = f"BEGAN's convergence measure is {now:.3g}, after {first:.3g} at first"
    lowest = f"{medians[best]:.3g} about step {columns['step'][parts[best][0]]:.0f}"
    if now > (1 + RISEN) * medians[best]:
        return [f"{sentence}: it has risen from its lowest, {lowest}. Go back to a checkpoint from there."]
    if min(medians[-2:]) > (1 - STALLED) * medians[-3]:
        return [f"{sentence}: it has stalled ({lowest} was the lowest). The paper then halves both learning rates."]
    return [f"{sentence}: it still falls."]
