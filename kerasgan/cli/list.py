"""What there is in the zoo, and a tour of it."""

from typing import Annotated

import typer

from kerasgan.cli.arguments import show

__all__ = ["entries"]


def entries(
    family: Annotated[str | None, typer.Option(help="Only this family, such as DCGAN.")] = None,
    pretrained: Annotated[bool | None, typer.Option("--pretrained/--untrained", help="Only with weights.")] = None,
) -> None:
    """The entries of the zoo: family, image size, weights, score."""
    from kerasgan import zoo
    from kerasgan.cli import tables

    found = zoo.names(family=family, pretrained=pretrained)
    if not found:
        families = sorted({zoo.recipe(name).family for name in zoo.names()})
        raise ValueError(f"Expected a choice that some entry meets; families: {', '.join(families)}. Received: none do")
    show(tables.entries([zoo.recipe(name) for name in found]))
