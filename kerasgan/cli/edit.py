"""`kerasgan edit`: images moved along directions of their styles."""

from pathlib import Path
from typing import Annotated

import typer

from kerasgan.cli.arguments import (
    Border,
    Count,
    Fps,
    Frames,
    Labels,
    Layers,
    Output,
    Scale,
    Seed,
    Styles,
    Target,
    Truncation,
    Weights,
    classes_of,
    layers_of,
    load,
    numbers_of,
)

__all__ = ["edit"]


def edit(
    name: Target,
    output: Output = Path("edit.png"),
    direction: Annotated[
        str, typer.Option("--direction", help="pca or sefa, a single one of them such as pca:0, or an .npy file.")
    ] = "pca",
    amounts: Annotated[
        str, typer.Option(help="How far to move, for pca in standard deviations. A negative first one: --amounts=-2,2.")
    ] = "-3,-1.5,0,1.5,3",
    layers: Layers = None,
    count: Count = None,
    seed: Seed = 0,
    labels: Labels = None,
    truncation: Truncation = 1.0,
    styles: Styles = None,
    frames: Frames = None,
    fps: Fps = 20,
    scale: Scale = None,
    border: Border = None,
    weights: Weights = None,
) -> None:
    """Move images of a style-based model along directions: a row for each direction, or for each image along one."""
    from kerasgan.cli import samples
    from kerasgan.cli import styles as styling

    motion = samples.Motion(closed=False, frames=frames, fps=fps)
    samples.checked(output, motion)
    choice = samples.Choice(
        count=count,
        labels=None if labels is None else classes_of(labels),
        seed=seed,
        truncation=truncation,
        styles=styles,
        look=samples.Look(scale, border),
    )
    several = None if layers is None else layers_of(layers)
    change = styling.Edit(direction, amounts=numbers_of("--amounts", amounts), layers=several)
    typer.echo(f"{styling.edit(load(name, weights), choice, change, motion, output)} rows: {output}")
