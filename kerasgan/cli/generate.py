"""`kerasgan generate`: samples of a model, or with --input what `kerasgan translate` does."""

from pathlib import Path
from typing import Annotated

import typer

from kerasgan.cli.arguments import (
    Border,
    Count,
    Labels,
    Scale,
    Seed,
    Styles,
    Target,
    Weights,
    classes_of,
    load,
    numbers_of,
)
from kerasgan.cli.translate import translate

__all__ = ["generate"]

Truncations = Annotated[
    str,
    typer.Option(
        help="Share of the latents' spread, 0 to 1: less is more typical and less varied. "
        "With commas, such as 1,0.7,0.5: a column each."
    ),
]
OfInput = typer.Option(hidden=True)  # of `translate`, with --input


def generate(
    name: Target,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="PNG to write; samples.png if not given.")
    ] = None,
    count: Count = None,
    seed: Seed = 0,
    labels: Labels = None,
    truncation: Truncations = "1",
    grid: Annotated[bool, typer.Option("--grid", help="The same latents in every class, a column each.")] = False,
    styles: Styles = None,
    scale: Scale = None,
    border: Border = None,
    weights: Weights = None,
    source: Annotated[
        Path | None, typer.Option("--input", help="Translate a picture, a folder or a video: see `translate`.")
    ] = None,
    direction: Annotated[str | None, OfInput] = None,
    kernel: Annotated[str | None, OfInput] = None,
    frames: Annotated[int | None, OfInput] = None,
    fps: Annotated[int | None, OfInput] = None,
) -> None:
    """Write a grid of generated images."""
    from kerasgan.cli import samples
    from kerasgan.cli import styles as styling

    if source is not None:
        translate(name, [source], output, direction=direction, kernel=kernel, frames=frames, fps=fps, weights=weights)
        return
    output = output or Path("samples.png")
    truncations = numbers_of("--truncation", truncation)
    _refuse_both(grid=grid, several=len(truncations) > 1, styles=styles)
    samples.checked(output, None)
    choice = samples.Choice(
        count=count,
        labels=None if labels is None else classes_of(labels),
        seed=seed,
        truncation=truncations[0],
        styles=styles,
        look=samples.Look(scale, border),
    )
    gan = load(name, weights)
    if gan.task.from_images:
        raise ValueError(f"Expected kerasgan translate NAME PICTURE: a {type(gan).__name__} translates images.")
    if len(truncations) > 1:
        made = samples.truncations(gan, choice, truncations, output)
    else:
        write = samples.grid if grid else styling.render if styles else samples.samples
        made = write(gan, choice, output)
    typer.echo(f"{made} images: {output}")


def _refuse_both(*, grid: bool, several: bool, styles: Path | None) -> None:
    asked = {"--grid": grid, "several of --truncation": several, "--styles": styles is not None}
    chosen = [option for option, given in asked.items() if given]
    if len(chosen) > 1:
        raise ValueError(f"Expected one of {', '.join(asked)}. Received: {', '.join(chosen)}")
