"""`kerasgan doctor`: the diagnosis of a training from its log."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["doctor"]


def doctor(
    log: Annotated[Path, typer.Argument(help="A CSV of losses, such as a run folder's log.csv, or the run folder.")],
) -> None:
    """Diagnose a training from its log: verdict, evidence, one suggestion."""
    from kerasgan import doctor as doctors

    typer.echo(str(doctors.diagnose_file(log / "log.csv" if log.is_dir() else log)))
