"""Whether there is a network, or a machine, found out in seconds: libraries try again for minutes without one."""

import queue
import socket
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Sequence

__all__ = ["answers", "reachable"]


def reachable(hosts: Sequence[str], *, port: int = 443, seconds: float = 5.0) -> bool:
    """Whether one of the hosts, or the proxy of the environment, accepts a connection within so many seconds."""
    proxy = urllib.parse.urlsplit(urllib.request.getproxies().get("https", ""))
    places = [(proxy.hostname, proxy.port or port)] if proxy.hostname else [(host, port) for host in hosts]
    answers: queue.Queue[bool] = queue.Queue()
    for place in places:  # threads, because looking a name up has no time limit of its own
        threading.Thread(target=_try, args=(place, seconds, answers), daemon=True).start()
    end = time.monotonic() + seconds
    for _ in places:
        try:
            if answers.get(timeout=max(0.0, end - time.monotonic())):
                return True
        except queue.Empty:
            return False
    return False


def _try(place: tuple[str, int], seconds: float, answers: "queue.Queue[bool]") -> None:
    try:
        socket.create_connection(place, timeout=seconds).close()
        answers.put(True)
    except OSError:
        answers.put(False)


def answers(address: str) -> bool:
    """Whether somebody listens at host:port."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except (OSError, ValueError):
        return False
    return True
