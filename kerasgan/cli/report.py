"""`kerasgan report`: the report of a run."""

from pathlib import Path
from typing import Annotated

import typer

from kerasgan.cli.startup import start_keras

__all__ = ["report"]


def report(
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="RUN/report.html if not given.")] = None,
) -> None:
    """Write one HTML file about a run: curves, the doctor's timeline, samples, neighbors, spectrum, score card."""
    start_keras()
    from kerasgan import report as reports

    typer.echo(f"Report: {reports.write(run, output)}")
