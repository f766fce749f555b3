"""A web server for one folder, on loopback alone."""

import functools
import os
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["open_server", "serve"]

LOOPBACK = "127.0.0.1"


class _Handler(SimpleHTTPRequestHandler):
    """Serves files, and logs none of them."""

    def log_message(self, *arguments: Any) -> None:
        pass

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-cache")  # an explorer that is written again is another page
        self.send_header("X-Content-Type-Options", "nosniff")
        super().end_headers()


def open_server(directory: str | os.PathLike, *, port: int = 0) -> ThreadingHTTPServer:
    """A server of a folder at http://127.0.0.1:PORT/ that `serve_forever` starts; its port is `server_port`.

    Args:
        directory: what to serve.
        port: any free one if not given.

    Raises:
        OSError: if the port is taken.
    """
    handler = functools.partial(_Handler, directory=os.fspath(directory))
    return ThreadingHTTPServer((LOOPBACK, port), handler)


def serve(directory: str | os.PathLike, *, port: int = 0) -> None:
    """Serves a folder on loopback, prints its address, and returns when it is interrupted by Ctrl-C."""
    with open_server(directory, port=port) as server:
        print(f"http://{LOOPBACK}:{server.server_port}/ (Ctrl-C ends it)", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()
