"""Writes the zoo table of the README from the recipes; with --check only says whether it is up to date."""

import argparse
from pathlib import Path

from kerasgan import tables, zoo

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- zoo table: python benchmarks/zoo_table.py -->\n", "<!-- end of zoo table -->"


def table() -> str:
    lines = ["| entry | family | images | weights | score |", "|---|---|---|---|---|"]
    for name in zoo.names():
        recipe = zoo.recipe(name)
        facts = (recipe.family, tables.images(recipe), tables.weights(recipe), tables.score(recipe))
        link = f"[`{name}`](zoo/{name}/{'card.md' if (recipe.folder / 'card.md').is_file() else 'recipe.toml'})"
        lines.append(f"| {' | '.join((link, *facts))} |")
    return "\n".join(lines) + "\n"


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
