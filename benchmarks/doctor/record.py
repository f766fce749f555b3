"""The measured results: recorded trainings judged by the rules, kept as JSON and written as Markdown."""

import dataclasses
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import limits
import numpy as np
import planted
import recorder
from scipy.stats import binomtest
from troubles import Trouble
from unseen import HELD_OUT

from kerasgan import zoo
from kerasgan.doctor.rules import NO_TROUBLE

HELD_OUT_FROM = 700
"""Seeds from here on were trained when the rules were fixed."""

LONG = 1000
"""Steps from which on the rules have no more patience with a training because it is young."""

RULES = "9f9bf6a"
"""The commit that fixed the rules."""

HEAD = f"""Written by `python benchmarks/doctor`. Trainings are of 200 to 600 steps if nothing else is said, on digits
of 16 or 32 pixels but for the recipes, judged by the probes of a run of any length. A kind that need not fail counts
where the training's distance (Frechet, of the digits network's features; of pairs, mean absolute difference) is at
least twice that of the family's trainings without trouble. Intervals are Clopper and Pearson's, of 95 %. The rules
were fixed in commit {RULES}; the kinds of benchmarks/doctor/unseen.py were written, and seeds from {HELD_OUT_FROM} on
looked at, afterwards. All others are development material, also those that were held out from earlier rules: the
present ones were made with what these had missed. Where no recording of a training is left, what earlier rules found
in it is repeated, and each section says of how many. The new kinds are troubles of rates, losses, networks, updates
and conditioning, none of the data: the doctor had the training's own images, as that of `kerasgan train`. Of the
development material, where the images or labels of a training were changed, it was given the right ones. Trainings of
one kind are alike, so that intervals over trainings are too narrow for kinds to come: those over kinds are beside
them. Of troubles that they had not seen, the rules before these had found 24 of 36 (67 %, 49 % to 81 %) failed
trainings of 22 kinds (benchmarks/doctor/earlier_networks.py), those before them 24 of 27 (89 %, 71 % to 98 %) of 18
kinds (earlier_learning.py; a twenty-eighth, then counted as missed, had not failed), then 25 of 28 (89 %, 72 % to 98
%) of 15 kinds, most of them troubles of the data (earlier_data.py), then 16 of 22 (73 %, 50 % to 89 %) of 13 kinds,
and the first 53 of 65 (82 %, 70 % to 90 %) of 23 kinds, all of earlier.py: each time of other kinds, so that these
figures are no trend. After these rules, BEGAN's discriminator, which is to have the smaller errors on fakes, was no
longer asked whether it tells them: its alarm below counts all the same. That the new kinds were planted in trainings
of 1,200 steps, too, was decided when the shorter ones had been judged. The small BEGAN, InfoGAN and LAPGAN have had
their present settings, with which they learn more in 300 steps, from seed 601 on."""


def file_name(kind: str, name: str, seed: int) -> str:
    return f"{kind.replace(' ', '-')}__{name}__{seed}.npz"


@dataclass(frozen=True)
class Run:
    """One training that a doctor watched.

    Attributes:
        kind: of the trouble; "none", or "recipe" for a bundled recipe.
        name: the family, or the recipe.
        found: the doctor's verdicts, with the step of each.
        end: its verdict at the end.
        distance: of the samples after the training, by `families.distance`; None for recipes, or if not finite.
        steps: how many there were.
        rules: the commit of the rules that judged it.
    """

    kind: str
    name: str
    seed: int
    found: dict[str, int]
    end: str
    distance: float | None
    steps: int
    rules: str = ""

    @property
    def key(self) -> tuple[str, str, int]:
        return self.kind, self.name, self.seed

    @property
    def long(self) -> bool:
        return self.steps >= LONG and self.kind != "recipe"

    @property
    def title(self) -> str:
        named_late = not self.found and self.end not in NO_TROUBLE
        late = f" ({self.end}, by the verdict after its last step)" if named_late else ""
        return f"{self.kind} in {self.name}, seed {self.seed}{late}"

    @property
    def trouble(self) -> Trouble | None:
        return planted.kinds().get(self.kind)

    @property
    def held_out(self) -> bool:
        return self.seed >= HELD_OUT_FROM or self.kind in HELD_OUT

    @property
    def rightly_named(self) -> bool:
        return self.trouble is not None and bool(set(self.found) & set(self.trouble.verdicts))


