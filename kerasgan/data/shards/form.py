"""What the formats of shards have in common: an example, where it lies, and the errors about it."""

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

from kerasgan.files.text import visible

__all__ = ["Entry", "Example", "Form", "ShardError", "label_of"]


class ShardError(ValueError):
    """A shard that is damaged or holds something else; the message names the file, the byte and what was expected."""

    def __init__(self, expected: str, where: str, received: str) -> None:
        super().__init__(visible(f"Expected {expected} at {where}. Received: {received}"))


class Entry(NamedTuple):
    """Where an example lies in its shard: the bytes of its record or its picture, and the label if it is known."""

    offset: int
    length: int
    label: int | None = None


class Example(NamedTuple):
    """An encoded picture, its label or None, and the words for it in errors; raw pixels have a shape (CHW)."""

    content: bytes
    label: int | None
    where: str
    shape: tuple[int, ...] | None = None


class Form(Protocol):
    """How one format is read."""

    def entries(self, file: Any, name: str, size: int) -> Iterator[Entry]:
        """The examples of a shard in order, by its headers; the file may be read elsewhere meanwhile."""
        ...

    def example(self, file: Any, name: str, entry: Entry) -> Example:
        """One of them, read."""
        ...


def label_of(label: Any, num_classes: int | None, where: str) -> int | None:
    """A label as an int from 0 to `num_classes` - 1; None if there are to be none."""
    if num_classes is None:
        return None
    if not isinstance(label, int) or isinstance(label, bool) or not 0 <= label < num_classes:
        raise ShardError(f"a label from 0 to {num_classes - 1}", where, "none" if label is None else f"label={label!r}")
    return label
