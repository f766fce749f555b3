"""Time until the package is imported, the command line responds, and a bundled model's first images are drawn.

ONNX Runtime draws the same images from an exported file, for comparison: the package holds no such files.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from rows import Found, Row

ENTRY = "dcgan-digits"
BUNDLE, FORMAT = f"{ENTRY}-exported", "onnx"
COMMAND = ["-m", "kerasgan.cli"]
DRAW = f"kerasgan generate {ENTRY}"
WAYS = {
    "python alone": ["-c", "pass"],
    "import kerasgan": ["-c", "import kerasgan"],
    "import keras": ["-c", "import keras"],
    "kerasgan list": [*COMMAND, "list"],
    DRAW: [*COMMAND, "generate", ENTRY],
    "the same from an exported file, by ONNX Runtime": [
        f"{BUNDLE}/programs/{FORMAT}/run.py",
        f"{BUNDLE}/{ENTRY}.onnx",
        "--seeds",
        f"{BUNDLE}/seeds.json",
        "-o",
        "drawn.png",
    ],
    f"kerasgan export {ENTRY}": [*COMMAND, "export", ENTRY, "--formats", FORMAT, "-o", BUNDLE],
}


def rows(options: Any) -> list[Row]:
    return [Row("start", name, {"way": name}, threads=options.threads) for name in WAYS]


def measure(way: str) -> Found:
    timings, processor = [], []
    with tempfile.TemporaryDirectory() as folder:
        if WAYS[way][0].startswith(BUNDLE):
            run(WAYS[f"kerasgan export {ENTRY}"], folder)
        for _ in range(6):
            before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
            run(WAYS[way], folder)
            timings.append(time.perf_counter() - start)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            processor.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    # The first run reads files from the disk, the others from the file cache.
    return {"seconds": statistics.median(timings[1:]), "processor": statistics.median(processor[1:])}


def run(arguments: list[str], folder: str) -> None:
    # The package's bytecode is kept, as pip does, even where a checkout's is not.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=Path(folder), env=environment)
