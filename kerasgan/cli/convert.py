"""`kerasgan convert`: a published checkpoint as a `.weights.h5` of an entry's generator."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kerasgan.cli.arguments import recipe_of
from kerasgan.cli.startup import start_keras
from kerasgan.files.paths import local
from kerasgan.files.weights import save_weights

if TYPE_CHECKING:
    from kerasgan.checkpoints import Report
    from kerasgan.zoo import Recipe

__all__ = ["convert", "convert_checkpoint"]

ENDING = "weights.h5"


def convert(
    file: Annotated[Path, typer.Argument(help="A published checkpoint, such as a .pth file.")],
    entry: Annotated[str, typer.Option(help="An entry of its architecture, or a recipe.toml.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write; ends in weights.h5.")],
) -> None:
    """Convert a published checkpoint to a weights.h5 of the generator, and list what became of every tensor."""
    recipe = recipe_of(entry)
    start_keras()
    from kerasgan import checkpoints

    try:
        typer.echo(convert_checkpoint(recipe, file, output))
    except checkpoints.MismatchError as error:
        typer.echo(error.report)
        raise ValueError(f"{str(error).partition(chr(10))[0]} The table shows what became of every tensor.") from None
    typer.echo(f"Weights: {output}\nUse: kerasgan generate {shlex.quote(entry)} --weights {shlex.quote(str(output))}")


def convert_checkpoint(chosen: "Recipe", path: str | Path, output: str | Path) -> "Report":
    """Writes the generator of a published checkpoint for the model of a recipe; returns a report of every tensor.

    `zoo.load(recipe, weights=output)` loads the file. An existing output is replaced only once the new one is
    complete.

    Args:
        chosen: a recipe of the same architecture as the checkpoint.
        path: the checkpoint, in a format that `kerasgan.checkpoints.assign` supports.
        output: a path that ends in "weights.h5".

    Raises:
        ValueError: for another ending of `output`.
        MismatchError: tensors are missing, left over or of another shape; its report lists every tensor.
        CheckpointError: the file is damaged, not allowed, or in an unknown format.
    """
    from kerasgan import checkpoints, zoo

    path, output = local(path), local(output)
    if not output.name.endswith(ENDING):
        raise ValueError(f"Expected an output that ends in {ENDING}. Received: {output}")
    if not path.is_file():
        raise FileNotFoundError(f"Expected a checkpoint file. Received: {path}, which does not exist.")
    gan = zoo.build(chosen)
    report = checkpoints.assign(gan, path, channel_order=zoo.channel_order(chosen))
    output.parent.mkdir(parents=True, exist_ok=True)
    save_weights(gan.sampler, output)
    return report
