"""Writes tutorials and lectures as notebooks: python docs/notebooks.py [PAGE ...] [--output FOLDER] [--execute]

A notebook holds its page's pictures and installs what it needs, so that it opens anywhere, on Colab too. With --execute
each is run as well, on the backend of KERAS_BACKEND, and holds what its cells returned; an error in a cell is one of
the command.
"""

import argparse
import base64
import re
import tempfile
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).parent
FOLDERS = ("tutorials", "lectures")
INSTALL = """\
import importlib.util

if importlib.util.find_spec("kerasgan") is None:
    %pip install --quiet kerasgan"""
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)(\{[^}]*\})?")


def notebook(page: Path) -> nbformat.NotebookNode:
    """A page as a notebook that needs no file beside it."""
    made = jupytext.read(page, fmt="md:myst")
    for cell in made.cells:
        if cell.cell_type == "markdown":
            embed(cell, page.parent)
    made.cells.insert(1, nbformat.v4.new_code_cell(INSTALL))
    made.metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    for number, cell in enumerate(made.cells):
        cell.id = f"cell-{number}"  # the same each time
        cell.metadata.pop("tags", None)
    nbformat.validate(made)
    return made


def embed(cell: nbformat.NotebookNode, folder: Path) -> None:
    """Puts pictures into a cell, and leaves of links to other pages the text."""
    attachments = {}

    def instead(match: re.Match) -> str:
        picture, text, target, _ = match.groups()
        if "://" in target:
            return f"{picture}[{text}]({target})"
        if not picture:
            return text
        path = folder / target
        name = f"{path.parent.name}-{path.name}"
        attachments[name] = {f"image/{path.suffix[1:]}": base64.b64encode(path.read_bytes()).decode()}
        return f"![{text}](attachment:{name})"

    cell.source = LINK.sub(instead, cell.source)
    if attachments:
        cell.attachments = attachments


def has_cells(page: Path) -> bool:
    return "```{code-cell}" in page.read_text(encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", nargs="*", help="such as start or tutorials/doctor; all if not given")
    parser.add_argument("--output", type=Path, default=HERE / "_notebooks")
    parser.add_argument("--execute", action="store_true")
    arguments = parser.parse_args()
    all_pages = [path for folder in FOLDERS for path in sorted((HERE / folder).glob("*.md")) if has_cells(path)]
    known = {path.relative_to(HERE).with_suffix("").as_posix(): path for path in all_pages}
    for name in arguments.pages or known:
        found = next((path for key, path in known.items() if name in (key, key.partition("/")[2])), None)
        if found is None:
            raise SystemExit(f"Expected some of {', '.join(known)}. Received: {name}")
        made = notebook(found)
        if arguments.execute:
            with tempfile.TemporaryDirectory() as folder:
                NotebookClient(made, timeout=900, resources={"metadata": {"path": folder}}).execute()
        target = arguments.output / found.parent.name / f"{found.stem}.ipynb"
        target.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(made, target)
        print(target)


if __name__ == "__main__":
    main()
