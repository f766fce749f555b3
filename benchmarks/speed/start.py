"""Seconds until the package is imported, and until the command line responds."""

import statistics
import subprocess
import sys
import time
from typing import Any

from rows import Found, Row

WAYS = {
    "python alone": ["-c", "pass"],
    "import kerasgan": ["-c", "import kerasgan"],
    "kerasgan list": ["-m", "kerasgan.cli", "list"],
}


def rows(options: Any) -> list[Row]:
    return [Row("start", name, {"way": name}, threads=options.threads) for name in WAYS]


def measure(way: str) -> Found:
    timings = []
    for _ in range(6):
        start = time.perf_counter()
        subprocess.run([sys.executable, *WAYS[way]], check=True, stdout=subprocess.DEVNULL)
        timings.append(time.perf_counter() - start)
    # The first run reads files from the disk, the others from the file cache.
    return {"seconds": statistics.median(timings[1:])}
