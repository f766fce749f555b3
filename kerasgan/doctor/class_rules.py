"""What the troubles of class-conditional models look like: rules as in `kerasgan.doctor.rules`."""

import numpy as np

from kerasgan.doctor.finding import Finding
from kerasgan.doctor.signals import FEWEST_STEPS, YOUNG, Signals, rise

__all__ = ["class_collapse", "labels_ignored", "wrong_labels"]


def class_collapse(signals: Signals) -> Finding:
    """Different latents give nearly the same image of a class, while the classes differ."""
    if not signals.has("class_diversity"):
        return Finding("mode collapse", 0.0, ())
    diversity = signals.now("class_diversity")
    label = signals.columns["least_diverse_class"][-1] if signals.has("least_diverse_class") else np.nan
    one = f"class {label:.0f}" if np.isfinite(label) else "one class"
    evidence = f"Within {one}, the samples have {diversity:.1%} of the variance of its real images."
    still = not signals.rising("class_diversity")
    # While the samples improve, a class may lag behind the others; without any variance it does not learn at all.
    dead = rise(diversity, 0.02, 0.002) if signals.now("diversity") > 0.3 else 0.0
    severity = dead if signals.improving() else rise(diversity, 0.1, 0.01)
    about = int(label) if np.isfinite(label) else None
    return Finding("mode collapse", severity if still else 0.0, (evidence,), about)


def wrong_labels(signals: Signals) -> Finding:
    """The labels of the training images belong to others."""
    given = signals.now("data_agreement") if signals.has("data_agreement") else 1.0
    evidence = f"How many training images resemble their class most: {given:.0%} of what the doctor's own images have."
    return Finding("labels ignored", rise(given, 0.8, 0.4), (evidence,))


def labels_ignored(signals: Signals) -> Finding:
    """The samples do not resemble the real images of their class."""
    verdict = "labels ignored"
    if not signals.has("label_agreement") or signals.columns["step"][-1] < FEWEST_STEPS:
        return Finding(verdict, 0.0, ())
    agreement = signals.now("label_agreement")
    evidence = (
        f"How many samples resemble their class most: {agreement:.0%} of what real images have, where 0% is chance, "
        f"though they are {signals.now('distance'):.2f} from the real images (1 is as far as their mean).",
    )
    if signals.now("diversity") < 0.3:  # samples that are alike, or far from all classes, resemble no class yet
        return Finding(verdict, 0.0, evidence)
    moved = signals.now("label_effect") / signals.now("diversity") if signals.has("label_effect") else 1.0
    if moved < 0.004:  # a healthy small SNGAN's, which begins with 0, is above 0.02 after 200 steps
        effect = signals.now("label_effect")
        deaf = f"Another label changes the same latents' images by {effect:.2%} of the distance of real ones."
        return Finding(verdict, rise(moved, 0.004, 0.001), (deaf, *evidence))
    mistaken = rise(agreement, -0.02, -0.06) if moved > 0.1 else 0.0  # of ten classes it is -0.11 or more
    if mistaken >= 0.5:
        return Finding(verdict, mistaken, (*evidence, "Fewer than by chance: labels are taken for others."))
    # SNGANs hear labels later than their samples come near: small ones at 0.3, of clothes at 0.1, and then faintly.
    young = signals.columns["step"][-1] < YOUNG
    limit = (0.15 if young else 0.5) if signals.improving() else (0.5 if young else 1.0)
    still = not signals.growing("label_agreement") and signals.now("distance") < limit
    few = (0.2, 0.0) if young else (0.5, 0.2)
    return Finding(verdict, rise(agreement, *few) if still else 0.0, evidence)
