"""Downloads a published file once, verifies its sha256 if its publisher states one, and keeps it in a cache.

pooch, which does the same, has no limit of size, compares whole digests where publishers state eight digits, and leaves
redirects to requests, which follows them to any kind of connection.
"""

import hashlib
import http.client
import os
import re
import socket
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import IO, Any

from kerasgan.files.paths import cache_directory

_CHUNK = 1 << 18
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_TEMPORARY = ".download-"
_STALE = 86400  # seconds


class DownloadError(OSError):
    """A file could not be downloaded; the message names the reason and where to put the file by hand.

    Args:
        reason: what went wrong.
        url: the URL.
        path: where the verified file belongs.
        sha256: its digest, or the beginning of it; None if none is known.
    """

    def __init__(self, reason: str, *, url: str, path: Path, sha256: str | None) -> None:
        self.reason, self.url, self.path, self.sha256 = reason, url, path, sha256
        condition = f" (its sha256 must begin with {sha256[:16]})" if sha256 else ""
        super().__init__(
            f"Expected to download {url}. Received: {reason}.\n"
            f"To provide the file by hand, put it at {path}{condition}, then run this again."
        )


def cached_path(url: str, *, sha256: str | None, directory: str | Path | None = None) -> Path:
    """Where the file of a URL is kept: under its own name, with the digest's first digits added if it lacks them.

    Without a digest, digits of the URL's hash are added.
    """
    name = PurePosixPath(urllib.parse.unquote(urllib.parse.urlsplit(url).path)).name
    name = re.sub(r"[^A-Za-z0-9._-]", "_", name).lstrip(".")[-150:] or "checkpoint"
    digits = (sha256 or hashlib.sha256(url.encode()).hexdigest()).lower()[:8]
    if digits not in name:
        stem, dot, ending = name.rpartition(".")
        name = f"{stem}-{digits}.{ending}" if dot and stem else f"{name}-{digits}"
    return (cache_directory() if directory is None else Path(directory).expanduser()) / name


def download(
    url: str,
    *,
    sha256: str | None,
    directory: str | Path | None = None,
    progress: Callable[[int, int | None], None] | None = None,
    timeout: float = 30.0,
    time_limit: float = 3600.0,
    size_limit: int = 2 << 30,
) -> Path:
    """Returns the path of a verified copy of the file at `url`; downloads it only if the cache has none.

    A cached file is hashed again on every call (about 0.2 s per 100 MB); if it is damaged, it is downloaded again. A
    failed download leaves nothing behind and never touches a good file. Without a digest a response counts as whole
    only if it states its length or ends by itself, and a file is bound to the digest that `pin` has recorded.

    Args:
        url: http or https; what begins as https stays it through all redirects.
        sha256: the digest, or its first digits (8 or more; so few protect against accidents, not against forgery). None
            accepts any content, until `pin` records a digest: only for publishers that state none.
        directory: the cache, `cache_directory()` if not given.
        progress: called with the number of bytes received, and the total or None if the server does not state it.
        timeout: seconds without a response after which the download fails.
        time_limit: seconds after which it fails in any case, even if a byte arrives now and then.
        size_limit: bytes.

    Raises:
        DownloadError: no route, no such file, timeout, truncated, too large, wrong digest, or a
            cache that cannot be written; the message says where to put the file by hand.
        ValueError: not an http or https URL, or not a sha256.
    """
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        raise ValueError(f"Expected an http or https URL. Received: url={url!r}")
    sha256 = None if sha256 is None else sha256.lower()
    if sha256 is not None and not re.fullmatch(r"[0-9a-f]{8,64}", sha256):
        raise ValueError(f"Expected 8 to 64 hexadecimal digits. Received: sha256={sha256!r}")
    path = cached_path(url, sha256=sha256, directory=directory)
    pinned = _pinned(path) if sha256 is None else None
    sha256 = sha256 or pinned
    found = _digest(path) if path.is_file() else None
    if found is not None and found.startswith(sha256 or ""):
        return path
    try:
        with _watch(time_limit) as watch:
            _fetch(url, path, sha256=sha256, progress=progress, timeout=timeout, size_limit=size_limit, watch=watch)
    except _Failure as failure:
        before = "" if found is None else f"; the file that is already there has another sha256, {found[:16]}..."
        if pinned:
            before += f"; {_pin_of(path)} holds the digest of the first load: delete it to accept another file"
        raise DownloadError(f"{failure}{before}", url=url, path=path, sha256=sha256) from failure.__cause__
    return path


def pin(path: Path) -> str:
    """Records the digest of a downloaded file that could be loaded and whose publisher states none; returns it.

    This is trust on first use: from then on `download` accepts no other content for the file's URL.
    """
    if (recorded := _pinned(path)) is not None:
        return recorded
    digest = _digest(path)
    with suppress(OSError):  # a cache that only others may write
        _pin_of(path).write_text(f"{digest}  {path.name}\n", encoding="ascii")  # as sha256sum writes and checks it
    return digest


def _pin_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _pinned(path: Path) -> str | None:
    try:
        digest = _pin_of(path).read_text(encoding="ascii")[:64]
    except (OSError, UnicodeDecodeError):
        return None
    return digest if re.fullmatch(r"[0-9a-f]{64}", digest) else None


