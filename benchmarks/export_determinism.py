"""Are exports the same bytes every time? Exports each bundled entry again and again, in fresh processes.

    python benchmarks/export_determinism.py --runs 100 --jobs 2
    python benchmarks/export_determinism.py --runs 20 --formats onnx litert saved_model --entries video-digits

Each process has a hash seed and addresses of its own, and exports every entry once, in an order of its own, through the
public functions, whose proof in the runtime decides what a failure is. A line for each format and entry (and direction
of translation): exports, failures, different digests. The exit code is 1 if there is a failure or a second digest.
"""

import argparse
import collections
import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def main():
    arguments = parse_arguments()
    if arguments.seed is not None:
        export_all(arguments)
        return
    digests, failures = collections.defaultdict(collections.Counter), collections.defaultdict(list)
    with ThreadPoolExecutor(arguments.jobs) as pool:
        for lines in pool.map(
            lambda seed: in_process(seed, arguments), range(arguments.first, arguments.first + arguments.runs)
        ):
            for case, digest, error in lines:
                digests[case][digest] += 1
                failures[case] += [error] if error else []
    show(digests, failures)
    sys.exit(any(failures.values()) or any(len(found) > 1 for found in digests.values()))


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=100, help="number of processes")
    parser.add_argument("--first", type=int, default=1, help="hash seed of the first process")
    parser.add_argument("--jobs", type=int, default=1, help="processes at a time")
    parser.add_argument("--formats", nargs="+", default=["onnx"])
    parser.add_argument("--entries", nargs="+", help="all bundled ones if not given")
    parser.add_argument("--log", type=Path, help="a file to which every export is appended as it is done")
    parser.add_argument("--seed", type=int, help=argparse.SUPPRESS)  # of the process that exports
    return parser.parse_args()


def in_process(seed, arguments):
    """What a fresh process printed: a list of (case, digest, error)."""
    options = ["--seed", str(seed), "--formats", *arguments.formats]
    options += ["--entries", *arguments.entries] if arguments.entries else []
    environment = os.environ | {"PYTHONHASHSEED": str(seed), "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, __file__, *options]
    done = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    if done.returncode:
        lines.append(["process", "", f"seed {seed}: exit code {done.returncode}"])
    if arguments.log:
        with arguments.log.open("a", encoding="utf-8") as log:
            log.writelines(f"{json.dumps([seed, *line])}\n" for line in lines)
    return lines


def export_all(arguments):
    """Exports every entry and prints the digests, in the process of a seed."""
    import kerasgan
    from kerasgan import zoo

    bundled = [name for name in zoo.names(pretrained=True) if zoo.recipe(name).bundled]
    entries = arguments.entries or bundled
    random.Random(arguments.seed).shuffle(entries)
    for name in entries:
        gan = zoo.load(name)
        for direction in getattr(gan, "directions", None) or (None,):
            for form in arguments.formats:
                case = " ".join(filter(None, (form, name, direction)))
                with tempfile.TemporaryDirectory() as folder:
                    path, digest, error = Path(folder, "file"), "", ""
                    try:
                        getattr(kerasgan.export, form)(gan, path, direction=direction, entry=name)
                        digest = digest_of(path)
                    except kerasgan.export.ExportError as failure:
                        error = str(failure)
                print(json.dumps([case, digest, error]), flush=True)


def digest_of(path):
    """The SHA-256 of a file, or of all files of a folder."""
    made = hashlib.sha256()
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file():
            made.update(file.relative_to(path).as_posix().encode() + b"\0" + file.read_bytes())
    return made.hexdigest()


def show(digests, failures):
    print("| case | exports | failures | digests |\n| --- | --- | --- | --- |")
    for case in sorted(digests):
        found, failed = digests[case], failures[case]
        print(f"| {case} | {found.total()} | {len(failed)} | {len(found.keys() - {''})} |")
    for case, errors in failures.items():
        for error in errors:
            print(f"{case}: {error}", file=sys.stderr)


if __name__ == "__main__":
    main()
