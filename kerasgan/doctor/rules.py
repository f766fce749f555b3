"""What each trouble looks like: rules from signals to verdicts.

A rule turns the signals that are present into a severity in [0, 1] and sentences; from 0.5 on it gives its verdict.
"Now" is the median of the last eighth of the probes. A training whose samples still approach the real images gets no
verdict: an untrained generator looks like a collapsed one, and a late warning costs less than stopping a healthy
training.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from kerasgan.doctor import losses
from kerasgan.doctor.class_rules import class_collapse, labels_ignored, wrong_labels
from kerasgan.doctor.finding import Finding
from kerasgan.doctor.history import Columns
from kerasgan.doctor.image_rules import artifacts, data_mismatch, wrong_range
from kerasgan.doctor.signals import ALIKE, FEWEST_STEPS, YOUNG, Signals, rise
from kerasgan.doctor.translation_rules import identity, one_color, pointless

__all__ = ["NO_TROUBLE", "SUGGESTIONS", "VERDICTS", "Finding", "examine"]

SUGGESTIONS = {
    "divergence": "Lower both learning rates by a factor of ten, and go back to a checkpoint before the first NaN.",
    "weak discriminator": "Let the discriminator learn: check that it is trainable, raise its learning rate or take "
    "more discriminator_steps.",
    "convergence failure": "Weaken the discriminator: penalties='r1', a lower learning rate for it or a "
    "Lipschitz constraint, and check that real images and fakes differ only in content (not in range or size, say). "
    "Of a model that translates images: check that inputs and targets belong together, and lower the weights of the "
    "losses beside the adversarial one.",
    "mode collapse": "Stop here and go back to the best checkpoint; then lower the learning rates or add "
    "penalties='r1', and check that the latents vary.",
    "mode dropping": "Check that every kind of image is in the training data; then use a larger batch or "
    "penalties='r1'.",
    "memorization": "Get more images or augment them, or stop earlier.",
    "oscillation": "Lower the learning rates or Adam's beta_1, and sample from a moving average (ema_half_life).",
    "frozen generator": "Let the generator learn: check that it is trainable, that its learning rate is not zero and "
    "that loss scaling does not skip every step.",
    "labels ignored": "Check that images and labels belong together and that both networks use them; then raise the "
    "weight of the class loss if there is one.",
    "identity": "Check that the targets are not the inputs; then lower the weights of the identity and cycle "
    "losses, or raise the adversarial one.",
    "drift": "Go back to the best checkpoint; then lower the learning rates, or the adversarial loss's weight.",
    "data mismatch": "Compare the images that fit receives with the doctor's own: range, order of the channels, "
    "orientation, crop, pairs, whose inputs and targets must be cropped and mirrored alike. If they are meant to "
    "differ, give the doctor images like those of fit.",
    "artifacts": "Check the range and the channels of the images and the generator's last activation, and of outputs "
    "beside their targets its padding and crops; then lower the learning rates, weaken the augmentation, or enlarge by "
    "interpolation instead of transposed convolutions.",
    "healthy": "Nothing to do.",
    "undecided": "Train longer: it is too early to say.",
    "cannot tell from losses": "Look at samples, or let `kerasgan.doctor.Doctor` watch the training: it compares them "
    "with real images.",
}
VERDICTS = tuple(SUGGESTIONS)
NO_TROUBLE = ("healthy", "undecided", "cannot tell from losses")
FEWEST_PROBES = 10
WON = 6.0  # times that a loss has fallen: then its trouble is that the discriminator wins
CALM = 0.06  # below this collapse score the losses are called noise
# `python benchmarks/doctor --logs` counts them; the limit between the two was chosen with these logs.
CALM_LOGS = "Of 20 published logs that are as calm, none had collapsed (benchmarks/results/doctor.md)."
OPEN_LOGS = "Of 10 published logs between calm and trouble, 3 had collapsed."
FEW_EXAMPLES, MANY_EXAMPLES = 20, 100  # a generator can memorize the former number of images, hardly the latter


class Losses(NamedTuple):
    """The losses of a record: whose `loss` is judged, and the generator's beside the discriminator's if recorded."""

    role: str
    loss: np.ndarray
    other: np.ndarray | None = None


def examine(columns: Columns, recorded: Losses, *, alarmed: bool = False) -> list[Finding]:
    """All findings, the verdict first. `alarmed`: whether the losses raised the alarm at an earlier row."""
    signals = Signals(columns)
    found = [divergence(columns, recorded)]
    if signals.has("distance", "diversity"):
        if signals.count >= FEWEST_PROBES:
            found += [rule(signals) for rule in RULES]
        undecided = signals.count < FEWEST_PROBES
    else:
        found.append(from_losses(recorded, alarmed=alarmed))
        undecided = np.isfinite(recorded.loss).sum() < losses.FEWEST_ROWS
    # RULES is ordered so that each trouble explains those after it.
    worst = next((finding for finding in found if finding.severity >= 0.5), None)
    if worst is None:
        worst = unremarkable(signals, recorded, undecided=undecided)
    return [worst, *(finding for finding in found if finding is not worst)]


def unremarkable(signals: Signals, recorded: Losses, *, undecided: bool) -> Finding:
    if undecided:
        return Finding("undecided", 0.0, (f"There are only {signals.count} rows.",))
    if signals.has("distance", "diversity"):
        pairs = signals.has("error")
        far = max(signals.now(name) for name in ("distance", *["error"][:pairs]))
        sentence = (
            f"The samples are {far:.2f} from {'their targets' if pairs else 'the real images'} (1 for their mean)"
        )
        if far > (0.25 if signals.improving() else 0.5):
            return Finding("undecided", 0.0, (f"{sentence}: too far to call healthy yet.",))
        return Finding("healthy", 0.0, (f"{sentence}, with {signals.now('diversity'):.0%} of their variance.",))
    return unremarkable_losses(recorded)


def unremarkable_losses(recorded: Losses) -> Finding:
    """Healthy, or that the losses cannot tell; each with how often that was right."""
    role, loss, other = recorded
    chance, place = losses.collapse(loss, other), losses.resting(loss)
    if place is not None:
        evidence = (
            f"The {role}'s loss rests at {np.nanmedian(loss[-10:]):.4g}, its equilibrium ({place}): it "
            "gives all images the same logit.",
            "So it would with a perfect generator, and with one that has collapsed while neither network learns.",
        )
        return Finding("cannot tell from losses", 0.0, evidence)
    if chance < CALM:
        sentence = f"The {role}'s loss is noise around a plateau: collapse {chance:.2f} from its signs. {CALM_LOGS}"
        return Finding("healthy", 0.0, (sentence,))
    hints = from_losses(recorded).evidence[:2]
    sentence = f"The losses have first signs of trouble, too weak for a verdict. {OPEN_LOGS}"
    return Finding("cannot tell from losses", 0.0, (sentence, *hints))


def divergence(columns: Columns, recorded: Losses) -> Finding:
    """A loss or a signal is not finite, or a loss explodes."""
    probed = ("distance", "margin", "generator_gradient", "discriminator_gradient")
    broken = [name for name in probed if name in columns and not np.isfinite(columns[name][-1])]
    evidence = []
    for role, loss in ((recorded.role, recorded.loss), ("generator", recorded.other)):
        if loss is not None and losses.diverged(loss):
            evidence.append(f"The {role}'s loss ends in {', '.join(f'{value:.3g}' for value in loss[-3:])}.")
    if broken:
        evidence.append(f"Not a number in the last probe: {', '.join(broken)}.")
    return Finding("divergence", float(bool(evidence)), tuple(evidence))


def from_losses(recorded: Losses, *, alarmed: bool = False) -> Finding:
    """The verdict if there is nothing but the losses."""
    role, loss, other = recorded
    severity = losses.collapse(loss, other)
    if not severity:
        return Finding("convergence failure", 0.0, ())
    if alarmed and severity >= CALM:  # a collapsed training seldom recovers, though its losses may look better later
        severity = max(severity, 0.5)
    ratios = losses.signs(loss, other)
    weights = losses.severities(ratios)
    worst = sorted(weights, key=lambda name: -weights[name])
    sentences = [f"The {role}'s loss: {losses.SIGNS[name].sentence.format(ratios[name])}." for name in worst]
    down = losses.fallen(loss)
    if down < WON:
        return Finding("oscillation", severity, tuple(sentences))  # unsettled above its minimum, neither network wins
    won = f"The {role}'s loss has fallen {down:.3g} times below its early level."
    return Finding("convergence failure", severity, (won, *sentences))


def frozen_discriminator(signals: Signals) -> Finding:
    """The discriminator's weights stay as they are."""
    frozen = signals.has("discriminator_update") and signals.now("discriminator_update") < 1e-8
    severity = max(rise(signals.now("distance"), 0.2, 0.8), 0.5) if frozen else 0.0
    return Finding("weak discriminator", severity, ("The discriminator's weights do not change.",))


