"""The command line: arguments only. What the commands do lies in training.py, quickstart.py, tables.py and the library.

Everything heavy is imported inside a command, so that `--help`, `list` and `info` answer at once.
"""

import shlex
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from kerasgan.runs import is_run as _is_run
from kerasgan.runs import newest
from kerasgan.startup import start_keras

if TYPE_CHECKING:
    from kerasgan.gan import GAN
    from kerasgan.zoo import Recipe

__all__ = ["app", "main"]

# What a user can mend, with the library's own errors: shown as one line. The rest is a bug and keeps its traceback.
USER_ERRORS = (ValueError, TypeError, OSError, ImportError)


class Commands(TyperGroup):
    """Turns what a command raises into one line on standard error and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as interrupt:
            raise typer.Exit(_explain(interrupt)) from None
        except Exception as error:
            if ctx.params.get("debug") or not (isinstance(error, USER_ERRORS) or _is_ours(error)):
                raise
            _complain(f"Error: {error or type(error).__name__}")
            raise typer.Exit(1) from None


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Generative adversarial networks in Keras 3: load, train, generate, export.",
    epilog="The backend is Keras': KERAS_BACKEND=jax kerasgan train ... (tensorflow, jax or torch).",
)

Target = Annotated[str, typer.Argument(help="An entry of `kerasgan list`, a recipe.toml, or a run folder.")]
Weights = Annotated[Path | None, typer.Option(help="A .weights.h5, .keras or published checkpoint to use instead.")]


Direction = Annotated[str | None, typer.Option(help="Such as ab, of models that translate both ways.")]


def main() -> None:
    """The entry point of the command `kerasgan`."""
    app()


@app.callback()
def options(
    debug: Annotated[bool, typer.Option(envvar="KERASGAN_DEBUG", help="Show tracebacks.")] = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True)] = False,
) -> None:
    if version:
        import kerasgan

        typer.echo(kerasgan.__version__)
        raise typer.Exit


@app.command()
def quickstart(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for everything it makes.")] = Path(
        "quickstart"
    ),
    seconds: Annotated[float, typer.Option(min=0.1, help="How long to train.")] = 60.0,
) -> None:
    """Load trained digits, train the same for a minute, export: a tour that needs no network."""
    start_keras()
    from kerasgan import quickstart as tour

    tour.quickstart(output, seconds=seconds)


@app.command("list")
def entries(
    family: Annotated[str | None, typer.Option(help="Only this family, such as DCGAN.")] = None,
    pretrained: Annotated[bool | None, typer.Option("--pretrained/--untrained", help="Only with weights.")] = None,
) -> None:
    """The entries of the zoo: family, image size, weights, score."""
    from kerasgan import tables, zoo

    found = zoo.names(family=family, pretrained=pretrained)
    if not found:
        families = sorted({zoo.recipe(name).family for name in zoo.names()})
        raise ValueError(f"Expected a choice that some entry meets; families: {', '.join(families)}. Received: none do")
    _print(tables.entries([zoo.recipe(name) for name in found]))


@app.command()
def info(name: Target) -> None:
    """An entry's recipe: how to train it, what to expect, its weights, their licence and scores."""
    from kerasgan import tables

    _print(tables.details(_recipe(name)))


@app.command()
def train(
    name: Target,
    data: Annotated[Path | None, typer.Option(help="A folder of images instead of the recipe's data.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Run folder; runs/NAME if not given.")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Discriminator steps in all.")] = None,
    seconds: Annotated[float | None, typer.Option(min=0.1, help="Stop after so many seconds.")] = None,
    every: Annotated[int | None, typer.Option(min=1, help="Steps between sample grids and checkpoints.")] = None,
    batch_size: Annotated[int | None, typer.Option(min=1, help="Images per step.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of networks, data order and latents.")] = None,
    objective: Annotated[str | None, typer.Option(help="Such as hinge or least_squares.")] = None,
    penalty: Annotated[list[str] | None, typer.Option(help="Such as r1; more than once for several.")] = None,
    augment: Annotated[str | None, typer.Option(help="Such as diff_augment or ada.")] = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Such as model.discriminator_norm=layer; more than once too."),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in the output folder.")] = False,
    doctor: Annotated[
        str, typer.Option(help="On trouble: warn, stop, rollback (to the best weights), or off.")
    ] = "warn",
    tensorboard: Annotated[bool, typer.Option("--tensorboard", help="Also log for TensorBoard.")] = False,
) -> None:
    """Train a recipe into a run folder: log.csv, samples, film strip, checkpoints. Ctrl-C saves."""
    if doctor not in ("off", "rollback", "stop", "warn"):
        raise ValueError(f"Expected --doctor to be warn, stop, rollback or off. Received: {doctor}")
    run = output or (Path(name) if _is_run(name) else Path("runs") / _recipe(name).name)
    recipe = _recipe(str(run) if resume and _is_run(run) else name)
    start_keras()
    from kerasgan import training

    settings = {"steps": steps, "batch_size": batch_size, "seed": seed, "objective": objective}
    recipe = training.override(recipe, **settings, penalties=penalty or None, augment=augment)
    recipe = training.assign(recipe, assignments or [])
    remedy = None if doctor == "off" else doctor
    watching = training.watchers(run, steps=recipe.train["steps"], doctor=remedy, tensorboard=tensorboard)
    with _warnings_in_one_line():
        training.train(recipe, data=data, output=run, seconds=seconds, every=every, resume=resume, callbacks=watching)
    typer.echo(f"Samples: {run / 'samples.png'}\nMore of them: kerasgan generate {shlex.quote(str(run))} -o more.png")


