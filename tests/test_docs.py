"""The site's pages name what exists, and what is derived from the package says all of it."""

import os
import re
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from kerasgan import zoo
from kerasgan.cli import app

DOCS = Path(__file__).parent.parent / "docs"
PAGES = [path for folder in ("", "tutorials", "lectures") for path in sorted((DOCS / folder).glob("*.md"))]
PAGES = [path for path in PAGES if path.name != "gallery.md"]  # it is generated
GENERATED = ("api", "entries", "families")
COMMAND = re.compile(r"(?<!from )(?<!import )\bkerasgan ([a-z]+)(?! and\b)((?: (?!--)[^\s`|&]+)?)([^`\n|&;#]*)")


def text(path):
    return re.sub(r"\\\n\s*", "", path.read_text(encoding="utf-8"))  # commands over several lines


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_links_and_pictures_exist(path):
    for target in re.findall(r"\]\(([^)#\s]+)\)", text(path)):
        inside = os.path.relpath(path.parent / target, DOCS)
        generated = inside.split(os.sep)[0] in GENERATED or inside in ("gallery.md",)
        derived = inside.startswith("reference") and Path(inside).stem in ("recipe", "commands", "scores")
        assert "://" in target or generated or derived or (path.parent / target).is_file(), target


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_commands_options_and_entries_exist(path):
    commands = get_command(app).commands
    for name, target, rest in COMMAND.findall(text(path)):
        assert name in commands, name
        known = {option for parameter in commands[name].params for option in parameter.opts + parameter.secondary_opts}
        assert set(re.findall(r"(?<=\s)--?[a-z][a-z-]*", rest)) <= known, (name, rest)
        if re.fullmatch(r" [a-z0-9]+-[a-z0-9-]+", target):
            assert target.strip() in zoo.names(), target


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_entries_and_families_that_pages_load_or_link_to_exist(path):
    import kerasgan

    loaded = re.findall(r'(?:kerasgan\.load|zoo\.recipe)\("([a-z0-9-]+)"\)', text(path))
    linked = re.findall(r"entries/([a-z0-9-]+)\.md", text(path))
    assert set(loaded) <= set(zoo.names())
    assert all(zoo.recipe(name).bundled for name in linked)
    assert set(re.findall(r"families/(\w+)\.md", text(path))) - {"index"} <= set(kerasgan.models.__all__)


def test_every_bundled_model_of_the_course_has_a_lecture():
    shown = "".join(text(path) for path in PAGES if path.parent.name == "lectures")
    assert {"gan-digits", "cgan-digits", "acgan-digits", "lapgan-digits", "dcgan-digits", "gran-digits"} <= set(
        re.findall(r"`([a-z0-9-]+)`", shown)
    )


@pytest.fixture
def derived(monkeypatch):
    """The generators of pages."""
    pytest.importorskip("sphinx")
    pytest.importorskip("latex2mathml")
    monkeypatch.syspath_prepend(DOCS)
    yield __import__("pages")
    for name in [name for name in sys.modules if name.split(".")[0] == "pages"]:
        del sys.modules[name]


def test_the_recipe_page_has_every_key_that_the_checks_allow(derived):
    page = derived.recipes.pages()["reference/recipe.md"]
    checks = derived.recipes.checks
    keys = {key for required, optional in checks.SECTIONS.values() for key in required | optional}
    rows = re.findall(r"^\| `(\w+)` \|([^|]*)\|([^|]*)\|(.*)\|$", page, flags=re.MULTILINE)
    assert keys <= {key for key, *_ in rows}
    for name in derived.recipes.data_sources.names():
        assert f'source = "{name}"' in page


def test_the_command_page_has_every_option_of_the_program(derived):
    page = derived.commands.pages()["reference/commands.md"]
    for name, command in get_command(app).commands.items():
        section = page.partition(f"### kerasgan {name}\n")[2].partition("\n### ")[0]
        for parameter in command.params:
            if getattr(parameter, "hidden", False):
                continue
            missing = [each for each in parameter.opts if each.startswith("-") and f"`{each}`" not in section]
            assert not missing, (name, missing)


def test_the_gallery_shows_every_entry(derived):
    written = derived.gallery.pages()
    assert all(name in written["gallery.md"] for name in zoo.names())
    pictured = [path.parent.name for path in (DOCS.parent / "zoo").glob("*/samples.png")]
    assert {f"entries/{name}.md" for name in pictured} == written.keys() - {"gallery.md"}


def test_docstrings_become_restructured_text(derived):
    lines = ["Either of", "- one `a`s *b;", "  more", "- two", "end"]
    derived.api.as_rest(None, "function", "f", None, None, lines)
    assert lines == ["Either of", "", "- one `a`\\ s \\*b;", "  more", "- two", "", "end"]


def test_arguments_are_read_from_docstrings(derived):
    docstring = (
        "Text.\n\n    Args:\n        one: first\n            line.\n        two: second.\n\n    Raises:\n        E: no."
    )
    assert derived.recipes.arguments(docstring) == {"one": "first line.", "two": "second."}


def test_notebooks_hold_their_pictures_and_install_the_package(monkeypatch):
    pytest.importorskip("jupytext")
    pytest.importorskip("nbclient")
    monkeypatch.syspath_prepend(DOCS)
    import notebooks

    made = notebooks.notebook(DOCS / "tutorials" / "start.md")
    pictures = [name for cell in made.cells for name in cell.get("attachments", {})]
    assert pictures == ["dcgan-digits-samples.png"]
    assert "pip install" in made.cells[1].source
    assert not any("](../" in cell.source for cell in made.cells)
    assert notebooks.notebook(DOCS / "tutorials" / "start.md") == made
