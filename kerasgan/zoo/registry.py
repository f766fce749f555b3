"""The entries of the zoo by name.

An entry is a folder with a recipe.toml; the folders are part of the wheel, and beside the package in a checkout.
Reading recipes needs neither Keras nor a backend, so that listing them is instant.
"""

from pathlib import Path

import kerasgan
from kerasgan.names import find, resolve
from kerasgan.zoo.recipe import Recipe, read

__all__ = ["names", "recipe"]


def _root() -> Path:
    installed = Path(kerasgan.__file__).with_name("_zoo")
    return installed if installed.is_dir() else Path(kerasgan.__file__).parent.with_name("zoo")


def names(family: str | None = None, pretrained: bool | None = None) -> list[str]:
    """The entries' names, sorted; only those of a family, or only those with (without) trained weights."""
    found = sorted(path.parent.name for path in _root().glob("*/recipe.toml"))
    if family is not None:
        found = [name for name in found if find(family, [recipe(name).family])]
    if pretrained is not None:
        found = [name for name in found if recipe(name).pretrained == pretrained]
    return found


def recipe(name: str | Path) -> Recipe:
    """The recipe of an entry, or of a recipe.toml of your own.

    Raises:
        ValueError: for an unknown name (lists the nearest ones), or an unknown, missing or misplaced key (with the
            file).
        FileNotFoundError: for the path of a .toml file that does not exist.
    """
    path = Path(name)
    if path.suffix != ".toml":
        path = _root() / str(name) / "recipe.toml"
        if not path.is_file() or path.parent.parent != _root():
            received = f"name={str(name)!r}"
            found = resolve(str(name), names(), expected="the name of a zoo entry,", received=received)
            path = _root() / found / "recipe.toml"
    if not path.is_file():
        raise FileNotFoundError(f"Expected a recipe file. Received: {path}, which does not exist.")
    return read(path)
