"""Paths in other file systems, such as gs://bucket/run, through fsspec, on every backend.

fsspec supports many of them, each with its own package (`pip install "kerasgan[gcs]"` for gs://). Files are written on
this machine first and uploaded when complete; files to be read are downloaded first. Exports, run folders, files of
weights and folders of data may be remote; all other paths must be local, which `local` checks.
"""

import contextlib
import ctypes
import glob
import hashlib
import math
import os
import re
import shutil
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
    "matching",
    "names",
    "put",
    "read_bytes",
    "reading",
    "remove",
    "replacing",
    "send",
    "snapshot",
    "staged",
    "sync",
    "write_bytes",
    "writing",
]

Name = str | os.PathLike[str]
SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/+")  # two letters or more, as C:/ is a drive; pathlib drops one slash


def is_remote(path: Name) -> bool:
    """Whether a path begins with a scheme, such as gs://."""
    return SCHEME.match(os.fspath(path)) is not None


def address(path: Name) -> str:
    """A path as its file system expects it: remote ones with two slashes, also if pathlib has dropped one."""
    return SCHEME.sub(r"\1://", os.fspath(path), count=1) if is_remote(path) else os.fspath(path)


def local(path: Name, *, folder: bool = False) -> Path:
    """A path on this machine. Raises ValueError for a remote one, or for a file in the place of a `folder`."""
    if is_remote(path):  # pathlib would turn it into a folder named gs:
        raise ValueError(f"Expected a local path. Received: {address(path)!r}")
    found = _given(path)
    for file in filter(Path.is_file, (found, *found.parents) if folder else ()):
        raise ValueError(f"Expected the path of a folder. Received: {found}, but {file} is a file")
    return found


def _given(path: Name) -> Path:
    """As `Path`, which would take an empty text for the working directory, and ~ for a folder of that name."""
    if os.fspath(path) == "":
        raise ValueError("Expected a path. Received: an empty text, ''")
    return Path(os.path.expanduser(path))


def absolute(path: Name) -> str:
    """A path that is valid from every working directory."""
    return address(path) if is_remote(path) else str(_given(path).resolve())


def names(path: Name) -> list[str] | None:
    """The names in a folder; an empty list if it does not exist, None if it is a file.

    Raises:
        OSError: if a remote file system does not respond.
        ValueError: for a file system that fsspec does not support.
    """
    if not is_remote(path):
        folder = Path(path)
        return sorted(os.listdir(folder)) if folder.is_dir() else None if folder.exists() else []
    with _file_system(path) as (files, root):
        if not files.exists(root):
            return []
        inside = files.isdir(root)
        return sorted(_last(name) for name in files.ls(root, detail=False)) if inside else None


RANGE = re.compile(r"\{(\d+)\.\.(\d+)\}")


def matching(pattern: Name) -> dict[str, int]:
    """The files that a pattern such as gs://bucket/train-*.tar or train-{000..099}.tar names, sorted, with their sizes.

    Raises:
        FileNotFoundError: if there are none.
        OSError: if a remote file system does not respond.
    """
    found: dict[str, int] = {}
    for each in _expanded(address(pattern)):
        if is_remote(each):
            with _file_system(each) as (files, root):
                listed = files.glob(root, detail=True) if glob.has_magic(root) else {root: files.info(root)}
                known = {files.unstrip_protocol(name): info for name, info in listed.items()}
                found |= {name: int(info["size"]) for name, info in known.items() if info["type"] == "file"}
        else:
            names = sorted(glob.glob(os.path.expanduser(each), recursive=True)) or [os.path.expanduser(each)]
            if not glob.has_magic(each) and not os.path.exists(names[0]):
                raise FileNotFoundError(f"Expected the files of {address(pattern)!r}. Received: no file {each!r}")
            found |= {name: os.path.getsize(name) for name in names if os.path.isfile(name)}
    if not found:
        raise FileNotFoundError(f"Expected files. Received: {address(pattern)!r}, which names none")
    return dict(sorted(found.items()))


def _expanded(pattern: str) -> list[str]:
    """The names that {000..099} stands for."""
    place = RANGE.search(pattern)
    if place is None:
        return [pattern]
    first, last = place[1], place[2]
    count = math.prod(max(0, int(last) - int(first) + 1) for first, last in RANGE.findall(pattern))
    if not 0 < count <= 1_000_000:
        raise ValueError(f"Expected a range such as {{000..099}}, of a million names at most. Received: {pattern!r}")
    numbers = (f"{number:0{len(first)}}" for number in range(int(first), int(last) + 1))
    return [each for number in numbers for each in _expanded(RANGE.sub(number, pattern, count=1))]


