"""Diagnoses from the losses alone, on published logs whose outcome is known."""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from kerasgan.doctor import history, losses


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
    severities = np.array([list(losses.severities(losses.signs(log.loss)).values()) for log in logs])
    scores = np.array([losses.collapse(log.loss) for log in logs])
    floors = [-np.nanmin(log.loss) for log in logs]
    yield f"{len(logs)} logs, {labels.sum()} collapsed. ROC-AUC at the last row, nothing fitted:"
    yield f"  the discriminator's floor  {roc_auc_score(labels, floors):.3f}"
    for name, column in zip(losses.SIGNS, severities.T):
        yield f"  {name:26} {roc_auc_score(labels, column):.3f}"
    yield f"  the doctor's collapse      {roc_auc_score(labels, scores):.3f}"
    yield f"  bootstrap of the logs      {bootstrap(labels, scores)}"
    yield "Fitted by logistic regression (L2, C = 1, balanced classes):"
    mean = severities.mean(axis=1, keepdims=True)
    yield from report_fit("mean severity", mean, labels, logs)
    yield from report_fit("four weights", severities, labels, logs)
    yield "Other windows than the last fifth, nothing fitted: " + ", ".join(other_windows(logs, labels))
    yield from report_stops(logs)


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


def other_windows(logs: list[Log], labels: np.ndarray) -> Iterator[str]:
    usual = losses.WINDOW
    for share in (0.05, 0.1, 0.3, 0.5):
        losses.WINDOW = share
        yield f"{share:.0%} {roc_auc_score(labels, [losses.collapse(log.loss) for log in logs]):.3f}"
    losses.WINDOW = usual


def report_stops(logs: list[Log]) -> Iterator[str]:
    """What stopping at the alarm would have saved and cost."""
    yield "Stopping at the alarm (row over rows in all; FID there over the best FID):"
    wasted, saved, false_stops = 0.0, 0.0, 0
    for log in logs:
        row = losses.alarm(*losses.timeline(log.loss))
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
