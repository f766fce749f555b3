"""Which model a published checkpoint holds: publisher, family and arguments, from its tensors' names and shapes."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasgan.checkpoints import openmmlab
from kerasgan.checkpoints.assignment import CHANNEL_ORDERS, MismatchError, Report, assign_contents
from kerasgan.checkpoints.nearest import advice, nearest
from kerasgan.checkpoints.pickles import CheckpointError
from kerasgan.checkpoints.placement import Layout
from kerasgan.checkpoints.reading import read
from kerasgan.checkpoints.recognition import recognized
from kerasgan.files.text import visible
from kerasgan.names import resolve

if TYPE_CHECKING:
    from kerasgan.gan import GAN

__all__ = ["Detection", "candidates", "detect"]

# What `detect` may raise for tensors of another network: a name that is not there, or a shape of another rank.
_OTHER = (ArithmeticError, LookupError, TypeError, ValueError)


@dataclasses.dataclass(frozen=True)
class Detection:
    """What a checkpoint holds; `str(detection)` says it in words.

    Attributes:
        path: the file.
        publisher: the publisher whose format it has.
        family: the class in `kerasgan.models`.
        arguments: of that class: those that the file tells, and those that were given.
        assumed: what the file does not tell: each name with what was chosen and why. All of these can be given.
        channel_order: the order of colors in the file, "rgb" or "bgr". The model generates RGB.
        report: what became of every tensor.
        gan: the model, with the file's weights, compiled with its family's settings.
    """

    path: Path
    publisher: str
    family: str
    arguments: Mapping[str, Any]
    assumed: Mapping[str, str]
    channel_order: str
    report: Report
    gan: GAN = dataclasses.field(repr=False)

    def __str__(self) -> str:
        lines = [f"{self.path.name}: {self.family}({_written(self.arguments)}), as {self.publisher} writes it"]
        lines += [f"Assumed, as the file does not tell: {name}: {why}" for name, why in self.assumed.items()]
        return "\n".join(visible(line) for line in lines)


@dataclasses.dataclass(frozen=True)
class Candidate:
    """A family that a file may be of, with the arguments that its tensors' names and shapes tell."""

    publisher: ModuleType
    family: str
    layout: Layout
    arguments: Mapping[str, Any]


def detect(
    path: str | Path, *, family: str | None = None, channel_order: str | None = None, **arguments: Any
) -> Detection:
    """Finds the family and all arguments of a published checkpoint's model, and loads its weights into it.

    Nothing in the file is executed, and PyTorch is not needed. Every weight of the generator has its tensor then, and
    every tensor of the generator its weight.

    Args:
        path: a checkpoint in a format that `kerasgan.checkpoints.assign` reads.
        family: of the files of several families, which are alike: a class in `kerasgan.models`.
        channel_order: the order of colors in the checkpoint's training images, "rgb" or "bgr", where its publisher has
            both; what most of its files of this family have if not given.
        **arguments: of the family that the file does not tell or that are to differ, such as `image_size` or `prior`.

    Raises:
        CheckpointError: the file is damaged or in an unknown format, or its network is of no known family: names the
            nearest ones, the first tensors that do not fit, and the recipe to begin with.
        ValueError: for an unknown family, order of colors or argument.
    """
    from kerasgan import models

    if channel_order not in (None, *CHANNEL_ORDERS):
        raise ValueError(f"Expected one of {CHANNEL_ORDERS}. Received: channel_order={channel_order!r}")
    if family is not None:
        family = resolve(family, sorted(models.__all__), expected="a family", received=f"family={family!r}")
    contents = read(path)
    found = [each for each in candidates(contents, path) if family in (None, each.family)]
    refused: list[str] = []
    for candidate in found:
        chosen = {**candidate.arguments, **_known_arguments(candidate.family, arguments)}
        order = candidate.publisher.CHANNEL_ORDER or channel_order or _usual_order(candidate)
        try:
            gan = _built(candidate.family, chosen, Path(path))
            report = assign_contents(gan, contents, path, channel_order=order)
        except (CheckpointError, ValueError) as error:
            refused.append(_refusal(candidate.family, chosen, error))
            continue
        others = [each.family for each in found if each.family != candidate.family]
        assumed = _assumed(gan, candidate, chosen, channel_order, others)
        return Detection(Path(path), candidate.publisher.NAME, candidate.family, chosen, assumed, order, report, gan)
    if refused:
        raise CheckpointError(
            "\n".join([f"Expected a network of a known family. Received: path={str(path)!r}", *refused])
        )
    raise CheckpointError(nearest(contents, path, family=family))


