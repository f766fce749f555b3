"""The files of the repository's `export/`: the page, and the programs that use exported files without kerasgan."""

from pathlib import Path

import kerasgan

__all__ = ["material"]


def material(name: str) -> Path:
    """A folder of `export/`: in the installed package, or in the checkout that it is used from."""
    package = Path(kerasgan.__file__).parent
    installed = package / "_export"
    return (installed if installed.is_dir() else package.parent / "export") / name