@app.command()
def generate(
    name: Target,
    count: Annotated[
        int | None, typer.Option(min=1, help="How many images; 16, or some per class, if not given.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same images.")] = 0,
    labels: Annotated[str | None, typer.Option(help="Classes, such as 3 or 0,1,2: they are repeated.")] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="PNG to write, GIF or MP4 if it moves.")] = Path(
        "samples.png"
    ),
    weights: Weights = None,
    source: Annotated[
        Path | None, typer.Option("--input", help="A picture or a folder of them, for models that translate images.")
    ] = None,
    direction: Direction = None,
    walk: Annotated[bool, typer.Option("--walk", help="Closed walks through several latents each.")] = False,
    interpolate: Annotated[bool, typer.Option("--interpolate", help="From one latent to another.")] = False,
    grid: Annotated[bool, typer.Option("--grid", help="The same latents in every class.")] = False,
    frames: Annotated[int | None, typer.Option(min=2, help="Of a walk or an interpolation.")] = None,
    fps: Annotated[int | None, typer.Option(min=1, max=60, help="Frames per second; 20 if not given.")] = None,
    truncation: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the latents' spread: less is likelier and less varied.")
    ] = 1.0,
    spherical: Annotated[
        bool | None, typer.Option("--spherical/--linear", help="Arcs or chords; what suits the prior if not given.")
    ] = None,
) -> None:
    """Write a grid of generated images, how they change through the latent space, or what is made of yours."""
    from kerasgan import sampling

    if source is not None:
        if not source.is_dir():
            sampling.checked(output, None)
        gan = _load(name, weights)
        typer.echo(f"{sampling.translate(gan, source, output, direction=direction)} images: {output}")
        return
    modes = {"--walk": walk, "--interpolate": interpolate, "--grid": grid}
    if sum(modes.values()) > 1:
        chosen = ", ".join(option for option, given in modes.items() if given)
        raise ValueError(f"Expected one of --walk, --interpolate and --grid. Received: {chosen}")
    motion = None
    if walk or interpolate:
        method = None if spherical is None else "spherical" if spherical else "linear"
        motion = sampling.Motion(closed=walk, frames=frames, fps=fps or 20, method=method)
    elif (frames, fps, spherical) != (None, None, None):
        raise ValueError("Expected --frames, --fps, --spherical and --linear with --walk or --interpolate only.")
    sampling.checked(output, motion)
    classes = None if labels is None else _classes(labels)
    choice = sampling.Choice(count=count, labels=classes, seed=seed, truncation=truncation)
    gan = _load(name, weights)
    if gan.prior is None:
        raise ValueError(f"Expected --input FILE_OR_FOLDER: a {type(gan).__name__} makes images of images.")
    if motion is not None:
        typer.echo(f"{sampling.move(gan, choice, motion, output)} frames: {output}")
    else:
        write = sampling.grid if grid else sampling.samples
        typer.echo(f"{write(gan, choice, output)} images: {output}")


@app.command()
def doctor(
    log: Annotated[Path, typer.Argument(help="A CSV of losses, such as a run folder's log.csv, or the run folder.")],
) -> None:
    """Say from a training's log whether the game went wrong: verdict, evidence, one suggestion."""
    from kerasgan import doctor as doctors

    typer.echo(str(doctors.diagnose_file(log / "log.csv" if log.is_dir() else log)))


@app.command()
def evaluate(
    name: Target,
    data: Annotated[Path | None, typer.Option(help="A folder of real images instead of the recipe's data.")] = None,
    metrics: Annotated[str | None, typer.Option(help="Such as frechet_distance,precision_recall.")] = None,
    features: Annotated[
        str | None, typer.Option(help="thumbnails, pixels, digits, inception, inception-legacy; with commas.")
    ] = None,
    samples: Annotated[int | None, typer.Option(min=2, help="Generated for each seed.")] = None,
    seeds: Annotated[int, typer.Option(min=3, help="How many: the intervals are over them.")] = 3,
    held_out: Annotated[Path | None, typer.Option(help="A folder of real images that were not trained on.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder for the card; the run, or evaluations/NAME.")
    ] = None,
    weights: Weights = None,
) -> None:
    """Measure a model against real images: card.json and card.md with every number, its interval and protocol."""
    recipe, gan = _recipe(name), _load(name, weights)
    from kerasgan import evaluation

    folder = output or (Path(name) if _is_run(name) else Path("evaluations") / recipe.name)
    card = evaluation.evaluate(
        recipe,
        gan,
        data=data,
        metrics=_parts(metrics),
        features=_parts(features),
        samples=samples,
        seeds=range(seeds),
        held_out=held_out,
        output=folder,
    )
    from kerasgan import tables

    _print(tables.scores(card))
    typer.echo(f"Card: {folder / 'card.md'}")


