"""The one check that a number is one: NaN is neither above nor below a limit, so that no comparison refuses it."""

import math
from collections.abc import Mapping
from typing import Any

__all__ = ["refuse_nan"]


def refuse_nan(arguments: Mapping[str, Any]) -> None:
    """Raises ValueError that names the first of the arguments which is NaN, or has NaN inside a dict or a list."""
    for name, value in arguments.items():
        if _has_nan(value):
            raise ValueError(f"Expected a number, not NaN. Received: {name}={value!r}")


def _has_nan(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_has_nan, value.values()))
    if isinstance(value, list | tuple):
        return any(map(_has_nan, value))
    return hasattr(value, "__float__") and getattr(value, "shape", ()) == () and _is_nan(value)


def _is_nan(value: Any) -> bool:
    try:
        return math.isnan(float(value))
    except (TypeError, ValueError):  # what only looks like a number is for others to refuse
        return False
