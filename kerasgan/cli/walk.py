"""`kerasgan walk`: closed walks through the latent space."""

from pathlib import Path

import typer

from kerasgan.cli.arguments import (
    Border,
    Count,
    Fps,
    Frames,
    Labels,
    Output,
    Scale,
    Seed,
    Spherical,
    Styles,
    Target,
    Truncation,
    Weights,
    classes_of,
    load,
)

__all__ = ["travel", "walk"]


def walk(
    name: Target,
    output: Output = Path("walk.gif"),
    count: Count = None,
    seed: Seed = 0,
    labels: Labels = None,
    truncation: Truncation = 1.0,
    frames: Frames = None,
    fps: Fps = 20,
    spherical: Spherical = None,
    styles: Styles = None,
    scale: Scale = None,
    border: Border = None,
    weights: Weights = None,
) -> None:
    """Write closed walks through several latents each: a film that loops, or a PNG with a row for each walk."""
    travel(**locals(), closed=True)


def travel(
    name: str,
    output: Path,
    *,
    closed: bool,
    count: int | None,
    labels: str | None,
    frames: int | None,
    fps: int,
    spherical: bool | None,
    scale: int | None,
    border: int | None,
    weights: Path | None,
    **choice: object,
) -> None:
    """The work of `walk` and `interpolate`, whose options they are; `choice` holds others of `samples.Choice`."""
    from kerasgan.cli import samples
    from kerasgan.cli import styles as styling

    method = None if spherical is None else "spherical" if spherical else "linear"
    motion = samples.Motion(closed=closed, frames=frames, fps=fps, method=method)
    samples.checked(output, motion)
    classes = None if labels is None else classes_of(labels)
    chosen = samples.Choice(count=count, labels=classes, look=samples.Look(scale, border), **choice)  # type: ignore[arg-type]
    gan = load(name, weights)
    made = (styling.morph if chosen.styles else samples.move)(gan, chosen, motion, output)
    typer.echo(f"{made} frames: {output}")
