"""A web server for one folder, on loopback alone."""

import functools
import os
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["open_server", "serve"]

LOOPBACK = "127.0.0.1"


class _Handler(SimpleHTTPRequestHandler):
    """Serves the files of its folder, and logs none of them.

    A page of another site, whose name its owner lets point to this machine, could otherwise read the folder from a
    browser here (DNS rebinding): only requests that name the loopback address are answered.
    """

    def send_head(self) -> Any:
        name = self.headers.get("Host", "").rpartition(":")
        if (name[0] or name[2]) not in (LOOPBACK, "localhost"):
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST, "This server is for 127.0.0.1 and localhost alone")
            return None
        root = os.path.realpath(self.directory)
        if os.path.commonpath([root, os.path.realpath(self.translate_path(self.path))]) != root:
            self.send_error(HTTPStatus.NOT_FOUND, "File not found")  # behind a link out of the folder
            return None
        return super().send_head()

    def list_directory(self, path: Any) -> Any:
        self.send_error(HTTPStatus.NOT_FOUND, "No index.html")

    def log_message(self, *arguments: Any) -> None:
        pass

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-cache")  # an explorer that is written again is another page
        self.send_header("X-Content-Type-Options", "nosniff")
        super().end_headers()


def open_server(directory: str | os.PathLike, *, port: int = 0) -> ThreadingHTTPServer:
    """A server of a folder at http://127.0.0.1:PORT/ that `serve_forever` starts; its port is `server_port`.

    It answers requests for that address or localhost, and follows no links out of the folder.

    Args:
        directory: what to serve.
        port: any free one if not given.

    Raises:
        OSError: if the port is taken.
    """
    handler = functools.partial(_Handler, directory=os.fspath(directory))
    return ThreadingHTTPServer((LOOPBACK, port), handler)


def serve(directory: str | os.PathLike, *, port: int = 0) -> None:
    """Serves a folder to this machine alone, prints the address, and returns when it is interrupted by Ctrl-C.

    Arguments and errors are those of `open_server`.
    """
    with open_server(directory, port=port) as server:
        print(f"http://{LOOPBACK}:{server.server_port}/ (Ctrl-C ends it)", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()
