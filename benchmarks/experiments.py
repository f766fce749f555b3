"""What a benchmark found out about a bundled entry, for its card."""

import json
from collections.abc import Sequence
from pathlib import Path


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
