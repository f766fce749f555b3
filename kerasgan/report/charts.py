"""Charts as SVG text, drawn here: plotting libraries need scripts, which a report may not load, or fix their colors.

Colors come from the page's style (`line-0`, `line-1`, ...), so that they follow its light or dark scheme. Each chart
has a description for screen readers, and shows its numbers under the mouse pointer.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from kerasgan.report.rendering import Markup, part, render

__all__ = ["Band", "Line", "chart", "legend", "number"]

WIDTH, HEIGHT = 720, 260
LEFT, RIGHT, TOP, BOTTOM = 64, 26, 10, 42
BAND = 22  # height of the bands under a chart
BUCKETS = 400  # groups of rows, each drawn as its smallest and largest value
HITS = 80  # places at which the numbers are shown

Scale = Callable[[np.ndarray], np.ndarray]


class Line(NamedTuple):
    """One curve: a name, and numbers, some of which may be NaN."""

    name: str
    x: np.ndarray
    y: np.ndarray


class Band(NamedTuple):
    """A stretch of the horizontal axis with a name and a class of the page's style."""

    first: float
    last: float
    name: str
    style: str


def chart(
    lines: Sequence[Line],
    *,
    title: str,
    x_label: str,
    y_label: str,
    limits: tuple[float, float] | None = None,
    logarithmic: bool = False,
    bands: Sequence[Band] = (),
    threshold: float | None = None,
    smooth: bool = False,
) -> Markup:
    """An SVG of curves over one axis.

    Args:
        lines: one or more.
        title: what the chart shows; also its accessible name.
        x_label: label of the horizontal axis.
        y_label: label of the vertical axis.
        limits: limits of the vertical axis; if not given, those of the curves, without their rarest extremes.
        logarithmic: whether the vertical axis is logarithmic; numbers that are not positive are left out.
        bands: drawn below the axis.
        threshold: value of a dashed horizontal line.
        smooth: also draw each curve's moving mean over a fortieth of it, and the curve itself fainter.
    """
    if logarithmic:
        lines = [Line(name, x, np.where(y > 0, y, np.nan)) for name, x, y in lines]
    low, high = limits or _limits([line.y for line in lines], logarithmic=logarithmic)
    start, end = _extent([line.x for line in lines])
    start = 0.0 if 0 < start < end / 5 else start
    height = HEIGHT + (BAND + 6 if bands else 0)
    floor = HEIGHT - BOTTOM
    across, up = _scale(start, end, LEFT, WIDTH - RIGHT), _scale(low, high, floor, TOP, logarithmic=logarithmic)
    curves = []
    for index, line in enumerate(lines):
        window = len(line.x) // 40 if smooth else 0
        curves.append(_curve(line, index, across, up, (low, high), faint=window > 1))
        if window > 1:
            curves.append(_curve(line._replace(y=_smoothed(line.y, window)), index, across, up, (low, high)))
    return render(
        "chart.svg",
        **{"width": WIDTH, "height": height, "bottom": HEIGHT},
        **{"left": LEFT, "right": WIDTH - RIGHT, "top": TOP, "floor": floor},
        **{"title": title, "x_label": x_label, "y_label": y_label, "description": _description(lines, x_label)},
        rules=[(_at(up, value), number(value)) for value in _ticks(low, high, logarithmic=logarithmic)],
        marks=[(_at(across, value), number(value)) for value in _ticks(start, end)],
        threshold=None if threshold is None else _at(up, threshold),
        curves=curves,
        bands=[_band(band, across) for band in bands],
        hits=_hits(lines, across, x_label),
    )


def legend(names: Sequence[str]) -> Markup:
    """Names of curves in their colors, for the caption."""
    return part("legend", names)


def number(value: float) -> str:
    """A number for people: four digits, thousands separated."""
    if not math.isfinite(value):
        return "not a number" if math.isnan(value) else "infinite"
    return f"{value:,.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:.4g}"


def _extent(arrays: Sequence[np.ndarray]) -> tuple[float, float]:
    finite = np.concatenate([array[np.isfinite(array)] for array in arrays])
    if not len(finite):
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _limits(arrays: Sequence[np.ndarray], *, logarithmic: bool) -> tuple[float, float]:
    """The curves' range; a spike that is much larger than all the rest is cut off."""
    low, high = _extent(arrays)
    finite = np.concatenate([array[np.isfinite(array)] for array in arrays])
    if logarithmic:
        return (low / 1.2, high * 1.2) if len(finite) and low > 0 else (0.1, 10.0)
    if len(finite) > 20:
        bottom, top = np.quantile(finite, [0.005, 0.995])
        room = 1.5 * (top - bottom) or 1.0
        low, high = max(low, float(bottom - room)), min(high, float(top + room))
    margin = 0.06 * (high - low)
    return low - margin, high + margin


