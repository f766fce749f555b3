"""The names of a class-conditional model's classes: those of the data that it was trained on, kept in its files."""

from collections.abc import Sequence
from typing import Any

__all__ = ["LONGEST", "adopt", "check"]

LONGEST = 200  # characters of a name


def check(names: Any, num_classes: int | None) -> tuple[str, ...] | None:
    """The names of the classes in the order of their labels, or None.

    Raises:
        ValueError: if they are not different texts, one for each class.
    """
    if names is None:
        return None
    several = tuple(names) if isinstance(names, (list, tuple)) else ()
    texts = all(isinstance(name, str) and 0 < len(name) <= LONGEST and name.isprintable() for name in several)
    if not texts or len(set(several)) != len(several) or len(several) != num_classes:
        raise ValueError(f"Expected {num_classes or 'no'} different names of classes. Received: class_names={names!r}")
    return several


def adopt(gan: Any, source: Any) -> None:
    """Names a model's classes as those of its training data, if that has names that are more than numbers.

    Raises:
        ValueError: if they are the names that the model knows, in another order, so that labels would be mistaken.
    """
    found: Sequence[str] | None = getattr(source, "class_names", None)
    if not found or len(found) != gan.num_classes or list(found) == [str(label) for label in range(len(found))]:
        return
    names, known = check(list(found), gan.num_classes), gan.class_names
    if known is not None and names != known and sorted(known) == sorted(found):
        expected = f"Expected the classes in the order that the model was trained with, {', '.join(known)}"
        raise ValueError(f"{expected}. Received: {', '.join(found)}")
    gan.class_names = names
