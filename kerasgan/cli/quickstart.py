"""What there is in the zoo, and a tour of it."""

from pathlib import Path
from typing import Annotated

import typer

from kerasgan.cli.startup import start_keras

__all__ = ["quickstart"]


def quickstart(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for everything it makes.")] = Path(
        "quickstart"
    ),
    seconds: Annotated[float, typer.Option(min=0.1, help="How long to train.")] = 60.0,
) -> None:
    """Load trained digits, train the same for a minute, export: a tour that needs no network."""
    start_keras()
    from kerasgan.cli import tour as tour

    tour.quickstart(output, seconds=seconds)
