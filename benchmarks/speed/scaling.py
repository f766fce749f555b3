"""Images a second of DCGAN's training step: by batch size, by image size, and by processes that train together.

The processes share each step's batch over the loopback interface, with one thread each, as machines share it over a
network: what they lose against one process is TensorFlow's exchange of gradients, and the memory that they compete for.
"""

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import training
from networks import Setting
from rows import Found, Row

BATCHES, SIDES, PROCESSES = (1, 4, 16, 64), (32, 64, 128), (1, 2)
SIDE, BATCH = 64, 16
REPEATS = 3
"""Timings of a row: of so many all processes know when to end."""


def rows(options: Any) -> list[Row]:
    small = SIDE // 4 if options.quick else SIDE
    plan = {f"batch {batch}": {"batch": batch, "side": small} for batch in BATCHES}
    plan |= {f"{side} pixels": {"batch": BATCH, "side": side // 2 if options.quick else side} for side in SIDES}
    own = {"width": 8 if options.quick else 64, "dtype": options.dtype}
    single = [Row("scaling", name, each | own, "tensorflow", options.threads) for name, each in plan.items()]
    several = [
        Row("scaling", name, {"batch": BATCH, "side": small, "processes": count, **own}, "tensorflow")
        for count in PROCESSES
        for name in [f"{count} process{'es' * (count > 1)}"]
    ]
    return [*single, *several]


def measure(batch: int, side: int, width: int, dtype: str, processes: int = 1) -> Found:
    if processes > 1 and "TF_CONFIG" not in os.environ:
        return together(processes, batch=batch, side=side, width=width, dtype=dtype)
    model = {"image_size": side, "width": width, "variant": "torch"}
    setting = Setting("DCGAN", batch * processes, model, steps=max(2, 16 // batch))
    with contextlib.nullcontext() if processes == 1 else workers():
        run, found = training.kerasgan_steps(setting, dtype)
    return {**training.timed(run, setting, least=REPEATS), "batch": setting.batch, **found}


def workers() -> contextlib.AbstractContextManager[Any]:
    from kerasgan import distribution

    return distribution.scope("workers")


def together(processes: int, **arguments: Any) -> Found:
    """What the first of several processes measures, which train together with a batch each; their memory in total."""
    places = {"worker": [f"localhost:{port}" for port in free_ports(processes)]}
    row = ["--row", "scaling", json.dumps({"processes": processes, **arguments})]
    command = [sys.executable, str(Path(__file__).parent), *row]
    tasks = [{"cluster": places, "task": {"type": "worker", "index": index}} for index in range(processes)]
    outputs = all_of(command, [{**os.environ, "TF_CONFIG": json.dumps(task)} for task in tasks])
    found = [json.loads(output.splitlines()[-1]) for output in outputs]
    return {**found[0], "mebibytes": sum(each["mebibytes"] for each in found)}


def all_of(command: list[str], environments: list[dict[str, str]]) -> list[str]:
    """What the processes of a command print, one for each environment.

    Raises:
        RuntimeError: if one fails; the others, which would wait for it for ever, are stopped.
    """
    with contextlib.ExitStack() as stack:
        files = [[stack.enter_context(tempfile.TemporaryFile("w+")) for _ in range(2)] for _ in environments]
        started = [
            stack.enter_context(stopped(subprocess.Popen(command, env=environment, stdout=output, stderr=errors)))
            for environment, (output, errors) in zip(environments, files)
        ]
        while None in (codes := [process.poll() for process in started]) and not any(codes):
            time.sleep(0.05)
        for index, code in enumerate(codes):
            if code:
                last = (text(files[index][1]).strip().splitlines() or ["no message"])[-1]
                failure = f"process {index} of {len(codes)} with exit code {code}: {last}"
                raise RuntimeError(f"Expected processes that end well. Received: {failure}")
        return [text(output) for output, _ in files]


@contextlib.contextmanager
def stopped(process: subprocess.Popen) -> Iterator[subprocess.Popen]:
    """The process, which ends with the block."""
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def text(file: IO[str]) -> str:
    file.seek(0)
    return file.read()


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("localhost", 0))
        return [each.getsockname()[1] for each in sockets]
