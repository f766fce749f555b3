"""Names that users type: found whatever their case, and refused with the nearest known ones."""

import difflib
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

__all__ = ["find", "made", "resolve"]


def find(name: Any, known: Iterable[str]) -> str | None:
    """The known name that is `name`, else the one that differs only in case, or in hyphens for underscores; or None."""
    if not isinstance(name, str):
        return None
    several = list(known)
    return name if name in several else next((each for each in several if _plain(each) == _plain(name)), None)


def resolve(name: Any, known: Iterable[str], *, expected: str, received: str, nearest: int = 3) -> str:
    """The known name that `find` finds.

    Args:
        name: what the user wrote.
        known: the known names.
        expected: what they are names of, for the error: "an objective".
        received: the error's end: "objective='hing'".
        nearest: how many similar names the error lists; all names are listed where none is similar.

    Raises:
        ValueError: for an unknown name, with the nearest known ones.
    """
    several = list(known)
    found = find(name, several)
    if found is None:
        plain = {_plain(each): each for each in several}
        near = difflib.get_close_matches(_plain(str(name)), plain, n=nearest, cutoff=0.4)
        listed = ", ".join([plain[each] for each in near] or several)
        raise ValueError(f"Expected {expected} such as {listed}. Received: {received}")
    return found


def made(kind: Callable[..., Any], settings: Mapping[str, Any], *, received: str) -> Any:
    """`kind(**settings)`, of settings that users type.

    Raises:
        ValueError: for settings that it does not take, with those that it does and the error's end, `received`; and
            those of `kind` itself.
    """
    try:
        return kind(**settings)
    except (TypeError, ValueError) as error:
        if str(error).startswith("Expected "):
            raise
        known = [each.name for each in inspect.signature(kind).parameters.values() if each.kind is each.KEYWORD_ONLY]
        taken = f" ({', '.join(known)})" if known else ""
        name = getattr(kind, "__name__", str(kind))
        raise ValueError(f"Expected settings that {name} takes{taken}. Received: {received}: {error}") from error


def _plain(name: str) -> str:
    return name.casefold().replace("-", "_")
