"""Reads the record of a training, from this package or another, into columns with the doctor's names."""

import csv
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from kerasgan.files.paths import local

__all__ = ["Columns", "read"]

Columns = dict[str, np.ndarray]

# Parts of the names that other packages give the two losses: dis_loss, D_loss, errD, loss_g, critic/loss, ...
LOSS_NAMES = {
    "discriminator_loss": {"d", "dis", "disc", "discr", "discriminator", "critic", "netd"},
    "generator_loss": {"g", "gen", "generator", "netg"},
}
COSTS = {"loss", "losses", "err", "error", "cost"}
PARTS = {"real", "fake"}
NOT_LOSSES = {"val", "validation", "acc", "accuracy", "test", "lr", "grad"}
LARGEST = 1 << 26  # bytes of a log: 500,000 rows
STEPS = ("step", "steps", "global_step", "iteration", "iterations", "iter", "batch", "epoch")


def read(history: Any) -> Columns:
    """Columns of float64, equally long, from a mapping, a data frame, a Keras `History` or the path of a CSV file.

    The losses are found under common names (`d_loss`, `errG`, `dis_loss`, ...); a loss that is only recorded separately
    for real images and fakes is their sum. Empty or unreadable cells are NaN. Every other column keeps its name. Raises
    ValueError if there is neither network's loss, FileNotFoundError if there is no file.
    """
    if isinstance(history, str | os.PathLike):
        name, raw = str(history), _read_csv(local(history))
    else:
        name, raw = type(history).__name__, _mapping(getattr(history, "history", history))
    columns = {str(key): _numbers(values) for key, values in raw.items()}
    _refuse_text(columns, raw, name)
    found = {loss: _loss(columns, loss, words) for loss, words in LOSS_NAMES.items()}
    losses = {loss: values for loss, values in found.items() if values is not None}
    if not losses:
        held = ", ".join(columns) or "nothing"
        raise ValueError(
            f"Expected a column discriminator_loss or generator_loss. Received: {name} with the columns {held}"
        )
    length = max(len(values) for values in losses.values())
    step = next((columns[key] for key in columns if key.strip().lower() in STEPS), None)
    if step is None or len(step) != length or not np.isfinite(step).all():
        step = np.arange(1.0, length + 1)
    others = {key: values for key, values in columns.items() if key not in losses}
    return {key: _padded(values, length) for key, values in {**others, **losses, "step": step}.items()}


def _read_csv(path: Path) -> Mapping[str, Any]:
    if path.stat().st_size > LARGEST:
        raise ValueError(f"Expected a log of at most {LARGEST >> 20} MiB. Received: {path}, which is larger")
    with path.open(newline="", encoding="utf-8-sig") as file:
        text = file.read()
    header = text.partition("\n")[0]
    delimiter = max(",;\t", key=header.count)
    try:
        rows = [row for row in csv.reader(text.splitlines(), delimiter=delimiter) if row]
    except csv.Error as error:
        raise ValueError(f"Expected a CSV file. Received: {path}: {error}") from error
    if not rows:
        raise ValueError(f"Expected a CSV file with a header. Received: {path}, which is empty")
    if len(rows[0]) * len(rows) > 1000 + 8 * sum(map(len, rows)):
        raise ValueError(f"Expected rows as long as their header of {len(rows[0])} columns. Received: {path}")
    body = _with_decimal_points(rows[1:])
    return {name.strip(): [row[i] if i < len(row) else "" for row in body] for i, name in enumerate(rows[0])}


def _with_decimal_points(rows: list[list[str]]) -> list[list[str]]:
    """The cells of a spreadsheet that writes 1,25 for 1.25, with points; others as they are.

    Where any number of the file has a point, its commas part thousands, and are left alone.
    """
    cells = [cell.strip() for row in rows for cell in row]
    if any(re.fullmatch(r"[+-]?[\d,]*\.\d+(e[+-]?\d+)?", cell, re.IGNORECASE) for cell in cells):
        return rows
    decimal = re.compile(r"\s*[+-]?\d*,\d+(e[+-]?\d+)?\s*", re.IGNORECASE)
    return [[cell.replace(",", ".") if decimal.fullmatch(cell) else cell for cell in row] for row in rows]


def _refuse_text(columns: Columns, raw: Mapping[Any, Any], name: str) -> None:
    """Raises ValueError for a loss without a single number: unreadable, it would pass for one that is NaN."""
    for key, values in raw.items():
        words = [each for each in np.ravel(np.asarray(values, dtype=object)) if isinstance(each, str) and each.strip()]
        text = [word for word in words if np.isnan(_number(word)) and word.strip().lower() not in ("nan", "none", "na")]
        column = {str(key): columns[str(key)]}
        loss = any(_loss(column, known, names) is not None for known, names in LOSS_NAMES.items())
        if loss and text and len(text) == len(words):
            raise ValueError(f"Expected numbers in the column {key} of {name}. Received: {text[0]!r}")


def _mapping(history: Any) -> Mapping[str, Any]:
    if not (hasattr(history, "keys") and hasattr(history, "__getitem__")):
        raise TypeError(
            "Expected a mapping of column names to sequences, a Keras History or the path of a CSV file. "
            f"Received: {type(history).__name__}"
        )
    return {key: history[key] for key in history}


def _numbers(values: Iterable[Any]) -> np.ndarray:
    return np.array([_number(value) for value in np.ravel(np.asarray(values, dtype=object))], dtype="float64")


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return np.nan


def _loss(columns: Columns, loss: str, words: set[str]) -> np.ndarray | None:
    if loss in columns:
        return columns[loss]
    whole: list[np.ndarray] = []
    parts: dict[str, np.ndarray] = {}
    for name, values in columns.items():
        spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)  # errD, lossG
        tokens = {part for part in re.split(r"[^a-z]+", spaced.lower()) if part}
        tokens |= {"d", "loss"} if "dloss" in tokens else {"g", "loss"} if "gloss" in tokens else set()
        if not tokens & words or not tokens & COSTS or tokens & NOT_LOSSES:
            continue
        if part := tokens & PARTS:
            parts.setdefault(part.pop(), values)
        else:
            whole.append(values)
    if whole:
        return whole[0]
    if len(parts) == 2 and len(parts["real"]) == len(parts["fake"]):
        return parts["real"] + parts["fake"]
    return None


def _padded(values: np.ndarray, length: int) -> np.ndarray:
    return np.concatenate([values[:length], np.full(max(0, length - len(values)), np.nan)])
