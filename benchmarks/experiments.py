"""What a benchmark found out about a bundled entry, for its card, and trainings whose time is counted."""

import argparse
import json
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kerasgan import zoo

SPENT = "core_minutes.json"


def parser(documentation: str | None) -> argparse.ArgumentParser:
    """A parser that describes a program by the first line of its documentation, and takes a run for `model`."""
    made = argparse.ArgumentParser(description=(documentation or "").partition("\n")[0])
    made.add_argument("--run", type=Path, help="a run whose weights are measured instead of the bundled ones")
    return made


def model(entry: str, run: Path | None) -> Any:
    """An entry's model with its bundled weights, or with those of a run."""
    return zoo.load(entry) if run is None else zoo.load(entry, weights=run / "gan.keras")


def train(entry: str, run: Path, *options: str) -> None:
    """Trains an entry, or goes on, in a process of its own, and adds its processor time to that of earlier ones.

    Args:
        entry: name of a recipe.
        run: folder of the run.
        options: of `kerasgan train`.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [str(Path(sys.executable).with_name("kerasgan")), "train", entry, "--output", str(run), *options]
    subprocess.run([*command, *(["--resume"] if (run / "checkpoints").is_dir() else [])], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    minutes = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / 60
    (run / SPENT).write_text(json.dumps(minutes + (core_minutes(run) or 0.0)))


def core_minutes(run: Path) -> float | None:
    """Processor time of a run that `train` has brought to its end, on all its threads, start-up included."""
    return json.loads((run / SPENT).read_text()) if (run / SPENT).is_file() else None


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
