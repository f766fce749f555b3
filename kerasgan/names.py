"""Names that users type: found whatever their case, and refused with the nearest known ones."""

import difflib
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

__all__ = ["advised", "find", "made", "resolve", "similar"]

LISTED = 30  # known names that an error lists where none is similar


def find(name: Any, known: Iterable[str]) -> str | None:
    """The known name that is `name`, else the one that differs only in case, or in hyphens for underscores; or None."""
    if not isinstance(name, str):
        return None
    several = list(known)
    return name if name in several else next((each for each in several if _plain(each) == _plain(name)), None)


def resolve(
    name: Any, known: Iterable[str], *, expected: str, received: str, nearest: int = 3, base: str | None = None
) -> str:
    """The known name that `find` finds.

    Args:
        name: what the user wrote.
        known: the known names.
        expected: what they are names of, for the error: "an objective".
        received: the error's end: "objective='hing'".
        nearest: how many similar names the error lists; where none is similar, it lists the first 30 known ones.
        base: the class of objects that may be given instead, for the error about what is neither a name nor a class.

    Raises:
        ValueError: for an unknown name, with the nearest known ones.
    """
    several = list(known)
    found = find(name, several)
    if found is None:
        listed = ", ".join(similar(name, several, most=nearest) or several[:LISTED])
        if len(several) > LISTED and not similar(name, several):
            listed += f", ... ({len(several)} in all)"
        if isinstance(name, type):
            listed += f", or an object, {name.__name__}(...)"
        elif base is not None and not isinstance(name, str):
            listed += f", or an object of a subclass of {base}"
        raise ValueError(f"Expected {expected} such as {listed}. Received: {received}")
    return found


def similar(name: Any, known: Iterable[str], *, most: int = 3) -> list[str]:
    """The known names most like one that is not known."""
    plain = {_plain(each): each for each in known}
    return [plain[each] for each in difflib.get_close_matches(_plain(str(name)), plain, n=most, cutoff=0.4)]


def advised(error: TypeError, known: Iterable[str]) -> TypeError:
    """Python's error about an unexpected argument, with the known one that is most like it, if there is any."""
    unknown = re.search(r"unexpected keyword argument '(\w+)'", str(error))
    near = similar(unknown[1], known, most=1) if unknown else []
    return TypeError(f"{error}. Did you mean '{near[0]}'?") if near and "Did you mean" not in str(error) else error


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