def candidates(contents: object, path: object) -> Iterator[Candidate]:
    """The families that a file's tensors may be of, the likeliest first."""
    seen = set()
    for publisher, state in recognized(contents, path):
        shapes = {name: tensor.shape for name, tensor in state.items() if isinstance(tensor, np.ndarray)}
        for family, layout in publisher.FAMILIES.items():
            try:
                arguments = layout.detect(shapes)
            except _OTHER:
                continue
            if arguments is not None and family not in seen:
                seen.add(family)
                yield Candidate(publisher, family, layout, arguments)


def _known_arguments(family: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments by the names that the family has for them."""
    from kerasgan import models

    known = sorted(inspect.signature(getattr(models, family).__init__).parameters.keys() - {"self"})
    return {
        resolve(name, known, expected=f"an argument of {family}", received=f"{name}={value!r}"): value
        for name, value in arguments.items()
    }


def _built(family: str, arguments: Mapping[str, Any], path: Path) -> GAN:
    """The model, whose weights take little more memory than the file that tells their sizes."""
    from kerasgan import models
    from kerasgan.checkpoints.keras_files import allowed_bytes, weights_within
    from kerasgan.gan.policy import without_values

    files = {each for each in (path, path.with_suffix(".bin")) if each.is_file()}  # ncnn has both
    with weights_within(allowed_bytes(*files)), without_values():
        gan = getattr(models, family)(**arguments)
        gan.compile()
    return gan


def _usual_order(candidate: Candidate) -> str:
    if candidate.publisher.CHANNEL_ORDER is not None:
        return candidate.publisher.CHANNEL_ORDER
    return "rgb" if candidate.family in openmmlab.USUALLY_RGB else "bgr"


def _assumed(
    gan: GAN, candidate: Candidate, chosen: Mapping[str, Any], channel_order: str | None, others: list[str]
) -> dict[str, str]:
    assumed = {}
    if others:
        assumed["family"] = f"{candidate.family}; files of {', '.join(others)} are alike"
    if candidate.publisher.CHANNEL_ORDER is None and channel_order is None and gan.image_shape[-1] > 1:
        order, publisher = _usual_order(candidate), candidate.publisher.NAME
        assumed["channel_order"] = f"{order}, as in most of {publisher}'s files of {candidate.family}"
    settled = gan.get_config()
    if gan.task.from_images and "image_size" not in chosen:
        assumed["image_size"] = f"{settled['image_size']}, of training; the generator takes images of any size"
    if not gan.task.from_images and "prior" not in chosen and "prior" in settled:
        assumed["prior"] = f"{type(gan.prior).__name__}, the family's own"
    return assumed


def _refusal(family: str, arguments: Mapping[str, Any], error: Exception) -> str:
    first, *rest = str(error).splitlines()
    lines = [f"  Nearest: {family}({_written(arguments)})", *(f"  {line}" for line in rest[:4])]
    if not isinstance(error, MismatchError):
        lines.append(f"    {first}")
    known = {key: value for key, value in arguments.items() if isinstance(value, (bool, int, float, str, list, tuple))}
    return "\n".join(visible(line) for line in [*lines, advice(family, known)])


def _written(arguments: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in arguments.items())
