"""The pictures below a folder as a list that a million paths fit into: their names in one text."""

import array
import collections
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from kerasgan.data.decoding import EXTENSIONS

__all__ = ["Paths", "found"]

PACKED = (".7z", ".bz2", ".gz", ".rar", ".tar", ".tgz", ".xz", ".zip")


class Paths(Sequence[Path]):
    """Paths below `root`, made when they are asked for."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._text, self._ends = bytearray(), array.array("q", [0])

    def append(self, name: str) -> None:
        """Adds a path, relative to the root."""
        self._text += os.fsencode(name)
        self._ends.append(len(self._text))

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        place = range(len(self))[index]
        return self.root / os.fsdecode(bytes(self._text[self._ends[place] : self._ends[place + 1]]))

    def folders(self) -> Iterator[str]:
        """For each path the first folder below the root in which it lies, or an empty text."""
        start = 0
        for end in self._ends[1:]:
            slash = self._text.find(b"/", start, end)
            yield os.fsdecode(bytes(self._text[start:slash])) if slash >= 0 else ""
            start = end


def found(root: Path) -> Paths:
    """The pictures below `root`, sorted by relative path. Raises an error that names what was found instead."""
    if not root.exists():
        raise FileNotFoundError(f"Expected a folder of pictures. Received: path={root}, which does not exist")
    if not root.is_dir():
        advice = ": unpack it first" if root.suffix.lower() in PACKED else ""
        raise NotADirectoryError(f"Expected a folder of pictures. Received: path={root}, which is a file{advice}")
    pictures, others = Paths(root), collections.Counter[str]()
    for name in _below(root, "", set()):
        ending = os.path.splitext(name)[1].lower()
        if ending in EXTENSIONS:
            pictures.append(name)
        else:
            others[ending or "no extension"] += 1
    if not pictures:
        seen = ", ".join(f"{count} x {suffix}" for suffix, count in others.most_common(5)) or "no files"
        raise ValueError(f"Expected pictures (.png, .jpg, .webp, ...) in a folder. Received: path={root} with {seen}")
    return pictures


def _below(root: Path, inside: str, visited: set[str]) -> Iterator[str]:
    """Relative paths of files that are not hidden, sorted; links to folders are followed, each folder once."""
    place = os.path.join(root, inside)
    if os.path.realpath(place) in visited:
        return
    visited.add(os.path.realpath(place))
    with os.scandir(place) as entries:
        several = sorted((each.name, each.is_dir()) for each in entries if not each.name.startswith("."))
    for name, is_folder in several:
        if not is_folder:
            yield inside + name
        elif not name.startswith("__MACOSX"):
            yield from _below(root, f"{inside}{name}/", visited)
