"""Writing recipe.toml files: values as TOML, and whole sections replaced while comments stay."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["toml", "write_sections", "write_text"]


def toml(value: Any) -> str:
    """A number, text, truth value, list or mapping as TOML writes it on one line."""
    if isinstance(value, Mapping):
        keys = [key if key.isidentifier() and key.isascii() else json.dumps(key) for key in value]
        return "{ " + ", ".join(f"{key} = {toml(item)}" for key, item in zip(keys, value.values())) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, (bool, str)):
        return json.dumps(value, ensure_ascii=False)  # TOML's strings and booleans are written as JSON's
    return repr(value)


def write_text(text: str, path: str | os.PathLike[str]) -> Path:
    """Writes a file whole or not at all; returns its path."""
    path = Path(path)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    return partial.replace(path)


def write_sections(path: str | os.PathLike[str], sections: Mapping[str, Mapping[str, Any]]) -> Path:
    """Replaces whole sections of a recipe.toml, at its end; its other lines and comments stay as they are."""
    blocks = Path(path).read_text(encoding="utf-8").split("\n[")
    kept = [block for block in blocks if not any(block.startswith(f"{section}]") for section in sections)]
    text = "\n[".join(kept).rstrip() + "\n"
    for section, values in sections.items():
        lines = [f"{key} = {toml(value)}" for key, value in values.items()]
        text += f"\n[{section}]\n" + "\n".join(lines) + "\n"
    return write_text(text, path)
