"""Writes zoo/README.md and the pictures of the README from the recipes; with --check only says whether they are up to
date."""

import argparse
from pathlib import Path

from kerasgan import zoo
from kerasgan.cli import tables
from kerasgan.zoo.recipe import Recipe

ROOT = Path(__file__).parent.parent
README, ZOO = ROOT / "README.md", ROOT / "zoo" / "README.md"
BEGIN, END = "<!-- pictures: python benchmarks/zoo_table.py -->\n", "<!-- end of pictures -->"
ACROSS = 4


def pictures() -> str:
    """A picture of each family's entry in color, one with a benchmark's comparison if there is one; so many across."""
    shown: dict[str, Recipe] = {}
    for recipe in filter(in_color, map(zoo.recipe, zoo.names())):
        if recipe.family not in shown or recipe.picture.name < shown[recipe.family].picture.name:
            shown[recipe.family] = recipe
    lines: list[str] = []
    for start in range(0, len(shown), ACROSS):
        row = [*shown.values()][start : start + ACROSS]
        images = [f'<img src="zoo/{each.name}/{each.picture.name}" width="200" alt="{each.name}">' for each in row]
        names = [f"[`{each.name}`](zoo/{each.name}/card.md)<br>{each.family}, {tables.images(each)}" for each in row]
        for cells in (images, names) if lines else (images, ["---"] * ACROSS, names):
            lines.append(f"| {' | '.join([*cells, *[''] * (ACROSS - len(cells))])} |")
    return "\n".join([*lines, ""])


def in_color(recipe: Recipe) -> bool:
    """Whether it has weights, and a picture of color images."""
    return recipe.pretrained and recipe.model.get("channels") == 3 and recipe.picture is not None


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
            f"{len(untrained)} *recipes* to train: the paper's settings, or smaller ones for a CPU, as each says.",
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
    return f"[`{recipe.name}`]({recipe.name}/{page})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    before, rest = README.read_text(encoding="utf-8").split(BEGIN)
    front = before + BEGIN + pictures() + END + rest.split(END, 1)[1]
    for path, text in ((README, front), (ZOO, f"# The zoo\n\n<!-- python benchmarks/zoo_table.py -->\n{table()}")):
        if not arguments.check:
            path.write_text(text, encoding="utf-8")
        elif not path.is_file() or text != path.read_text(encoding="utf-8"):
            raise SystemExit(f"{path.relative_to(ROOT)} is not up to date: run python benchmarks/zoo_table.py")


if __name__ == "__main__":
    main()
