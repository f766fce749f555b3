"""The columns of a probe, with the summaries that the rules use."""

import numpy as np

from kerasgan.doctor.history import Columns

__all__ = ["ALIKE", "FEWEST_STEPS", "YOUNG", "Signals", "falling", "rise"]

MOST_RECENT = 25  # probes that "now" is the median of, in a long record
FEWEST_STEPS = 200  # the samples of a generator that has learned nothing yet are alike, and far from the real images
YOUNG = 1000  # steps: modes are learned one after another, and until then missing ones may still appear
LASTING = 5  # probes in a row, a hundred steps of close looks
START = 20  # probes of which a training's start consists: its first 400 steps
ALIKE = 0.02  # of the real images' variance: samples with less are one image, more or less


class Signals:
    """The columns of a probe, with the summaries that the rules use."""

    def __init__(self, columns: Columns):
        self.columns, self.count = columns, len(columns["step"])
        self.recent = min(max(3, self.count // 8), MOST_RECENT)

    def has(self, *names: str) -> bool:
        return all(name in self.columns and np.isfinite(self.columns[name]).any() for name in names)

    def now(self, name: str) -> float:
        values = self.columns[name][-self.recent :]
        return float(np.median(values[np.isfinite(values)])) if np.isfinite(values).any() else np.nan

    def best(self, name: str) -> float:
        """The least median of three probes, one after another."""
        values = self.columns[name][np.isfinite(self.columns[name])]
        return float(np.min(np.median(np.lib.stride_tricks.sliding_window_view(values, min(3, len(values))), axis=1)))

    def improving(self) -> bool:
        """Whether within the last half of the record the distance fell by a fifth, or steadily by a twentieth, where of
        a young training it is enough that it fell steadily all the time; or the training has only begun."""
        if self.columns["step"][-1] < FEWEST_STEPS:
            return True
        distance, whole = self._distance(), self.columns[self._measure()][1:]
        now = self.now(self._measure())
        decline = 1 - now / np.median(distance[: self.recent])
        steadily = falling(distance) >= 0.75
        if self.columns["step"][-1] < YOUNG and now < 0.8 * np.median(whole[: self.recent]):
            steadily = steadily or falling(whole) >= 0.75
        return bool(decline > 0.2 or (decline > 0.05 and steadily))

    def nearing(self) -> bool:
        """Whether within the last half of the record the distance fell steadily, or the training has only begun."""
        if self.columns["step"][-1] < FEWEST_STEPS:
            return True
        return falling(self._distance()) >= 0.75

    def _measure(self) -> str:
        return "error" if self.has("error") else "distance"  # of pairs the nearer to what is wanted

    def _distance(self) -> np.ndarray:
        return self.columns[self._measure()][-(self.count // 2) :]

    def diversifying(self) -> bool:
        """Whether within the last half of the record the diversity grew by half, or steadily by a fifth."""
        recent = self.columns["diversity"][-(self.count // 2) :]
        growth = self.now("diversity") / (np.median(recent[: self.recent]) + 1e-12)
        return bool(growth > 1.5 or (growth > 1.2 and falling(-recent) >= 0.75))

    def spreading(self) -> bool:
        """Whether the diversity, however small, grew by half and steadily, of late or all the time, not by chance, and
        the distance did not stay as it was."""
        now, diversity = self.now("diversity"), self.columns["diversity"]
        several = [diversity[-(self.count // 2) :], diversity]
        grown = any(now > 1.5 * np.median(each[: self.recent]) and falling(-each) >= 0.75 for each in several)
        return bool(grown and now > ALIKE / 50 and falling(self._distance()) >= 0.6)

    def lost(self) -> bool:
        """Whether all samples of the last three probes are alike, after samples that were not or for long enough."""
        if self.columns["step"][-1] < FEWEST_STEPS:
            return False
        diversity, repeats = self.columns["diversity"], self.columns["repeats"]
        alike = bool(np.max(diversity[-3:]) < ALIKE and np.min(repeats[-3:]) > 0.9)
        return alike and (np.nanmax(diversity) > 10 * ALIKE or not self.spreading())

    def diverse_once(self) -> bool:
        """Whether the samples of three probes in a row were distinct, and as varied as those of a good training."""
        fine = (self.columns["repeats"] < 0.5) & (self.columns["diversity"] > 0.4)
        return bool((fine[2:] & fine[1:-1] & fine[:-2]).any())

    def growing(self, name: str) -> bool:
        """Whether a signal rose by a twentieth of its range from 0 to 1 within the last half of the record."""
        before = self.columns[name][-(self.count // 2) :][: self.recent]
        return bool(self.now(name) > np.median(before) + 0.05)

    def shrinking(self, name: str) -> bool:
        """Whether a signal fell by a tenth within the last half of the record."""
        before = self.columns[name][-(self.count // 2) :][: self.recent]
        return bool(self.now(name) < 0.9 * np.median(before))

    def rising(self, name: str) -> bool:
        """Whether a signal, however small, rose by half within the last half of the record, or that has just begun."""
        if self.columns["step"][-1] < FEWEST_STEPS:
            return True
        return bool(self.now(name) > 1.5 * np.median(self.columns[name][-(self.count // 2) :][: self.recent]))

    def so_far(self, name: str) -> float:
        """The median over all of the record but its first row, which is of before the first step."""
        values = self.columns[name][1:]
        return float(np.median(values[np.isfinite(values)])) if np.isfinite(values).any() else np.nan

    def lasting(self, name: str) -> float:
        """What a signal did not fall below for five probes in a row, at most, of the record's last half or start."""
        values = self.columns[name][-max(START, self.count // 2) :]
        values = values[np.isfinite(values)]
        if len(values) < LASTING:
            return np.nan
        return float(np.lib.stride_tricks.sliding_window_view(values, LASTING).min(axis=1).max())

    def vanished(self, name: str) -> bool:
        """Whether a gradient is down to a fiftieth of its largest."""
        return self.has(name) and self.now(name) < 0.02 * np.nanmax(self.columns[name])


def falling(values: np.ndarray) -> float:
    """The share of all pairs whose later value is the smaller one, half of them for noise: (1 - Kendall's tau) / 2."""
    values = values[:: 1 + len(values) // 200]  # the number of pairs is quadratic
    first, second = np.triu_indices(len(values), 1)
    return float(np.mean(values[second] < values[first]))


def rise(value: float, good: float, bad: float) -> float:
    """0 at `good`, 1 at `bad`, linear between and constant beyond; `good` may be the larger one. NaN gives 0."""
    return float(np.nan_to_num(np.clip((value - good) / (bad - good), 0.0, 1.0)))
