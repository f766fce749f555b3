"""`kerasgan generate`: images and pictures of the latent space from a model."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kerasgan.cli.arguments import Direction, Kernel, Target, Weights, classes_of, layers_of, load, numbers_of, told

if TYPE_CHECKING:
    from kerasgan.cli.samples import Choice, Motion
    from kerasgan.cli.styles import Edit
    from kerasgan.gan import GAN

__all__ = ["generate"]

SEVERAL = "several of --truncation"
AMOUNTS = "-3,-1.5,0,1.5,3"
# The kinds of pictures, None for a grid of samples, and the special options that each accepts.
MOVING = {"--frames", "--fps", "--spherical or --linear", "--styles"}
WAYS: dict[str | None, set[str]] = {
    None: {"--styles"},
    "--walk": MOVING,
    "--interpolate": MOVING,
    "--grid": set(),
    "--mix": {"--layers"},
    "--edit": {"--amounts", "--layers", "--styles", "--frames", "--fps"},
    SEVERAL: set(),
}
Count = Annotated[int | None, typer.Option(min=1, help="Number of images; 16, or some per class, if not given.")]
Seed = Annotated[int, typer.Option(min=0, help="The same seed gives the same images.")]
Labels = Annotated[str | None, typer.Option(help="Classes, such as 3 or 0,1,2, repeated over the images.")]
Output = Annotated[Path, typer.Option("--output", "-o", help="PNG to write; GIF or MP4 for a moving picture.")]
Input = Annotated[
    Path | None, typer.Option("--input", help="A picture, a video, or a folder, for image-to-image models.")
]
Truncation = Annotated[
    str,
    typer.Option(
        help="Share of the latents' spread, 0 to 1: less is more typical and less varied. "
        "With commas, such as 1,0.7,0.5: a column each."
    ),
]
Walk = Annotated[bool, typer.Option("--walk", help="Closed walks through several latents each.")]
Interpolate = Annotated[bool, typer.Option("--interpolate", help="From one latent to another.")]
Frames = Annotated[int | None, typer.Option(min=2, help="Number of frames to draw, or to predict.")]
Fps = Annotated[int | None, typer.Option(min=1, max=60, help="Frames per second; 20 if not given.")]
Spherical = Annotated[
    bool | None, typer.Option("--spherical/--linear", help="Arcs or straight lines; by default what suits the prior.")
]
Grid = Annotated[bool, typer.Option("--grid", help="The same latents in every class.")]
Mix = Annotated[bool, typer.Option("--mix", help="Style-based: each row's image with some of each column's styles.")]
Along = Annotated[
    str | None, typer.Option(help="Style-based: edit along directions: pca, sefa, one such as pca:0, or an .npy file.")
]
Amounts = Annotated[str | None, typer.Option(help=f"Amounts of the direction for --edit: {AMOUNTS} if not given.")]
Layers = Annotated[str | None, typer.Option(help="The styles that --mix and --edit change, such as 0-3 or 4,6.")]
Styles = Annotated[Path | None, typer.Option(help="Style-based: an .npy of `kerasgan project` instead of latents.")]


def generate(
    name: Target,
    count: Count = None,
    seed: Seed = 0,
    labels: Labels = None,
    output: Output = Path("samples.png"),
    weights: Weights = None,
    source: Input = None,
    direction: Direction = None,
    kernel: Kernel = None,
    truncation: Truncation = "1",
    walk: Walk = False,
    interpolate: Interpolate = False,
    frames: Frames = None,
    fps: Fps = None,
    spherical: Spherical = None,
    grid: Grid = False,
    mix: Mix = False,
    edit: Along = None,
    amounts: Amounts = None,
    layers: Layers = None,
    styles: Styles = None,
) -> None:
    """Write a grid of generated images, a walk through the latent space, or the translation of your images."""
    from kerasgan.cli import samples
    from kerasgan.cli import styles as styling
    from kerasgan.files import films

    if source is not None:
        if not source.is_dir() and output.suffix.lower() not in films.ENDINGS:
            samples.checked(output, None)
        gan = told(load(name, weights), kernel)
        made = samples.translate(gan, source, output, direction=direction, frames=frames, fps=fps)
        typer.echo(f"{made} images: {output}")
        return
    truncations = numbers_of("--truncation", truncation)
    asked = {"--walk": walk, "--interpolate": interpolate, "--grid": grid, "--mix": mix, "--edit": edit is not None}
    special = {"--amounts": amounts, "--layers": layers, "--styles": styles, "--frames": frames, "--fps": fps}
    way = _way({**asked, SEVERAL: len(truncations) > 1}, {**special, "--spherical or --linear": spherical})
    motion = None
    if way in ("--walk", "--interpolate", "--edit"):
        method = None if spherical is None else "spherical" if spherical else "linear"
        motion = samples.Motion(closed=walk, frames=frames, fps=fps or 20, method=method)
    samples.checked(output, motion)
    classes = None if labels is None else classes_of(labels)
    choice = samples.Choice(count=count, labels=classes, seed=seed, truncation=truncations[0], styles=styles)
    amount = numbers_of("--amounts", amounts or AMOUNTS)
    change = styling.Edit(edit or "pca", amounts=amount, layers=None if layers is None else layers_of(layers))
    gan = load(name, weights)
    if gan.task.from_images:
        raise ValueError(f"Expected --input FILE_OR_FOLDER: a {type(gan).__name__} translates images.")
    typer.echo(f"{_draw(gan, way, choice, motion, change, truncations, output)}: {output}")


def _draw(
    gan: "GAN",
    way: str | None,
    choice: "Choice",
    motion: "Motion | None",
    change: "Edit",
    truncations: list[float],
    output: Path,
) -> str:
    """Writes the chosen picture; returns the number of its images, rows or frames, in words."""
    from kerasgan.cli import samples
    from kerasgan.cli import styles as styling

    if way == "--edit" and motion is not None:
        return f"{styling.edit(gan, choice, change, motion, output)} rows"
    if motion is not None:
        return f"{(styling.morph if choice.styles else samples.move)(gan, choice, motion, output)} frames"
    if way == "--mix":
        return f"{styling.mix(gan, choice, change.layers, output)} images"
    if way == SEVERAL:
        return f"{samples.truncations(gan, choice, truncations, output)} images"
    write = samples.grid if way == "--grid" else styling.render if choice.styles else samples.samples
    return f"{write(gan, choice, output)} images"


def _way(asked: dict[str, bool], special: dict[str, object]) -> str | None:
    """The chosen kind of picture, if any; raises for several, and for options that it does not accept."""
    chosen = [way for way, given in asked.items() if given]
    if len(chosen) > 1:
        raise ValueError(f"Expected one of {', '.join(asked)}. Received: {', '.join(chosen)}")
    way = chosen[0] if chosen else None
    for option, value in special.items():
        if value is not None and option not in WAYS[way]:
            takers = " or ".join(name or "none of the others" for name, options in WAYS.items() if option in options)
            raise ValueError(f"Expected {option} with {takers} only. Received: {option}{f' with {way}' if way else ''}")
    return way