@contextlib.contextmanager
def reading(path: Name) -> Iterator[Any]:
    """A file of this machine or a remote one, open for reading bytes, which are fetched as they are read."""
    if not is_remote(path):
        with open(path, "rb") as file:
            yield file
        return
    with _file_system(path) as (files, root):
        opened = files.open(root, "rb")
    with opened:
        yield opened


def sync(path: Path) -> None:
    """Waits until a file, or the entries of a folder, are on the disk and not only in the system's memory."""
    if path.is_dir() and os.name != "posix":  # Windows cannot open folders
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A name beside a file, for the new content that replaces it, whole and on the disk, when the block succeeds.

    The name has the file's ending, by which some writers choose the format.

    Raises:
        OSError: if it cannot be written, on a full disk say; it names the file, which stays as it was.
    """
    partial = path.with_name(f".partial.{path.name}")
    try:
        with writing(path):
            yield partial
            sync(partial)
            os.replace(partial, path)
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Within, an OSError names the file that could not be written; those of a full disk name none."""
    try:
        yield
    except OSError as error:
        raise OSError(f"Expected to write {path}. Received: {error.strerror or error}") from error


def put(new: Path, target: Path) -> None:
    """Moves a file or a folder to `target`, in the place of what is there: whenever it ends, one of the two is there.

    Both must lie on one disk. Only where the system cannot exchange two folders (Linux and macOS can), an end by force
    between two renames leaves the old one beside it, as .NAME.earlier.
    """
    if not target.is_dir():  # os.replace replaces files, but no folder with content
        os.replace(new, target)
        return
    if _exchanged(new, target):
        shutil.rmtree(new)
        return
    earlier = target.with_name(f".{target.name}.earlier")
    try:
        target.rename(earlier)
        os.replace(new, target)
    except BaseException:  # Ctrl-C, too
        if earlier.exists() and not target.exists():
            earlier.rename(target)
        raise
    shutil.rmtree(earlier)


def _exchanged(one: Path, other: Path) -> bool:
    """Exchanges two names in one operation; False where the system or the disk's format cannot."""
    if sys.platform == "win32":
        return False
    libc, names = ctypes.CDLL(None), (os.fsencode(one.absolute()), os.fsencode(other.absolute()))
    here, swap = -100, 2  # AT_FDCWD; RENAME_EXCHANGE on Linux, RENAME_SWAP on macOS
    if sys.platform == "linux" and hasattr(libc, "renameat2"):
        return libc.renameat2(here, names[0], here, names[1], swap) == 0
    if sys.platform == "darwin" and hasattr(libc, "renamex_np"):
        return libc.renamex_np(*names, swap) == 0
    return False


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
    """A local path: the path itself, or an up-to-date copy of a remote file or folder in the cache."""
    if not is_remote(path):
        return _given(path)
    key = hashlib.sha256(address(path).encode()).hexdigest()[:16]
    last = [part for part in address(path).split("/") if part][-2:]  # a recipe is named after its folder
    copy = cache_directory().with_name("remote").joinpath(key, *(part.replace(":", "") for part in last))
    if not fetch(path, copy):
        raise FileNotFoundError(f"Expected a file or a folder. Received: {address(path)!r}, which does not exist")
    return copy


def fetch(source: Name, target: Path) -> bool:
    """Updates a local copy of a remote file, or of the visible files in a folder and below; False if there is none.

    Raises:
        OSError: if it cannot be read.
        ValueError: for a file system that fsspec does not support.
    """
    with _file_system(source) as (files, root):
        if not files.exists(root):
            return False
        copies = {target / name: _join(root, name) for name in _below(files, root)}
        for copy, file in copies.items():
            state = files.size(file), _changed(files, file)
            if copy.is_file() and (copy.stat().st_size, copy.stat().st_mtime_ns) == state:
                continue
            copy.parent.mkdir(parents=True, exist_ok=True)
            partial = copy.with_name(f".{copy.name}.partial")
            files.get_file(file, os.fspath(partial))
            if state[1] is not None:
                os.utime(partial, ns=(state[1], state[1]))
            partial.replace(copy)
    for gone in {path for path in target.rglob("*") if path.is_file()} - copies.keys():
        gone.unlink()
    return bool(copies)


def snapshot(source: Path) -> dict[str, Any]:
    """The visible files in a folder and below, or a file as ".", with values that show whether they changed."""
    files = sorted(path for path in source.rglob("*") if path.is_file()) if source.is_dir() else [source]
    files = [path for path in files if not any(part.startswith(".") for part in path.relative_to(source).parts)]
    states = ((path, path.stat()) for path in files if path.exists())
    return {path.relative_to(source).as_posix(): (state.st_mtime_ns, state.st_size) for path, state in states}


