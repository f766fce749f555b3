"""The diagnosis of a running or a finished training: signals in, a verdict with its reasons out."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kerasgan.doctor import convergence, losses, rules
from kerasgan.doctor import history as histories

__all__ = ["Diagnosis", "diagnose", "diagnose_file"]


@dataclass(frozen=True)
class Diagnosis:
    """What the doctor found; `str(diagnosis)` is a readable summary.

    Attributes:
        verdict: one of `kerasgan.doctor.VERDICTS`.
        collapse: how likely the training has failed by the last row, in [0, 1]; from 0.5 on the verdict names a
            trouble.
        evidence: sentences with the numbers behind the verdict.
        suggestion: one remedy.
        troubles: every verdict that was considered, with its severity in [0, 1].
        timeline: (step, collapse computed from the losses up to that step), at steps three percent apart.
        alarm: the step at which the losses alone would have stopped the training, or None.
        label: the class that the verdict is about, or None.
    """

    verdict: str
    collapse: float
    evidence: list[str]
    suggestion: str
    troubles: Mapping[str, float] = field(default_factory=dict)
    timeline: list[tuple[float, float]] = field(default_factory=list)
    alarm: float | None = None
    label: int | None = None

    def __str__(self) -> str:
        lines = [f"{self.verdict} (collapse {self.collapse:.2f})", *(f"- {sentence}" for sentence in self.evidence)]
        return "\n".join([*lines, f"Suggestion: {self.suggestion}"])


def diagnose(history: Any) -> Diagnosis:
    """Diagnoses an adversarial training from its record, using whatever columns it has.

    Args:
        history: a mapping of column name to sequence, a data frame, a Keras `History`, or the path of a log: CSV,
            NVIDIA's stats.jsonl, TensorBoard's event file, or text. It needs the loss of at least one network, under
            any common name; `Doctor.history` holds every signal.

    Returns:
        The state at the last row. It depends only on the rows given: the diagnosis of the first n rows is the one that
        would have been reported at that point of the training.

    Raises:
        ValueError: if there is neither a discriminator loss nor a generator loss.
        FileNotFoundError: if the path does not exist.
    """
    columns = histories.read(history)
    role, loss, other = _losses(columns)
    rows, scores = losses.timeline(loss, other)
    at = losses.alarm(rows, scores)
    findings = rules.examine(columns, rules.Losses(role, loss, other), alarmed=at is not None)
    worst = findings[0]
    troubles: dict[str, float] = {}
    for finding in findings:
        if finding.verdict not in rules.NO_TROUBLE:
            troubles[finding.verdict] = max(finding.severity, troubles.get(finding.verdict, 0.0))
    return Diagnosis(
        verdict=worst.verdict,
        collapse=max(troubles.values()),
        evidence=[*worst.evidence, *convergence.evidence(columns)],
        suggestion=rules.SUGGESTIONS[worst.verdict],
        troubles=troubles,
        timeline=[(float(columns["step"][row - 1]), float(score)) for row, score in zip(rows, scores) if row],
        alarm=None if at is None else float(columns["step"][at - 1]),
        label=worst.label,
    )


def diagnose_file(path: str | os.PathLike[str]) -> Diagnosis:
    """`diagnose` for the path of a log, as `kerasgan train` or another package writes it, or of its folder."""
    return diagnose(os.fspath(path))


def _losses(columns: histories.Columns) -> tuple[str, np.ndarray, np.ndarray | None]:
    """Whose loss to diagnose, that loss, and the generator's beside the discriminator's if there are both.

    A discriminator that is not trained has no loss: no column in a log, zeros in Keras' history.
    """
    there = {role: columns.get(f"{role}_loss") for role in ("discriminator", "generator")}
    first, second = there["discriminator"], there["generator"]
    trained = first is not None and np.any(first) and not np.isnan(first).all()
    if first is None or (second is not None and not trained):
        return "generator", columns["generator_loss"], None
    return "discriminator", first, None if second is None or np.isnan(second).all() else second
