"""The tables of `kerasgan list` and `kerasgan info`; recipes in, text out, without Keras."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from kerasgan import glossary
from kerasgan.files.text import visible
from kerasgan.training.run_folder import BEST, is_run

if TYPE_CHECKING:
    from kerasgan.evaluation.score_card import ScoreCard
    from kerasgan.zoo import Recipe

__all__ = ["details", "entries", "meanings", "scores"]


def entries(recipes: "list[Recipe]") -> Table:
    """One row per entry, under the name of its family; fits a terminal of 80 columns."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("name", "images", "weights", "score"):
        table.add_column(column, overflow="fold", no_wrap=column != "score")
    for family in sorted({recipe.family for recipe in recipes}, key=str.lower):
        table.add_row(family, style="bold")
        for recipe in recipes:
            if recipe.family == family:
                row = (f"  {recipe.name}", images(recipe), weights(recipe), score(recipe, short=True))
                table.add_row(*(escape(visible(cell)) for cell in row))
    return table


def details(recipe: "Recipe") -> Table:
    """Everything in a recipe, one fact per row."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in _facts(recipe):
        table.add_row(escape(visible(name)), escape(visible(value)))
    return table


def scores(card: "ScoreCard") -> Table:
    """A score card's numbers, one per row."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("score", "mean", "95 % interval", card.beside, "features"):
        table.add_column(column)
    for name, found in card.content["scores"].items():
        low, high = found["interval"]
        real = "" if found["real"] is None else f"{found['real']:.4g}"
        numbers = f"{found['mean']:.4g}", f"{low:.4g} to {high:.4g}", real
        row = (name.replace("_", " "), *numbers, found["features"] or "")
        table.add_row(*(escape(visible(cell)) for cell in row))
    return table


def meanings(card: "ScoreCard") -> Table:
    """What the card's scores mean, one per row."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, text in glossary.explained(card.content["scores"]).items():
        table.add_row(name.replace("_", " "), text)
    return table


def images(recipe: "Recipe") -> str:
    """The image shape, such as 64x64x3."""
    size = recipe.model.get("image_size", recipe.data.get("image_size"))
    channels = recipe.model.get("channels", recipe.data.get("channels"))
    height, width = size if isinstance(size, list) else (size, size)
    return "x".join(str(number) for number in (height, width, channels) if number is not None) or "-"


def weights(recipe: "Recipe") -> str:
    """Where the trained weights are."""
    if is_run(recipe.folder):
        kept = [name for name in (BEST, "gan.keras", "checkpoints") if (recipe.folder / name).exists()]
        return f"{kept[0]} of the run" if kept else "none yet"
    if not recipe.pretrained:
        return "none yet"
    return "bundled" if recipe.bundled else "published"


def score(recipe: "Recipe", *, short: bool = False) -> str:
    """The first score that was measured, or the first that the weights' publisher states; by its short name, if any."""
    published = (recipe.weights or {}).get("scores") or {}
    for scores in (recipe.results or {}, published):
        for name, value in scores.items():
            if isinstance(value, (int, float)):
                known = glossary.named(name) if short else None
                return f"{glossary.SCORES[known[0]].short if known else name.replace('_', ' ')} {value:#.3g}"
    return "-"


def _facts(recipe: "Recipe") -> Iterator[tuple[str, str]]:
    yield "name", recipe.name
    yield "family", f"kerasgan.models.{recipe.family}"
    yield "images", images(recipe)
    yield "model", _listed(recipe.model)
    yield "data", _listed(recipe.data)
    yield "training", _listed(recipe.train)
    yield "train it", recipe.command
    yield "expect", recipe.summary.strip() or "-"
    yield "weights", weights(recipe)
    for name, value in (recipe.weights or {}).items():
        yield f"  {name}", _text(value)
    for name, value in (recipe.results or {}).items():
        yield f"  {name}" if name != next(iter(recipe.results or {})) else f"results: {name}", _text(value)
    yield "recipe", str(recipe.path)


def _listed(values: Mapping[str, Any]) -> str:
    return "\n".join(f"{name} {_text(value)}" for name, value in values.items()) or "the family's defaults"


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_text(item)}" for name, item in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_text, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
