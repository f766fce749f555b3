"""`kerasgan list`: the entries of the zoo."""

from typing import Annotated

import typer

from kerasgan.cli.arguments import show

__all__ = ["entries"]


def entries(
    family: Annotated[str | None, typer.Option(help="Only this family, such as DCGAN.")] = None,
    pretrained: Annotated[
        bool | None, typer.Option("--pretrained/--untrained", help="Only with, or only without, weights.")
    ] = None,
) -> None:
    """List the entries of the zoo: family, image size, weights, score."""
    from kerasgan import zoo
    from kerasgan.cli import tables

    found = zoo.recipes(family=family, pretrained=pretrained)
    if not found:
        families = sorted({each.family for each in zoo.recipes()})
        raise ValueError(
            f"Expected a choice that matches an entry; families: {', '.join(families)}. Received: no match"
        )
    show(tables.entries(found))
