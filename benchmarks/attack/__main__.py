"""Attacks the readers with damaged files, and everything public with wrong calls; prints what did not hold.

    python benchmarks/attack                        # 20 seconds a block
    python benchmarks/attack --seconds 600 --only pth
    python benchmarks/attack --keep failed          # a folder for the files that were not refused well

A reader holds if it reads the file, or refuses it with an error of its own, in at most 5 seconds of the processor, and
with memory of at most 64 times the file's size and 64 MiB. A wrong call holds if it is refused by the name of what is
wrong. The exit code is 1 if anything failed.
"""

import argparse
import os
import sys
import tempfile
import warnings
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import blocks
import calls
from fuzzing import fuzz


def main(given: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20.0, help="for each block [default: 20]")
    parser.add_argument("--only", default="", help="only blocks whose name contains this")
    parser.add_argument("--seed", type=int, default=0, help="of the damage [default: 0]")
    parser.add_argument("--keep", type=Path, help="a folder for the files that failed")
    arguments = parser.parse_args(given)
    warnings.simplefilter("ignore")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, make in blocks.READERS.items():
            if arguments.only in name:
                read, files = make(Path(folder))
                rows.append((name, *fuzz(read, files, arguments, folder=Path(folder), name=name)))
        for name, make in calls.BLOCKS.items():
            if arguments.only in name:
                several = [*make(Path(folder))]
                failures = [found for found in map(calls.outcome, several) if found]
                rows.append((name, len(several), failures, 0))
    print(f"{'block':12}{'tried':>8}{'held':>8}{'failed':>8}{'steps':>8}")
    for name, tried, failures, lines in rows:
        print(f"{name:12}{tried:8}{tried - len(failures):8}{len(failures):8}{lines:8}")
    for name, _, failures, _ in rows:
        for failure in failures[:10]:
            print(f"{name}: {failure}")
    return int(any(failures for _, _, failures, _ in rows))


if __name__ == "__main__":
    sys.exit(main())
