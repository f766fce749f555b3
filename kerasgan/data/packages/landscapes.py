"""The landscape photographs of the game Endless Sky, 720 x 360 pixels, each with its license.

Debian's `endless-sky-data` holds them, and a copyright file of fixed form (DEP 5) that says whose each is. They can be
read from where the package is installed, from a folder that it was unpacked into, or straight from the .deb.
"""

import dataclasses
import fnmatch
import io
import os
import re
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from kerasgan.data.decoding import colored
from kerasgan.files.pictures import opened

__all__ = ["HOW_TO_BRING", "Landscape", "licenses", "members", "read"]

HOW_TO_BRING = """\
Bring them by one of
    apt install endless-sky-data
    apt download endless-sky-data   # then give the .deb"""
PICTURES = "usr/share/games/endless-sky/images/land/"
COPYRIGHT = "usr/share/doc/endless-sky-data/copyright"
MAGIC = b"!<arch>\n"
NAMED = ("NASA", "USGS")  # whose works are free by law, and not by what a collection says of its uploads


@dataclasses.dataclass(frozen=True)
class Landscape:
    """A photograph.

    Attributes:
        name: of its file, without the ending.
        license: such as "CC-BY-SA-4.0" or "public-domain".
        author: who is to be named.
        read: gives the file's bytes.
    """

    name: str
    license: str
    author: str
    read: Callable[[], bytes] = dataclasses.field(repr=False, compare=False)

    @property
    def strict(self) -> bool:
        """Whether it is by a named author under Creative Commons, or of NASA or the USGS.

        The others come from collections (unsplash.com, morgue-file.com) whose terms have changed since, with nobody
        named: train on them if you like, but show and publish these.
        """
        return self.license.startswith("CC-BY") or (self.license == "public-domain" and self.author in NAMED)

    def pixels(self, channels: int = 3) -> np.ndarray:
        """uint8 (height, width, channels)."""
        with opened(io.BytesIO(self.read())) as picture:
            return np.asarray(colored(picture, channels)).reshape(picture.height, picture.width, channels)


def read(path: str | os.PathLike[str], *, strict: bool = False) -> list[Landscape]:
    """The photographs, sorted by name.

    Args:
        path: a .deb of `endless-sky-data`, or the folder that it is installed or unpacked into.
        strict: whether to take only those that `Landscape.strict` is true of.

    Raises:
        FileNotFoundError: if there are none, with the commands that bring them.
        ValueError: for a file that is no such .deb, or one that cannot be read.
    """
    path = Path(path)
    files = _of_folder(path) if path.is_dir() else _of_deb(path) if path.is_file() else {}
    if COPYRIGHT not in files or len(files) < 2:
        expected = f"Expected photographs in {PICTURES} and {COPYRIGHT}"
        raise FileNotFoundError(f"{expected}. Received: {path}, without them\n{HOW_TO_BRING}")
    known = licenses(files.pop(COPYRIGHT)().decode("utf-8"))
    found = []
    for name in sorted(files):
        license, author = known(name.removeprefix("usr/share/games/endless-sky/"))
        found.append(Landscape(Path(name).stem, license, author, files[name]))
    return [each for each in found if each.strict or not strict]


def licenses(text: str) -> Callable[[str], tuple[str, str]]:
    """What a Debian copyright file says of a path: (license, author), by the last paragraph whose patterns match."""
    paragraphs = []
    for paragraph in text.split("\n\n"):
        fields = dict(re.findall(r"^([A-Za-z-]+):[ \t]*((?:.*)(?:\n[ \t].*)*)", paragraph, re.MULTILINE))
        if "Files" in fields and "License" in fields:
            author = " ".join(fields.get("Copyright", "unknown").split())
            paragraphs.append((fields["Files"].split(), fields["License"].split("\n")[0].strip(), author))

    def of(path: str) -> tuple[str, str]:
        for patterns, license, author in reversed(paragraphs):
            if any(fnmatch.fnmatchcase(path, pattern.replace("[", "[[]")) for pattern in patterns):
                return license, author
        return "unknown", "unknown"

    return of


def _wanted(name: str) -> bool:
    return name == COPYRIGHT or (name.startswith(PICTURES) and name.endswith((".jpg", ".png")))


def _of_folder(root: Path) -> dict[str, Callable[[], bytes]]:
    paths = [root / COPYRIGHT, *(root / PICTURES).glob("*")]
    names = {path.relative_to(root).as_posix(): path for path in paths if path.is_file()}
    return {name: path.read_bytes for name, path in names.items() if _wanted(name)}


def _of_deb(path: Path) -> dict[str, Callable[[], bytes]]:
    """The wanted files of a .deb, read at once: its archive is compressed as a whole."""
    packed = {name: content for name, content in members(path) if name.startswith("data.tar")}
    if not packed:
        raise ValueError(f"Expected a Debian package, with an archive data.tar. Received: {path}")
    name, content = packed.popitem()
    found: dict[str, Callable[[], bytes]] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            for member in archive:
                file = archive.extractfile(member) if _wanted(member.name.removeprefix("./")) else None
                if file is not None:
                    kept = io.BytesIO(file.read())
                    found[member.name.removeprefix("./")] = kept.getvalue
    except (tarfile.TarError, EOFError, OSError) as error:
        how = f"dpkg-deb -x {path.name} FOLDER unpacks it, then give FOLDER"
        raise ValueError(f"Expected an archive that Python can read. Received: {name} ({error}); {how}") from error
    return found


def members(path: str | os.PathLike[str]) -> Iterator[tuple[str, bytes]]:
    """Names and contents of the files in an ar archive, such as a .deb.

    Raises:
        ValueError: if it is none, or ends too early.
    """
    with open(path, "rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise ValueError(f"Expected an ar archive, such as a .deb. Received: {path}")
        while header := file.read(60):
            size = header[48:58].strip()
            if len(header) < 60 or not size.isdigit():
                raise ValueError(f"Expected whole members of an ar archive. Received: {header!r} in {path}")
            content = file.read(int(size))
            if len(content) < int(size):
                raise ValueError(f"Expected {int(size)} bytes of a member. Received: {len(content)} in {path}")
            yield header[:16].decode("ascii", "replace").strip().rstrip("/"), content
            file.read(int(size) % 2)  # padding