class Record:
    """The judged runs and the other parts' texts, in a file."""

    def __init__(self, path: Path):
        self.path = path
        kept = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"runs": [], "logs": "", "cost": ""}
        self.runs = [Run(**row) for row in kept["runs"]]
        self.logs, self.cost, self.limits = kept["logs"], kept["cost"], kept.get("limits", {})

    def judge(self, folder: Path) -> None:
        """Judges all trainings of a folder by the rules; others stay as they were recorded, but for retired recipes."""
        found = [_judged(path) for path in sorted(folder.glob("*__*__*.npz")) if ".part" not in path.name]
        judged = {run.key: run for run in [*self.runs, *found] if run.kind != "recipe" or run.name in zoo.names()}
        self.runs = [judged[key] for key in sorted(judged)]

    def save(self) -> None:
        kept = {"runs": [dataclasses.asdict(run) for run in self.runs], "logs": self.logs, "cost": self.cost}
        kept["limits"] = self.limits
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")

    def failed(self, run: Run) -> bool | None:
        """Whether a training has failed: with some kinds of trouble always; with others, or without, by its distance.

        None if that is not known, because no training of the family without trouble is recorded.
        """
        if run.trouble is not None and run.trouble.sure:
            return True
        healthy = [each for each in self.runs if (each.kind, each.name, each.long) == ("none", run.name, run.long)]
        good = [each.distance for each in healthy if each.distance is not None]
        if not good:
            return None
        return run.distance is None or run.distance >= 2 * float(np.median(good))

    def markdown(self) -> str:
        troubled = [run for run in self.runs if run.trouble is not None]
        seen, unseen = ([run for run in troubled if run.held_out == which] for which in (False, True))
        short, long = ([run for run in unseen if run.long == which] for which in (False, True))
        recipes = [run for run in self.runs if run.kind == "recipe"]
        small = [run for run in self.runs if run.kind == "none"]
        sections = {
            "Troubles and seeds that the rules were not made with": self.troubles(short),
            "The same, trained for 1,200 steps": self.troubles(long),
            "Troubles with which the rules were made": self.troubles(seen),
            "False alarms in the recipes with bundled weights": alarms(recipes),
            "Alarms in small trainings that no trouble was planted in": "\n\n".join(
                [self.by_chance(small), alarms(small)]
            ),
            "Final samples of the bundled entries beside the limits of *artifacts*": (
                limits.table(self.limits) if self.limits else ""
            ),
            "Published logs, from the losses alone": f"```\n{self.logs}\n```" if self.logs else "",
            "What it costs": f"DCGAN-64, batch 32: {self.cost}." if self.cost else "",
        }
        written = "\n\n".join(f"## {title}\n\n{text}" for title, text in sections.items() if text)
        return f"# The doctor on record\n\n{HEAD}\n\n{written}\n"

    def by_chance(self, runs: Sequence[Run]) -> str:
        """How many alarms are right all the same, as a training without trouble may fail, too."""
        failed = [run for run in runs if self.failed(run)]
        found = sum(bool(run.found) for run in failed)
        return f"By their distance {len(failed)} of these trainings failed: {found} of the alarms are of them."

    def troubles(self, runs: Sequence[Run]) -> str:
        """Recall in all, and by kind of trouble."""
        failed = [run for run in runs if self.failed(run)]
        if not failed:
            return ""
        rows = ["| trouble | families | trainings | failed | found | rightly named | found at step |"]
        rows.append("|---|---|---|---|---|---|---|")
        for kind in dict.fromkeys(run.kind for run in runs):
            own = [run for run in runs if run.kind == kind]
            lost = [run for run in own if self.failed(run)]
            cells = [kind, f"{len({run.name for run in own})}", f"{len(own)}", f"{len(lost)}"]
            cells += [
                f"{sum(bool(run.found) for run in lost)}",
                f"{sum(run.rightly_named for run in lost)}",
                when(lost),
            ]
            rows.append(f"| {' | '.join(cells)} |")
        lines = [f"Found: {share(bool(run.found) for run in failed)}."]
        kinds = dict.fromkeys(run.kind for run in failed)
        whole = share(all(run.found for run in failed if run.kind == kind) for kind in kinds)
        lines += [f"Kinds that were found in every training that failed: {whole}."]
        specific = [run for run in failed if len(run.trouble.verdicts) <= 2]  # type: ignore[union-attr]
        if specific:
            named = share(run.rightly_named for run in specific)
            lines += [f"Rightly named, of kinds for which at most two verdicts are right: {named}."]
        missed = [run.title for run in failed if not run.found]
        lines += [f"Missed: {'; '.join(missed)}."] if missed else []
        unknown = [run for run in runs if self.failed(run) is None]
        if unknown:
            lines += [f"Left out, as no healthy training of the family tells whether they failed: {len(unknown)}."]
        spared = [run for run in runs if self.failed(run) is False]
        lines += judged_before(runs)
        if spared:
            lines += [f"Of {len(spared)} that did not fail, {sum(bool(run.found) for run in spared)} got an alarm."]
        return "\n".join([*lines, "", *rows])


