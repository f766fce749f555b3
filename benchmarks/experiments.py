"""What a benchmark found out about a bundled entry, for its card."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kerasgan import zoo


def parser(documentation: str | None) -> argparse.ArgumentParser:
    """A parser that describes a program by the first line of its documentation, and takes a run for `model`."""
    made = argparse.ArgumentParser(description=(documentation or "").partition("\n")[0])
    made.add_argument("--run", type=Path, help="a run whose weights are measured instead of the bundled ones")
    return made


def model(entry: str, run: Path | None) -> Any:
    """An entry's model with its bundled weights, or with those of a run."""
    return zoo.load(entry) if run is None else zoo.load(entry, weights=run / "gan.keras")


def save(
    folder: Path, *, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], text: str, command: str
) -> None:
    """Prints a table and writes it as experiment.json in an entry's folder; `kerasgan evaluate` puts it into the card.

    Args:
        folder: of the entry.
        title: of the section.
        columns: names of the table's columns.
        rows: their cells.
        text: Markdown below the table; its pictures lie in the folder.
        command: how this was measured.
    """
    content = dict(title=title, columns=list(columns), rows=list(rows), text=text, command=command)
    print("\n".join(" | ".join(cells) for cells in [columns, *rows]), text, sep="\n")
    (folder / "experiment.json").write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
