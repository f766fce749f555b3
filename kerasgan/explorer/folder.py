"""The explorer's folder: the page, the model and the facts about it, as files that also a double click opens.

A page opened from a disk may load scripts and nothing else, so that whatever is no script travels in one, as base64.
"""

import base64
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from kerasgan.explorer import facts, runtime
from kerasgan.export import onnx
from kerasgan.export.writing import place
from kerasgan.gan import GAN

__all__ = ["write"]

INDEX, FACTS = "index.html", "facts.js"
CONNECTIONS = "connect-src 'none'"  # in the page's own policy


def write(
    gan: GAN,
    directory: str | os.PathLike,
    *,
    entry: str | None = None,
    licence: str | None = None,
    directions: int = 8,
    examples: Any = None,
    vendor: bool = False,
) -> Path:
    """Writes a folder whose index.html explores a generator, or what a translator makes of pictures.

    Args:
        gan: the model; its moving-average generator is shown where there is one.
        directory: of the folder; an earlier explorer there is replaced.
        entry: the zoo's name of the weights, for the page's title and the model's metadata.
        licence: of the weights, likewise.
        directions: how many of the directions along which the images change most get a slider, see
            `kerasgan.exploration.sensitive_directions`; 0 for none, which spares large models the search.
        examples: (inputs, targets) that a translator's page offers, each (count, height, width, channels) in [-1, 1].
        vendor: also write ONNX Runtime Web, so that the page needs no network at all. It is taken from a cache, or once
            from npm. Otherwise the page loads the same files, pinned by their hashes, from jsDelivr.

    Returns:
        The folder.

    Raises:
        ExportError: if the ONNX file differs from Keras; nothing is written.
        RuntimeFilesError: if ONNX Runtime Web cannot be had; nothing is written.
        ValueError: if `gan` is not a GAN, or the folder holds something else.
    """
    if not isinstance(gan, GAN):
        raise ValueError(f"Expected a kerasgan.GAN. Received: gan={gan!r}")
    target = Path(directory)
    _check(target)
    carried = runtime.vendored() if vendor else {}
    about = facts.gather(gan, entry=entry, licence=licence, directions=directions, examples=examples)
    about["runtime"] = runtime.describe(vendored=vendor)
    with place(target) as temporary:
        shutil.copytree(page(), temporary, ignore=shutil.ignore_patterns("*.png", "*.md"))
        for name, content in carried.items():
            _embed(temporary, name, content)
        for network in about["networks"]:
            options = {"entry": entry, "licence": licence, "direction": network["direction"]}
            if about.get("truncation") == "input":
                options["truncation"] = "input"
            _embed(temporary, network["file"], _model(gan, options))
        (temporary / FACTS).write_text(f"const facts = {json.dumps(about)};\n", encoding="utf-8")
        _finish(temporary / INDEX, about, vendor=vendor)
    return target


def page() -> Path:
    """The folder of the page: in the installed package, or in the checkout that it is used from."""
    package = Path(__file__).parent.parent
    installed = package / "_web"
    return installed if installed.is_dir() else package.parent / "export" / "web"


def _check(target: Path) -> None:
    if target.exists() and not target.is_dir():
        raise ValueError(f"Expected the path of a folder. Received a file: directory={str(target)!r}")
    earlier = (target / INDEX).is_file() and (target / FACTS).is_file()
    if target.exists() and any(target.iterdir()) and not earlier:
        raise ValueError(f"Expected a new or empty folder, or an explorer to replace. Received: {str(target)!r}")


def _model(gan: GAN, options: Mapping[str, Any]) -> bytes:
    with tempfile.TemporaryDirectory(prefix="kerasgan-explorer-") as folder:
        return onnx(gan, Path(folder, "model.onnx"), **options).read_bytes()


def _embed(folder: Path, name: str, content: bytes) -> None:
    text = base64.b64encode(content).decode()
    (folder / f"{name}.js").write_text(f'embedded["{name}"] = "{text}";\n', encoding="ascii")


def _finish(index: Path, about: Mapping[str, Any], *, vendor: bool) -> None:
    """Puts the title into the page, and the addresses that it may connect to: none, or the runtime's."""
    text = index.read_text(encoding="utf-8").replace("<title>kerasgan", f"<title>{escape(about['name'])} · kerasgan")
    if not vendor:
        text = text.replace(CONNECTIONS, f"connect-src {runtime.ADDRESS}")
    index.write_text(text, encoding="utf-8")