@app.command()
def export(
    name: Target,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write to.")],
    formats: Annotated[str, typer.Option("--format", help="onnx, saved_model, or both with a comma.")] = "onnx",
    weights: Weights = None,
    direction: Direction = None,
) -> None:
    """Export the generator, and prove that the file gives the same images."""
    wanted = _parts(formats) or []
    if unknown := [part for part in wanted if part not in ("onnx", "saved_model")]:
        raise ValueError(f"Expected --format to be onnx, saved_model or both. Received: {', '.join(unknown)}")
    gan, recipe = _load(name, weights), _recipe(name)
    from kerasgan import export as exports

    licence = (recipe.weights or {}).get("licence") if weights is None else None
    output.mkdir(parents=True, exist_ok=True)
    for part in wanted:
        write, ending = (exports.onnx, ".onnx") if part == "onnx" else (exports.saved_model, "")
        path = output / ("-".join(filter(None, (recipe.name, direction))) + ending)
        typer.echo(f"{part}: {write(gan, path, entry=recipe.name, licence=licence, direction=direction)}")


@app.command()
def convert(
    file: Annotated[Path, typer.Argument(help="A published checkpoint, such as a .pth file.")],
    entry: Annotated[str, typer.Option(help="An entry of its architecture, or a recipe.toml.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write; ends in weights.h5.")],
) -> None:
    """Convert a published checkpoint to a weights.h5 of the generator, and say what became of every tensor."""
    recipe = _recipe(entry)
    start_keras()
    from kerasgan import checkpoints, conversion

    try:
        typer.echo(conversion.convert(recipe, file, output))
    except checkpoints.MismatchError as error:
        typer.echo(error.report)
        raise ValueError(f"{str(error).partition(chr(10))[0]} The table says what became of every tensor.") from None
    typer.echo(f"Weights: {output}\nUse: kerasgan generate {shlex.quote(entry)} --weights {shlex.quote(str(output))}")


@app.command()
def report(
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="RUN/report.html if not given.")] = None,
) -> None:
    """Write one HTML file about a run: curves, the doctor's time line, samples, neighbours, spectrum, score card."""
    start_keras()
    from kerasgan import report as reports

    typer.echo(f"Report: {reports.write(run, output)}")


def _parts(text: str | None) -> list[str] | None:
    return None if text is None else [part.strip() for part in text.split(",")]


def _classes(labels: str) -> list[int]:
    try:
        return [int(label) for label in labels.split(",")]
    except ValueError:
        raise ValueError(f"Expected --labels as whole numbers with commas. Received: {labels}") from None


def _recipe(name: str) -> "Recipe":
    from kerasgan import zoo

    return zoo.recipe(Path(name) / "recipe.toml" if _is_run(name) else name)


def _load(name: str, weights: Path | None) -> "GAN":
    from kerasgan import zoo

    _recipe(name)  # a wrong name need not wait for Keras
    start_keras()
    if not _is_run(name):
        return zoo.load(name, weights=weights or "recipe")
    if weights is None:
        weights = newest(name)
        if weights.name != "gan.keras":
            typer.echo(f"{name} was not finished; its newest checkpoint is used: {weights.name}", err=True)
    return zoo.load(Path(name) / "recipe.toml", weights=weights)


def _print(table: Any) -> None:
    from rich.console import Console

    Console().print(table)


def _is_ours(error: Exception) -> bool:
    """Whether the library raised it on purpose: a class of its own, or a RuntimeError from one of its lines."""
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    raised_here = frame.f_globals["__name__"].startswith("kerasgan.")
    return type(error).__module__.startswith("kerasgan.") or (isinstance(error, RuntimeError) and raised_here)


@contextmanager
def _warnings_in_one_line() -> Iterator[None]:
    """Shows the doctor's warnings as text, without a line of source; others as ever."""
    from kerasgan.doctor.callback import DoctorWarning

    usual = warnings.showwarning

    def show(message: Any, category: Any, *where: Any, **options: Any) -> None:
        if issubclass(category, DoctorWarning):
            _complain(str(message))
        else:
            usual(message, category, *where, **options)

    with warnings.catch_warnings():
        warnings.simplefilter("always", DoctorWarning)
        warnings.showwarning = show
        yield


def _complain(message: str) -> None:
    from rich.console import Console

    Console(stderr=True).print(message, style="bold red", markup=False, highlight=False, soft_wrap=True)


def _explain(interrupt: KeyboardInterrupt) -> int:
    """Says how to go on after an interruption; returns the exit code, which shells expect to be 128 + the signal."""
    run = getattr(interrupt, "output", None)
    if run is None:
        _complain("Interrupted.")
        return 130
    typer.echo(f"{interrupt}\nGo on with: kerasgan train {shlex.quote(str(run))} --resume", err=True)
    return 128 + interrupt.signal_number  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