def frozen_generator(signals: Signals) -> Finding:
    """The generator's weights stay as they are, though there is a gradient."""
    frozen = signals.has("generator_update") and signals.now("generator_update") < 1e-8
    frozen = frozen and not signals.vanished("generator_gradient")  # then the discriminator is at fault
    severity = max(rise(signals.now("distance"), 0.2, 0.8), 0.5) if frozen else 0.0
    return Finding("frozen generator", severity, ("The generator's weights do not change.",))


def weak_discriminator(signals: Signals) -> Finding:
    """The discriminator cannot tell bad samples from real ones, so the generator gets no signal."""
    verdict = "weak discriminator"
    if not signals.has("separation") or signals.improving():
        return Finding(verdict, 0.0, ())
    evidence = (
        f"A real image's logit is above a fake's in {signals.now('separation'):.0%} of pairs (50% by chance), though "
        f"the samples are {signals.now('distance'):.2f} from the real images (1 is as far as their mean).",
    )
    # Below one half, too: it takes fakes for real ones and follows too slowly to help. A young LAPGAN's, of which
    # each sees but a level, are right in two of three pairs.
    young = signals.columns["step"][-1] < YOUNG
    blind = rise(signals.now("separation"), *((0.75, 0.5) if young else (0.85, 0.55)))
    return Finding(verdict, min(blind, rise(signals.now("distance"), 0.2, 0.8)), evidence)


