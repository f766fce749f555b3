"""The page around a report: HTML and its style, light or dark as the reader's screen, and nothing to load."""

import base64
import io
import re
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from PIL import Image

__all__ = ["COLORS", "document", "figure", "note", "picture", "picture_file", "section", "table"]

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

STYLE = """
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 60rem; padding: 1.5rem 1rem 4rem; background: var(--back); color: var(--text);
  font: 1rem/1.55 system-ui, sans-serif }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .3rem }
h2 { font-size: 1.2rem; margin: 2.6rem 0 .6rem; padding-top: .8rem; border-top: 1px solid var(--rule) }
p { margin: .5rem 0 } .soft, figcaption { color: var(--soft); font-size: .9rem }
figure { margin: 1rem 0; overflow-x: auto }
figure > img { display: block; max-width: 100%; height: auto; border-radius: 4px }
svg { display: block; width: 100%; min-width: 30rem; height: auto; font: 12px system-ui, sans-serif }
svg text { fill: var(--soft) } svg .band-name { fill: var(--text); dominant-baseline: central }
.rule { stroke: var(--rule) } .axis { stroke: var(--soft) }
.threshold { stroke: var(--soft); stroke-dasharray: 5 4 }
.line { fill: none; stroke-width: 1.6; stroke-linejoin: round }
.faint { stroke-opacity: .35; stroke-width: 1 }
.hit { fill: transparent } .hit:hover { fill: var(--soft); fill-opacity: .15 }
.key { display: inline-block; margin-right: 1rem } .swatch { display: inline-block; width: 1.1rem; height: .3rem;
  margin-right: .4rem; vertical-align: middle; border-radius: 2px }
.band { stroke: var(--back) } .chip { display: inline-block; padding: .1rem .7rem; border-radius: 1rem }
.good { background: var(--good); fill: var(--good) } .bad { background: var(--bad); fill: var(--bad) }
.open { background: var(--open); fill: var(--open) }
.wide { overflow-x: auto } table { border-collapse: collapse; font-size: .92rem }
caption { text-align: left; color: var(--soft); padding-bottom: .3rem }
th, td { text-align: left; padding: .3rem 1.2rem .3rem 0; border-bottom: 1px solid var(--rule); vertical-align: top }
td { overflow-wrap: anywhere } td.number { font-variant-numeric: tabular-nums; white-space: nowrap }
code { background: var(--card); padding: .1rem .35rem; border-radius: 4px; overflow-wrap: anywhere }
.note { background: var(--card); border-radius: 6px; padding: .6rem .9rem }
"""


def _palette(index: int) -> str:
    return " ".join(f"--{name}: {pair[index]};" for name, pair in COLORS.items())


def _style() -> str:
    scheme = f":root {{ color-scheme: light dark; {_palette(0)} }}\n"
    dark = f"@media (prefers-color-scheme: dark) {{ :root {{ {_palette(1)} }} }}\n"
    lines = [f".line-{i} {{ stroke: var(--line-{i}) }} .fill-{i} {{ background: var(--line-{i}) }}" for i in range(6)]
    return scheme + dark + STYLE + "\n".join(lines)


def document(title: str, body: str) -> str:
    """The whole file. Its own policy forbids it to load anything but what it holds."""
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{_style()}\n</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def section(heading: str, *content: str) -> str:
    """A heading and what belongs to it."""
    name = "-".join(re.findall(r"[a-z]+", heading.lower()))
    return (
        f'<section aria-labelledby="{name}">\n<h2 id="{name}">{escape(heading)}</h2>\n{"".join(content)}\n</section>\n'
    )


def figure(content: str, caption: str) -> str:
    """A chart or picture with its caption, which is HTML."""
    return f"<figure>{content}<figcaption>{caption}</figcaption></figure>"


def note(text: str) -> str:
    """A sentence in place of what is missing; text in backticks becomes code."""
    parts = escape(text).split("`")
    marked = "".join(f"<code>{part}</code>" if index % 2 else part for index, part in enumerate(parts))
    return f'<p class="note">{marked}</p>'


def picture(image: Image.Image, alt: str) -> str:
    """An image element that holds its PNG."""
    written = io.BytesIO()
    image.save(written, format="PNG", optimize=True)
    return _element(written.getvalue(), alt, image.size)


def picture_file(path: Path, alt: str) -> str:
    """Likewise, of a PNG as it is."""
    with Image.open(path) as opened:
        size = opened.size
    return _element(path.read_bytes(), alt, size)


def _element(png: bytes, alt: str, size: tuple[int, int]) -> str:
    data = base64.b64encode(png).decode()
    return f'<img src="data:image/png;base64,{data}" alt="{escape(alt)}" width="{size[0]}" height="{size[1]}">'


def table(caption: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; a row's first cell is its heading, the others are aligned as numbers where they are some."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in header)
    body = ""
    for first, *cells in rows:
        body += f'<tr><th scope="row">{escape(first)}</th>'
        for cell in cells:
            kind = ' class="number"' if cell[:1] in set("-0123456789") else ""
            body += f"<td{kind}>{escape(cell)}</td>"
        body += "</tr>"
    top = f"<thead><tr>{head}</tr></thead>" if header else ""
    return f'<div class="wide"><table><caption>{escape(caption)}</caption>{top}<tbody>{body}</tbody></table></div>'
