"""The measured results, kept as JSON while they grow and written as Markdown."""

import dataclasses
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import planted
from scipy.stats import binomtest

from kerasgan.doctor import Doctor

# What was looked at while the rules were made: the first seeds, of the recipes that there were. Anything else is fresh,
# and so are kinds of trouble that were planted afterwards.
SEEN_SEEDS = range(5)
SEEN_RECIPES = ("acgan", "cgan", "dcgan", "gan", "gran", "lapgan", "lsgan", "r3gan", "stylegan2", "wgan-gp")


HEAD = """Written by `python benchmarks/doctor`, which measured the logs and the planted failures but for those at rates
0.01 and 1e-5. Those two and the recipes' runs were recorded by a program that is not part of it, in their first steps,
and judged again when the rules were fixed; no run judged by older rules is left.
The runs are few: read the intervals. Models that ignore labels and image-to-image models were not planted."""


@dataclass(frozen=True)
class Run:
    """One training that a doctor watched; `found` holds its verdicts, with the step of each."""

    kind: str
    name: str
    seed: int
    found: dict[str, int]
    end: str
    distance: float
    steps: int
    expected: tuple[str, ...] = ()

    @property
    def rightly_named(self) -> bool:
        return bool(set(self.found) & set(self.expected))

    @property
    def fresh(self) -> bool:
        other = self.kind == "recipe" and self.name.removesuffix("-digits") not in SEEN_RECIPES
        return other or self.seed not in SEEN_SEEDS or self.name in planted.HELD_OUT

    def __str__(self) -> str:
        found = ", ".join(f"{verdict} ({step})" for verdict, step in self.found.items()) or "-"
        wrong = "" if bool(self.found) == bool(self.expected) else "MISSED" if self.expected else "FALSE ALARM"
        return f"{self.name:22} {self.seed:4}  {found:50}  {self.end} ({self.distance:.2f}) {wrong}"


def run(kind: str, name: str, seed: int, doctor: Doctor, *, expected: tuple[str, ...] = ()) -> Run:
    end = "undecided" if doctor.diagnosis is None else doctor.diagnosis.verdict
    distances = doctor.history.get("distance", [np.nan])  # image-to-image models have none
    return Run(
        kind, name, seed, dict(doctor.found), end, float(distances[-1]), int(doctor.history["step"][-1]), expected
    )


class Record:
    """A file of runs and of the other parts' texts; each run is written at once, and not repeated."""

    def __init__(self, path: Path):
        self.path = path
        kept = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"runs": [], "logs": "", "cost": ""}
        self.runs = [Run(**{**row, "expected": tuple(row["expected"])}) for row in kept["runs"]]
        self.logs, self.cost = kept["logs"], kept["cost"]

    def has(self, kind: str, name: str, seed: int) -> bool:
        return any((run.kind, run.name, run.seed) == (kind, name, seed) for run in self.runs)

    def add(self, run: Run) -> None:
        self.runs.append(run)
        print(run, flush=True)
        self.save()

    def save(self) -> None:
        kept = {"runs": [dataclasses.asdict(run) for run in self.runs], "logs": self.logs, "cost": self.cost}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(kept, indent=1), encoding="utf-8")

    def of(self, kind: str) -> list[Run]:
        return sorted((run for run in self.runs if run.kind == kind), key=lambda run: (run.name, run.seed))

    def markdown(self) -> str:
        sections = {
            "Failures planted in small trainings": trainings(self.of("planted")),
            "Small trainings that go well": trainings(self.of("healthy")),
            "The recipes with bundled weights": trainings(self.of("recipe")),
            "Published logs, from the losses alone": f"```\n{self.logs}\n```" if self.logs else "",
            "What it costs": f"DCGAN-64, batch 32: {self.cost}." if self.cost else "",
        }
        written = "\n\n".join(f"## {title}\n\n{text}" for title, text in sections.items() if text)
        return f"# The doctor on record\n\n{HEAD}\n\n{written}\n"


def trainings(runs: list[Run]) -> str:
    if not runs:
        return ""
    fresh = [run for run in runs if run.fresh]
    lines = [f"{summary(runs)} {max(run.steps for run in runs):,} steps at most; distances are the doctor's,"]
    lines += ["0 for real images, 1 for their mean."]
    if fresh:
        lines += [f"On runs not looked at while the rules were made: {summary(fresh).lower()}"]
    return "\n".join([*lines, "", table(runs)])


def summary(runs: list[Run]) -> str:
    alarms = share(bool(run.found) for run in runs)
    if any(run.expected for run in runs):
        return f"Found: {alarms}; rightly named: {share(run.rightly_named for run in runs)}."
    return f"False alarms: {alarms}."


def share(several: Iterable[bool]) -> str:
    flags = list(several)
    if not flags:
        return "0 of 0 runs"
    low, high = binomtest(sum(flags), len(flags)).proportion_ci()  # Clopper and Pearson's
    return f"{sum(flags)} of {len(flags)} runs ({np.mean(flags):.0%}, 95 % interval {low:.0%} to {high:.0%})"


def span(distances: list[float]) -> str:
    return "-" if np.isnan(distances).all() else f"{np.nanmin(distances):.2f} to {np.nanmax(distances):.2f}"


def table(runs: list[Run]) -> str:
    rows = [
        "| training | seeds | alarms | first at step | verdicts | distance at the end |",
        "|---|---|---|---|---|---|",
    ]
    for name in sorted({run.name for run in runs}):
        own = [run for run in runs if run.name == name]
        verdicts = Counter(verdict for run in own for verdict in run.found)
        steps = [min(run.found.values()) for run in own if run.found]
        cells = [
            name,
            f"{len(own)}",
            f"{len(steps)}",
            f"{min(steps)} to {max(steps)}" if steps else "-",
            ", ".join(f"{verdict} {count}" for verdict, count in verdicts.most_common()) or "-",
            span([run.distance for run in own]),
        ]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)
