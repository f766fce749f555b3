"""`kerasgan info`: the recipe of an entry."""

from kerasgan.cli.arguments import Target, recipe_of, show

__all__ = ["info"]


def info(name: Target) -> None:
    """Show an entry's recipe: how to train it, what to expect, its weights, their license and scores."""
    from kerasgan.cli import tables

    show(tables.details(recipe_of(name)))
