"""A page for each family: what it is, its class, the sizes of its networks, its entries."""

import importlib
import inspect
import json
from functools import cache
from typing import Any

import kerasgan
from kerasgan import zoo
from kerasgan.cli import tables
from kerasgan.zoo.recipe import Recipe
from pages.api import class_with_members, first_line, rest, sorted_names
from pages.gallery import ROOT, entry_link, is_shown, live_link, picture
from pages.markdown import contents, table

COUNTS = ROOT / "benchmarks" / "results" / "parameters.json"
HEAD = """# Families

A family is a paper's model: a class in `kerasgan.models`, and [recipes](../reference/recipe.md) with the paper's
settings. The first table lists families that generate images from noise, the second those that translate images. What
all share, such as `fit`, `generate` and `save`, is on the page of [`kerasgan.GAN`](../api/gan.md).

"""


def pages() -> dict[str, str]:
    families = sorted_names("kerasgan.models")
    translates = {name: issubclass(getattr(kerasgan.models, name), kerasgan.gan.ImageToImage) for name in families}
    found = {f"families/{name}.md": page(name) for name in families}
    parts = [HEAD]
    for kind, title in ((False, "Images from noise"), (True, "Images from images")):
        rows = [row(name) for name in families if translates[name] is kind]
        parts += [f"## {title}\n", table(["family", "what is new", "entries"], rows), ""]
    found["families/index.md"] = "\n".join([*parts, contents(families)]) + "\n"
    return found


def row(name: str) -> tuple[str, str, str]:
    about = first_line(module(name).__name__)
    new = about[about.find(":") + 1 :].strip()
    return f"[{name}]({name}.md)", new[:1].upper() + new[1:], str(len(recipes(name)))


def module(name: str) -> Any:
    return importlib.import_module(getattr(kerasgan.models, name).__module__)


@cache
def recipes(family: str) -> list[Recipe]:
    return [zoo.recipe(name) for name in zoo.names(family=family)]


def page(name: str) -> str:
    source, entries = module(name), recipes(name)
    pictures = "\n\n".join(picture(recipe, "../") for recipe in entries if is_shown(recipe))
    parts = [f"# {name}\n", rest(f".. automodule:: {source.__name__}"), "", pictures, "\n## The class\n"]
    documented = [kerasgan.GAN, kerasgan.gan.ImageToImage]
    parts.append(class_with_members(f"kerasgan.models.{name}", getattr(kerasgan.models, name), documented))
    networks = [each for each in source.__all__ if inspect.isfunction(getattr(source, each))]
    if networks:
        parts.append("\n## The networks\n")
        parts += [rest(f".. autofunction:: {source.__name__}.{each}") for each in networks]
    parts += ["\n## Entries\n", table(["entry", "images", "weights", "score", "parameters", ""], map(cells, entries))]
    if counted := counts(name):
        parts += ["\n## Parameters\n", counted]
    return "\n".join(parts) + "\n"


def cells(recipe: Recipe) -> tuple[str, ...]:
    found = counted().get(recipe.name)
    number = f"{found['generator']:,}" if found else ""
    about = (entry_link(recipe), tables.images(recipe), tables.weights(recipe), tables.score(recipe), number)
    return (*about, live_link(recipe, "../"))


@cache
def counted() -> dict[str, Any]:
    return json.loads(COUNTS.read_text(encoding="utf-8")) if COUNTS.is_file() else {}


def counts(family: str) -> str:
    """The sizes of the networks of all entries, one row for those that are alike."""
    alike: dict[tuple[int, int], list[str]] = {}
    for recipe in recipes(family):
        if found := counted().get(recipe.name):
            alike.setdefault((found["generator"], found["discriminator"]), []).append(recipe.name)
    rows = [(f"{one:,}", f"{other:,}", ", ".join(names)) for (one, other), names in sorted(alike.items())]
    return table(["generator", "discriminator", "entries"], rows) if rows else ""