class _Failure(Exception):
    """The reason for a failure, in words."""


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fetch(
    url: str,
    path: Path,
    *,
    sha256: str | None,
    progress: Callable[[int, int | None], None] | None,
    timeout: float,
    size_limit: int,
    watch: "_Watch",
) -> None:
    with _open(url, timeout, watch) as response:
        if response.status != 200:  # such as 206, a part of a file that nobody has asked for
            raise _Failure(f"the response {response.status} {response.reason} from the server")
        total = _declared_size(response)
        if sha256 is None and total is None and not getattr(response, "chunked", False):
            raise _Failure("a response that does not state its length, so that half a file would look like a whole one")
        if total is not None and total > size_limit:
            raise _Failure(f"a file of {total} bytes, more than the limit of {size_limit}")
        temporary = _temporary_file(path)
        try:
            with temporary:
                digest = _stream(
                    response, temporary.file, total=total, size_limit=size_limit, progress=progress, watch=watch
                )
            if not digest.startswith(sha256 or ""):
                raise _Failure(f"a file with the sha256 {digest}, not {sha256}")
            os.replace(temporary.name, path)
        except OSError as error:  # errors of the connection are `_Failure`s already
            raise _Failure(f"a disk that cannot be written: {error.strerror or error}") from error
        finally:
            with suppress(OSError):
                os.unlink(temporary.name)


class _Watch:
    """Shuts the connections of a download when its time is over, so that a read that waits on one returns."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.over = seconds, False
        self._sockets: list[socket.socket] = []

    def connection(self, kind: type[http.client.HTTPConnection]) -> Callable[..., http.client.HTTPConnection]:
        """A connection of the kind, whose socket is watched."""
        watched = self._sockets

        class Watched(kind):  # type: ignore[misc, valid-type]
            def connect(self) -> None:
                super().connect()
                watched.append(self.sock)

        return Watched

    def end(self) -> None:
        self.over = True
        for each in self._sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def check(self) -> None:
        if self.over:
            raise _Failure(f"no whole file within {self.seconds:g} seconds")


@contextmanager
def _watch(seconds: float) -> Iterator[_Watch]:
    watch = _Watch(seconds)
    timer = threading.Timer(min(seconds, threading.TIMEOUT_MAX), watch.end)
    timer.daemon = True
    timer.start()
    try:
        yield watch
    except _Failure:
        watch.check()  # the reason is the time, not the connection that was shut
        raise
    finally:
        timer.cancel()


class _Http(urllib.request.HTTPHandler):
    def __init__(self, watch: _Watch) -> None:
        super().__init__()
        self._kind: Any = watch.connection(http.client.HTTPConnection)

    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self._kind, request)


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, watch: _Watch) -> None:
        super().__init__()
        self._kind: Any = watch.connection(http.client.HTTPSConnection)

    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self._kind, request)


def _open(url: str, timeout: float, watch: _Watch) -> http.client.HTTPResponse:
    request = urllib.request.Request(url, headers={"Accept-Encoding": "identity", "User-Agent": "kerasgan"})
    opener = urllib.request.OpenerDirector()  # without the handlers of file: and ftp:, also after a redirect
    for handler in (
        urllib.request.ProxyHandler({} if urllib.parse.urlsplit(url).hostname in _LOOPBACK else None),
        _Http(watch),
        _Https(watch),
        _Redirects(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    try:
        return opener.open(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        error.close()
        raise _Failure(f"the response {error.code} {error.reason} from the server") from error
    except urllib.error.URLError as error:
        raise _Failure(f"no connection to the server: {error.reason}") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _Failure(f"no response from the server: {error or type(error).__name__}") from error


class _Redirects(urllib.request.HTTPRedirectHandler):
    max_redirections = 5
    max_repeats = 2

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        if req.type == "https" and urllib.parse.urlsplit(newurl).scheme != "https":
            raise _Failure(f"a redirect from https to {newurl[:200]!r}, which anybody on the way could forge")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _declared_size(response: http.client.HTTPResponse) -> int | None:
    declared = response.headers.get("Content-Length", "")
    return int(declared) if re.fullmatch(r"[0-9]{1,18}", declared) else None


def _temporary_file(path: Path) -> "tempfile._TemporaryFileWrapper[bytes]":
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path.parent)
        return tempfile.NamedTemporaryFile(dir=path.parent, prefix=_TEMPORARY, delete=False)
    except OSError as error:
        raise _Failure(f"a cache folder {path.parent} that cannot be written: {error.strerror or error}") from error


def _sweep(folder: Path) -> None:
    """Deletes what downloads have left that were killed: parts of files to which nobody has written for a day."""
    for part in folder.glob(f"{_TEMPORARY}*"):
        with suppress(OSError):
            if time.time() - part.stat().st_mtime > _STALE:
                part.unlink()


def _stream(
    response: http.client.HTTPResponse,
    target: IO[bytes],
    *,
    total: int | None,
    size_limit: int,
    progress: Callable[[int, int | None], None] | None,
    watch: _Watch,
) -> str:
    digest, received = hashlib.sha256(), 0
    while chunk := _receive(response, received):
        watch.check()
        received += len(chunk)
        if received > size_limit:
            raise _Failure(f"more than the limit of {size_limit} bytes")
        digest.update(chunk)
        target.write(chunk)
        if progress is not None:
            progress(received, total)
    watch.check()
    if total is not None and received != total:
        raise _Failure(f"a truncated file: {received} of {total} bytes")
    return digest.hexdigest()


def _receive(response: http.client.HTTPResponse, received: int) -> bytes:
    try:
        return response.read(_CHUNK)
    except (OSError, http.client.HTTPException) as error:
        raise _Failure(f"a truncated file: the connection broke after {received} bytes ({error!r})") from error
