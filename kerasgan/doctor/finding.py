"""What a rule of the doctor's returns."""

from dataclasses import dataclass

__all__ = ["Finding"]


@dataclass(frozen=True)
class Finding:
    verdict: str
    severity: float
    evidence: tuple[str, ...]
    label: int | None = None  # the class that it is about