def send(source: Path, target: Name, *, sent: dict[str, Any] | None = None) -> None:
    """Copies a file, or the visible files in a folder and below it, to a remote path.

    Args:
        source: a path on this machine.
        target: the path of the file or folder itself.
        sent: the `snapshot` that was sent before: unchanged files are not sent again, and deleted ones are deleted in
            the target, too. It is updated.

    Raises:
        OSError: if it cannot be written.
        ValueError: for a file system that fsspec does not support.
    """
    before, now = {} if sent is None else sent, snapshot(source)
    with _file_system(target) as (files, root):
        for name, state in now.items():
            if before.get(name) != state:
                copy = _join(root, name)
                files.makedirs(copy.rpartition("/")[0], exist_ok=True)
                files.put_file(os.fspath(source / name), f"{copy}.partial")
                files.mv(f"{copy}.partial", copy)  # so that nobody reads half a file
        for name in before.keys() - now.keys():
            files.rm_file(_join(root, name))
    before.clear()
    before.update(now)


def read_bytes(path: Name) -> bytes | None:
    """What is in a remote file; None if there is none. Raises OSError if its file system does not respond."""
    with _file_system(path) as (files, file):
        try:
            return files.cat_file(file)
        except FileNotFoundError:
            return None


def write_bytes(path: Name, content: bytes, *, new: bool = False) -> bool:
    """Writes a remote file; if it must be `new` and is there already, it stays, and False is returned.

    Raises:
        OSError: if it cannot be written.
    """
    with _file_system(path) as (files, file):
        files.makedirs(file.rpartition("/")[0], exist_ok=True)
        try:
            files.pipe_file(file, content, **({"mode": "create"} if new else {}))
        except FileExistsError:
            return False
    return True


def remove(path: Name) -> None:
    """Removes a remote file. Raises OSError if it cannot be removed."""
    with _file_system(path) as (files, file):
        files.rm_file(file)


@contextlib.contextmanager
def staged(target: Name) -> Iterator[Path]:
    """A path on this machine, whose file or folder replaces a remote one when the block succeeds."""
    with _file_system(target) as (files, root):  # also checks that its file system responds, before the work
        earlier = dict.fromkeys(_below(files, root) if files.exists(root) else ())
    with tempfile.TemporaryDirectory() as folder:
        temporary = Path(folder, _last(root))
        yield temporary
        send(temporary, target, sent=earlier)


def _below(files: Any, root: str) -> list[str]:
    """The names of the visible files in a remote folder and below, or "." of a file."""
    if not files.isdir(root):
        return ["."]
    found = (name.removeprefix(f"{root}/") for name in files.find(root))
    return [name for name in found if not any(part.startswith(".") for part in name.split("/"))]


def _changed(files: Any, file: str) -> int | None:
    """When a remote file was last changed, in nanoseconds; None if its file system does not record it."""
    try:
        return round(files.modified(file).timestamp() * 1e6) * 1000
    except NotImplementedError:
        return None


def _last(name: str) -> str:
    return name.rstrip("/").rpartition("/")[2]


def _join(root: str, name: str) -> str:
    return root if name == "." else f"{root}/{name}"


@contextlib.contextmanager
def _file_system(path: Name) -> Iterator[tuple[Any, str]]:
    """The file system of a remote path, and the path in its own form; its errors are raised as Python's."""
    import fsspec

    where, scheme = address(path), address(path).partition(":")[0]
    if scheme in ("http", "https") or scheme not in fsspec.available_protocols():
        expected = (
            "Expected a path on this machine, or in a file system that fsspec supports, such as gs://, s3:// or hf://"
        )
        raise ValueError(f"{expected}. Received: {where!r}")
    try:
        files, root = fsspec.url_to_fs(where)
        files.invalidate_cache()  # others may have written to it
        yield files, root.rstrip("/")
    except ImportError as error:
        install = {"gs": "kerasgan[gcs]", "gcs": "kerasgan[gcs]", "s3": "s3fs"}.get(scheme)
        advice = f'pip install "{install}"' if install else str(error)
        raise ImportError(f"{scheme}:// needs another package: {advice}. Received: {where!r}") from error
    except Exception as error:  # each file system raises its own
        message = str(error).partition("\n")[0] or type(error).__name__
        raise OSError(f"Cannot reach {where}: {message}") from error
