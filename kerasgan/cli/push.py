"""`kerasgan push`: a model to share, on the Hugging Face Hub or in a folder."""

from pathlib import Path
from typing import Annotated

import typer

from kerasgan.cli.arguments import License
from kerasgan.cli.startup import start_keras
from kerasgan.files import hub as client

__all__ = ["push"]


def push(
    source: Annotated[str, typer.Argument(help="An entry, a run folder, or a folder that this command wrote.")],
    target: Annotated[str, typer.Argument(help="hf://user/repository, also with @branch; or a folder to write.")],
    private: Annotated[bool, typer.Option("--private", help="If the repository is created: for you alone.")] = False,
    license: License = None,
    onnx: Annotated[bool, typer.Option("--onnx/--no-onnx", help="With files for ONNX Runtime.")] = True,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write and check everything, but send nothing.")] = False,
    message: Annotated[str | None, typer.Option(help="Title of the commit.")] = None,
) -> None:
    """Publish a model on the Hugging Face Hub with its recipe, weights, samples, scores and card."""
    start_keras()
    from kerasgan import hub

    if client.repository(target) is None:
        if private or dry_run or message:
            raise ValueError(f"Expected hf://user/repository, to which a model is sent. Received: {target}")
        typer.echo(f"Folder: {hub.write(source, Path(target), license=license, onnx=onnx)}")
        return
    sent = hub.push(source, target, private=private, license=license, onnx=onnx, dry_run=dry_run, message=message)
    for name, size in sent.items():
        typer.echo(f"{size:>12,}  {name}")
    typer.echo(f"Nothing was sent to {target}." if dry_run else f"Sent. Load it: kerasgan.load({target!r})")
