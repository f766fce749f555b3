"""`kerasgan project`: the styles of given pictures."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from kerasgan.cli.arguments import Seed, Target, Weights, load

__all__ = ["project"]


def project(
    name: Target,
    source: Annotated[Path, typer.Argument(metavar="IMAGE", help="A picture, or a folder of pictures.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="PNG of pictures and projections; the styles go beside it, as .npy.")
    ] = Path("projected.png"),
    steps: Annotated[int, typer.Option(min=1, help="Steps of the search.")] = 1000,
    each_layer: Annotated[
        bool, typer.Option("--each-layer", help="Separate styles for each layer (W+): closer, but harder to edit.")
    ] = False,
    features: Annotated[
        Path | None, typer.Option(help="A .keras network whose features are compared instead of pixels.")
    ] = None,
    seed: Seed = 0,
    weights: Weights = None,
) -> None:
    """Find the styles whose image is nearest to a picture, with a style-based model."""
    if output.suffix.lower() != ".png":
        raise ValueError(f"Expected an output that ends in .png. Received: {output}")
    gan = load(name, weights)
    from kerasgan.cli import styles as styling

    found = styling.project(gan, source, output, steps=steps, each_layer=each_layer, features=features, seed=seed)
    styles = output.with_suffix(".npy")
    typer.echo(f"Distance: {found.distances[0]:.4g}, after {steps} steps {found.distances[-1]:.4g}\nPicture: {output}")
    command = shlex.join(["kerasgan", "edit", name, "--styles", str(styles), "-o", "edited.png"])
    typer.echo(f"Styles: {styles}\nEdit them: {command}")
