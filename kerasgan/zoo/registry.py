"""The entries of the zoo by name.

An entry is a folder with a recipe.toml; the folders are part of the wheel, and beside the package in a checkout. A team
has its own in folders that the variable KERASGAN_ZOO names, such as KERASGAN_ZOO=/team/zoo: they are found beside them.
Reading recipes needs neither Keras nor a backend, so that listing them is instant.
"""

import os
from pathlib import Path

import kerasgan
from kerasgan.files.text import warn
from kerasgan.names import find, resolve
from kerasgan.zoo.recipe import Recipe, read

__all__ = ["names", "recipe", "recipes"]

# Names of former entries, whose successors do the same better or on more data
RETIRED = {
    "srgan-photos-x4": "srgan-landscapes-x4",
    "deconv-photos": "deconv-landscapes",
    "deconv-photos-content": "deconv-landscapes-content",
    "sngan-digits": "sngan-fashion-mnist",
    "srresnet-photos-x4": "srresnet-landscapes-x4",
    "wgan-gp-digits": "wgan-gp-fashion-mnist",
}


def _root() -> Path:
    installed = Path(kerasgan.__file__).with_name("_zoo")
    return installed if installed.is_dir() else Path(kerasgan.__file__).parent.with_name("zoo")


def _entries() -> dict[str, Path]:
    """The recipes of all entries by name, sorted."""
    found: dict[str, Path] = {}
    for root in (_root(), *_own_roots()):
        for path in root.glob("*/recipe.toml"):
            if path.parent.name in found:
                expected = "Expected entries of other names in the folders of KERASGAN_ZOO"
                raise ValueError(f"{expected}. Received: {path}, beside {found[path.parent.name]}")
            found[path.parent.name] = path
    return dict(sorted(found.items()))


def _own_roots() -> list[Path]:
    """The folders of KERASGAN_ZOO, several of them separated as in PATH."""
    several = dict.fromkeys(filter(None, os.environ.get("KERASGAN_ZOO", "").split(os.pathsep)))
    roots = [Path(each).expanduser() for each in several]
    for root in roots:
        if not root.is_dir():
            raise FileNotFoundError(
                f"Expected KERASGAN_ZOO to name folders of entries. Received: {root}, which is none"
            )
    return roots


def names(family: str | None = None, pretrained: bool | None = None) -> list[str]:
    """The entries' names, sorted; only those of a family, or only those with (without) trained weights."""
    if family is None and pretrained is None:
        return [*_entries()]
    return [each.name for each in recipes(family, pretrained)]


def recipes(family: str | None = None, pretrained: bool | None = None) -> list[Recipe]:
    """The recipes of `names`, each read once."""
    found = [read(path) for path in _entries().values()]
    if family is not None:
        found = [each for each in found if find(family, [each.family])]
    return found if pretrained is None else [each for each in found if each.pretrained == pretrained]


def recipe(name: str | Path) -> Recipe:
    """The recipe of an entry, or of a recipe.toml of your own.

    Raises:
        ValueError: for an unknown name (lists the nearest ones), or an unknown, missing or misplaced key (with the
            file).
        FileNotFoundError: for the path of a .toml file that does not exist.
    """
    path = Path(name)
    if path.suffix != ".toml":
        entries, received = _entries(), f"name={str(name)!r}"
        if str(name) not in entries and (successor := RETIRED.get(str(name))):
            warn(f"{name} is retired; {successor} takes its place.", stacklevel=2)
            name = successor
        if str(name) not in entries and (len(path.parts) > 1 or path.suffix or path.is_dir()):
            expected = "Expected the name of a zoo entry (kerasgan list), a recipe.toml, or a run folder"
            found = "which is a file" if path.is_file() else "which does not exist"
            found = "which holds no recipe.toml" if path.is_dir() else found
            raise ValueError(f"{expected}. Received: name={str(name)!r}, {found}")
        path = entries[resolve(str(name), entries, expected="the name of a zoo entry,", received=received)]
    if not path.is_file():
        raise FileNotFoundError(f"Expected a recipe file. Received: {path}, which does not exist.")
    return read(path)
