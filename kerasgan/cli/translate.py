"""`kerasgan translate`: your pictures through an image-to-image model."""

from pathlib import Path
from typing import Annotated

import typer

from kerasgan.cli.arguments import Direction, Kernel, Target, Weights, load, with_kernel

__all__ = ["translate"]


def translate(
    name: Target,
    sources: Annotated[list[Path], typer.Argument(metavar="PICTURE", help="Pictures, a folder of them, or a video.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="A .png; for several pictures a folder, for a video a .gif or .mp4. By default translated.",
        ),
    ] = None,
    direction: Direction = None,
    kernel: Kernel = None,
    frames: Annotated[int | None, typer.Option(min=2, help="Of a video: frames to predict; 8 if not given.")] = None,
    fps: Annotated[int | None, typer.Option(min=1, max=60, help="Of a video: frames per second, or 10.")] = None,
    variations: Annotated[
        int | None, typer.Option(min=1, help="Outputs of each picture, side by side, of a model that has several.")
    ] = None,
    weights: Weights = None,
) -> None:
    """Translate pictures of any size, or continue a video, with an image-to-image model."""
    from kerasgan.cli import samples
    from kerasgan.files import films

    source = sources[0] if len(sources) == 1 else sources
    several = not isinstance(source, Path) or source.is_dir()
    if output is not None and not several and output.suffix.lower() not in films.ENDINGS:
        samples.checked(output, None)
    gan = with_kernel(load(name, weights), kernel)
    if output is None:
        ending = ".gif" if gan.task == "video-prediction" else "" if several else ".png"
        output = Path(f"translated{ending}")
    made = samples.translate(gan, source, output, direction=direction, frames=frames, fps=fps, variations=variations)
    typer.echo(f"{made} images: {output}")
