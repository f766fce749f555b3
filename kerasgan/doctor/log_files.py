"""Reads the files in which trainings keep their losses, as columns of cells by name."""

import csv
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kerasgan.files import event_files

__all__ = ["read"]

LARGEST = 1 << 26  # bytes of a log: 500,000 rows
EVENTS = "events.out.tfevents"
# What a folder may hold, the best first. NVIDIA's log.txt has no losses: those are in stats.jsonl beside it.
KNOWN = ("log.csv", "metrics.csv", "history.csv", "stats.jsonl", f"{EVENTS}*", "*.csv", "*.jsonl", "*.log", "log.txt")
NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?%?|[+-]?inf(?:inity)?|nan"
PAIR = re.compile(rf"([A-Za-z_][\w/()]*)\s*[:=]\s*({NUMBER})(?![\w.:/])", re.IGNORECASE)


def read(path: Path) -> Mapping[str, list[Any]]:
    """The columns of a log; a cell that is not there is an empty text.

    CSV (of this package, Keras, Lightning or W&B; with commas, semicolons or tabs), JSON lines (NVIDIA's stats.jsonl),
    TensorBoard's event files, text with `name: value` in each line (StudioGAN's, PyTorch's examples), or the folder
    that one of them is in. Raises FileNotFoundError if there is none, ValueError if it is empty.
    """
    if path.is_dir():
        found = (sorted(path.glob(pattern)) for pattern in KNOWN)
        path = next((files[-1] for files in found if files), path / KNOWN[0])
    if path.name == "log.txt" and (path.parent / "stats.jsonl").is_file():
        path = path.parent / "stats.jsonl"
    if path.name.startswith(EVENTS):
        return _table([{"step": step, **row} for step, row in event_files.read_scalars(path).items()])
    if path.stat().st_size > LARGEST:
        raise ValueError(f"Expected a log of at most {LARGEST >> 20} MiB. Received: {path}, which is larger")
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    if path.suffix in (".jsonl", ".ndjson"):
        return _table([_json_row(line, path, number) for number, line in enumerate(text.splitlines(), 1) if line])
    if path.suffix in (".txt", ".log"):
        rows = [dict(PAIR.findall(line)) for line in text.splitlines()]
        return _table([row for row in rows if any(re.search("loss|err", name, re.IGNORECASE) for name in row)])
    return _csv(text, path)


def _table(rows: list[dict[str, Any]]) -> Mapping[str, list[Any]]:
    names = list(dict.fromkeys(name for row in rows for name in row))
    if len(names) * len(rows) > 1000 + 64 * sum(map(len, rows)):  # a new name in each line
        raise ValueError(f"Expected the same names in every line of a log. Received: {len(names)} different ones")
    return {name: [row.get(name, "") for row in rows] for name in names}


def _json_row(line: str, path: Path, number: int) -> dict[str, Any]:
    """A line's numbers; of a statistic, its mean."""
    try:
        row = json.loads(line)
    except json.JSONDecodeError:
        row = None
    if not isinstance(row, dict):
        raise ValueError(f"Expected a JSON object in each line of {path}. Received: line {number}, {line[:60]!r}")
    means = {name: value.get("mean", "") if isinstance(value, dict) else value for name, value in row.items()}
    return {name: "" if value is None else value for name, value in means.items()}


def _csv(text: str, path: Path) -> Mapping[str, list[str]]:
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
