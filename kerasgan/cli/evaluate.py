"""`kerasgan evaluate`: a model measured against real images."""

from pathlib import Path
from typing import Annotated

import typer

from kerasgan.cli.application import tell
from kerasgan.cli.arguments import Target, Weights, load, origin_of, parts, show
from kerasgan.files import hub, trackers
from kerasgan.training.run_folder import is_run

__all__ = ["evaluate"]


def evaluate(
    name: Target,
    data: Annotated[Path | None, typer.Option(help="A folder of real images instead of the recipe's data.")] = None,
    metrics: Annotated[str | None, typer.Option(help="Such as frechet_distance,precision_recall.")] = None,
    features: Annotated[
        str | None,
        typer.Option(help="Such as thumbnails,fashion; inception and inception-legacy are downloaded."),
    ] = None,
    samples: Annotated[int | None, typer.Option(min=2, help="Number of images generated for each seed.")] = None,
    seeds: Annotated[int, typer.Option(min=3, help="Number of seeds, over which the intervals are computed.")] = 3,
    held_out: Annotated[Path | None, typer.Option(help="A folder of real images not used for training.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder for the card; default: the run, or evaluations/NAME.")
    ] = None,
    weights: Weights = None,
    track: Annotated[
        str | None, typer.Option(help="Also send the means to wandb, mlflow, trackio or tensorboard.")
    ] = None,
) -> None:
    """Measure a model against real images: card.json and card.md with every number, its interval and protocol."""
    tracker = None if track is None else trackers.check(track)
    recipe = origin_of(name, weights).recipe
    if recipe is None and data is None:
        expected = "Expected --data FOLDER, the images to compare with, as a .keras file does not say what it was"
        other = f"trained on; or the recipe that does, with the file as its weights: evaluate NAME --weights {name}"
        raise ValueError(f"{expected} {other}. Received: {name}")
    gan = load(name, weights)
    from kerasgan.evaluation import evaluate
    from kerasgan.zoo.load import of_model

    recipe = recipe or of_model(gan, Path(name), data)
    run = Path(name) if not hub.repository(name) and is_run(name) else None
    folder = output or run or Path("evaluations") / recipe.name
    with tell("kerasgan.data"):
        card = evaluate.evaluate(
            recipe,
            gan,
            data=data,
            metrics=parts(metrics),
            features=parts(features),
            samples=samples,
            seeds=range(seeds),
            held_out=held_out,
            output=folder,
        )
    if tracker is not None:
        from kerasgan.training.train import tracked

        tracked(run or folder, tracker, recipe).scores(card)
    from kerasgan.cli import tables

    show(tables.scores(card))
    show(tables.meanings(card))
    typer.echo(f"Card: {folder / 'card.md'}")
