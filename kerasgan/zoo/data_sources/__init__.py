"""Where the images of a recipe come from: a file per source, which holds everything the package needs about it.

Importing them needs neither Keras nor a backend, so that listing the zoo is instant.
"""

import importlib
import pkgutil
import re

from kerasgan.zoo.data_sources.base import DataSource, Option, refuse_unknown

__all__ = ["DataSource", "Option", "folders", "for_task", "get", "names", "refuse_unknown"]


def _found() -> dict[str, DataSource]:
    """The sources of all files in this folder, sorted by name."""
    modules = [importlib.import_module(f"{__name__}.{each.name}") for each in pkgutil.iter_modules(__path__)]
    several = (
        value()
        for module in modules
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, DataSource) and value.__module__ == module.__name__
    )
    return {source.name: source for source in sorted(several, key=lambda each: each.name) if source.name}


_SOURCES = _found()


def names() -> list[str]:
    """The values that `source` in a recipe may have, sorted."""
    return [*_SOURCES]


def get(name: str) -> DataSource:
    """A source by its name.

    Raises:
        KeyError: for an unknown name.
    """
    return _SOURCES[name]


def for_task(task: str, path: str = "") -> DataSource:
    """The source that reads a folder, or shards, for models of a task, one of the values of `kerasgan.gan.Task`.

    Raises:
        ValueError: if none does.
    """
    for source in _SOURCES.values():
        if task == "image-generation" and source.endings and re.search(source.endings, path):
            return source
    for source in _SOURCES.values():
        if task in source.tasks:
            return source
    expected = ", ".join(each for source in _SOURCES.values() for each in source.tasks)
    raise ValueError(f"Expected a task of {expected}. Received: task={task!r}")


def folders() -> str:
    """What a user's own folder may hold, in words."""
    several = {source.holds for source in _SOURCES.values() if source.tasks}
    *first, last = sorted(several, key=lambda holds: (len(holds), holds))
    return f"{', '.join(first)} or {last}"
