"""Files for other programs, and files of theirs."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from kerasgan.cli.arguments import recipe_of
from kerasgan.cli.startup import start_keras

__all__ = ["convert"]


def convert(
    file: Annotated[Path, typer.Argument(help="A published checkpoint, such as a .pth file.")],
    entry: Annotated[str, typer.Option(help="An entry of its architecture, or a recipe.toml.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write; ends in weights.h5.")],
) -> None:
    """Convert a published checkpoint to a weights.h5 of the generator, and say what became of every tensor."""
    recipe = recipe_of(entry)
    start_keras()
    from kerasgan import checkpoints
    from kerasgan.cli import conversion

    try:
        typer.echo(conversion.convert(recipe, file, output))
    except checkpoints.MismatchError as error:
        typer.echo(error.report)
        raise ValueError(f"{str(error).partition(chr(10))[0]} The table says what became of every tensor.") from None
    typer.echo(f"Weights: {output}\nUse: kerasgan generate {shlex.quote(entry)} --weights {shlex.quote(str(output))}")
