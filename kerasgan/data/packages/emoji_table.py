"""Which emoji there are, in which group of Unicode each is, and which are held out together.

An emoji is known by its code points in capital hexadecimal digits, joined by "-", such as "1F468-200D-1F680": file
names have them so. U+FE0F, which asks for color and which some write and others do not, is left out.
"""

import difflib
import functools
import zlib
from collections.abc import Sequence
from importlib import resources

__all__ = ["CATEGORIES", "SPLITS", "base", "chosen", "group", "groups", "kin", "plain", "toned"]

CATEGORIES = (
    "Smileys & Emotion",
    "People & Body",
    "Animals & Nature",
    "Food & Drink",
    "Travel & Places",
    "Activities",
    "Objects",
    "Symbols",
    "Flags",
)
SPLITS = ("train", "test", "all")
HELD_OUT = 10  # one group of kin in so many
COLOR, JOINER, ARROW = "FE0F", "200D", "27A1"
TONES = frozenset({"1F3FB", "1F3FC", "1F3FD", "1F3FE", "1F3FF"})
GENDERS = frozenset({"2640", "2642"})
PEOPLE = frozenset({"1F468", "1F469", "1F9D1"})  # man, woman, person


@functools.cache
def groups() -> dict[str, tuple[str, str]]:
    """Of every emoji of Unicode 16 without a skin tone, in Unicode's order: its category and subcategory."""
    text = (resources.files("kerasgan.data.packages") / "emoji_groups.txt").read_text(encoding="utf-8")
    found: dict[str, tuple[str, str]] = {}
    for line in text.splitlines():
        names, codes = line.split(": ")
        category, subcategory = names.split(" / ")
        found |= {code: (category, subcategory) for code in codes.split()}
    return found


def plain(code: str) -> str:
    """Code points as this table writes them."""
    return "-".join(part for part in code.upper().split("-") if part != COLOR)


def toned(code: str) -> bool:
    """Whether it is somebody's or a hand with a skin tone, of which there are up to 25 of one emoji."""
    parts = code.upper().split("-")
    return len(parts) > 1 and not TONES.isdisjoint(parts)


def base(code: str) -> str:
    """The emoji without its skin tones."""
    parts = plain(code).split("-")
    return "-".join(part for part in parts if part not in TONES) or parts[0]


def group(code: str) -> tuple[str, str] | None:
    """(category, subcategory) of an emoji of any skin tone; None of one that Unicode 16 does not have."""
    return groups().get(plain(code)) or groups().get(base(code))


def kin(code: str) -> str:
    """What emoji that differ in skin tone, gender or direction alone have in common.

    They are nearly the same picture, so that whoever holds one of them out has to hold out the others.
    """
    parts = base(code).split("-")
    if len(parts) == 1:
        return "1F9D1" if parts[0] in PEOPLE else parts[0]
    left_out = GENDERS | {ARROW, JOINER}
    return "-".join("1F9D1" if part in PEOPLE else part for part in parts if part not in left_out)


def chosen(
    codes: Sequence[str], named: Sequence[tuple[str, str]], *, split: str = "all", only: Sequence[str] = ()
) -> list[int]:
    """The places of the emoji that belong to a split and to some of the groups.

    Args:
        codes: code points of the emoji.
        named: category and subcategory of each.
        split: "test", a tenth of all kin; "train", the others; "all".
        only: categories, subcategories, or beginnings of subcategories up to a "-", such as "face-"; all, if empty.

    Raises:
        ValueError: for another split, or a group that none of them is in.
    """
    if split not in SPLITS:
        raise ValueError(f"Expected split to be one of {', '.join(SPLITS)}. Received: split={split!r}")
    for name in only:
        if not any(_in(name, each) for each in named):
            known = sorted({part for each in named for part in each})
            near = difflib.get_close_matches(name, known, n=3, cutoff=0.3) or known
            raise ValueError(f"Expected groups of emoji such as {', '.join(near)}. Received: only={name!r}")
    kept = range(len(codes)) if not only else [i for i, each in enumerate(named) if any(_in(n, each) for n in only)]
    return [i for i in kept if split == "all" or _held_out(codes[i]) == (split == "test")]


def _in(name: str, group: tuple[str, str]) -> bool:
    return name in group or (name.endswith("-") and group[1].startswith(name))


def _held_out(code: str) -> bool:
    return zlib.crc32(kin(code).encode()) % HELD_OUT == 0
