"""What images tell beside their distance: rules as in `kerasgan.doctor.rules`."""

from kerasgan.doctor.finding import Finding
from kerasgan.doctor.signals import Signals, rise

__all__ = ["artifacts", "data_mismatch", "pointless"]

OWN_INPUTS = 0.3  # of the targets' variance: inputs that are nearer than this to their targets are hard to better

# signal: without trouble, in trouble, and what it says. Of the zoo's entries they are 0.28, 0.3 and 4.3 at most.
LOOKS = {
    "levels": (0.3, 0.7, "Sorted by value, the pixels of the {} are {:.2f} standard deviations from those of the {}."),
    "colors": (
        0.5,
        1.1,
        "Sorted by value, the colors of the {}, less gray, are {:.2f} deviations from those of the {}.",
    ),
    "detail": (5.0, 9.0, "Neighboring pixels of the {} differ, squared, {:.1f} times as much as those of the {}."),
}


def data_mismatch(signals: Signals) -> Finding:
    """The images that `fit` is given are not like those that the doctor is given."""
    apart = signals.now("data_apart") if signals.has("data_apart") else 0.0
    told = rise(apart, 0.6, 0.8)
    evidence = (
        f"In {apart:.0%} of cases the image most like a training image is a training image again, and one of the "
        "doctor's own for those (50% at most if both are from the same source)."
    )
    severity, sentences = _looks(signals, "data_", ("training images", "doctor's own"))
    return Finding("data mismatch", max(told, severity), tuple([evidence] * (told > 0) + sentences))


def pointless(signals: Signals) -> Finding:
    """The outputs of an image-to-image model are no better than the mean of all targets, or than the inputs."""
    verdict = "convergence failure"
    if not signals.has("error") or signals.improving():
        return Finding(verdict, 0.0, ())
    error = signals.now("error")
    own = signals.now("input_error") if signals.has("input_error") else 1.0
    trivial = min(1.0, own) if own > OWN_INPUTS else 1.0
    evidence = [f"The outputs' error is {error:.2f}; that of one mean image is 1, that of the inputs {own:.2f}."]
    strangers = 1.0
    if signals.has("pairing"):  # of several right outputs for an input, each may be far from the target
        strangers = rise(signals.now("pairing"), 0.5, 0.8)
        evidence.append(f"It is {signals.now('pairing'):.0%} of that from the targets of other inputs.")
    return Finding(verdict, min(rise(error / trivial, 0.8, 1.2), strangers), tuple(evidence))


def artifacts(signals: Signals) -> Finding:
    """The samples have levels, colors or grain that real images do not have."""
    severity, sentences = (0.0, []) if signals.improving() else _looks(signals, "", ("samples", "real images"))
    return Finding("artifacts", severity, tuple(sentences))


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
