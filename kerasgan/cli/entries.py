"""What there is in the zoo, and a tour of it."""

from pathlib import Path
from typing import Annotated

import typer

from kerasgan.cli.arguments import Target, recipe_of, show
from kerasgan.startup import start_keras

__all__ = ["entries", "info", "quickstart"]


def quickstart(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for everything it makes.")] = Path(
        "quickstart"
    ),
    seconds: Annotated[float, typer.Option(min=0.1, help="How long to train.")] = 60.0,
) -> None:
    """Load trained digits, train the same for a minute, export: a tour that needs no network."""
    start_keras()
    from kerasgan import quickstart as tour

    tour.quickstart(output, seconds=seconds)


def entries(
    family: Annotated[str | None, typer.Option(help="Only this family, such as DCGAN.")] = None,
    pretrained: Annotated[bool | None, typer.Option("--pretrained/--untrained", help="Only with weights.")] = None,
) -> None:
    """The entries of the zoo: family, image size, weights, score."""
    from kerasgan import tables, zoo

    found = zoo.names(family=family, pretrained=pretrained)
    if not found:
        families = sorted({zoo.recipe(name).family for name in zoo.names()})
        raise ValueError(f"Expected a choice that some entry meets; families: {', '.join(families)}. Received: none do")
    show(tables.entries([zoo.recipe(name) for name in found]))


def info(name: Target) -> None:
    """An entry's recipe: how to train it, what to expect, its weights, their licence and scores."""
    from kerasgan import tables

    show(tables.details(recipe_of(name)))
