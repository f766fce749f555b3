"""Noto Color Emoji as arrays: from npm's emoji-datasource packages, or from a font file.

npm's `emoji-datasource-google` holds them as 64 x 64 pixels with alpha (`img/google/64`), and what they are in
`emoji.json`; `emoji-datasource-twitter` holds Twitter's pictures under the same names. A font whose colors are bitmaps
(CBDT), such as Debian's `fonts-noto-color-emoji`, has one strike, of 109 pixels to the em.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
from PIL import Image, ImageDraw, ImageFont, features

from kerasgan.data.decoding import colored, decode
from kerasgan.data.packages import emoji_table

__all__ = ["FONT", "LICENSES", "Emoji", "from_font", "from_npm", "how_to_bring"]

FONT = "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf"  # where Debian puts it
LICENSES = {"google": "Apache-2.0", "twitter": "CC BY 4.0", "font": "OFL-1.1"}
COMMANDS = """\
Bring them by
    npm install emoji-datasource-{publisher}@16.0.0   # or npm pack, and give the unpacked folder as path"""
FONT_COMMAND = "\nor\n    apt install fonts-noto-color-emoji"
STRIKE = 109  # pixels to the em of the only size that such a font has
GLYPH = 136, 128  # its pictures' width and height
NOBODY = "\U0010fffd"  # a private character that no font has a picture of


def how_to_bring(publisher: str = "google") -> str:
    """The commands that bring the pictures of a publisher."""
    return COMMANDS.format(publisher=publisher) + (FONT_COMMAND if publisher == "google" else "")


class Emoji(NamedTuple):
    """Pictures of emoji, and what they are.

    Attributes:
        images: uint8 (count, size, size, channels).
        labels: int32 (count,), the place of each one's category in `emoji_table.CATEGORIES`.
        codes: code points, as `emoji_table` writes them.
        subcategories: Unicode's, such as "face-smiling".
        license: of the pictures.
    """

    images: np.ndarray
    labels: np.ndarray
    codes: list[str]
    subcategories: list[str]
    license: str

    def chosen(self, *, split: str = "all", only: Sequence[str] = ()) -> Self:
        """Those of a split ("train", "test", "all") and of some groups, as `emoji_table.chosen` takes them."""
        named = [(emoji_table.CATEGORIES[label], each) for label, each in zip(self.labels, self.subcategories)]
        kept = emoji_table.chosen(self.codes, named, split=split, only=only)
        return self._replace(
            images=self.images[kept],
            labels=self.labels[kept],
            codes=[self.codes[i] for i in kept],
            subcategories=[self.subcategories[i] for i in kept],
        )


def from_npm(
    folder: str | os.PathLike[str], *, image_size: int = 64, channels: int = 3, skin_tones: bool = False
) -> Emoji:
    """The emoji of an unpacked npm package, `emoji-datasource-google` or another publisher's, in the order of Unicode.

    Args:
        folder: of the package: it holds emoji.json and img.
        image_size: of the arrays; the files have 64 pixels.
        channels: 1 gray, 3 RGB on white, 4 with alpha.
        skin_tones: whether to take those of every skin tone.

    Raises:
        FileNotFoundError: if the folder is not such a package, with the commands that bring one.
        ValueError: for a picture that cannot be read.
    """
    folder = Path(folder)
    found = sorted(folder.glob("img/*/64"))
    if not (folder / "emoji.json").is_file() or not found:
        expected = "Expected an unpacked npm package emoji-datasource-google, with emoji.json and img/google/64"
        raise FileNotFoundError(f"{expected}. Received: {folder}\n{how_to_bring()}")
    publisher = found[0].parent.name
    rows = []
    entries = json.loads((folder / "emoji.json").read_text(encoding="utf-8"))
    for entry in sorted(entries, key=lambda entry: entry["sort_order"]):
        if entry["category"] not in emoji_table.CATEGORIES:  # patches of the skin tones themselves
            continue
        variants = [entry, *(entry.get("skin_variations", {}).values() if skin_tones else ())]
        for each in variants:
            path = found[0] / each["image"]
            if each.get(f"has_img_{publisher}") and path.is_file():
                rows.append((path, each["unified"], entry["category"], entry["subcategory"]))
    size = (image_size, image_size)
    images = [decode(path, size=size, channels=channels, crop="stretch") for path, *_ in rows]
    return _gathered(images, [row[1:] for row in rows], (*size, channels), LICENSES.get(publisher, "unknown"))


def from_font(path: str | os.PathLike[str] = FONT, *, image_size: int = 64, channels: int = 3) -> Emoji:
    """The emoji of a font whose colors are bitmaps, those without skin tones, in the order of Unicode.

    Sequences that are one picture, such as flags and professions, take a Pillow with Raqm (its wheels have it on most
    systems); without it they are left out.

    Args:
        path: of the font.
        image_size: of the arrays; the font's pictures have up to 136 x 128 pixels and are laid on a square.
        channels: 1 gray, 3 RGB on white, 4 with alpha.

    Raises:
        FileNotFoundError: if there is no such font, with the commands that bring one.
        ValueError: for another kind of font.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"Expected a font with emoji. Received: {path}\n{how_to_bring()}")
    try:
        font = ImageFont.truetype(str(path), STRIKE)
    except OSError as error:
        expected = f"Expected a font with bitmaps of {STRIKE} pixels to the em"
        raise ValueError(f"{expected}, such as Noto Color Emoji. Received: {path} ({error})") from error
    nothing = _drawn(font, NOBODY)
    images, rows = [], []
    for code, names in emoji_table.groups().items():
        if "-" in code and not features.check("raqm"):
            continue
        picture = _drawn(font, "".join(chr(int(part, 16)) for part in code.split("-")))
        if picture is None or (nothing is not None and picture.tobytes() == nothing.tobytes()):
            continue
        picture = colored(picture, channels).resize((image_size, image_size), Image.Resampling.BICUBIC)
        images.append(np.asarray(picture).reshape(image_size, image_size, channels))
        rows.append((code, *names))
    if not images:
        raise ValueError(f"Expected a font with emoji, such as Noto Color Emoji. Received: {path} with none")
    return _gathered(images, rows, (image_size, image_size, channels), LICENSES["font"])


def _drawn(font: ImageFont.FreeTypeFont, text: str) -> Image.Image | None:
    """One emoji on a transparent square; None if the font has no picture for all of it, or draws it in pieces."""
    left, top, right, bottom = font.getbbox(text)
    width, height = GLYPH
    if not 0 < right - left <= width or not 0 < bottom - top <= height:
        return None
    square = Image.new("RGBA", (width, width))
    place = (width - right + left) / 2 - left, (width - bottom + top) / 2 - top
    ImageDraw.Draw(square).text(place, text, font=font, embedded_color=True)
    ink = square.getchannel("A").getbbox()
    if ink is None:
        return None
    # Most are as wide as high, and lie in the middle; npm's files have them without the margin, too.
    margin = (width - height) // 2
    whole = ink[0] < margin or ink[2] > width - margin
    return square if whole else square.crop((margin, margin, width - margin, width - margin))


def _gathered(
    images: list[np.ndarray], rows: Sequence[tuple[str, str, str]], shape: tuple[int, ...], license: str
) -> Emoji:
    return Emoji(
        np.stack(images) if images else np.empty((0, *shape), np.uint8),
        np.array([emoji_table.CATEGORIES.index(category) for _, category, _ in rows], np.int32),
        [emoji_table.plain(code) for code, _, _ in rows],
        [subcategory for _, _, subcategory in rows],
        license,
    )
