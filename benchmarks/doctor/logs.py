"""Diagnoses from the losses alone, on published logs whose outcome is known."""

import csv
import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from kerasgan.doctor import diagnose, history, losses


class Log(NamedTuple):
    name: str
    collapsed: bool
    columns: history.Columns

    @property
    def loss(self) -> np.ndarray:
        return self.columns["discriminator_loss"]

    @property
    def dataset(self) -> str:
        return self.name.split("__")[0]

    @property
    def architecture(self) -> str:
        return self.name.split("__")[1].split("(")[0]


def read_logs(folder: Path) -> list[Log]:
    with (folder / "index.csv").open(newline="") as file:
        index = list(csv.DictReader(file))
    return [Log(row["file"], row["collapsed"] == "True", history.read(folder / row["file"])) for row in index]


def report(folder: Path) -> Iterator[str]:
    """The diagnoses of a folder of logs with their index.csv, line by line."""
    logs = read_logs(folder)
    labels = np.array([log.collapsed for log in logs])
    ratios = [losses.signs(log.loss, log.columns["generator_loss"]) for log in logs]
    severities = np.array([list(losses.severities(each).values()) for each in ratios])
    scores = np.array([losses.collapse(log.loss, log.columns["generator_loss"]) for log in logs])
    yield f"{len(logs)} logs, {labels.sum()} collapsed."
    yield "On logs that the choice has not seen (any of the signs, equal weights, chosen anew without the group):"
    for group, of in (
        ("architecture", [log.architecture for log in logs]),
        ("data set", [log.dataset for log in logs]),
    ):
        chosen = nested(severities, labels, np.array(of))
        yield f"  one {group + ' left out':23} ROC-AUC {roc_auc_score(labels, chosen):.3f}, {bootstrap(labels, chosen)}"
    yield "On the logs with which the signs were found (no measure of what it does on others):"
    for name, column in zip(losses.SIGNS, severities.T):
        yield f"  {name:27} {roc_auc_score(labels, column):.3f}"
    yield f"  the doctor's collapse       {roc_auc_score(labels, scores):.3f}, {bootstrap(labels, scores)}"
    verdicts = np.array([diagnose(losses_of(log)).verdict for log in logs])
    for name in sorted(set(verdicts)):
        there = labels[verdicts == name]
        yield f"  verdict {name:24} {there.sum()} of {len(there)} collapsed"
    yield "Fitted by logistic regression (L2, C = 1, balanced classes), in sample and left out:"
    yield from report_fit("mean severity", severities.mean(axis=1, keepdims=True), labels, logs)
    yield from report_fit("a weight each", severities, labels, logs)
    yield from report_stops(logs)


def losses_of(log: Log) -> history.Columns:
    return {name: log.columns[name] for name in ("step", "discriminator_loss", "generator_loss")}


def nested(severities: np.ndarray, labels: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Each log's mean severity of the signs that rank the other groups' logs best."""
    count = severities.shape[1]
    subsets = [part for size in range(1, count + 1) for part in itertools.combinations(range(count), size)]
    means = np.stack([severities[:, part].mean(axis=1) for part in subsets])
    scores = np.zeros(len(labels))
    for group in np.unique(groups):
        seen = groups != group
        best = np.argmax([roc_auc_score(labels[seen], mean[seen]) for mean in means])
        scores[~seen] = means[best][~seen]
    return scores


def fitted(features: np.ndarray, labels: np.ndarray) -> LogisticRegression:
    return LogisticRegression(C=1.0, class_weight="balanced").fit(features, labels)


def report_fit(name: str, features: np.ndarray, labels: np.ndarray, logs: list[Log]) -> Iterator[str]:
    model = fitted(features, labels)
    weights = " ".join(f"{weight:.2f}" for weight in model.coef_[0])
    yield f"  {name}: weights {weights}, bias {model.intercept_[0]:.2f}"
    yield f"    in sample                 {roc_auc_score(labels, model.decision_function(features)):.3f}"
    everyone = np.arange(len(labels))
    for group, of in (
        ("log", everyone),
        ("architecture", np.array([log.architecture for log in logs])),
        ("data set", np.array([log.dataset for log in logs])),
    ):
        splits = [(everyone[of != one], everyone[of == one]) for one in np.unique(of)]
        yield f"    one {group + ' left out':22}{unseen(features, labels, splits):.3f}"
    repeats = [
        unseen(features, labels, StratifiedKFold(4, shuffle=True, random_state=seed).split(features, labels))
        for seed in range(50)
    ]
    spread = f"in 50 splits {min(repeats):.3f} to {max(repeats):.3f}"
    yield f"    a quarter left out        {np.mean(repeats):.3f} ({spread})"


def unseen(features: np.ndarray, labels: np.ndarray, splits: Iterable[tuple[np.ndarray, np.ndarray]]) -> float:
    """ROC-AUC of all logs, each scored by a fit that has not seen it, as probabilities so that fits compare."""
    scores = np.zeros(len(labels))
    for seen, left_out in splits:
        scores[left_out] = fitted(features[seen], labels[seen]).predict_proba(features[left_out])[:, 1]
    return float(roc_auc_score(labels, scores))


def bootstrap(labels: np.ndarray, scores: np.ndarray) -> str:
    draws = np.random.default_rng(0).integers(len(labels), size=(2000, len(labels)))
    values = [roc_auc_score(labels[draw], scores[draw]) for draw in draws if 0 < labels[draw].sum() < len(labels)]
    low, high = np.quantile(values, [0.025, 0.975])
    return f"{low:.3f} to {high:.3f} (95 %)"


def report_stops(logs: list[Log]) -> Iterator[str]:
    """What stopping at the alarm would have saved and cost."""
    yield "Stopping at the alarm (row over rows in all; FID there over the best FID):"
    wasted, saved, false_stops = 0.0, 0.0, 0
    for log in logs:
        row = losses.alarm(*losses.timeline(log.loss, log.columns["generator_loss"]))
        fid, hours = log.columns["fid"], log.columns["elapsed_hours"]
        best = int(np.nanargmin(fid))
        after = float(np.nanmax(hours) - hours[best])
        gain = 0.0 if row is None else max(0.0, float(np.nanmax(hours) - max(hours[row - 1], hours[best])))
        if log.collapsed:
            wasted, saved = wasted + after, saved + gain
        if row is None and not log.collapsed:
            continue
        seen = fid[:row] if row else fid
        kept = np.nanmin(seen) / np.nanmin(fid) if np.isfinite(seen).any() else np.inf
        false_stops += not log.collapsed
        kind = ("collapsed" if row else "MISSED") if log.collapsed else "FALSE STOP"
        at = f"at {row / len(log.loss):4.0%}, best at {best / len(log.loss):4.0%}" if row else ""
        yield f"  {kind:10} {log.name:36} {at}, {gain:5.1f} of {after:5.1f} h saved, best FID by then x{kept:.2f}"
    yield f"  {saved:.1f} of {wasted:.1f} hours after the best checkpoint of collapsed logs: {saved / wasted:.0%}"
    yield f"  {false_stops} of {sum(not log.collapsed for log in logs)} others stopped"
