"""The page as files that also a double click opens.

A page opened from a disk may load scripts and nothing else, so that whatever is no script travels in one, as base64.
"""

import base64
import json
import shutil
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from kerasgan.export.material import material
from kerasgan.export.page import runtime

__all__ = ["FACTS", "OWN", "model_in", "source", "write"]

INDEX, FACTS = "index.html", "facts.js"
OWN = (INDEX, "*.js", "*.css")  # patterns of the names of all its files
CONNECTIONS = "connect-src 'none'"  # in the page's own policy


def write(folder: Path, about: Mapping[str, Any], models: Mapping[str, bytes]) -> None:
    """Writes a new folder whose index.html draws with the models.

    Args:
        folder: to be made.
        about: what `gather` returned; without an address for ONNX Runtime Web, its files are written, too.
        models: ONNX files under the names that the facts give their networks.

    Raises:
        RuntimeFilesError: if ONNX Runtime Web cannot be had.
    """
    vendored = about["runtime"]["address"] is None
    shutil.copytree(source(), folder, ignore=shutil.ignore_patterns("*.gif", "*.png", "*.md"))
    for name, content in {**(runtime.vendored() if vendored else {}), **models}.items():
        text = base64.b64encode(content).decode()
        (folder / f"{name}.js").write_text(_before(name) + text + AFTER, encoding="ascii")
    (folder / FACTS).write_text(f"const facts = {json.dumps(about)};\n", encoding="utf-8")
    index = folder / INDEX
    text = index.read_text(encoding="utf-8").replace("<title>kerasgan", f"<title>{escape(about['title'])} · kerasgan")
    if not vendored:
        text = text.replace(CONNECTIONS, f"connect-src {runtime.ADDRESS}")
    index.write_text(text, encoding="utf-8")


def model_in(folder: Path) -> bytes:
    """The ONNX file that a page of one network draws with."""
    (script,) = folder.glob("*.onnx.js")
    text = script.read_text(encoding="ascii")
    return base64.b64decode(text.removeprefix(_before(script.stem)).removesuffix(AFTER), validate=True)


AFTER = '";\n'


def _before(name: str) -> str:
    return f'embedded["{name}"] = "'


def source() -> Path:
    """The folder of the page."""
    return material("web")
