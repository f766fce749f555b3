"""What to say of a checkpoint of no known architecture: the nearest families, and where it differs from them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from kerasgan.checkpoints.pickles import CheckpointError, shorten
from kerasgan.checkpoints.placement import Layout
from kerasgan.checkpoints.recognition import PUBLISHERS
from kerasgan.checkpoints.wrappers import views
from kerasgan.files.text import visible

__all__ = ["advice", "nearest", "network_of"]

SHOWN = 3  # families, and tensors of each kind


def nearest(contents: object, path: object, *, family: str | None = None) -> str:
    """The message: nearest families, the first tensors that do not fit, and the recipe to begin with.

    Families are compared by the names of their tensors, whose numbers do not count.
    """
    from kerasgan import models

    best: dict[str, tuple[float, str, list[str]]] = {}
    for publisher in PUBLISHERS:
        for name, layout in publisher.FAMILIES.items():
            if family not in (None, name) or name not in models.__all__:  # not the base of all
                continue
            share, lines = _compared(contents, _tensors(name, layout), layout)
            if share > best.get(name, (0.0,))[0]:
                best[name] = share, f"{name}, {publisher.NAME}'s ({layout.arguments})", lines
    ranked = sorted(best.values(), key=lambda each: -each[0])[:SHOWN]
    message = [f"Expected a checkpoint of a known architecture. Received: path={str(path)!r}"]
    if not ranked:
        found = ", ".join(shorten(name) for name in _names(next(views(contents)))[:SHOWN])
        message.append(f"  No family has tensors with such names: {found or 'no tensors'}")
        return "\n".join(visible(line) for line in message)
    for share, title, lines in ranked:
        message += [f"  Nearest: {title}; {share:.0%} of the names are alike", *lines]
    message.append(advice(ranked[0][1].partition(",")[0]))
    return "\n".join(visible(line) for line in message)


def advice(family: str, arguments: Mapping[str, Any] | None = None) -> str:
    """The recipe to write for a network that is nearly one of a family."""
    import tomlkit

    found = ", ".join(f"{key} = {tomlkit.item(value).as_string()}" for key, value in (arguments or {}).items())
    model = f'with family = "{family}" and its arguments in [model]' + (f": {found}" if found else "")
    begin = f"begin with one that `kerasgan list --family {family}` names"
    return f"  The recipe to write: a recipe.toml {model} ({begin}). Pass it: kerasgan convert FILE --entry recipe.toml"


def _compared(contents: object, tensors: Iterable[str], layout: Layout) -> tuple[float, list[str]]:
    """The share of names, of the file's and the family's, that both have, and the first ones that only one has."""
    theirs = {_pattern(name): name for name in tensors}
    best: tuple[float, list[str]] = (0.0, [])
    for view in views(contents):
        found = [name.removeprefix("generator_ema.").removeprefix("generator.") for name in _names(view)]
        spelled = {original: name for name, original in layout.spelling(found).items()} if theirs else {}
        names = {_pattern(spelled.get(name, name)): name for name in found}
        share = len(names.keys() & theirs.keys()) / max(1, len(names.keys() | theirs.keys()))
        if share > best[0]:
            more = [name for pattern, name in names.items() if pattern not in theirs][:SHOWN]
            fewer = [name for pattern, name in theirs.items() if pattern not in names][:SHOWN]
            lines = [f"    {shorten(name)}: the family has no such tensor" for name in more]
            best = share, [*lines, *(f"    {name}: missing in the file" for name in fewer)]
    return best


def _names(view: object) -> list[str]:
    if not isinstance(view, Mapping):
        return []
    return [name for name, value in view.items() if isinstance(name, str) and isinstance(value, np.ndarray)]


def _pattern(name: str) -> str:
    return re.sub(r"\d+", "#", name)


def _tensors(family: str, layout: Layout) -> list[str]:
    """The names of the tensors of the family's smallest published network."""
    from kerasgan import models
    from kerasgan.gan.policy import without_values

    kind = getattr(models, family)
    with without_values():
        gan = kind(**{**kind.tiny_config, **layout.published})
    try:
        return [place.tensor for place in layout.placements(network_of(gan))]
    except CheckpointError:
        return []


def network_of(gan: Any) -> Any:
    """The network of the first direction, of models with several, else the generator."""
    directions = getattr(gan, "directions", ())
    return gan.generator_parts.get(directions[0], gan.generator) if directions else gan.generator
