"""`kerasgan train`: trains a recipe into a run folder."""

import shlex
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated, Any

import typer

from kerasgan.cli.application import warnings_in_one_line
from kerasgan.cli.arguments import Target, recipe_of
from kerasgan.cli.startup import start_keras
from kerasgan.files.paths import address
from kerasgan.training.run_folder import is_run
from kerasgan.zoo.data_sources import folders

__all__ = ["train"]


def train(
    name: Target,
    data: Annotated[Path | None, typer.Option(help=f"A folder of {folders()} instead of the recipe's data.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Run folder, or gs://...; runs/NAME if not given.")
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Total number of discriminator steps.")] = None,
    seconds: Annotated[float | None, typer.Option(min=0.1, help="Stop after this many seconds.")] = None,
    every: Annotated[int | None, typer.Option(min=1, help="Steps between sample grids and checkpoints.")] = None,
    batch_size: Annotated[int | None, typer.Option(min=1, help="Images per step.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of networks, data order and latents.")] = None,
    objective: Annotated[str | None, typer.Option(help="Objective, such as hinge or least_squares.")] = None,
    penalty: Annotated[list[str] | None, typer.Option(help="Penalty, such as r1; may be repeated.")] = None,
    augment: Annotated[str | None, typer.Option(help="Augmentation, such as diff_augment or ada.")] = None,
    start: Annotated[
        str | None, typer.Option(help="Trained weights to start from: an entry, a run, or a file; says what it has.")
    ] = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Such as model.discriminator_norm=layer; may be repeated."),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Resume the run in the output folder.")] = False,
    doctor: Annotated[
        str, typer.Option(help="On trouble: warn, stop, rollback (to the best weights), or off.")
    ] = "warn",
    devices: Annotated[int | None, typer.Option(min=1, help="Number of GPUs (or CPUs) that share each batch.")] = None,
    distribute: Annotated[
        str | None, typer.Option(help="mirrored: all devices of this machine; workers: the machines of TF_CONFIG.")
    ] = None,
    tensorboard: Annotated[bool, typer.Option("--tensorboard", help="Also log for TensorBoard.")] = False,
) -> None:
    """Train a recipe into a run folder: log.csv, samples, film strip, checkpoints. Ctrl-C saves."""
    if doctor not in ("off", "rollback", "stop", "warn"):
        raise ValueError(f"Expected --doctor to be warn, stop, rollback or off. Received: {doctor}")
    run = output or (Path(name) if is_run(name) else Path("runs") / recipe_of(name).name)
    recipe = recipe_of(str(run) if resume and is_run(run) else name)
    shared = start_keras(lambda: _shared(distribute, devices))  # machines must meet before anything else
    from kerasgan.doctor.callback import DoctorWarning
    from kerasgan.training import train
    from kerasgan.training.working_folder import working_folder

    settings = {"steps": steps, "batch_size": batch_size, "seed": seed, "objective": objective, "start": start}
    recipe = train.override(recipe, **settings, penalties=penalty or None, augment=augment)
    recipe = train.assign(recipe, assignments or [])
    remedy = None if doctor == "off" else doctor
    options: dict[str, Any] = {"data": data, "seconds": seconds, "every": every, "resume": resume}
    with warnings_in_one_line(DoctorWarning), shared, working_folder(run, resume=resume) as (place, mirrors):
        watching = train.watchers(place, steps=recipe.train["steps"], doctor=remedy, tensorboard=tensorboard)
        train.train(recipe, output=place, callbacks=[*watching, *mirrors], **options)
    run_argument = shlex.quote(address(run))
    typer.echo(f"Samples: {address(run / 'samples.png')}\nMore of them: kerasgan generate {run_argument} -o more.png")


def _shared(distribute: str | None, devices: int | None) -> AbstractContextManager[Any]:
    from kerasgan import distribution

    return distribution.scope(distribute, devices=devices)