def _judged(path: Path) -> Run:
    recorded = recorder.read(path)
    doctor = recorder.replay(recorded.signals)
    kind, name, seed = path.stem.split("__")
    kinds = {each.replace(" ", "-"): each for each in planted.kinds()}
    distance = float(recorded.distance)
    end = "undecided" if doctor.diagnosis is None else doctor.diagnosis.verdict
    return Run(
        kinds.get(kind, kind),
        name,
        int(seed),
        dict(doctor.found),
        end,
        distance=distance if np.isfinite(distance) else None,
        steps=int(recorded.signals["step"][-1]),
        rules=RULES,
    )


def when(runs: Sequence[Run]) -> str:
    steps = [min(run.found.values()) for run in runs if run.found]
    if len(set(steps)) < 2:
        return f"{steps[0]}" if steps else "-"
    return f"{np.median(steps):.0f}, {max(steps)} at most"


def alarms(runs: Sequence[Run]) -> str:
    """The share of trainings with an alarm, and which."""
    if not runs:
        return ""
    rows = ["| training | seeds | steps | alarms | verdicts | without an alarm yet, judged at the end |"]
    rows.append("|---|---|---|---|---|---|")
    for name in sorted({run.name for run in runs}):
        own = [run for run in runs if run.name == name]
        verdicts = Counter(verdict for run in own for verdict in run.found)
        named = ", ".join(f"{verdict} {count}" for verdict, count in verdicts.most_common()) or "-"
        steps = " or ".join(f"{each}" for each in sorted({run.steps for run in own}))
        ends = Counter(run.end for run in own if not run.found)
        end = ", ".join(f"{verdict} {count}" for verdict, count in ends.most_common()) or "-"
        rows.append(f"| {name} | {len(own)} | {steps} | {sum(bool(run.found) for run in own)} | {named} | {end} |")
    lines = [f"{share(bool(run.found) for run in runs)}."]
    unseen = [run for run in runs if run.held_out]
    if unseen:
        lines += [f"With seeds that the rules were not made with: {share(bool(run.found) for run in unseen)}."]
    lines += judged_before(runs)
    return "\n".join([*lines, "", *rows])


def judged_before(runs: Sequence[Run]) -> list[str]:
    """How many trainings earlier rules have judged, because no recording is left; nothing for none."""
    count = sum(run.rules != RULES for run in runs)
    return [f"Judged by earlier rules, as no recording is left: {count} of {len(runs)}."] if count else []


def share(several: Iterable[bool]) -> str:
    flags = list(several)
    low, high = binomtest(sum(flags), len(flags)).proportion_ci()  # Clopper and Pearson's
    return f"{sum(flags)} of {len(flags)} ({np.mean(flags):.0%}, 95 % interval {low:.0%} to {high:.0%})"
