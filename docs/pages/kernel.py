"""A Jupyter kernel that is forked from a process which has imported Keras already: a page starts in a moment.

`start` runs that process and makes the kernel known to Jupyter in this process' environment. Each page has a process of
its own, as with any kernel.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

NAME = "kerasgan-docs"
SOCKET = "KERASGAN_DOCS_KERNELS"
READY = b"ready\n"


def start() -> tuple[Callable[[], None], Callable[[], None]]:
    """Starts the process from which kernels are forked; returns what waits until it can, and what ends it."""
    folder = tempfile.TemporaryDirectory(prefix="kerasgan-docs-")
    address = os.path.join(folder.name, "socket")
    spec = Path(folder.name, "kernels", NAME, "kernel.json")
    spec.parent.mkdir(parents=True)
    command = [sys.executable, os.path.abspath(__file__), "{connection_file}"]
    spec.write_text(json.dumps({"argv": command, "display_name": NAME, "language": "python"}), encoding="utf-8")
    paths = os.environ.get("JUPYTER_PATH", "").split(os.pathsep)
    os.environ |= {"JUPYTER_PATH": os.pathsep.join([folder.name, *filter(None, paths)]), SOCKET: address}
    server = socket.socket(socket.AF_UNIX)
    server.bind(address)
    server.listen()
    process = subprocess.Popen(command[:2], stdin=server, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    server.close()

    def wait() -> None:
        if process.stdout is None or process.stdout.readline() != READY:
            raise RuntimeError("Expected a process that has imported Keras. Received: one that ended")

    def end() -> None:
        process.terminate()
        process.wait()
        folder.cleanup()

    return wait, end


def serve() -> None:
    """Forks a kernel for every connection to the socket that is this process' standard input."""
    import ipykernel.kernelapp  # noqa: F401, as what follows: kernels then need not import it

    import kerasgan

    for name in kerasgan.__all__:
        getattr(kerasgan, name)  # Keras and its backend, without running anything on it
    server = socket.socket(fileno=os.dup(0))
    server.settimeout(5)
    parent = os.getppid()
    os.write(1, READY)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    while os.getppid() == parent:
        try:
            connection, _ = server.accept()
        except TimeoutError:
            continue
        process = os.fork()
        if not process:
            server.close()
            run(connection)
            os._exit(0)
        connection.sendall(f"{process}\n".encode())
        connection.close()  # the kernel's copy closes when it ends


def run(connection: socket.socket) -> None:
    """This process as the kernel that a client asked for."""
    from ipykernel.kernelapp import launch_new_instance

    asked: Any = json.loads(connection.makefile().readline())
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ |= asked["environment"]
    with open(os.devnull, "r+b") as nothing:
        for standard in range(3):
            os.dup2(nothing.fileno(), standard)
    launch_new_instance(argv=["-f", asked["connection_file"]])


def ask(connection_file: str) -> None:
    """What Jupyter takes for the kernel: has one forked, passes signals on, and ends with it."""
    client = socket.socket(socket.AF_UNIX)
    client.connect(os.environ[SOCKET])
    environment = {**os.environ, "JPY_PARENT_PID": ""}
    asked = {"connection_file": connection_file, "folder": os.getcwd(), "environment": environment}
    client.sendall(json.dumps(asked).encode() + b"\n")
    answers = client.makefile()
    process = int(answers.readline())
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _: os.kill(process, received))
    answers.read()


if __name__ == "__main__":
    if sys.argv[1:]:
        ask(sys.argv[1])
    else:
        serve()
