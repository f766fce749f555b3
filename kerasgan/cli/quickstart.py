"""`kerasgan quickstart`: a tour of load, generate, fit and export with real digits, offline."""

import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kerasgan.cli.startup import start_keras
from kerasgan.files.paths import local

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["quickstart", "tour"]


def quickstart(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for all files of the tour.")] = Path(
        "quickstart"
    ),
    seconds: Annotated[float, typer.Option(min=0.1, help="How long to train.")] = 60.0,
) -> None:
    """Draw with a trained model, train the same model for a minute, export it: a tour that works offline."""
    start_keras()
    tour(output, seconds=seconds)


def tour(
    output: str | Path = "quickstart", *, seconds: float = 60.0, entry: str | Path = "dcgan-digits", console: Any = None
) -> Path:
    """Loads a trained entry, draws samples, trains its recipe from scratch, exports the trained generator to ONNX.

    Args:
        output: the folder for all its files. Samples and ONNX file are written anew each time; an existing training is
            kept, and another one is added beside it.
        seconds: duration of the training.
        entry: a zoo entry that has weights, or the path of such a recipe.
        console: a `rich.console.Console` instead of the terminal's.

    Returns:
        The folder.

    Raises:
        ValueError: for an entry without weights.
    """
    from rich.console import Console
    from rich.table import Table

    from kerasgan import export, zoo
    from kerasgan.files import pictures
    from kerasgan.training.train import train

    folder, console, recipe = local(output, folder=True), console or Console(), zoo.recipe(entry)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("what it did", "seconds", "where it is"):
        table.add_column(column, justify="right" if column == "seconds" else "left", overflow="fold")

    with _timed(console, f"Loading {recipe.name} and drawing samples") as row:
        gan = zoo.load(entry)
        samples = pictures.save(pictures.grid(gan.generate(64, seed=0)), folder / "samples.png")
    table.add_row("drew 64 samples from the trained generator", row[0], str(samples))

    run = _free(folder / "training")
    console.print(f"Training the same recipe from scratch; watch {run / 'film.png'} change:", highlight=False)
    started = time.monotonic()
    fresh = train(recipe, output=run, seconds=seconds, console=console)
    steps = fresh.optimizer.steps
    took = f"{time.monotonic() - started:.1f}"
    table.add_row(f"trained {steps:,} of {recipe.train['steps']:,} steps from scratch", took, str(run / "film.png"))

    with _timed(console, "Exporting the trained generator and comparing it in ONNX Runtime") as row:
        license = (recipe.weights or {}).get("license")
        file = export.onnx(gan, folder / f"{recipe.name}.onnx", entry=recipe.name, license=license)
    table.add_row("exported it to ONNX: the same images in ONNX Runtime", row[0], str(file))

    console.print()
    console.print(table)
    _say_what_next(console, recipe.name, run)
    return folder


@contextmanager
def _timed(console: "Console", text: str) -> Iterator[list[str]]:
    """Shows `text` meanwhile; the list then holds the seconds it took."""
    started, row = time.monotonic(), [""]
    with console.status(text):
        yield row
    row[0] = f"{time.monotonic() - started:.1f}"
    console.print(f"{text}: done", highlight=False)


def _free(path: Path) -> Path:
    """`path`, or the first of path-2, path-3 ... that does not exist."""
    candidate, number = path, 2
    while candidate.exists():
        candidate, number = path.with_name(f"{path.name}-{number}"), number + 1
    return candidate


def _say_what_next(console: "Console", name: str, run: Path) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("what to type next", style="cyan", overflow="fold")
    table.add_column("")
    table.add_row(f"kerasgan train {shlex.quote(str(run))} --resume", "go on with this training to its end")
    table.add_row(f"kerasgan generate {name} --count 100 --seed 1", "more samples")
    table.add_row(f"kerasgan train {name} --data FOLDER", "train it on images of your own")
    table.add_row("kerasgan list", "the other models")
    console.print()
    console.print(table)
