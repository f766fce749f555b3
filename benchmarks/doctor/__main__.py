"""How well the doctor diagnoses: on published logs, on troubles planted in small trainings; and what it costs.

    python benchmarks/doctor --logs ../shared/training-logs    # a folder with index.csv: seconds
    python benchmarks/doctor --planted --recipes 300           # troubles, and the bundled recipes: hours of a core
    python benchmarks/doctor --held-out --seeds 700            # troubles that were planted when the rules were fixed
    python benchmarks/doctor --pictures docs/pictures          # of the trainings, for the tutorial: seconds
    python benchmarks/doctor --data                            # what the doctor says now of recorded trainings' data
    python benchmarks/doctor --limits                          # of *artifacts*, beside the bundled entries: minutes
    python benchmarks/doctor --overhead                        # DCGAN-64 with and without the doctor: minutes

Each training is a file of what the doctor measured in it, in `--runs`, and is not repeated; all of them are judged by
the rules as they are, and results/doctor.json and results/doctor.md written from that. `--part 2/16` trains every
sixteenth, from the second on: so many processes can share a folder.

`--logs` prints the fit that the constants of kerasgan/doctor/losses.py were rounded from, and how well the score does
on logs that the fit has not seen: leaving out one log, a quarter of them, one architecture, or one data set at a time.
"""

import argparse
import functools
import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import limits
import logs
import overhead
import pictures
import planted
import recipes
import recorder
from record import Record, file_name

RESULTS = Path(__file__).parents[1] / "results"
RUNS = Path("~/.cache/kerasgan/doctor-runs").expanduser()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--logs", type=Path, help="folder of labeled logs with their index.csv")
    parser.add_argument("--planted", action="store_true", help="train models with a planted trouble, and without")
    parser.add_argument("--held-out", action="store_true", help="likewise, with the troubles planted last")
    parser.add_argument("--recipes", type=int, metavar="STEPS", help="train the bundled recipes for this many steps")
    parser.add_argument("--overhead", action="store_true", help="time a probe against a step")
    parser.add_argument(
        "--data", action="store_true", help="measure the recorded trainings' data anew, without training"
    )
    parser.add_argument("--limits", action="store_true", help="measure final samples of the bundled entries")
    parser.add_argument("--only", nargs="+", default=[""], help="only trainings whose name contains one of these")
    parser.add_argument("--seeds", type=int, nargs="+", default=range(5), help="of trainings [default: 0 to 4]")
    parser.add_argument("--steps", type=int, default=0, help="of planted trainings at least [default: 300 to 500]")
    parser.add_argument("--part", default="1/1", help="such as 2/16: every sixteenth training, from the second on")
    parser.add_argument("--pictures", type=Path, help="write the pictures of docs/tutorials/doctor.md to this folder")
    parser.add_argument("--runs", type=Path, default=RUNS, help=f"folder of trainings [default: {RUNS}]")
    parser.add_argument("--record", type=Path, default=RESULTS / "doctor.json", help="what is kept of logs and costs")
    arguments = parser.parse_args()
    record = Record(arguments.record)
    if arguments.logs:
        record.logs = "\n".join(logs.report(arguments.logs))
        print(record.logs)
    if arguments.overhead:
        record.cost = overhead.report(every=100)
        print(record.cost)
    for path in sorted(arguments.runs.glob("*__*__*.npz")) if arguments.data else ():
        kind, family, seed = path.stem.split("__")
        if kind != "recipe" and any(only in f"{kind} | {family}" for only in arguments.only):
            planted.measure_data(path, trouble=planted.named(kind), family=family, seed=int(seed))
    if arguments.limits:
        record.limits = limits.entries()
        print(limits.table(record.limits))
    part, parts = map(int, arguments.part.split("/"))
    for path, train in list(trainings(arguments))[part - 1 :: parts]:
        if not path.is_file():
            try:
                train(path)
            except Exception as error:  # the others are worth having
                print(f"{path.stem}: {error!r}", flush=True)
                continue
            print(f"{path.stem}: {recorder.replay(recorder.read(path).signals).found}", flush=True)
    if arguments.pictures:
        print(*pictures.write(arguments.runs, arguments.pictures, seed=arguments.seeds[0]), sep="\n")
    record.judge(arguments.runs)
    record.save()
    arguments.record.with_suffix(".md").write_text(record.markdown(), encoding="utf-8")


def trainings(arguments: argparse.Namespace) -> Iterator[tuple[Path, Callable[[Path], None]]]:
    """The file of each training that was asked for, and what makes it."""
    asked: dict[tuple[str, str], Callable[[Path, int], None]] = {}
    for held_out, wanted in ((False, arguments.planted), (True, arguments.held_out)):
        for (kind, family), trouble in planted.every(held_out=held_out).items() if wanted else ():
            asked[kind, family] = functools.partial(
                planted.plant, trouble=trouble, family=family, steps=arguments.steps
            )
    for name in recipes.names() if arguments.recipes else ():
        asked["recipe", name] = functools.partial(recipes.train, name=name, steps=arguments.recipes)
    for seed in arguments.seeds:  # outermost: an interrupted measurement has seen every training
        for only, ((kind, name), train) in itertools.product(arguments.only, asked.items()):  # in the order asked for
            if only in f"{kind} | {name}":
                yield arguments.runs / file_name(kind, name, seed), functools.partial(train, seed=seed)


if __name__ == "__main__":
    main()
