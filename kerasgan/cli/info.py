"""`kerasgan info`: the recipe of an entry, or what a checkpoint file holds."""

from typing import Annotated

import typer

from kerasgan.cli.arguments import recipe_of, show
from kerasgan.cli.startup import start_keras
from kerasgan.files.paths import here
from kerasgan.training.load import is_checkpoint

__all__ = ["info"]

Name = Annotated[
    str, typer.Argument(help="An entry of `kerasgan list`, a recipe.toml, a run folder, or a checkpoint's file.")
]


def info(name: Name) -> None:
    """Show an entry's recipe: how to train it, what to expect, its weights, their license and scores.

    Of a published checkpoint: its publisher, the family and all arguments of its model, and what the file does not say.
    """
    from kerasgan.cli import tables

    if not is_checkpoint(name):
        show(tables.details(recipe_of(name)))
        return
    start_keras()
    from kerasgan import checkpoints

    typer.echo(checkpoints.detect(here(name)))
