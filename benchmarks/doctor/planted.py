"""Trainings into which a trouble is planted."""

import functools
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import recorder
from earlier import EARLIER
from earlier_data import EARLIER_DATA
from earlier_learning import EARLIER_LEARNING
from earlier_networks import EARLIER_NETWORKS
from families import BATCH, PAIRS, SIZES, Setting, distance
from families import setting as healthy
from troubles import TROUBLES, Trouble
from unseen import HELD_OUT

DEVELOPMENT: Mapping[str, Trouble] = {**TROUBLES, **EARLIER, **EARLIER_DATA, **EARLIER_LEARNING, **EARLIER_NETWORKS}
"""With which the rules were made."""


def every(*, held_out: bool) -> Mapping[tuple[str, str], Trouble | None]:
    """The trouble, if any, of each (kind, family); trainings without trouble are of the kind "none".

    A family of each kind in turn, so that a part of the trainings has all kinds.
    """
    chosen: Mapping[str, Trouble | None] = HELD_OUT if held_out else {"none": None, **DEVELOPMENT}
    turns: dict[tuple[str, str], Trouble | None] = {}
    for turn in range(len(SIZES)):
        for kind, trouble in chosen.items():
            families = tuple(SIZES) if trouble is None else trouble.families
            if turn < len(families):
                turns[kind, families[turn]] = trouble
    return turns


def kinds() -> Mapping[str, Trouble]:
    return {**DEVELOPMENT, **HELD_OUT}


def named(written: str) -> Trouble | None:
    """The trouble of a kind as file names write it; None for "none"."""
    return {kind.replace(" ", "-"): trouble for kind, trouble in kinds().items()}.get(written)


def changed(family: str, trouble: Trouble | None, seed: int) -> Setting:
    """The training of one family with one trouble."""
    recorder.seeded(seed)
    setting = healthy(family, seed)
    if trouble is not None:
        trouble.change(setting, np.random.default_rng(seed))
    return setting


def measure_data(path: Path, *, trouble: Trouble | None, family: str, seed: int) -> None:
    """Measures a recorded training's data anew, without training, where a doctor looks at them by themselves."""
    setting = changed(family, trouble, seed)
    if setting.translates or setting.reference is not None:
        data = (setting.x, setting.y) if setting.loader is None else (setting.loader(setting.x, setting.y),)
        recorder.measure_data(path, setting.gan(), data, setting.reference)


def plant(path: Path, *, trouble: Trouble | None, family: str, seed: int, steps: int = 0) -> None:
    """Trains one family with one trouble, for so many steps at least, and records what a doctor measures."""
    setting = changed(family, trouble, seed)
    fitted, reference = (setting.x, setting.y), setting.reference
    options = {"batch_size": PAIRS if setting.translates else BATCH}
    if setting.loader is not None:
        fitted, reference, options = (setting.loader(*fitted),), reference or fitted, {"steps_per_epoch": 50}
    measure = functools.partial(distance, wanted=setting, seed=seed)
    recorder.record(
        path,
        setting.gan(),
        fitted,
        reference=reference or (None, None),
        steps=max(setting.steps, steps),
        callbacks=setting.callbacks,
        options=options,
        measure=measure,
    )
