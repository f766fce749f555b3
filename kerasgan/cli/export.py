"""`kerasgan export`: a generator as files for other runtimes."""

import dataclasses
import enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kerasgan.cli.arguments import (
    Description,
    Direction,
    Kernel,
    License,
    Target,
    Title,
    Weights,
    classes_of,
    examples_of,
    load,
    origin_of,
    parts,
    with_kernel,
)
from kerasgan.cli.startup import start_keras
from kerasgan.files.paths import address

if TYPE_CHECKING:
    from kerasgan.export import Options

__all__ = ["FORMATS", "export", "known_formats"]

FORMATS = ("onnx", "saved_model", "litert", "web")  # of kerasgan.export, which would import Keras for --help


class Precision(enum.StrEnum):
    """The values of --precision, likewise."""

    FLOAT32 = "float32"
    FLOAT16 = "float16"
    DYNAMIC_INT8 = "dynamic_int8"
    STATIC_INT8 = "static_int8"


class Noise(enum.StrEnum):
    """The values of --noise."""

    CONSTANT = "constant"
    INPUT = "input"


def known_formats(text: str | None) -> str | None:
    """Refuses a format that there is not, before anything is loaded."""
    if unknown := [name for name in parts(text) or () if name not in FORMATS]:
        raise typer.BadParameter(f"Expected formats among {', '.join(FORMATS)}. Received: {', '.join(unknown)}")
    return text


Formats = Annotated[
    str | None,
    typer.Option(
        "--formats",
        "--format",
        callback=known_formats,
        help=f"Some of {', '.join(FORMATS)}, with commas; if not given, all that can hold the model.",
    ),
]
Opset = Annotated[int | None, typer.Option(help="ONNX opset, from 13 to the newest of ONNX Runtime; 15 if not given.")]
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
    formats: Formats = None,
    weights: Weights = None,
    direction: Direction = None,
    kernel: Kernel = None,
    precision: Annotated[
        Precision,
        typer.Option(
            metavar="NAME", help=f"Precision of weights: {', '.join(Precision)}; the report states the loss of quality."
        ),
    ] = Precision.FLOAT32,
    uint8: Annotated[bool, typer.Option("--uint8", help="Output images as integers from 0 to 255.")] = False,
    truncation: Annotated[
        str, typer.Option(help="As in generate; or `input`: the file then has an input with one for each image.")
    ] = "1.0",
    label: Annotated[str | None, typer.Option(help="A fixed class for all images, as a number or a name.")] = None,
    noise: Annotated[
        Noise, typer.Option(help="For style-based models: a fixed one, or an input of the file.")
    ] = Noise.CONSTANT,
    batch_size: Annotated[int | None, typer.Option(min=1, help="A fixed number of images; any if not given.")] = None,
    image_size: Annotated[
        int | None, typer.Option(min=1, help="A fixed size, for image-to-image models; any if not given.")
    ] = None,
    opset: Opset = None,
    directions: Directions = 0,
    vendor: Vendor = False,
    title: Title = None,
    description: Description = None,
    license: License = None,
) -> None:
    """Export the generator, and check in each format's runtime that it generates the same images."""
    origin = origin_of(name, weights)
    start_keras()
    from kerasgan import export as exports

    options = exports.Options(
        entry=origin.name,
        license=license or origin.license,
        direction=direction,
        precision=precision.value,
        output="uint8" if uint8 else "float32",
        truncation=_number(truncation),
        label=None if label is None else classes_of(label)[0],
        noise=noise.value,
        batch_size=batch_size,
        image_size=image_size,
        opset=opset,
        directions=directions,
        vendor=vendor,
        title=title,
        description=description,
    )
    _check(origin.recipe.family if origin.recipe else None, parts(formats), options)
    gan = with_kernel(load(name, weights), kernel)
    shown = dataclasses.asdict(options) | examples_of(origin.recipe, gan)
    report = exports.bundle(gan, output, formats=parts(formats), **shown)
    others = [] if direction else [*getattr(gan, "directions", ())][1:]
    _tell(report, output, others, vendor=vendor)


def _tell(report: dict[str, Any], output: Path, others: list[str], *, vendor: bool) -> None:
    """Prints what was written, what was not and why; `others` are directions that nobody asked for."""
    from kerasgan.export.page.runtime import ONLINE

    for form, found in report["formats"].items():
        typer.echo(f"{form}: {address(output / found['path'])}")
    if "web" in report["formats"] and not vendor:
        typer.echo(ONLINE)
    if others and {*report["formats"]} - {"web"}:  # the page has all
        several = ", ".join(others)
        typer.echo(f"Direction: {report['metadata']['direction']}. --direction exports another: {several}")
    for form, reason in report["left_out"].items():
        typer.echo(f"{form}: left out. {reason}", err=True)
    typer.echo(f"Report: {address(output / 'export_report.json')}\nCard: {address(output / 'card.md')}")


def _check(family: str | None, formats: list[str] | None, options: "Options") -> None:
    """Reports options that no format or no model of the family supports, before the weights are loaded."""
    from kerasgan import models
    from kerasgan.export.assembly import check_family
    from kerasgan.export.formats import choose

    choose(formats, options)
    if family in models.__all__:  # `load` reports others
        check_family(getattr(models, family), options)


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
