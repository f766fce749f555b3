"""Files for other programs, and files of theirs."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from kerasgan.cli.arguments import Direction, Kernel, Target, Weights, load, parts, recipe_of, told
from kerasgan.startup import start_keras

__all__ = ["convert", "export"]


def export(
    name: Target,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write to.")],
    formats: Annotated[str, typer.Option("--format", help="onnx, saved_model, or both with a comma.")] = "onnx",
    weights: Weights = None,
    direction: Direction = None,
    kernel: Kernel = None,
) -> None:
    """Export the generator, and prove that the file gives the same images."""
    wanted = parts(formats) or []
    if unknown := [part for part in wanted if part not in ("onnx", "saved_model")]:
        raise ValueError(f"Expected --format to be onnx, saved_model or both. Received: {', '.join(unknown)}")
    gan, recipe = told(load(name, weights), kernel), recipe_of(name)
    from kerasgan import export as exports

    licence = (recipe.weights or {}).get("licence") if weights is None else None
    output.mkdir(parents=True, exist_ok=True)
    for part in wanted:
        write, ending = (exports.onnx, ".onnx") if part == "onnx" else (exports.saved_model, "")
        path = output / ("-".join(filter(None, (recipe.name, direction))) + ending)
        typer.echo(f"{part}: {write(gan, path, entry=recipe.name, licence=licence, direction=direction)}")


def convert(
    file: Annotated[Path, typer.Argument(help="A published checkpoint, such as a .pth file.")],
    entry: Annotated[str, typer.Option(help="An entry of its architecture, or a recipe.toml.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write; ends in weights.h5.")],
) -> None:
    """Convert a published checkpoint to a weights.h5 of the generator, and say what became of every tensor."""
    recipe = recipe_of(entry)
    start_keras()
    from kerasgan import checkpoints, conversion

    try:
        typer.echo(conversion.convert(recipe, file, output))
    except checkpoints.MismatchError as error:
        typer.echo(error.report)
        raise ValueError(f"{str(error).partition(chr(10))[0]} The table says what became of every tensor.") from None
    typer.echo(f"Weights: {output}\nUse: kerasgan generate {shlex.quote(entry)} --weights {shlex.quote(str(output))}")
