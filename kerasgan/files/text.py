"""Text of unknown origin, such as names in a file, made safe to print: it neither steers a terminal nor is markup."""

import re
import warnings

__all__ = ["in_markdown", "visible", "warn"]

# Control characters but line feed and tab; those that reorder or hide text on a screen; halves of a pair.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_MARKS = re.compile(r"([\\`*\[\]<>|])")


def visible(text: object) -> str:
    r"""The text with every character that a terminal obeys instead of showing it as an escape, such as \x1b."""
    return _UNSEEN.sub(lambda found: found.group().encode("unicode_escape").decode(), str(text))


def in_markdown(text: object) -> str:
    """The text as one line of Markdown that shows it as it is: no markup, no HTML, no end of a table's cell."""
    return _MARKS.sub(r"\\\1", " ".join(visible(text).split()))


def warn(message: str, category: type[Warning] = UserWarning, *, stacklevel: int = 1) -> None:
    """`warnings.warn`, of a message that names what is in a file, or a file, as `visible` shows it."""
    warnings.warn(visible(message), category, stacklevel=stacklevel + 1)