def blind_discriminator(signals: Signals) -> Finding:
    """The discriminator has told nothing since the first step, though a batch of young fakes is easy to tell.

    What the generator learns all the same is of other losses, or by chance: whether it improves does not matter.
    """
    verdict = "weak discriminator"
    if signals.columns["step"][-1] < FEWEST_STEPS:
        return Finding(verdict, 0.0, ())
    measure = "error" if signals.has("error") else "distance"
    far = min(rise(signals.so_far(measure), 0.2, 0.8), rise(signals.now(measure), 0.02, 0.1))
    told = signals.so_far("separation") if signals.has("separation") else np.nan
    place = _guessed(signals) if signals.has("separation") or signals.has("error") else None
    evidence = [f"Half of the probes so far saw samples at least {signals.so_far(measure):.2f} from the real images."]
    if np.isfinite(told):
        evidence.append(
            f"All the while a real image's logit was above a fake's in {told:.0%} of pairs (50% by chance)."
        )
    if place is not None:
        evidence.append(f"All the while the discriminator's loss was that of a guess ({place}).")
    guessing = rise(abs(told - 0.5), 0.2, 0.0)  # BEGAN's is meant to be far below one half
    return Finding(verdict, min(far, max(guessing, float(place is not None))), tuple(evidence))


def _guessed(signals: Signals) -> str | None:
    """The equilibrium at which every discriminator's loss has rested since the first step, or None.

    Where there are several discriminators, the loss is the sum of theirs, each of which has a column.
    """
    names = [name for name in signals.columns if name.startswith("discriminator_loss_")] or ["discriminator_loss"]
    places = [losses.resting(signals.columns.get(name, np.empty(0)), share=1.0) for name in names]
    return None if None in places else places[0]


