"""`kerasgan doctor`: the diagnosis of a training from its log."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["doctor"]


def doctor(
    log: Annotated[
        Path,
        typer.Argument(
            help="A run folder, or a log of losses: CSV, stats.jsonl, TensorBoard's event file or printed text."
        ),
    ],
) -> None:
    """Diagnose a training from its log: verdict, evidence, one suggestion."""
    from kerasgan import doctor as doctors

    typer.echo(str(doctors.diagnose_file(log)))
