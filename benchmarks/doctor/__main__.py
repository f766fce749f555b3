"""How well the doctor diagnoses: on published logs, on failures planted in small trainings; and what it costs.

    python benchmarks/doctor --logs ../shared/training-logs    # a folder with index.csv: seconds
    python benchmarks/doctor --planted                         # trains small GANs on the digits: half an hour
    python benchmarks/doctor --recipes 250                     # first steps of the bundled recipes: half an hour
    python benchmarks/doctor --overhead                        # DCGAN-64 with and without the doctor: minutes

Every run is kept in results/doctor.json at once and not repeated; results/doctor.md is written from there. Delete
the former to measure again.

`--logs` prints the fit that the constants of kerasgan/doctor/losses.py were rounded from, and how well the score does
on logs that the fit has not seen: leaving out one log, a quarter of them, one architecture, or one data set at a time.
"""

import argparse
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import logs
import overhead
import planted
import recipes
from record import Record, run

RESULTS = Path(__file__).parents[1] / "results"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--logs", type=Path, help="folder of labeled logs with their index.csv")
    parser.add_argument("--planted", action="store_true", help="train models with a planted failure, and healthy ones")
    parser.add_argument("--recipes", type=int, metavar="STEPS", help="train the bundled recipes for this many steps")
    parser.add_argument("--overhead", action="store_true", help="time a probe against a step")
    parser.add_argument("--only", default="", help="of --planted or --recipes: only those whose name contains this")
    parser.add_argument("--seeds", type=int, nargs="+", default=range(5), help="of trainings [default: 0 to 4]")
    parser.add_argument("--record", type=Path, default=RESULTS / "doctor.json", help="what is kept, and goes on")
    arguments = parser.parse_args()
    record = Record(arguments.record)
    if arguments.logs:
        record.logs = "\n".join(logs.report(arguments.logs))
        print(record.logs)
    if arguments.overhead:
        record.cost = overhead.report(every=100)
        print(record.cost)
    for seed in arguments.seeds:  # outermost: an interrupted measurement has seen every training
        if arguments.planted:
            train_planted(record, seed, arguments.only)
        if arguments.recipes:
            train_recipes(record, seed, arguments.only, steps=arguments.recipes)
    record.save()
    arguments.record.with_suffix(".md").write_text(record.markdown(), encoding="utf-8")


def train_planted(record: Record, seed: int, only: str) -> None:
    cases = {planted.name(change): (change, expected) for change, expected in planted.PLANTED.items()}
    for name, (change, expected) in cases.items():
        if only in name and not record.has("planted", name, seed):
            record.add(run("planted", name, seed, planted.train(change, seed), expected=expected))
            keras.utils.clear_session()
    for name, settings in planted.HEALTHY.items():
        if only in name and not record.has("healthy", name, seed):
            record.add(run("healthy", name, seed, planted.train(settings, seed)))
            keras.utils.clear_session()


def train_recipes(record: Record, seed: int, only: str, *, steps: int) -> None:
    for name in recipes.names():
        if only in name and not record.has("recipe", name, seed):
            record.add(run("recipe", name, seed, recipes.train(name, seed, steps=steps)))
            keras.utils.clear_session()


if __name__ == "__main__":
    main()
