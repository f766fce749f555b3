"""A run as one self-contained HTML file: losses, doctor's timeline, samples, neighbors, spectrum, score card.

kerasgan.report.write("runs/dcgan-celeba")      # or: kerasgan report runs/dcgan-celeba
"""

import os
from pathlib import Path

from kerasgan.files.paths import local, replacing
from kerasgan.report import page, sections
from kerasgan.report.evidence import Evidence, gather
from kerasgan.scalars import guard

__all__ = ["Evidence", "gather", "write"]


def write(run: str | os.PathLike[str], output: str | os.PathLike[str] | None = None) -> Path:
    """Writes the report of a run, finished or not, in one go; returns its path.

    Args:
        run: a folder that `kerasgan train` wrote.
        output: the HTML file; report.html in the run folder if not given.

    Raises:
        ValueError: if `run` is no run folder, or its log cannot be read as one.
    """
    found = gather(run)
    path = local(run) / "report.html" if output is None else local(output)
    content = page.document(f"{found.recipe.name}: a training report", sections.body(found))
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as partial:
        partial.write_text(content, encoding="utf-8")
    return path


guard(globals(), __all__)
