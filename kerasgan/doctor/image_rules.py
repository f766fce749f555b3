"""What images tell beside their distance: rules as in `kerasgan.doctor.rules`."""

from kerasgan.doctor.finding import Finding
from kerasgan.doctor.signals import ALIKE, FEWEST_STEPS, Signals, rise

__all__ = ["artifacts", "data_mismatch", "wrong_range"]

MARGIN = 0.02  # of the targets' variance: errors of filters are compared with this added

# signal: without trouble, in trouble, and what it says. Of samples of the bundled entries they are 0.28, 0.30, 4.2 and
# 0.03 at most (`python benchmarks/doctor --limits`).
LOOKS = {
    "levels": (0.3, 0.7, "Sorted by value, the pixels of the {} are {:.2f} standard deviations from those of the {}."),
    "colors": (
        0.5,
        1.1,
        "Sorted by value, the colors of the {}, less gray, are {:.2f} deviations from those of the {}.",
    ),
    "detail": (5.0, 9.0, "Neighboring pixels of the {} differ, squared, {:.1f} times as much as those of the {}."),
    "clipped": (0.15, 0.45, "Of the pixels of the {}, {:.0%} more are at the limits of the range than of the {}."),
}

LASTING = (0.15, 0.45)  # clipped pixels at the start of a training, at least for a hundred steps

SPECKS = (0.003, 0.013)  # of the training images' pixels, more than of the doctor's own; of salt on 1 % nearly as many


def wrong_range(signals: Signals) -> Finding:
    """The levels of the images that `fit` is given span another range than those that the doctor is given."""
    span = signals.now("data_span") if signals.has("data_span") else 1.0
    evidence = f"The levels of the training images and of the doctor's own span ranges that differ {span:.1f} times."
    return Finding("data mismatch", rise(span, 2.0, 4.0), (evidence,))


def data_mismatch(signals: Signals) -> Finding:
    """The images that `fit` is given are not like those that the doctor is given, or their pairs do not match."""
    severity, sentences = _looks(signals, "data_", ("training images", "doctor's own"))
    for name, good, bad, kind in (
        ("data_apart", 0.6, 0.8, "image"),
        ("data_patches", 0.6, 0.7, "patch of three pixels"),
    ):
        apart = signals.now(name) if signals.has(name) else 0.0
        told = rise(apart, good, bad)
        severity = max(severity, told)
        sentences += [
            f"In {apart:.0%} of cases the {kind} most like one of the training images is of those again, and the same "
            "holds for the doctor's own (50% if both are from the same source)."
        ] * (told > 0)
    for told, sentence in (_noise(signals), _pairs_of_others(signals), _moved_pairs(signals)):
        severity = max(severity, told)
        sentences += [sentence] * (told > 0)
    return Finding("data mismatch", severity, tuple(sentences))


def _noise(signals: Signals) -> tuple[float, str]:
    """Whether the training images have impulse noise."""
    specks = signals.now("data_specks") if signals.has("data_specks") else 0.0
    sentence = (
        f"Of the training images' pixels, {specks:.1%} more than of the doctor's own are much lighter, or much darker, "
        "than all of their neighbors."
    )
    return rise(specks, *SPECKS), sentence


def _pairs_of_others(signals: Signals) -> tuple[float, str]:
    """Whether the training's targets follow from the inputs otherwise than those of the doctor's pairs."""
    if not signals.has("filter_error", "data_filter_error"):
        return 0.0, ""
    own, theirs = signals.now("filter_error"), signals.now("data_filter_error")
    sentence = (
        f"A linear filter that makes the doctor's targets of their inputs with an error of {own:.2f} of their variance "
        f"has one of {theirs:.2f} on the training's pairs."
    )
    explains = rise(own, 0.9, 0.7)  # else it says nothing
    return min(rise((theirs + MARGIN) / (own + MARGIN), 2.0, 4.0), explains), sentence


def _moved_pairs(signals: Signals) -> tuple[float, str]:
    """Whether the training's inputs and targets were cropped or mirrored separately."""
    if not signals.has("data_unmoved_error", "moved_error"):
        return 0.0, ""
    unmoved, moved = signals.now("data_unmoved_error"), signals.now("moved_error")
    sentence = (
        f"A linear filter makes the training's targets of their inputs with an error of {unmoved:.2f} of their "
        f"variance, and of {moved:.2f} if each target is moved or mirrored by itself to where it fits."
    )
    return min(rise((unmoved + MARGIN) / (moved + MARGIN), 2.0, 4.0), rise(moved, 0.6, 0.4)), sentence


def artifacts(signals: Signals) -> Finding:
    """The samples have levels, colors or grain that real images do not have."""
    formless = signals.now("diversity") < ALIKE  # one image, of whose looks little is to be said
    quiet = formless or signals.improving()
    severity, sentences = (0.0, []) if quiet else _looks(signals, "", ("samples", "real images"))
    for told, sentence in (_saturated(signals), _grainy(signals), _beside(signals)):
        severity = max(severity, told)
        sentences += [sentence] * (told > 0)
    return Finding("artifacts", severity, tuple(sentences))


def _saturated(signals: Signals) -> tuple[float, str]:
    """Whether the samples were at the limits of the range for long, though they may have come away from there."""
    if not signals.has("clipped") or signals.columns["step"][-1] < FEWEST_STEPS:
        return 0.0, ""
    lasting = signals.lasting("clipped")
    sentence = (
        f"For five probes in a row {lasting:.0%} more of the samples' pixels than of the real images' were at the "
        "limits of the range, where a last activation passes no gradient."
    )
    return min(rise(lasting, *LASTING), rise(signals.now("distance"), 0.1, 0.3)), sentence


def _grainy(signals: Signals) -> tuple[float, str]:
    """Whether the samples have had far more grain than the real images for long, though they may be improving."""
    if not signals.has("detail") or signals.columns["step"][-1] < FEWEST_STEPS or signals.shrinking("detail"):
        return 0.0, ""
    good, bad, _ = LOOKS["detail"]
    lasting, now = signals.lasting("detail"), signals.now("detail")
    sentence = (
        f"For five probes in a row neighboring pixels of the samples differed, squared, at least {lasting:.1f} times "
        f"as much as those of the real images; now {now:.1f} times."
    )
    return min(rise(lasting, good, bad), rise(now, good, bad), rise(signals.now("distance"), 0.1, 0.3)), sentence


def _beside(signals: Signals) -> tuple[float, str]:
    """Whether all outputs fit their targets only if these are moved or mirrored."""
    if not signals.has("unmoved_output_error", "moved_output_error") or signals.improving():
        return 0.0, ""
    unmoved, moved = signals.now("unmoved_output_error"), signals.now("moved_output_error")
    sentence = (
        f"The outputs' error is {unmoved:.2f} of the targets' variance, and {moved:.2f} if all targets are moved or "
        "mirrored in the same way."
    )
    return min(rise((unmoved + MARGIN) / (moved + MARGIN), 2.0, 4.0), rise(moved, 0.6, 0.4)), sentence


def _looks(signals: Signals, prefix: str, names: tuple[str, str]) -> tuple[float, list[str]]:
    """How far two kinds of images differ in their pixels by themselves, and sentences on what differs."""
    severity, sentences = 0.0, []
    for name, (good, bad, sentence) in LOOKS.items():
        if not signals.has(prefix + name) or signals.shrinking(prefix + name):
            continue
        now = signals.now(prefix + name)
        severity = max(severity, rise(now, good, bad))
        sentences += [sentence.format(names[0], now, names[1])] * (now > good)
    return severity, sentences
