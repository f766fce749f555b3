"""`kerasgan mix`: style mixing."""

from pathlib import Path
from typing import Annotated

import typer

from kerasgan.cli.arguments import (
    Border,
    Count,
    Labels,
    Layers,
    Scale,
    Seed,
    Target,
    Truncation,
    Weights,
    classes_of,
    layers_of,
    load,
)

__all__ = ["mix"]


def mix(
    name: Target,
    output: Annotated[Path, typer.Option("--output", "-o", help="PNG to write.")] = Path("mix.png"),
    layers: Layers = None,
    count: Count = None,
    seed: Seed = 0,
    labels: Labels = None,
    truncation: Truncation = 1.0,
    scale: Scale = None,
    border: Border = None,
    weights: Weights = None,
) -> None:
    """Write a table of mixed styles: each row is one image, with some styles of the image at the top of the column.

    Without --layers these are the coarse, the middle and the fine styles in turn, each group of about equal effect.
    """
    from kerasgan.cli import samples
    from kerasgan.cli import styles as styling

    samples.checked(output, None)
    classes = None if labels is None else classes_of(labels)
    chosen = None if layers is None else layers_of(layers)
    look = samples.Look(scale, border)
    choice = samples.Choice(count=count, labels=classes, seed=seed, truncation=truncation, look=look)
    typer.echo(f"{styling.mix(load(name, weights), choice, chosen, output)} images: {output}")
