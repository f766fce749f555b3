"""The time of training steps, sampling, data loading and start-up, next to plain PyTorch.

    python benchmarks/speed                       # an hour at most; writes results/speed.json and results/speed.md
    python benchmarks/speed --quick               # tiny networks, to see that it runs: prints only
    python benchmarks/speed --only DCGAN          # rows whose section or name contains this; the others are kept
    python benchmarks/speed --paper --dtype bfloat16 --only training   # on a GPU, networks of the papers' sizes

Every row runs in a process of its own, and is written at once to results/speed.json. If the machine, its
packages or the options differ from those of that file, it is started again. results/speed.md is written from it.
"""

import argparse
import json
import os
import tempfile
from pathlib import Path

import curves
import loading
import report
import sampling
import scaling
import start
import training
from rows import measured

RESULTS = Path(__file__).parents[1] / "results" / "speed.json"
SECTIONS = {module.__name__: module for module in (training, scaling, sampling, loading, start)}


def main() -> None:
    options = parse_arguments()
    if options.row:
        section, arguments = options.row
        print(json.dumps(measured(section, json.loads(arguments))))
        return
    heading = report.machine(options.threads, options.dtype)
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() and not options.quick else {}
    kept: report.Kept = known["rows"] if known.get("machine") == heading else {}
    with tempfile.TemporaryDirectory() as folder:
        options.folder = folder
        for section, module in SECTIONS.items():
            for row in module.rows(options):
                if options.only in f"{section}, {row.name}":
                    kept.setdefault(section, {})[row.name] = found = row.run(options.limit)
                    print(f"{section}, {row.name}: {summary(found)}", flush=True)
                    keep(kept, heading, options.quick)
    print("\n" + report.markdown(kept, heading))


def keep(kept: report.Kept, heading: str, quick: bool) -> None:
    check_networks(kept.get("training", {}))
    if not quick:
        RESULTS.write_text(json.dumps({"machine": heading, "rows": kept}, indent=1) + "\n", encoding="utf-8")
        RESULTS.with_suffix(".md").write_text(report.markdown(kept, heading), encoding="utf-8")
        if "scaling" in kept:
            RESULTS.with_name(report.CURVES).write_text(curves.drawn(kept["scaling"]), encoding="utf-8")


def check_networks(found: dict) -> None:
    """Raises ValueError if two rows of a setting do not train equally many weights."""
    for title in training.NETWORKS | training.PAPER:
        rows = {name: each for name, each in found.items() if name.startswith(title) and "failed" not in each}
        counts = {name: (each["generator"], each["discriminator"]) for name, each in rows.items()}
        if len(set(counts.values())) > 1:
            raise ValueError(f"Expected equally many weights in all rows of {title}. Received: {counts}")


def summary(found: dict) -> str:
    values = {name: f"{each:.4g}" if isinstance(each, float) else each for name, each in found.items()}
    return ", ".join(f"{name} {value}" for name, value in values.items())


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    parser.add_argument("--quick", action="store_true", help="tiny networks; prints only")
    parser.add_argument("--paper", action="store_true", help="training steps of networks of the papers' sizes")
    parser.add_argument("--only", default="", help="only rows whose section or name contains this")
    parser.add_argument("--threads", type=int, default=usable, help="of each row [default: the cores it may use]")
    parser.add_argument("--seconds", type=float, default=10.0, help="a training row's timings take at least")
    parser.add_argument("--limit", type=float, default=600.0, help="seconds after which a row is given up")
    parser.add_argument("--dtype", default="float32", choices=("float32", "bfloat16"), help="bfloat16: mixed precision")
    parser.add_argument("--row", nargs=2, metavar=("SECTION", "ARGUMENTS"), help="one row, in this process")
    return parser.parse_args()


if __name__ == "__main__":
    main()
