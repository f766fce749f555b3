"""Arguments that several commands share, and how they are parsed."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from kerasgan.cli.application import warnings_in_one_line
from kerasgan.cli.startup import start_keras
from kerasgan.training.load import UnfinishedRunWarning, recipe_of
from kerasgan.training.load import load as load_model

if TYPE_CHECKING:
    from kerasgan.gan import GAN
    from kerasgan.zoo import Recipe

__all__ = [
    "Border",
    "Count",
    "Description",
    "Direction",
    "Fps",
    "Frames",
    "Kernel",
    "Labels",
    "Layers",
    "License",
    "Origin",
    "Output",
    "Planned",
    "Scale",
    "Seed",
    "Spherical",
    "Styles",
    "Target",
    "Title",
    "Truncation",
    "Weights",
    "classes_of",
    "examples_of",
    "layers_of",
    "load",
    "numbers_of",
    "origin_of",
    "parts",
    "recipe_of",
    "show",
    "with_kernel",
]

Planned = Annotated[str, typer.Argument(help="An entry of `kerasgan list`, a recipe.toml, or a run folder.")]
Target = Annotated[str, typer.Argument(help="An entry of `kerasgan list`, a recipe.toml, a run folder, or a .keras.")]
Weights = Annotated[Path | None, typer.Option(help="A .weights.h5, .keras or published checkpoint to use instead.")]
Direction = Annotated[str | None, typer.Option(help="For models with several directions, one of them, such as ab.")]
Kernel = Annotated[
    str | None,
    typer.Option(
        help="Blur that a deblurring model removes: gaussian,sigma=2 or defocus,radius=3 or motion,length=9,angle=30."
    ),
]

# Of the commands that export
Title = Annotated[str | None, typer.Option(help="Heading of the page and the card; the entry's name if not given.")]
Description = Annotated[str | None, typer.Option(help="Text below it; about the family if not given.")]
License = Annotated[str | None, typer.Option(help="License of the weights; the entry's if not given.")]

# Of the commands that draw
Count = Annotated[int | None, typer.Option(min=1, help="Number of images; chosen for the picture if not given.")]
Seed = Annotated[int, typer.Option(min=0, help="The same seed gives the same images.")]
CLASSES = "Classes, such as 3 or 0,1,2, or their names, if the model knows them, repeated over the images."
Labels = Annotated[str | None, typer.Option(help=CLASSES)]
Truncation = Annotated[
    float, typer.Option(help="Share of the latents' spread, 0 to 1: less is more typical and less varied.")
]
Styles = Annotated[
    Path | None, typer.Option(help="For style-based models: an .npy of `kerasgan project`, instead of latents.")
]
Layers = Annotated[str | None, typer.Option(help="Numbers of the styles that change, such as 0-3 or 4,6.")]
Output = Annotated[Path, typer.Option("--output", "-o", help="A .png, or a .gif or .mp4 that moves in a loop.")]
Frames = Annotated[int | None, typer.Option(min=2, help="Number of frames; 10 for a .png and 60 for a film.")]
Fps = Annotated[int, typer.Option(min=1, max=60, help="Frames per second of a film.")]
Spherical = Annotated[
    bool | None, typer.Option("--spherical/--linear", help="Arcs or straight lines; by default what suits the prior.")
]
Scale = Annotated[
    int | None, typer.Option(min=1, help="Screen pixels per pixel; by default small images are enlarged.")
]
Border = Annotated[
    int | None, typer.Option(min=0, help="Screen pixels between the images; 0 also leaves out the labels.")
]


class Origin(NamedTuple):
    """The name of a model, the license of its weights, and its recipe, which a .keras file has none of."""

    name: str
    license: str | None = None
    recipe: "Recipe | None" = None


def origin_of(name: str, weights: Path | None) -> Origin:
    """Of an entry, a file or a run folder; reports a wrong name before Keras is imported."""
    if name.endswith(".keras") and Path(name).is_file():
        return Origin(Path(name).stem)
    recipe = recipe_of(name)
    return Origin(recipe.name, (recipe.weights or {}).get("license") if weights is None else None, recipe)


def load(name: str, weights: Path | None) -> "GAN":
    """The trained model of an entry, a file or a run folder."""
    origin_of(name, weights)
    start_keras()
    with warnings_in_one_line(UnfinishedRunWarning):
        return load_model(name, weights=weights or "recipe")


def with_kernel(gan: "GAN", kernel: str | None) -> "GAN":
    """The model for one kernel of blur, if one is given; otherwise the model as it is."""
    if gan.takes_kernel != (kernel is not None):
        known = "Expected --kernel, the blur to remove, such as gaussian,sigma=2 or defocus,radius=3, for"
        expected = known if gan.takes_kernel else "Expected no --kernel for"
        raise ValueError(f"{expected} this {type(gan).__name__}. Received: {kernel}")
    if kernel is None:
        return gan
    name, *numbers = kernel.split(",")
    pairs = [number.partition("=") for number in numbers]
    try:
        table = {"name": name.strip(), **{key.strip(): float(value) for key, _, value in pairs}}
    except ValueError:
        raise ValueError(f"Expected --kernel as a name and numbers: defocus,radius=3. Received: {kernel}") from None
    return gan.for_kernel(table)  # type: ignore[attr-defined]


def examples_of(recipe: "Recipe | None", gan: "GAN") -> dict[str, Any]:
    """`examples` and `credit` of a page, if the model translates and its recipe's data are at hand."""
    from kerasgan.evaluation import evaluate

    if recipe is None or not gan.task.from_images or (found := evaluate.examples(recipe)) is None:
        return {}
    return {"examples": found, "credit": recipe.source.card_text(recipe.data) or None}


def parts(text: str | None) -> list[str] | None:
    """The parts of a text with commas."""
    return None if text is None else [part.strip() for part in text.split(",")]


def classes_of(labels: str) -> list[int | str]:
    """The classes in a text such as 0,1,2 or cat,heart, as numbers or names."""
    several = parts(labels) or []
    if not all(several):
        raise ValueError(f"Expected --labels as whole numbers or names with commas. Received: {labels}")
    return [int(label) if label.lstrip("-").isdecimal() else label for label in several]


def numbers_of(option: str, text: str) -> list[float]:
    """The numbers in a text such as 1,0.5,0."""
    try:
        return [float(number) for number in text.split(",")]
    except ValueError:
        raise ValueError(f"Expected {option} as numbers with commas. Received: {text}") from None


def layers_of(text: str) -> list[int]:
    """The layers in a text such as 0-3,6."""
    ranges = [part.strip().partition("-") for part in text.split(",")]
    try:
        return [layer for first, _, last in ranges for layer in range(int(first), int(last or first) + 1)]
    except ValueError:
        raise ValueError(f"Expected --layers such as 0-3 or 4,6. Received: {text}") from None


def show(table: Any) -> None:
    """Prints a table as wide as the terminal."""
    from rich.console import Console

    Console().print(table)
