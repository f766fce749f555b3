"""What the README says works as it is printed."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


def test_the_two_commands_are_printed_as_ci_runs_them():
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    commands = [line for line in README.splitlines() if line.startswith("pip install -e ")][:2]
    assert commands == ["pip install -e . && kerasgan quickstart", 'pip install -e ".[test]" && pytest']
    assert "pip install -q -e . && " in ci and "kerasgan quickstart" in ci
    assert 'pip install -q -e ".[test]"' in ci and re.search(r"^ *pytest -m ", ci, re.MULTILINE)


def test_the_zoo_table_is_the_recipes():
    done = subprocess.run([sys.executable, ROOT / "benchmarks" / "zoo_table.py", "--check"])
    assert done.returncode == 0, "run python benchmarks/zoo_table.py"


def test_links_and_pictures_exist():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert "://" in target or (ROOT / target).exists(), target


@pytest.mark.slow
@pytest.mark.parametrize("snippet", SNIPPETS, ids=["load, train, export"])
def test_the_snippets_run(snippet, tmp_path):
    done = subprocess.run([sys.executable, "-c", snippet], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]


def test_commands_name_entries_that_exist():
    from kerasgan import zoo

    named = re.findall(r"kerasgan (?:train|generate|mix|translate|project|export|info) ([a-z0-9]+-[a-z0-9-]+)", README)
    assert named and set(named) <= set(zoo.names())
