"""`kerasgan train`: trains a recipe into a run folder."""

import shlex
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from kerasgan.cli.application import STARTED, tell, warnings_in_one_line
from kerasgan.cli.arguments import Planned, recipe_of
from kerasgan.cli.startup import start_keras
from kerasgan.files import hub, trackers
from kerasgan.files.paths import address
from kerasgan.names import find
from kerasgan.training.run_folder import is_run, refuse_entry
from kerasgan.zoo.data_sources import folders

__all__ = ["TrainCommand", "train"]

DATA = f"A folder of {folders()}, or shards such as 'train-*.tar', instead of the recipe's data."
KEEP_BEST = "--keep-best"
KeepBest = Annotated[
    str | None,
    typer.Option(
        KEEP_BEST,
        metavar="[METRIC]",
        help="Keep the best model, which generate and export then use: by METRIC, such as frechet_distance, or "
        "frechet_distance,features=pixels,samples=500,every=200; with patience=2000 the training ends after that many "
        "steps without a better one.",
    ),
]

Distribute = Annotated[
    str | None, typer.Option(help="mirrored: all devices of this machine; workers: the machines of TF_CONFIG.")
]
OnTrouble = Annotated[str, typer.Option(help="On trouble: warn, stop, rollback (to the best weights), or off.")]
Track = Annotated[
    str | None, typer.Option(help="Also send losses, samples and warnings to wandb, mlflow, trackio or tensorboard.")
]
ImageSize = Annotated[int | None, typer.Option(min=4, help="Height and width of the model and its images.")]
Policy = Annotated[
    str | None,
    typer.Option(help="Keras' dtype policy, such as mixed_bfloat16, which is faster on chips that support it."),
]
Assignments = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Change a key of the recipe: model.discriminator_norm=layer; may be repeated.",
    ),
]
Start = Annotated[str | None, typer.Option(help="Trained weights to start from: an entry, a run, or a file.")]

NewPhase = Annotated[
    bool,
    typer.Option("--new-phase", help="Resume with this recipe and data instead of the run's own; the run records it."),
]


class TrainCommand(TyperCommand):
    """`kerasgan train`, in which --keep-best may stand without a metric; Typer knows no such options."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if KEEP_BEST in args:
            from kerasgan import zoo
            from kerasgan.metrics.sample_metrics import names

            place = args.index(KEEP_BEST) + 1
            following = "".join(args[place : place + 1])
            # A word with commas, or beside the name of an entry, is meant as settings, whatever its name is, and
            # refused with the names that there are.
            others = {*args[: place - 1], *args[place + 1 :]} & {*zoo.names()}
            meant = "," in following or (others and following.isidentifier() and following not in zoo.names())
            if not meant and following not in (*names(), "auto"):
                args = [*args[:place], "auto", *args[place:]]
        return super().parse_args(ctx, args)


def train(
    name: Planned,
    data: Annotated[Path | None, typer.Option(help=DATA)] = None,
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
    image_size: ImageSize = None,
    dtype_policy: Policy = None,
    start: Start = None,
    assignments: Assignments = None,
    resume: Annotated[bool, typer.Option("--resume", help="Resume the run in the output folder.")] = False,
    new_phase: NewPhase = False,
    doctor: OnTrouble = "warn",
    devices: Annotated[int | None, typer.Option(min=1, help="Number of GPUs (or CPUs) that share each batch.")] = None,
    distribute: Distribute = None,
    track: Track = None,
    tensorboard: Annotated[bool, typer.Option("--tensorboard", hidden=True)] = False,
    keep_best: KeepBest = None,
) -> None:
    """Train a recipe into a run folder: log.csv, samples, film strip, checkpoints. Ctrl-C saves."""
    watched = _watched(doctor, track or ("tensorboard" if tensorboard else None))
    run = output or _folder_of(name)
    recipe = recipe_of(name)
    if resume and is_run(run):
        recipe = _resumed(recipe, run, new_phase)
    shared = start_keras(lambda: _shared(distribute, devices))  # machines must meet before anything else
    from kerasgan.distribution import naming_the_lost
    from kerasgan.doctor.callback import DoctorWarning
    from kerasgan.training import best, train
    from kerasgan.training.working_folder import working_folder

    settings = {"steps": steps, "batch_size": batch_size, "seed": seed, "objective": objective, "augment": augment}
    settings |= {"start": start, "dtype_policy": dtype_policy}
    kept = best.settings_of(keep_best) if keep_best else None
    recipe = train.override(recipe, **settings, penalties=penalty or None, keep_best=kept)
    sizes = [] if image_size is None else [f"{section}.image_size={image_size}" for section in ("model", "data")]
    recipe = train.assign(recipe, [*sizes, *(assignments or [])])
    options: dict[str, Any] = {"data": data, "seconds": seconds, "every": every, "started": STARTED, "resume": resume}
    with (
        tell("kerasgan.data"),
        warnings_in_one_line(DoctorWarning),
        shared,
        naming_the_lost(f"Go on, on all of them: kerasgan train {shlex.quote(address(run))} --resume"),
        working_folder(run, resume=resume) as (place, mirrors),
    ):
        watching = train.watchers(place, recipe=recipe, **watched)
        train.train(recipe, output=place, callbacks=[*watching, *mirrors], new_phase=new_phase, **options)
        found = best.found(place)
    _tell(run, found)


def _resumed(asked: Any, run: Path, new_phase: bool) -> Any:
    """The run's own recipe; another one that is asked for is refused, or taken for a new phase."""
    try:
        refuse_entry(asked, run)
    except ValueError:
        if not new_phase:
            raise
        return asked
    return recipe_of(str(run))


def _watched(doctor: str, track: str | None) -> dict[str, Any]:
    """The options of `watchers`, checked before Keras is imported."""
    remedy = find(doctor, ("off", "rollback", "stop", "warn"))
    if remedy is None:
        raise ValueError(f"Expected --doctor to be warn, stop, rollback or off. Received: {doctor}")
    return {"doctor": None if remedy == "off" else remedy, "tracker": None if track is None else trackers.check(track)}


def _folder_of(name: str) -> Path:
    if not hub.repository(name) and is_run(name):
        return Path(name)
    return Path("runs") / recipe_of(name).name


def _tell(run: Path, best: str | None) -> None:
    """Prints where the samples are, and what was kept."""
    run_argument = shlex.quote(address(run))
    if best is not None:
        last = f"The last one: --weights {shlex.quote(address(run / 'gan.keras'))}"
        typer.echo(f"{best}\nIt is what generate and export use. {last}")
    typer.echo(f"Samples: {address(run / 'samples.png')}\nMore of them: kerasgan generate {run_argument} -o more.png")


def _shared(distribute: str | None, devices: int | None) -> AbstractContextManager[Any]:
    from kerasgan import distribution

    return distribution.scope(distribute, devices=devices)