def _scale(low: float, high: float, start: float, end: float, *, logarithmic: bool = False) -> Scale:
    change = np.log10 if logarithmic else np.asarray
    first, last = float(change(low)), float(change(high))
    return lambda values: start + (change(np.asarray(values, "float64")) - first) / (last - first) * (end - start)


def _at(scale: Scale, value: float) -> str:
    return f"{float(scale(np.array(value))):.1f}"


def _ticks(low: float, high: float, *, logarithmic: bool = False) -> list[float]:
    if logarithmic:
        powers = range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1)
        chosen = list(powers)[:: max(1, len(powers) // 5)]
        return [10.0**power for power in chosen] if len(chosen) > 1 else [low * 1.2, high / 1.2]
    rough = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    first = math.ceil(low / step)
    return [round(index * step, 12) for index in range(first, math.floor(high / step) + 1)]


def _smoothed(y: np.ndarray, window: int) -> np.ndarray:
    """The mean of the finite numbers among the nearest `window` rows; of fewer rows at the ends."""
    finite, ones = np.isfinite(y), np.ones(window)
    sums = np.convolve(np.where(finite, y, 0.0), ones, mode="same")
    counts = np.convolve(finite.astype("float64"), ones, mode="same")
    return np.where(finite, sums / np.maximum(counts, 1.0), np.nan)


def _curve(
    line: Line, index: int, across: Scale, up: Scale, limits: tuple[float, float], *, faint: bool = False
) -> tuple[str, str]:
    x, y = _thinned(line.x, np.clip(line.y, *limits))
    words, pen = [], "M"
    for right, down in zip(across(x), up(y)):
        if math.isfinite(right) and math.isfinite(down):
            words.append(f"{pen}{right:.1f} {down:.1f}")
            pen = "L"
        else:
            pen = "M"
    return f"line line-{index % 6}{' faint' if faint else ''}", "".join(words)


def _thinned(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The smallest and the largest of every few rows, in their order: no spike is lost."""
    if len(x) <= 2 * BUCKETS:
        return x, y
    kept: list[int] = []
    for rows in np.array_split(np.arange(len(x)), BUCKETS):
        if np.isfinite(y[rows]).any():
            kept += sorted({rows[np.nanargmin(y[rows])], rows[np.nanargmax(y[rows])]})
        else:
            kept.append(rows[0])
    return x[kept], y[kept]


def _band(band: Band, across: Scale) -> dict[str, Any]:
    left, right = float(across(np.array(band.first))), float(across(np.array(band.last)))
    width = max(right - left, 1.0)
    return {
        "style": band.style,
        "x": f"{left:.1f}",
        "width": f"{width:.1f}",
        "height": BAND,
        "middle": f"{left + width / 2:.1f}",
        "name": band.name if width > 7 * len(band.name) else "",
        "words": f"{band.name}: steps {number(band.first)} to {number(band.last)}",
    }


def _hits(lines: Sequence[Line], across: Scale, x_label: str) -> list[dict[str, str]]:
    """Invisible columns that show the numbers at their middle under the mouse pointer."""
    longest = max(lines, key=lambda line: len(line.x)).x
    rows = np.unique(np.linspace(0, len(longest) - 1, min(HITS, len(longest))).astype(int))
    places = across(longest[rows])
    width = (WIDTH - RIGHT - LEFT) / max(1, len(rows) - 1)
    hits = []
    for row, place in zip(rows, places):
        at = longest[row]
        words = [f"{x_label} {number(at)}"]
        words += [f"{line.name} {number(line.y[np.abs(line.x - at).argmin()])}" for line in lines]
        left = max(LEFT, place - width / 2)
        hits.append({"x": f"{left:.1f}", "width": f"{width:.1f}", "words": "\n".join(words)})
    return hits


def _description(lines: Sequence[Line], x_label: str) -> str:
    sentences = []
    for line in lines:
        finite = np.isfinite(line.y)
        if not finite.any():
            sentences.append(f"{line.name} holds no numbers.")
            continue
        y, x = line.y[finite], line.x[finite]
        ends = f"from {number(y[0])} at {x_label} {number(x[0])} to {number(y[-1])} at {x_label} {number(x[-1])}"
        sentences.append(f"{line.name} goes {ends}, between {number(y.min())} and {number(y.max())}.")
    return " ".join(sentences)
