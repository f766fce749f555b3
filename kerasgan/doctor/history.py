"""Reads the record of a training, from this package or another, into columns with the doctor's names."""

import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from kerasgan.doctor import log_files
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
NOT_LOSSES |= {"reg", "penalty", "scores", "signs", "min", "max", "std"}  # NVIDIA's and W&B's columns beside a loss
MISSING = ("", "nan", "none", "na", "n/a", "null")
VALUE = r"([+-]?(?:[\d.]+(?:e[+-]?\d+)?|inf|nan))"
# The text of a tensor or a list: tf.Tensor(1.5, shape=(), ...), tensor([1.5], ...), [1.5]
TENSOR = re.compile(
    rf"\s*(?:[\w.]*(?:tensor|array|float\d+)\(\s*\[*|\[+)\s*{VALUE}\s*[],)].*", re.IGNORECASE | re.DOTALL
)
STEPS = (
    "progress/kimg",
    "kimg",
    "trainer/global_step",
    "_step",
    "step",
    "steps",
    "global_step",
    "iteration",
    "iterations",
    "iter",
    "batch",
    "epoch",
)


def read(history: Any) -> Columns:
    """Columns of float64, equally long, from a mapping, a data frame, a Keras `History` or the path of a log.

    The losses are found under common names (`d_loss`, `errG`, `dis_loss`, ...); a loss that is only recorded separately
    for real images and fakes is their sum. Empty cells are NaN, as are unreadable ones of other columns. Every other
    column keeps its name. Raises ValueError if there is neither network's loss or one has an unreadable cell,
    FileNotFoundError if there is no file. `kerasgan.doctor.log_files` lists the files that can be read.
    """
    if isinstance(history, str | os.PathLike):
        name, raw = str(history), log_files.read(local(history))
    else:
        name, raw = type(history).__name__, _mapping(getattr(history, "history", history))
    columns = {str(key): _numbers(values) for key, values in raw.items()}
    _refuse_text(raw, name)
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


def _refuse_text(raw: Mapping[Any, Any], name: str) -> None:
    """Raises ValueError for a loss with a cell that is no number: as NaN it would pass for a divergence."""
    for key, values in raw.items():
        if not any(_matches(str(key), words) for words in LOSS_NAMES.values()):
            continue
        for row, cell in enumerate(_cells(values), 1):
            text = isinstance(cell, str) and cell.strip().lower() not in MISSING and not TENSOR.match(cell)
            if text and np.isnan(_number(cell)):
                raise ValueError(f"Expected numbers in the column {key} of {name}. Received: {cell!r} in row {row}")


def _mapping(history: Any) -> Mapping[str, Any]:
    if not (hasattr(history, "keys") and hasattr(history, "__getitem__")):
        raise TypeError(
            "Expected a mapping of column names to sequences, a Keras History or the path of a CSV file. "
            f"Received: {type(history).__name__}"
        )
    return {key: history[key] for key in history}


def _cells(values: Iterable[Any]) -> list[Any]:
    """One cell a row; of a row of several, such as the [loss, accuracy] of Keras' train_on_batch, the first."""
    rows = values.tolist() if hasattr(values, "tolist") else list(values)
    return [row[0] if isinstance(row, list | tuple) and row else row for row in rows]


def _numbers(values: Iterable[Any]) -> np.ndarray:
    return np.array([_number(value) for value in _cells(values)], dtype="float64")


def _number(value: Any) -> float:
    """NaN for a cell that is empty or no number."""
    found = TENSOR.match(value) if isinstance(value, str) else None
    try:
        return float(found.group(1) if found else value)
    except (TypeError, ValueError):
        return np.nan


def _loss(columns: Columns, loss: str, words: set[str]) -> np.ndarray | None:
    if loss in columns:
        return columns[loss]
    whole: list[np.ndarray] = []
    parts: dict[str, np.ndarray] = {}
    for name, values in columns.items():
        if not _matches(name, words):
            continue
        if part := _tokens(name) & PARTS:
            parts.setdefault(part.pop(), values)
        else:
            whole.append(values)
    if whole:  # Lightning, say, keeps a loss by step and by epoch
        return max(whole, key=lambda values: np.isfinite(values).sum())
    if len(parts) == 2 and len(parts["real"]) == len(parts["fake"]):
        return parts["real"] + parts["fake"]
    return None


def _matches(name: str, words: set[str]) -> bool:
    tokens = _tokens(name)
    return bool(tokens & words and tokens & COSTS and not tokens & NOT_LOSSES)


def _tokens(name: str) -> set[str]:
    last = name.rsplit(" - ", 1)[-1]  # W&B writes the run's name before it
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", last)  # errD, lossG
    tokens = {part for part in re.split(r"[^a-z]+", spaced.lower()) if part}
    return tokens | ({"d", "loss"} if "dloss" in tokens else {"g", "loss"} if "gloss" in tokens else set())


def _padded(values: np.ndarray, length: int) -> np.ndarray:
    return np.concatenate([values[:length], np.full(max(0, length - len(values)), np.nan)])
