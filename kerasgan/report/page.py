"""The page around a report: HTML and its style, light or dark as the reader's screen; it loads nothing."""

import base64
import io
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from PIL import Image

from kerasgan.files import pictures
from kerasgan.report.rendering import Markup, part, render

__all__ = ["COLORS", "document", "figure", "note", "paragraph", "picture", "picture_file", "section", "table"]

# name: light, dark. Text has at least 4.5:1 on its background, curves 3:1 (tests/test_report.py computes it).
COLORS = {
    "back": ("#ffffff", "#14171c"),
    "text": ("#1b1f24", "#e6e9ee"),
    "soft": ("#59626e", "#9aa5b3"),
    "rule": ("#dfe3e8", "#2c333d"),
    "card": ("#f5f7f9", "#1c2128"),
    "line-0": ("#1a5fb4", "#74b0ff"),
    "line-1": ("#b4400f", "#ff9d66"),
    "line-2": ("#2b7a3d", "#6fcf86"),
    "line-3": ("#7a3fa8", "#c79bf2"),
    "line-4": ("#8a6100", "#e0b64a"),
    "line-5": ("#a0246b", "#f48cc0"),
    "good": ("#dcf3e1", "#173d22"),
    "bad": ("#fbe0da", "#4a1d14"),
    "open": ("#e9ecf0", "#2a313a"),
}


def document(title: str, body: Markup) -> Markup:
    """The whole file. Its content security policy forbids loading anything from outside."""
    schemes = [{name: pair[index] for name, pair in COLORS.items()} for index in range(2)]
    return render("report.html", title=title, body=body, schemes=schemes)


def section(heading: str, *content: str) -> Markup:
    """A heading and its content."""
    return part("section", heading, "-".join(re.findall(r"[a-z]+", heading.lower())), content)


def figure(content: Markup, caption: str) -> Markup:
    """A chart or picture with its caption."""
    return part("figure", content, caption)


def note(text: str) -> Markup:
    """A sentence in place of missing content; text in backticks becomes code."""
    return part("note", text)


def paragraph(text: str) -> Markup:
    """A sentence; text in backticks becomes code."""
    return part("paragraph", text)


def picture(image: Image.Image, alt: str) -> Markup:
    """An image element with the PNG embedded."""
    written = io.BytesIO()
    image.save(written, format="PNG", optimize=True)
    return _element(written.getvalue(), alt, image.size)


def picture_file(path: Path, alt: str) -> Markup:
    """Likewise for a PNG file, as it is."""
    with pictures.opened(path) as found:
        size = found.size
    return _element(path.read_bytes(), alt, size)


def _element(png: bytes, alt: str, size: tuple[int, int]) -> Markup:
    return part("image", base64.b64encode(png).decode(), alt, size)


def table(caption: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> Markup:
    """A table; the first cell of a row is its heading, the others are aligned as numbers if they are numbers."""
    return part("table", caption, header, list(rows))
