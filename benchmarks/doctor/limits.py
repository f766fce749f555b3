"""How far the final samples of the bundled entries are from the limits of the verdict *artifacts*."""

import math
from collections.abc import Mapping

import numpy as np
import recipes

import kerasgan
from kerasgan.doctor import Doctor
from kerasgan.doctor.image_rules import LOOKS
from kerasgan.doctor.translation import TranslationProbe


def measure(name: str) -> dict[str, float] | None:
    """What the verdict is given of an entry's samples, or outputs for its own inputs; None where a doctor sees none."""
    recipe, gan = kerasgan.zoo.recipe(name), kerasgan.zoo.load(name)
    doctor = Doctor()
    doctor.set_model(gan)
    doctor.on_fit_begin(kerasgan.zoo.source(recipe, seed=0))
    probe = doctor._new_probe()
    if probe is None:
        return None
    if isinstance(probe, TranslationProbe):
        images = gan.predict(probe.inputs, verbose=0)
    else:
        images = gan.generate(probe.count, labels=probe.labels, seed=probe.seed)
    found = probe.reference.compare(np.asarray(images))
    return {look: getattr(found, look) for look in LOOKS}


def entries() -> dict[str, dict[str, float]]:
    """Of each bundled entry whose training images are at hand."""
    measured = {name: measure(name) for name in recipes.names()}
    return {name: found for name, found in measured.items() if found is not None}


def table(measured: Mapping[str, Mapping[str, float]]) -> str:
    """The entries' values, and the limits: without trouble up to the first, a verdict from midway to the second on."""
    rows = [f"| entry | {' | '.join(LOOKS)} |", f"|---|{'---|' * len(LOOKS)}"]
    rows += [f"| {name} | {' | '.join(f'{found[look]:.2f}' for look in LOOKS)} |" for name, found in measured.items()]
    worst = {look: max(found[look] for found in measured.values()) for look in LOOKS}
    rows.append(f"| **largest** | {' | '.join(f'{worst[look]:.2f}' for look in LOOKS)} |")
    rows.append(f"| no sign up to | {' | '.join(f'{limits[0]}' for limits in LOOKS.values())} |")
    rows.append(f"| verdict from | {' | '.join(f'{math.fsum(limits[:2]) / 2:.2f}' for limits in LOOKS.values())} |")
    return "\n".join(rows)
