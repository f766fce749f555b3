"""`kerasgan export`: a generator as files for other runtimes."""

import dataclasses
from pathlib import Path
from typing import Annotated, Any

import typer

from kerasgan.cli.arguments import (
    Description,
    Direction,
    Kernel,
    License,
    Target,
    Title,
    Weights,
    load,
    parts,
    recipe_of,
    with_kernel,
)
from kerasgan.cli.startup import start_keras
from kerasgan.files.paths import address

__all__ = ["export"]

Output = Annotated[
    Path,
    typer.Option("--output", "-o", help="Folder to write: new, empty, or an earlier export to replace; also gs://..."),
]
Vendor = Annotated[
    bool,
    typer.Option("--vendor", help="Write ONNX Runtime Web beside the page (from npm, once): it then works offline."),
]
Directions = Annotated[
    int,
    typer.Option(
        min=0, help="Number of sliders for the directions that change the images most; 0 skips their (slow) search."
    ),
]


def export(
    name: Target,
    output: Output,
    formats: Annotated[
        str | None,
        typer.Option("--formats", "--format", help="Such as onnx,web; if not given, all that can hold the model."),
    ] = None,
    weights: Weights = None,
    direction: Direction = None,
    kernel: Kernel = None,
    precision: Annotated[
        str, typer.Option(help="Precision of the weights, such as float16 or static_int8; the report has the loss.")
    ] = "float32",
    uint8: Annotated[bool, typer.Option("--uint8", help="Output images as integers from 0 to 255.")] = False,
    truncation: Annotated[
        str, typer.Option(help="As in generate; or `input`: the file then has an input with one for each image.")
    ] = "1.0",
    label: Annotated[int | None, typer.Option(min=0, help="A fixed class for all images of the file.")] = None,
    noise: Annotated[str, typer.Option(help="For style-based models: constant or input.")] = "constant",
    batch_size: Annotated[int | None, typer.Option(min=1, help="A fixed number of images; any if not given.")] = None,
    image_size: Annotated[
        int | None, typer.Option(min=1, help="A fixed size, for image-to-image models; any if not given.")
    ] = None,
    opset: Annotated[int | None, typer.Option(help="ONNX opset, 13 to 18; 15 if not given.")] = None,
    directions: Directions = 0,
    vendor: Vendor = False,
    title: Title = None,
    description: Description = None,
    license: License = None,
) -> None:
    """Export the generator, and check in each format's runtime that it generates the same images."""
    recipe = recipe_of(name)
    start_keras()
    from kerasgan import export as exports
    from kerasgan.export.formats import choose

    options = exports.Options(
        entry=recipe.name,
        license=license or ((recipe.weights or {}).get("license") if weights is None else None),
        direction=direction,
        precision=precision,
        output="uint8" if uint8 else "float32",
        truncation=_number(truncation),
        label=label,
        noise=noise,
        batch_size=batch_size,
        image_size=image_size,
        opset=opset,
        directions=directions,
        vendor=vendor,
        title=title,
        description=description,
    )
    choose(parts(formats), options)  # reports unsupported options before the weights are loaded
    gan = with_kernel(load(name, weights), kernel)
    report = exports.bundle(gan, output, formats=parts(formats), **dataclasses.asdict(options))
    _tell(report, output, vendor=vendor)


def _tell(report: dict[str, Any], output: Path, *, vendor: bool) -> None:
    """Prints what was written, what was not and why."""
    from kerasgan.export.page.runtime import ONLINE

    for form, found in report["formats"].items():
        typer.echo(f"{form}: {address(output / found['path'])}")
    if "web" in report["formats"] and not vendor:
        typer.echo(ONLINE)
    for form, reason in report["left_out"].items():
        typer.echo(f"{form}: left out. {reason}", err=True)
    typer.echo(f"Report: {address(output / 'export_report.json')}\nCard: {address(output / 'card.md')}")


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
