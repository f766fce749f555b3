"""Recipe files: reading and writing recipe.toml so that its comments stay.

Reading needs neither Keras nor a backend, so that listing the zoo is instant.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kerasgan.files.paths import local, replacing

__all__ = ["table", "write_sections", "write_text"]


def table(values: Mapping[str, Any]) -> Any:
    """A section as tomlkit writes it: each of its values on one line, tables and lists among them too."""
    import tomlkit

    section = tomlkit.table()
    for key, value in values.items():
        section.add(key, _on_one_line(value))
    return section


def _on_one_line(value: Any) -> Any:
    import tomlkit

    if isinstance(value, Mapping):
        inline = tomlkit.inline_table()
        for key, item in value.items():
            inline.add(key, _on_one_line(item))
        return inline
    if isinstance(value, (list, tuple)):
        array = tomlkit.array()
        array.extend([_on_one_line(item) for item in value])
        return array
    return value


def write_text(text: str, path: str | os.PathLike[str]) -> Path:
    """Writes a file whole or not at all; returns its path."""
    path = local(path)
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")
    return path


def write_sections(path: str | os.PathLike[str], sections: Mapping[str, Mapping[str, Any]]) -> Path:
    """Replaces whole sections of a recipe.toml, at its end; its other lines and comments stay as they are."""
    import tomlkit

    document = tomlkit.parse(Path(path).read_text(encoding="utf-8"))
    for section in sections:
        document.pop(section, None)
    text = tomlkit.dumps(document).rstrip() + "\n"
    for section, values in sections.items():
        text += "\n" + tomlkit.dumps({section: table(values)})
    return write_text(text, path)