def total_collapse(signals: Signals) -> Finding:
    """All latents give the same image, whatever the discriminator says and however far from the real ones."""
    diversity, repeats = signals.columns["diversity"][-1], signals.columns["repeats"][-1]
    evidence = (
        f"All samples are alike: {diversity:.1%} of the real images' variance, and {repeats:.0%} of them have a twin.",
        f"Their distance to the real images is {signals.now('distance'):.2f}.",
    )
    return Finding("mode collapse", float(signals.lost()), evidence)


def discriminator_wins(signals: Signals) -> Finding:
    """The discriminator separates all images, and the samples stay far from the real ones."""
    verdict = "convergence failure"
    finished = signals.vanished("discriminator_gradient")
    if not signals.has("separation") or (signals.improving() and not finished):
        return Finding(verdict, 0.0, ())
    evidence = [
        f"The discriminator is right on {signals.now('real_accuracy'):.0%} of real images and "
        f"{signals.now('fake_accuracy'):.0%} of fakes, {signals.now('margin'):.3g} apart in logits.",
        f"The samples are {signals.now('distance'):.2f} from the real images (1 is as far as their mean).",
    ]
    if finished:
        evidence.append(f"Its gradient has vanished: {signals.now('discriminator_gradient'):.2g}.")
    apart, far = rise(signals.now("separation"), 0.9, 0.98), rise(signals.now("distance"), 0.2, 0.8)
    collapsed = signals.now("repeats") > 0.5  # then "mode collapse", the next rule, is the better verdict
    return Finding(verdict, 0.0 if collapsed else min(apart, far), tuple(evidence))


def mode_collapse(signals: Signals) -> Finding:
    """Different latents give nearly the same image."""
    diversity, repeats = signals.now("diversity"), signals.now("repeats")
    evidence: tuple[str, ...] = (
        f"The samples have {diversity:.1%} of the real images' variance, and {repeats:.0%} of them have a twin.",
        f"Their distance to the real images is {signals.now('distance'):.2f}.",
    )
    severity = max(rise(diversity, 0.4, 0.05), rise(repeats, 0.2, 0.8))
    if signals.columns["step"][-1] < YOUNG and not signals.diverse_once():
        # A good GAN2014's samples are of a few kinds, each many times, for its first hundreds of steps, and a good
        # LAPGAN's faint, with 15 % to 35 % of the variance; those of collapsed ones have less.
        severity = rise(diversity, 0.15, 0.05)
    if (signals.improving() or signals.diversifying()) and diversity > 1e-6:
        severity = 0.0
    duplicates = signals.now("duplicates") if signals.has("duplicates") and diversity > ALIKE else 0.0
    if duplicates > 0.2 and signals.columns["step"][-1] >= FEWEST_STEPS:  # latents of a continuous prior never give two
        severity = max(severity, rise(duplicates, 0.2, 0.8))
        evidence += (f"Of the samples, {duplicates:.0%} are equal to another one, of other latents.",)
    return Finding("mode collapse", severity, evidence)


def drift(signals: Signals) -> Finding:
    """The outputs of an image-to-image model move away from their targets, or samples from the real images."""
    if signals.columns["step"][-1] < FEWEST_STEPS:
        return Finding("drift", 0.0, ())
    if signals.has("error"):
        now, best = signals.now("error"), signals.best("error")
        evidence = (f"The outputs' error is {now:.3g} of the targets' variance, after {best:.3g} at its best.",)
        return Finding("drift", min(rise(now / (best + 1e-6), 1.5, 3), rise(now, 0.05, 0.25)), evidence)
    now, best = signals.now("distance"), signals.best("distance")
    evidence = (f"The samples are {now:.2f} from the real images, after {best:.2f} at best (1 for their mean).",)
    near = rise(best, 0.6, 0.4)  # an untrained generator's blank images are no nearer than the mean
    severity = min(rise(now / (best + 0.03), 2, 4), rise(now, 0.2, 0.5), near)
    return Finding("drift", 0.0 if signals.improving() else severity, evidence)


