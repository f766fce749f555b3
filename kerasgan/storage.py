"""Paths in other file systems, such as gs://bucket/run, through TensorFlow's own layer of them (`tf.io.gfile`).

What is made lies on this machine first and is sent when it is complete; what is read is fetched first. Exports, run
folders, files of weights and folders of data may lie elsewhere; all other paths are of this machine: `local` says so.
"""

import contextlib
import hashlib
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = [
    "absolute",
    "address",
    "cache_directory",
    "fetch",
    "here",
    "is_remote",
    "local",
    "names",
    "send",
    "snapshot",
    "staged",
]

Name = str | os.PathLike[str]
SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/+")  # of two letters at least, as C:/ is a drive; pathlib halves a //


def is_remote(path: Name) -> bool:
    """Whether a path begins with a scheme, such as gs://."""
    return SCHEME.match(os.fspath(path)) is not None


def address(path: Name) -> str:
    """A path as its file system takes it: remote ones with two slashes, also where pathlib has halved them."""
    return SCHEME.sub(r"\1://", os.fspath(path), count=1) if is_remote(path) else os.fspath(path)


def local(path: Name) -> Path:
    """A path of this machine. Raises ValueError for a remote one, of which pathlib would make a folder named gs:."""
    if is_remote(path):
        raise ValueError(f"Expected a local path. Received: {address(path)!r}")
    return Path(path)


def absolute(path: Name) -> str:
    """A path that means the same from everywhere."""
    return address(path) if is_remote(path) else str(Path(path).expanduser().resolve())


def names(path: Name) -> list[str] | None:
    """What is in a folder; nothing if it does not exist, None if it is a file.

    Raises:
        OSError: if a remote file system does not answer.
        ValueError: for a file system that TensorFlow does not know.
    """
    if not is_remote(path):
        folder = Path(path)
        return sorted(os.listdir(folder)) if folder.is_dir() else None if folder.exists() else []
    with _asking(path) as gfile:
        if not gfile.exists(address(path)):
            return []
        inside = gfile.isdir(address(path))
        return sorted(name.rstrip("/") for name in gfile.listdir(address(path))) if inside else None


def cache_directory() -> Path:
    """Where downloads are kept: `checkpoints` in $KERASGAN_HOME, else in the user's own cache folder."""
    chosen = os.environ.get("KERASGAN_HOME")
    if chosen:
        return Path(chosen).expanduser() / "checkpoints"
    if sys.platform == "win32":
        parent = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    elif sys.platform == "darwin":
        parent = Path.home() / "Library" / "Caches"
    else:
        parent = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return parent / "kerasgan" / "checkpoints"


def here(path: Name) -> Path:
    """The path itself, or of a remote file or folder a copy that is kept in the cache and only brought up to date."""
    if not is_remote(path):
        return Path(path).expanduser()
    key = hashlib.sha256(address(path).encode()).hexdigest()[:16]
    last = [part for part in address(path).split("/") if part][-2:]  # a recipe is named after its folder
    copy = cache_directory().with_name("remote").joinpath(key, *(part.replace(":", "") for part in last))
    if not fetch(path, copy):
        raise FileNotFoundError(f"Expected a file or a folder. Received: {address(path)!r}, which does not exist")
    return copy


def fetch(source: Name, target: Path) -> bool:
    """Makes a copy of a remote file, or of the visible files in a folder and below, up to date; False if there is none.

    Raises:
        OSError: if it cannot be read.
        ValueError: for a file system that TensorFlow does not know.
    """
    root = address(source).rstrip("/")
    with _asking(source) as gfile:
        if not gfile.exists(root):
            return False
        copies = {target / name: _join(root, name) for name in _below(gfile, root)}
        for copy, file in copies.items():
            there = gfile.stat(file)
            if copy.is_file() and (copy.stat().st_size, copy.stat().st_mtime_ns) == (there.length, there.mtime_nsec):
                continue
            copy.parent.mkdir(parents=True, exist_ok=True)
            partial = copy.with_name(f".{copy.name}.partial")
            gfile.copy(file, os.fspath(partial), overwrite=True)
            os.utime(partial, ns=(there.mtime_nsec, there.mtime_nsec))
            partial.replace(copy)
    for gone in {path for path in target.rglob("*") if path.is_file()} - copies.keys():
        gone.unlink()
    return bool(copies)


def snapshot(source: Path) -> dict[str, Any]:
    """The visible files in a folder and below, or a file as ".", by name, with what tells whether they change."""
    files = sorted(path for path in source.rglob("*") if path.is_file()) if source.is_dir() else [source]
    files = [path for path in files if not any(part.startswith(".") for part in path.relative_to(source).parts)]
    states = ((path, path.stat()) for path in files if path.exists())
    return {path.relative_to(source).as_posix(): (state.st_mtime_ns, state.st_size) for path, state in states}


def send(source: Path, target: Name, *, sent: dict[str, Any] | None = None) -> None:
    """Copies a file, or the visible files in a folder and below it, to a remote path.

    Args:
        source: on this machine.
        target: of the file or folder itself.
        sent: the `snapshot` that was sent before: files that are as they were are not sent again, and those that are
            gone go there, too. It is brought up to date.

    Raises:
        OSError: if it cannot be written.
        ValueError: for a file system that TensorFlow does not know.
    """
    root, before = address(target).rstrip("/"), {} if sent is None else sent
    now = snapshot(source)
    with _asking(target) as gfile:
        for name, state in now.items():
            if before.get(name) != state:
                copy = _join(root, name)
                gfile.makedirs(copy.rpartition("/")[0])
                gfile.copy(os.fspath(source / name), f"{copy}.partial", overwrite=True)
                gfile.rename(f"{copy}.partial", copy, overwrite=True)  # nobody sees half a file
        for name in before.keys() - now.keys():
            gfile.remove(_join(root, name))
    before.clear()
    before.update(now)


@contextlib.contextmanager
def staged(target: Name) -> Iterator[Path]:
    """A path on this machine, whose file or folder takes the place of a remote one when the block succeeds."""
    root = address(target).rstrip("/")
    with _asking(root) as gfile:  # also to learn whether its file system answers, before the work
        earlier = dict.fromkeys(_below(gfile, root) if gfile.exists(root) else ())
    with tempfile.TemporaryDirectory() as folder:
        temporary = Path(folder, root.rpartition("/")[2])
        yield temporary
        send(temporary, root, sent=earlier)


def _below(gfile: Any, root: str) -> list[str]:
    """The names of the visible files in a remote folder and below, or "." of a file."""
    if not gfile.isdir(root):
        return ["."]
    found = ((place, name) for place, _, files in gfile.walk(root) for name in files if not name.startswith("."))
    return [f"{place.rstrip('/')}/{name}".removeprefix(f"{root}/") for place, name in found]


def _join(root: str, name: str) -> str:
    return root if name == "." else f"{root}/{name}"


@contextlib.contextmanager
def _asking(path: Name) -> Iterator[Any]:
    """`tf.io.gfile`, whose errors become Python's."""
    import tensorflow as tf

    scheme = address(path).partition(":")[0]
    known = [each for each in tf.io.gfile.get_registered_schemes() if each not in ("", "file")]
    if scheme not in known:  # TensorFlow would make a local folder of that name
        expected = f"Expected a path of this machine, or in a file system that TensorFlow knows: {', '.join(known)}"
        raise ValueError(f"{expected}; tensorflow-io brings others. Received: {address(path)!r}")
    try:
        yield tf.io.gfile
    except tf.errors.OpError as error:
        raise OSError(f"Expected to reach {address(path)}. Received: {error.message}") from error
