"""A row of the benchmark: one measurement, in a process of its own so that its memory can be measured."""

import importlib
import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

Found = dict[str, Any]
"""The result of a row: numbers by name, or "failed" with the reason."""


class Row(NamedTuple):
    """`measure(**arguments)` of a module of this folder."""

    section: str
    name: str
    arguments: dict[str, Any]
    backend: str = ""
    threads: int = 1

    def run(self, limit: float) -> Found:
        """The result of the row, measured in a new process within the given number of seconds."""
        cores = str(self.threads)
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "OMP_NUM_THREADS": cores}
        environment |= {"TF_NUM_INTRAOP_THREADS": cores, "TF_NUM_INTEROP_THREADS": cores}
        if self.backend:
            environment["KERAS_BACKEND"] = self.backend
        command = [sys.executable, str(Path(__file__).parent), "--row", self.section, json.dumps(self.arguments)]
        try:
            done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=limit)
        except subprocess.TimeoutExpired:
            return {"failed": f"not done after {limit:.0f} s"}
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
            return {"failed": reason}
        return json.loads(done.stdout.splitlines()[-1])


def measured(section: str, arguments: dict[str, Any]) -> Found:
    """The result of a row, measured in this process."""
    found = importlib.import_module(section).measure(**arguments)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"mebibytes": peak / 2**20 if sys.platform == "darwin" else peak / 2**10, **found}
