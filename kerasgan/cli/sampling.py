"""Pictures of what a model makes."""

from pathlib import Path
from typing import Annotated

import typer

from kerasgan.cli.arguments import Direction, Kernel, Target, Weights, classes_of, load, told

__all__ = ["generate"]


def generate(
    name: Target,
    count: Annotated[
        int | None, typer.Option(min=1, help="How many images; 16, or some per class, if not given.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same images.")] = 0,
    labels: Annotated[str | None, typer.Option(help="Classes, such as 3 or 0,1,2: they are repeated.")] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="PNG to write, GIF or MP4 if it moves.")] = Path(
        "samples.png"
    ),
    weights: Weights = None,
    source: Annotated[
        Path | None, typer.Option("--input", help="A picture, a video, or a folder, for models that translate them.")
    ] = None,
    direction: Direction = None,
    kernel: Kernel = None,
    walk: Annotated[bool, typer.Option("--walk", help="Closed walks through several latents each.")] = False,
    interpolate: Annotated[bool, typer.Option("--interpolate", help="From one latent to another.")] = False,
    grid: Annotated[bool, typer.Option("--grid", help="The same latents in every class.")] = False,
    frames: Annotated[int | None, typer.Option(min=2, help="Of a walk or an interpolation, or to predict.")] = None,
    fps: Annotated[int | None, typer.Option(min=1, max=60, help="Frames per second.")] = None,
    truncation: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the latents' spread: less is likelier and less varied.")
    ] = 1.0,
    spherical: Annotated[
        bool | None, typer.Option("--spherical/--linear", help="Arcs or chords; what suits the prior if not given.")
    ] = None,
) -> None:
    """Write a grid of generated images, how they change through the latent space, or what is made of yours."""
    from kerasgan import animations, sampling

    if source is not None:
        if not source.is_dir() and output.suffix.lower() not in animations.ENDINGS:
            sampling.checked(output, None)
        gan = told(load(name, weights), kernel)
        made = sampling.translate(gan, source, output, direction=direction, frames=frames, fps=fps)
        typer.echo(f"{made} images: {output}")
        return
    modes = {"--walk": walk, "--interpolate": interpolate, "--grid": grid}
    if sum(modes.values()) > 1:
        chosen = ", ".join(option for option, given in modes.items() if given)
        raise ValueError(f"Expected one of --walk, --interpolate and --grid. Received: {chosen}")
    motion = None
    if walk or interpolate:
        method = None if spherical is None else "spherical" if spherical else "linear"
        motion = sampling.Motion(closed=walk, frames=frames, fps=fps or 20, method=method)
    elif (frames, fps, spherical) != (None, None, None):
        raise ValueError("Expected --frames, --fps, --spherical and --linear with --walk or --interpolate only.")
    sampling.checked(output, motion)
    classes = None if labels is None else classes_of(labels)
    choice = sampling.Choice(count=count, labels=classes, seed=seed, truncation=truncation)
    gan = load(name, weights)
    if gan.prior is None:
        raise ValueError(f"Expected --input FILE_OR_FOLDER: a {type(gan).__name__} makes images of images.")
    if motion is not None:
        typer.echo(f"{sampling.move(gan, choice, motion, output)} frames: {output}")
    else:
        write = sampling.grid if grid else sampling.samples
        typer.echo(f"{write(gan, choice, output)} images: {output}")
