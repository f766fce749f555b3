"""The names of a class-conditional model's classes: those of the data that it was trained on, kept in its files."""

from collections.abc import Sequence
from typing import Any

__all__ = ["LONGEST", "adopt", "check"]

LONGEST = 200  # characters of a name


def check(names: Any, label_classes: int | None) -> tuple[str, ...] | None:
    """The names of the classes in the order of their labels, or None.

    Raises:
        ValueError: if they are not different texts, one for each class.
    """
    if names is None:
        return None
    if not _usable(names, label_classes):
        expected = f"Expected {label_classes or 'no'} different names of classes"
        raise ValueError(f"{expected}. Received: class_names={names!r}")
    return tuple(names)


def _usable(names: Any, label_classes: int | None) -> bool:
    """Whether they are different texts that can be shown, one for each class."""
    if not isinstance(names, (list, tuple)) or len(names) != label_classes:
        return False
    texts = [name for name in names if isinstance(name, str) and 0 < len(name) <= LONGEST and name.isprintable()]
    return len(set(texts)) == label_classes


def adopt(gan: Any, source: Any) -> None:
    """Names a model's classes as those of its training data, if that has names that are more than numbers.

    Raises:
        ValueError: if they are the names that the model knows, in another order, so that labels would be mistaken.
    """
    found: Sequence[str] | None = getattr(source, "class_names", None)
    if not _usable(found, gan.label_classes) or list(found or ()) == [str(label) for label in range(gan.label_classes)]:
        return
    names, known = tuple(found or ()), gan.class_names
    if known is not None and names != known and sorted(known) == sorted(names):
        expected = f"Expected the classes in the order that the model was trained with, {', '.join(known)}"
        raise ValueError(f"{expected}. Received: {', '.join(names)}")
    gan.class_names = names
