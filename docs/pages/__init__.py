"""Pages that are derived from the package, a fast kernel for those that are executed, and equations as MathML."""

import os
import re
from pathlib import Path
from typing import Any

from sphinx.errors import ExtensionError

from pages import api, commands, families, gallery, kernel, mathml, recipes, scores

WRITERS = (api, commands, families, gallery, recipes, scores)


def setup(app: Any) -> dict[str, Any]:
    app.connect("builder-inited", prepare)
    app.connect("autodoc-process-docstring", api.as_rest)
    app.connect("autodoc-process-signature", api.signature)
    app.connect("build-finished", refuse_other_servers)
    app.add_html_math_renderer("mathml", (mathml.inline, None), (mathml.block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def write(app: Any) -> None:
    """Writes what has changed, so that Sphinx reads nothing twice, and removes pages whose subject is gone."""
    written = {}
    for writer in WRITERS:
        written |= {Path(app.srcdir, name): text for name, text in writer.pages().items()}
    for path, text in written.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
    for folder in {path.parent for path in written if path.parent.name in ("api", "families")}:
        for path in set(folder.glob("*.md")) - written.keys():
            path.unlink()


def prepare(app: Any) -> None:
    """Writes the pages while the process is starting from which the kernels of executed pages are forked."""
    forks = app.config.nb_execution_mode != "off" and hasattr(os, "fork")
    wait, end = kernel.start() if forks else (None, None)
    write(app)
    if wait and end:
        app.connect("build-finished", lambda app, error: end())
        wait()


LOADED = re.compile(r"<(?:script|img|iframe|source|link)\b[^>]*(?:src|href)=[\"']((?:https?:)?//[^\"']+)")


def refuse_other_servers(app: Any, error: Exception | None) -> None:
    """Raises ExtensionError if a page loads something from another server: reading the site needs no network."""
    if error is not None or app.builder.format != "html":
        return
    for path in Path(app.outdir).rglob("*.html"):
        if found := LOADED.findall(path.read_text(encoding="utf-8")):
            raise ExtensionError(f"Expected files of the site alone. Received: {path.name} loads {', '.join(found)}")
