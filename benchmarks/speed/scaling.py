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
from pathlib import Path
from typing import Any

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
    started = []
    for index in range(processes):
        task = {"cluster": places, "task": {"type": "worker", "index": index}}
        environment = {**os.environ, "TF_CONFIG": json.dumps(task)}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL if index else None}
        started.append(subprocess.Popen(command, env=environment, text=True, **pipes))
    outputs = [process.communicate()[0] for process in started]
    if any(process.returncode for process in started):
        raise RuntimeError(f"Expected {processes} processes to end well. Received: {[p.returncode for p in started]}")
    found = [json.loads(output.splitlines()[-1]) for output in outputs]
    return {**found[0], "mebibytes": sum(each["mebibytes"] for each in found)}


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("localhost", 0))
        return [each.getsockname()[1] for each in sockets]
