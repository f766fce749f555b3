"""The common preparation of all formats: a network in float32, and the images that Keras generates with it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import numpy as np

from kerasgan.export.assembly import assemble
from kerasgan.export.naming import named
from kerasgan.export.options import LEVEL, PRECISIONS, Options
from kerasgan.export.portable import exactly, portable
from kerasgan.export.proof import Case, attempt, compare_copy, draw_on_cpu, reference_cases
from kerasgan.export.signature import Input, describe, example_inputs, side_of, signature_of
from kerasgan.gan import GAN

__all__ = ["Prepared", "prepare"]

BATCHES = (1, 3, 8)
OF_IMAGES = (1, 3)  # of image-to-image networks, whose calls take long
ROUNDING = PRECISIONS["float32"].limit
CALIBRATED = 32  # images from which the ranges of static_int8 are measured


class Prepared(NamedTuple):
    """The network to write, its inputs, reference images, inputs for measuring ranges, and the file's metadata."""

    network: keras.Model
    inputs: list[Input]
    cases: list[Case]
    calibration: list[dict[str, np.ndarray]]
    facts: dict[str, Any]


def prepare(gan: GAN, options: Options) -> Prepared:
    """Prepares the generator for export.

    Raises:
        ExportError: if Keras does not give the same finite images twice, and from a copy of the network.
        ValueError: if it has more inputs than exported ones, or options do not suit it.
    """
    original = _sampler(gan, options.direction)
    copy = attempt(lambda: portable(original), "a generator that its layers' get_config() describe in full")
    with exactly():
        copy = named(gan, copy)
        network = assemble(gan, copy, options)
    inputs = signature_of(network, options)
    several = OF_IMAGES if gan.task.from_images else BATCHES
    batches = several if options.batch_size is None else (options.batch_size,)
    rounding = ROUNDING + LEVEL * (options.output == "uint8")
    first, *others = example_inputs(gan, inputs, count=batches[-1], side=side_of(gan))
    # of other sizes one batch shows that the file takes them
    others = [{name: rows[: batches[0]] for name, rows in each.items()} for each in others]
    cases = reference_cases(network, first, batches=batches, tolerance=rounding, others=others)
    if copy is network:
        plain = cases[-len(batches)]
    else:
        rows = example_inputs(gan, signature_of(copy, options), count=1, side=side_of(gan))[0]
        plain = Case(rows, draw_on_cpu(copy, rows))
    compare_copy(original, plain, ROUNDING)
    calibration = _calibration(gan, inputs, options.batch_size or 1) if options.precision == "static_int8" else []
    return Prepared(network, inputs, cases, calibration, describe(gan, options))


def _sampler(gan: GAN, direction: str | None) -> keras.Model:
    if gan.task.from_images:
        return gan.translator(direction)
    return gan.sampler  # `assemble` refuses a direction


def _calibration(gan: GAN, inputs: Sequence[Input], batch: int) -> list[dict[str, np.ndarray]]:
    """Batches of examples other than those of the comparison."""
    batches = []
    for rows in example_inputs(gan, inputs, count=batch * -(-CALIBRATED // batch), seed=1):
        for start in range(0, len(next(iter(rows.values()))), batch):
            batches.append({name: values[start : start + batch] for name, values in rows.items()})
    return batches