def mode_dropping(signals: Signals) -> Finding:
    """Whole modes of the real images have no samples near them, or no training images."""
    verdict = "mode dropping"
    if not signals.has("coverage"):
        return Finding(verdict, 0.0, ())
    present = signals.now("data_coverage") if signals.has("data_coverage") else 1.0
    if present < 0.75:  # hundreds of images of the same kinds give 0.9
        evidence = f"The training images themselves are of kinds that make up {present:.0%} of the real images."
        return Finding(verdict, rise(present, 0.9, 0.6), (evidence,))
    coverage = signals.now("coverage")
    evidence = f"Of the real images, {coverage:.0%} are of kinds that get their share of the samples."
    young = signals.columns["step"][-1] < YOUNG
    moving = young or signals.improving() or signals.diversifying() or signals.growing("coverage")
    # Samples farther away than the mean belong to no mode yet. 64 real images cover 73 % of them at least (99 % of
    # draws), those of half of the classes of digits 63 %.
    settled = not moving and signals.now("distance") < 1
    return Finding(verdict, rise(coverage, 0.7, 0.5) if settled else 0.0, (evidence,))


def memorization(signals: Signals) -> Finding:
    """Samples are near-copies of training images, or there are too few training images for anything else."""
    if not signals.has("copies"):
        return Finding("memorization", 0.0, ())
    copies = signals.now("copies")
    examples = signals.now("examples") if signals.has("examples") else np.inf
    evidence = [f"{copies:.0%} of the samples are nearer to a training image than half the usual distance between two."]
    if examples < MANY_EXAMPLES:
        evidence.append(f"There are only {examples:.0f} different training images.")
    severity = max(rise(copies, 0.05, 0.45), rise(examples, MANY_EXAMPLES, FEW_EXAMPLES))
    return Finding("memorization", severity, tuple(evidence))


def oscillation(signals: Signals) -> Finding:
    """The samples' distance to the real images oscillates in the second half of the record."""
    distance = signals.columns["distance"][-(signals.count // 2) :]
    distance = distance[np.isfinite(distance)]
    if len(distance) < 6:
        return Finding("oscillation", 0.0, ())
    low, high = np.quantile(distance, [0.1, 0.9])
    swings = np.abs(np.diff(distance)).sum() / (high - low + 1e-12)
    evidence = (f"The distance to the real images swings between {low:.2f} and {high:.2f}, {swings:.1f} times over.",)
    severity = min(rise(high - low, 0.1, 0.4), rise(swings, 1.5, 4.5))
    if signals.columns["step"][-1] < YOUNG:  # what was never near does not go, as of a good LAPGAN's start
        severity = min(severity, rise(low, 0.6, 0.3))
    return Finding("oscillation", severity, evidence)


def restlessness(signals: Signals) -> Finding:
    """The same latents give other images at every probe: each step changes the generator's weights too much."""
    if not signals.has("movement", "generator_update") or signals.improving():
        return Finding("oscillation", 0.0, ())
    movement, update = signals.now("movement"), signals.now("generator_update")
    evidence = (
        f"From one probe to the next the same latents' images move by {movement:.0%} of the real images' spread.",
        f"A step changes the generator's weights by {update:.2%}; a tenth of a percent is usual.",
    )
    far = rise(signals.now("distance"), 0.04, 0.14)
    return Finding("oscillation", min(rise(movement, 0.3, 0.8), rise(update, 0.002, 0.012), far), evidence)


def standstill(signals: Signals) -> Finding:
    """The samples stay far from the real images."""
    verdict = "convergence failure"
    young = signals.columns["step"][-1] < YOUNG
    if young or signals.has("error") or signals.improving() or signals.diversifying():
        return Finding(verdict, 0.0, ())
    now, best = signals.now("distance"), signals.best("distance")
    evidence = (f"The samples stay {now:.2f} from the real images (1 for their mean), after {best:.2f} at best.",)
    return Finding(verdict, rise(now, 0.2, 0.8), evidence)


RULES: tuple[Callable[[Signals], Finding], ...] = (
    frozen_discriminator,
    frozen_generator,
    wrong_range,
    total_collapse,
    one_color,
    data_mismatch,
    wrong_labels,
    weak_discriminator,
    blind_discriminator,
    discriminator_wins,
    mode_collapse,
    class_collapse,
    identity,
    drift,
    oscillation,
    restlessness,
    labels_ignored,
    mode_dropping,
    memorization,
    pointless,
    standstill,
    artifacts,
)
