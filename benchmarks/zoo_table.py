"""Writes the zoo table of the README from the recipes; with --check only says whether it is up to date."""

import argparse
from pathlib import Path

from kerasgan import zoo
from kerasgan.cli import tables
from kerasgan.zoo.recipe import Recipe

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- zoo table: python benchmarks/zoo_table.py -->\n", "<!-- end of zoo table -->"


def table() -> str:
    """Three tables: one row per entry with bundled weights, one row per family for the others."""
    recipes = [zoo.recipe(name) for name in zoo.names()]
    bundled = [recipe for recipe in recipes if recipe.bundled]
    published = [recipe for recipe in recipes if recipe.pretrained and not recipe.bundled]
    untrained = [recipe for recipe in recipes if not recipe.pretrained]
    rows = ["| entry | family | images | score |", "|---|---|---|---|"]
    for recipe in bundled:
        cells = (link(recipe), recipe.family, tables.images(recipe), tables.score(recipe))
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(
        [
            f"{len(bundled)} entries with *bundled weights*, which are part of the package and were trained by these "
            "recipes. Each name links to the entry's card.",
            "",
            *rows,
            "",
            f"{len(published)} *published* entries: the publisher's checkpoint, of an installed package or downloaded "
            "on first use, verified against its stated hash, if any, read without PyTorch and without executing code "
            "from it, converted and cached.",
            "",
            *folded("The published entries", by_family(published)),
            f"{len(untrained)} *recipes* to train, with the paper's settings.",
            "",
            *folded("The recipes", by_family(untrained)),
        ]
    )


def folded(title: str, rows: list[str]) -> list[str]:
    """Collapsed until the reader opens it."""
    return ["<details>", f"<summary>{title}</summary>", "", *rows, "", "</details>", ""]


def by_family(recipes: list[Recipe]) -> list[str]:
    rows = ["| family | entries |", "|---|---|"]
    for family in sorted({recipe.family for recipe in recipes}):
        links = [link(recipe) for recipe in recipes if recipe.family == family]
        rows.append(f"| {family} | {', '.join(links)} |")
    return rows


def link(recipe: Recipe) -> str:
    page = "card.md" if (recipe.folder / "card.md").is_file() else "recipe.toml"
    return f"[`{recipe.name}`](zoo/{recipe.name}/{page})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    before, rest = README.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END, 1)[1]
    text = before + BEGIN + table() + END + after
    if arguments.check:
        raise SystemExit(text != README.read_text(encoding="utf-8"))
    README.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
