"""What the troubles of image-to-image models look like: rules as in `kerasgan.doctor.rules`."""

from kerasgan.doctor.finding import Finding
from kerasgan.doctor.signals import Signals, rise

__all__ = ["identity", "one_color", "pointless"]

OWN_INPUTS = 0.3  # of the targets' variance: inputs that are nearer than this to their targets are hard to better


def one_color(signals: Signals) -> Finding:
    """Each output of an image-to-image model is of one color."""
    if not signals.has("contrast"):
        return Finding("mode collapse", 0.0, ())
    contrast = signals.now("contrast")
    evidence = f"Within an output the variance is {contrast:.1%} of that within a target: each is of one color."
    still = not signals.improving() and not signals.rising("contrast")
    return Finding("mode collapse", rise(contrast, 0.2, 0.02) if still else 0.0, (evidence,))


def identity(signals: Signals) -> Finding:
    """The outputs of an image-to-image model are its inputs, or without pairs look like those."""
    if not signals.has("change", "input_error") or signals.improving():
        return Finding("identity", 0.0, ())
    change, wanted = signals.now("change"), signals.now("input_error")
    apart = rise(wanted, 0.1, 0.3)
    if signals.has("input_distance"):
        near, far = signals.now("input_distance"), signals.now("distance")
        domains = (
            f"The outputs are {near:.2f} from the inputs' domain, and {far:.2f} from the other one (0 for its own)."
        )
        return Finding("identity", min(rise(near / far, 0.6, 0.2), apart), (domains,))
    evidence = (
        f"The outputs differ from their inputs by {change:.2f} of the targets' variance; inputs and targets differ by "
        f"{wanted:.2f}.",
    )
    return Finding("identity", min(rise(change / wanted, 0.3, 0.1), apart), evidence)


def pointless(signals: Signals) -> Finding:
    """The outputs of an image-to-image model are no better than the mean of all targets, or than the inputs."""
    verdict = "convergence failure"
    if not signals.has("error"):
        return Finding(verdict, 0.0, ())
    # An error that was never below that of one mean, and swings, is sometimes a fifth smaller than before by chance.
    nearing = signals.improving() if signals.best("error") < 1 else signals.nearing()
    if nearing:
        return Finding(verdict, 0.0, ())
    error = signals.now("error")
    own = signals.now("input_error") if signals.has("input_error") else 1.0
    evidence = [f"The outputs' error is {error:.2f}; that of one mean image is 1, that of the inputs {own:.2f}."]
    gray = signals.now("gray_error") if signals.has("gray_error") else error  # as the inputs' and the filter's
    worse = rise(error, 0.8, 1.2)
    if OWN_INPUTS < own < 1.0:
        worse = max(worse, rise(gray / own, 0.8, 1.2))
        evidence.append(f"In gray, as the latter, it is {gray:.2f}.")
    strangers = 1.0
    if signals.has("pairing"):  # of several right outputs for an input, each may be far from the target
        strangers = rise(signals.now("pairing"), 0.5, 0.8)
        evidence.append(f"It is {signals.now('pairing'):.0%} of that from the targets of other inputs.")
    severity = min(worse, strangers)
    if signals.has("filter_error"):
        simple = signals.now("filter_error")
        evidence.append(f"That of a linear filter is {simple:.2f}.")
        severity = max(severity, min(rise(gray, 0.3, 0.6), rise(gray / (simple + 0.05), 3.0, 6.0)))
    return Finding(verdict, severity, tuple(evidence))
