"""WebDataset shards: tar files in which the members of an example follow each other under one name.

`0001.jpg`, `0001.cls` is a picture with its label; see https://github.com/webdataset/webdataset.
"""

import itertools
import json
import tarfile
from collections.abc import Iterator
from typing import Any

from kerasgan.data.decoding import EXTENSIONS
from kerasgan.data.shards.form import Entry, Example, ShardError, label_of

__all__ = ["WebDataset"]

LARGEST_LABEL = 2**20  # bytes of a .cls or .json


class WebDataset:
    """Reads the pictures of tar files; labels from `.cls`, or from the key `label` of `.json`."""

    def __init__(self, image_key: str | None, label_key: str | None, num_classes: int | None) -> None:
        self.endings = EXTENSIONS if image_key is None else {f".{image_key.lower().lstrip('.')}"}
        self.label_key, self.num_classes = label_key or "label", num_classes

    def entries(self, file: Any, name: str, size: int) -> Iterator[Entry]:
        for key, several in itertools.groupby(self._members(file, name, size), key=lambda member: _key(member.name)):
            members = list(several)
            picture = next((each for each in members if _ending(each.name) in self.endings), None)
            if picture is None:
                continue
            where = f"{key!r}, byte {picture.offset} of {name}"
            label = label_of(self._label(file, members, where), self.num_classes, where)
            yield Entry(picture.offset_data, picture.size, label)

    def _members(self, file: Any, name: str, size: int) -> Iterator[tarfile.TarInfo]:
        offset = 0
        try:
            file.seek(0)
            archive = tarfile.open(fileobj=file, mode="r:")  # noqa: SIM115
            while (member := archive.next()) is not None:
                archive.members.clear()  # type: ignore[attr-defined]  # it would keep all of them
                offset = member.offset
                if not 0 <= member.size <= size - member.offset_data:
                    expected = f"{member.size:,} bytes of {member.name!r}"
                    raise ShardError(
                        expected, f"byte {offset} of {name}", f"{size - member.offset_data:,}, the end of the file"
                    )
                if member.isreg() and member.sparse is None and not _hidden(member.name):
                    yield member
        except ShardError:
            raise
        except (tarfile.TarError, ValueError, OverflowError, MemoryError) as error:  # sizes of a hostile header
            raise ShardError("an uncompressed tar file", f"byte {offset} of {name}", str(error)) from error

    def _label(self, file: Any, members: list[tarfile.TarInfo], where: str) -> Any:
        if self.num_classes is None:
            return None
        for member in members:
            ending = _ending(member.name)
            if ending not in (".cls", ".json") or member.size > LARGEST_LABEL:
                continue
            file.seek(member.offset_data)
            text = file.read(member.size)
            try:
                if ending == ".cls":
                    return int(text)
                found = json.loads(text)
                if isinstance(found, dict) and self.label_key in found:
                    return found[self.label_key]
            except (ValueError, RecursionError) as error:
                raise ShardError(f"a whole number in {ending}", where, str(error)[:100]) from error
        return None

    def example(self, file: Any, name: str, entry: Entry) -> Example:
        where = f"byte {entry.offset} of {name}"
        file.seek(entry.offset)
        content = file.read(entry.length)
        if len(content) < entry.length:
            raise ShardError(f"a picture of {entry.length:,} bytes", where, f"{len(content):,}, the end of the file")
        return Example(content, entry.label, where)


def _key(path: str) -> str:
    """A member's path up to the first dot of its name, as WebDataset splits them."""
    folder, slash, name = path.rpartition("/")
    return folder + slash + name.partition(".")[0]


def _ending(path: str) -> str:
    return "." + path.rpartition("/")[2].rpartition(".")[2].lower()


def _hidden(path: str) -> bool:
    return path.rpartition("/")[2].startswith((".", "__MACOSX"))
