"""`kerasgan explore`: a web page that draws with a generator."""

from pathlib import Path
from typing import Annotated

import typer

from kerasgan.cli.arguments import (
    Description,
    Kernel,
    License,
    Target,
    Title,
    Weights,
    examples_of,
    load,
    origin_of,
    with_kernel,
)
from kerasgan.files.paths import address

__all__ = ["explore"]

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


def explore(
    name: Target,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder to write to; explorers/NAME if not given.")
    ] = None,
    serve: Annotated[bool, typer.Option("--serve", help="Serve it to this machine only, until Ctrl-C.")] = False,
    vendor: Vendor = False,
    directions: Directions = 8,
    title: Title = None,
    description: Description = None,
    license: License = None,
    weights: Weights = None,
    kernel: Kernel = None,
) -> None:
    """Write a web page that generates images in a browser, without a server: open its index.html.

    On the page of a model that colors drawings, such as pix2pix-openmoji, you draw and it colors meanwhile.
    """
    gan, origin = with_kernel(load(name, weights), kernel), origin_of(name, weights)
    from kerasgan import export
    from kerasgan.export.page.runtime import ONLINE

    folder = export.web(
        gan,
        output or Path("explorers") / origin.name,
        entry=origin.name,
        license=license or origin.license,
        directions=directions,
        vendor=vendor,
        title=title,
        description=description,
        **examples_of(origin.recipe, gan),
    )
    typer.echo(f"Explorer: {address(folder / 'index.html')}")
    if not vendor:
        typer.echo(ONLINE)
    if serve:
        export.serve(folder)
