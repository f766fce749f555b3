"""Holds on remote paths: one owner at a time, of an object that shows signs of life."""

import json
import os
import socket
import threading
import time
import uuid
from types import TracebackType
from typing import Any

from kerasgan.files import paths

__all__ = ["Lease"]


class Lease:
    """A hold on a remote path, an object there that its owner writes again three times in each `seconds`; for `with`.

    An owner that shows no sign of life for `seconds` has lost its hold to whoever waits that long for it; one on this
    machine whose process has ended, at once. The waiting ones compare what they see with what they saw before, not
    clocks.

    What it cannot do: stores of objects know no locks. Where they can create an object only if there is none (gs://,
    s3://), two that begin at the same time exclude each other; elsewhere the one that wrote last owns it, and the other
    finds out within `settling` seconds. An owner that is cut off, or stands still, for `seconds` may have lost its hold
    and learns of it at its next sign of life: `check` then raises. Whatever it sends before that is in the folder.

    Args:
        path: of the object, such as gs://bucket/run/.lock.
        seconds: without a sign of life, after which the owner counts as dead.
        settling: seconds in which the writes of others become visible.

    Raises:
        FileExistsError: on entering, if another one holds it.
        OSError: on entering, if the file system does not respond.
    """

    def __init__(self, path: paths.Name, *, seconds: float = 60.0, settling: float = 1.0):
        self.path, self.seconds, self.settling = path, seconds, settling
        self._own: dict[str, Any] = {
            "token": uuid.uuid4().hex,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "beat": 0,
        }
        self._ended, self._lost = threading.Event(), ""
        self._heart = threading.Thread(target=self._beat, daemon=True, name=f"lease of {paths.address(path)}")

    def __enter__(self) -> "Lease":
        found = self._found()
        if found is not None and not _has_ended(found):
            found = self._wait_for(found)
        if self._found() != found or not paths.write_bytes(self.path, self._content(), new=found is None):
            raise FileExistsError(self._refusal(self._found()))
        time.sleep(self.settling)  # of several that have found the same dead owner, the last to write owns it
        if (now := self._found()) is None or now["token"] != self._own["token"]:
            raise FileExistsError(self._refusal(now))
        self._heart.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._heart.join()
        try:
            if not self._lost and (self._found() or {}).get("token") == self._own["token"]:
                paths.remove(self.path)
        except OSError:  # it goes stale by itself
            pass

    def check(self) -> None:
        """Raises OSError if the hold is lost."""
        if self._lost:
            where = paths.address(self.path)
            raise OSError(f"Expected to hold {where} alone. Received: {self._lost}")

    def _wait_for(self, found: dict[str, Any]) -> dict[str, Any] | None:
        """What is there when its owner is dead, or has left (None); raises FileExistsError at a sign of life."""
        end = time.monotonic() + self.seconds
        while time.monotonic() < end:
            time.sleep(self.seconds / 30)
            now = self._found()
            if now is None:
                return None
            if now != found:
                raise FileExistsError(self._refusal(now))
        return found

    def _beat(self) -> None:
        seen = time.monotonic()
        while not self._ended.wait(self.seconds / 3):
            try:
                found = self._found()
                if found is None or found["token"] != self._own["token"]:
                    self._lost = f"one held by {_name(found)}" if found else "none: it was removed"
                    return
                self._own["beat"] = self._own["beat"] + 1
                paths.write_bytes(self.path, self._content())
                seen = time.monotonic()
            except OSError as error:
                if time.monotonic() - seen > self.seconds:
                    self._lost = f"no answer for {self.seconds:g} seconds: {error}"
                    return

    def _found(self) -> dict[str, Any] | None:
        content = paths.read_bytes(self.path)
        try:
            found = None if content is None else json.loads(content)
            return found if found is None or isinstance(found["token"], str) else None
        except (ValueError, TypeError, KeyError):  # none of ours
            return None

    def _content(self) -> bytes:
        return json.dumps(self._own).encode()

    def _refusal(self, found: dict[str, Any] | None) -> str:
        folder = paths.address(self.path).rpartition("/")[0]
        return f"Expected a run that no other training writes to. Received: {folder}, which {_name(found)} trains"


def _name(found: dict[str, Any] | None) -> str:
    return "another training" if found is None else f"process {found.get('pid')} on {found.get('host')}"


def _has_ended(found: dict[str, Any]) -> bool:
    """Whether it is a process of this machine that is no more."""
    if found.get("host") != socket.gethostname() or not isinstance(found.get("pid"), int) or os.name != "posix":
        return False
    try:
        os.kill(found["pid"], 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
