"""Loads a published checkpoint into a model of the same architecture and reports what became of every tensor."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasgan.checkpoints.pickles import CheckpointError
from kerasgan.checkpoints.placement import Layout, Placement
from kerasgan.checkpoints.reading import read
from kerasgan.checkpoints.recognition import recognized
from kerasgan.files.text import visible

if TYPE_CHECKING:
    from kerasgan.gan import GAN

CHANNEL_ORDERS = ("rgb", "bgr")


@dataclass
class Report:
    """What became of every tensor of a checkpoint; `str(report)` is a table.

    Args:
        path: the file.
        publisher: the publisher whose format the file has.
        assigned: tensor name to the path of the variable that received it.
        skipped: tensor name to the reason why the generator does not need it.
        missing: weights that the model has and the file lacks: tensor name to the path of the variable.
        left_over: tensors of the generator for which the model has no weight.
        mismatched: tensor name to what was expected and received.
        networks: of the GAN, those that the file has: "generator", "discriminator", "average".
        untrained: directions of a model with several generators that the file has no weights of.
    """

    path: Path
    publisher: str
    assigned: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    left_over: list[str] = field(default_factory=list)
    mismatched: dict[str, str] = field(default_factory=dict)
    networks: tuple[str, ...] = ()
    untrained: tuple[str, ...] = ()

    @property
    def fits(self) -> bool:
        """Whether every weight of the generator has its tensor, and every tensor of the generator its weight."""
        return not (self.missing or self.left_over or self.mismatched)

    def __str__(self) -> str:
        rows = [
            *((name, "assigned", variable) for name, variable in self.assigned.items()),
            *((name, "skipped", reason) for name, reason in self.skipped.items()),
            *((name, "mismatched", reason) for name, reason in self.mismatched.items()),
            *((name, "missing", f"needed by {variable}") for name, variable in self.missing.items()),
            *((name, "left over", "the model has no place for it") for name in self.left_over),
        ]
        width = max((len(name) for name, _, _ in rows), default=0)
        lines = [f"{name:<{width}}  {outcome:<10}  {detail}" for name, outcome, detail in rows]
        title = (
            f"{self.path.name} ({self.publisher}): {len(self.assigned)} tensors assigned, {len(self.skipped)} skipped"
        )
        return "\n".join(visible(line) for line in (title, *lines))


class MismatchError(CheckpointError):
    """The checkpoint is not of the model's architecture; `report` lists every tensor."""

    def __init__(self, message: str, *, report: Report) -> None:
        super().__init__(message)
        self.report = report


def assign(gan: GAN, path: str | Path, *, channel_order: str = "rgb") -> Report:
    """Loads the generator of a published checkpoint into `gan`, and into its moving-average generator if it has one.

    Nothing in the file is executed, and PyTorch is not needed. All names and shapes are checked before the first weight
    changes. If the file has a moving average, it is loaded into `gan.sampler`, the network that generates images.

    Args:
        gan: a model of a family with a published format, of the same architecture as the checkpoint.
        path: a `.pth` file, safetensors, ncnn's `.param` or `.bin`, HDF5 of Keras 2, or a pickle of persistent classes
            (`.pkl` of StyleGAN2-ADA and StyleGAN3).
        channel_order: the order of colors in the checkpoint's training images, "rgb" or "bgr". With "bgr" (OpenMMLab's
            color models) the last layer's channels are reversed, so that `gan` produces RGB. Ignored if the publisher
            has one order only.

    Raises:
        MismatchError: tensors are missing, left over or of another shape; names them, and leaves `gan` as it was.
        CheckpointError: the file is damaged, not allowed or in an unknown format, or the family has no published
            format.
    """
    if channel_order not in CHANNEL_ORDERS:
        raise ValueError(f"Expected one of {CHANNEL_ORDERS}. Received: channel_order={channel_order!r}")
    return assign_contents(gan, read(path), path, channel_order=channel_order)


def assign_contents(gan: GAN, contents: object, path: str | Path, *, channel_order: str = "rgb") -> Report:
    """As `assign`, of a file whose contents have been read."""
    from kerasgan.gan import ImageToImage

    refused: list[CheckpointError] = []
    for publisher, state in recognized(contents, path):
        report = Report(Path(path), publisher.NAME)
        order = publisher.CHANNEL_ORDER or channel_order
        try:
            plan = _plan(gan, publisher, state, report, reverse_colors=order == "bgr")
        except CheckpointError as error:
            refused.append(error)
            continue
        _carry_out(gan, plan)
        if isinstance(gan, ImageToImage):
            gan.untrained = report.untrained
        return report
    raise refused[0]


def _plan(
    gan: GAN, publisher: ModuleType, state: Mapping[str, Any], report: Report, *, reverse_colors: bool
) -> list[tuple[Any, Callable[[], np.ndarray]]]:
    """Each weight that the file has, with the function that computes it; completes the report."""
    layout = _layout(gan, publisher)
    plan: list[tuple[Any, Callable[[], np.ndarray]]] = []
    sources = layout.sources(gan, state)
    for network, prefix in sources:
        placements = _spelled(_placements(network, layout), layout, state, prefix)
        plan += _match(placements, state, report, reverse_colors=reverse_colors)
    judging = _discriminator(gan, layout, state, report, reverse_colors=reverse_colors)
    _report_the_rest(state, [prefix for _, prefix in sources], publisher, report)
    if not report.fits:
        raise MismatchError(_explain(report, layout.arguments), report=report)
    plan += [each for network, _ in sources for each in layout.computed(network)]
    report.networks = _networks(gan, sources, judging)
    report.untrained = _untrained(gan, sources)
    return plan + judging


def _carry_out(gan: GAN, plan: list[tuple[Any, Callable[[], np.ndarray]]]) -> None:
    from kerasgan.keras_internals import initialize_later

    sampled = {id(variable) for variable in gan.sampler.weights}
    for variable, compute in plan:
        if id(variable) in sampled:
            variable.assign(compute())
        else:  # of a model that is loaded to sample from, the rest stays in the file until it is needed
            initialize_later(variable, compute)


def _discriminator(
    gan: GAN, layout: Layout, state: Mapping[str, Any], report: Report, *, reverse_colors: bool
) -> list[tuple[Any, Callable[[], np.ndarray]]]:
    """The plan for the discriminator; empty if the file has none, or one of another architecture, which is no fault."""
    if layout.discriminator is None:
        return []
    prefix = layout.discriminator_prefix
    found, own = {name for name in state if name.startswith(prefix)}, Report(report.path, report.publisher)
    try:
        placements = [replace(each, tensor=prefix + each.tensor) for each in layout.discriminator(gan.discriminator)]
    except CheckpointError:
        return []
    everything = {id(each.variable) for each in placements} == {id(each) for each in gan.discriminator.weights}
    plan = _match(placements, state, own, reverse_colors=reverse_colors) if found and everything else []
    weights = [name for name in found if name.endswith((".weight", ".weight_orig", ".bias"))]
    if not plan or not own.fits or not own.assigned.keys() >= set(weights):
        return []
    report.assigned |= own.assigned
    return plan


def _networks(gan: GAN, sources: list[tuple[Any, str]], judging: list[Any]) -> tuple[str, ...]:
    """The file's own networks: an average beside the generator's weights, or only one of the two, fills both."""
    found = ("generator", "discriminator") if judging else ("generator",)
    prefixes = {prefix for network, prefix in sources if network is gan.generator or network is gan.ema_generator}
    return (*found, "average") if len(prefixes) > 1 else found


def _untrained(gan: GAN, sources: list[tuple[Any, str]]) -> tuple[str, ...]:
    """The directions whose generators are not among the networks that the file has."""
    ways = {way: part for way, part in gan.generator_parts.items() if way in getattr(gan, "directions", ())}
    given = {id(network) for network, _ in sources}
    return () if id(gan.generator) in given else tuple(way for way, part in ways.items() if id(part) not in given)


def _layout(gan: GAN, publisher: ModuleType) -> Layout:
    for kind in type(gan).__mro__:
        if kind.__name__ in publisher.FAMILIES:
            return publisher.FAMILIES[kind.__name__]
    raise CheckpointError(
        f"Expected a family with a published format; {publisher.NAME} publishes: "
        f"{', '.join(sorted(publisher.FAMILIES))}. Received: gan={type(gan).__name__}"
    )


def _placements(network: Any, layout: Layout) -> list[Placement]:
    """The place of every tensor; checks that every weight of the network has one."""
    try:
        placements = layout.placements(network)
        placed = {id(placement.variable) for placement in placements}
        placed |= {id(variable) for variable, _ in layout.computed(network)}
        if forgotten := [variable.path for variable in network.weights if id(variable) not in placed]:
            raise CheckpointError(f"one that also has the weights {', '.join(forgotten)}")
    except CheckpointError as error:
        raise CheckpointError(f"Expected the generator of {layout.arguments}. Received: {error}") from None
    return placements


def _spelled(placements: list[Placement], layout: Layout, state: Mapping[str, Any], prefix: str) -> list[Placement]:
    """The placements, with the tensors' names in this file."""
    spelling = layout.spelling([name.removeprefix(prefix) for name in state if name.startswith(prefix)])
    return [replace(place, tensor=prefix + spelling.get(place.tensor, place.tensor)) for place in placements]


def _match(
    placements: list[Placement], state: Mapping[str, Any], report: Report, *, reverse_colors: bool
) -> list[tuple[Any, Callable[[], np.ndarray]]]:
    plan: list[tuple[Any, Callable[[], np.ndarray]]] = []
    for placement in placements:
        name, variable = placement.tensor, placement.variable
        tensor = state.get(name)
        if not isinstance(tensor, np.ndarray):
            _note(report.missing, name, variable.path)
        elif tensor.shape != placement.expected_shape or tensor.dtype.kind != "f":
            report.mismatched[name] = (
                f"expected {placement.expected_shape} for {variable.path}, received {tensor.shape} {tensor.dtype}"
            )
        elif not _finite(tensor):
            report.mismatched[name] = f"expected finite numbers in {variable.dtype} for {variable.path}"
        else:
            _note(report.assigned, name, variable.path)
            plan.append((variable, functools.partial(placement.value, tensor, reverse_colors=reverse_colors)))
    return plan


def _finite(tensor: np.ndarray) -> bool:
    """Whether all numbers are finite as float32, which a float64 may be too large for."""
    with np.errstate(over="ignore"):
        return bool(np.isfinite(tensor.astype("float32", copy=False)).all())


def _note(outcomes: dict[str, str], name: str, path: str) -> None:
    """Records a variable of a tensor, which may have several: shared ones, or one each in generator and average."""
    before = outcomes.get(name)
    if before is None:
        outcomes[name] = path
    elif path not in before.split(", "):
        outcomes[name] = f"{before}, {path}"


def _report_the_rest(state: Mapping[str, Any], used: list[str], publisher: ModuleType, report: Report) -> None:
    for name, tensor in state.items():
        if name in report.assigned or name in report.mismatched or name in report.missing:
            continue
        reason = publisher.skipped(name)
        if reason is None and not name.startswith(tuple(used)):
            reason = "not part of the network that is assigned"
        if reason is None and not isinstance(tensor, np.ndarray):
            reason = "not a tensor"
        if reason is None:
            report.left_over.append(name)
        else:
            report.skipped[name] = reason


def _explain(report: Report, arguments: str) -> str:
    lines = [f"{name}: {reason}" for name, reason in report.mismatched.items()]
    lines += [f"{name}: missing, needed by {variable}" for name, variable in report.missing.items()]
    lines += [f"{name}: left over, the model has no place for it" for name in report.left_over]
    if len(lines) > 12:
        lines[12:] = [f"... and {len(lines) - 12} more: see `.report` of this error"]
    expected = f"Expected a checkpoint of the model's architecture ({report.publisher} publishes {arguments})"
    first = f"{expected}; no weight was changed. Received: path={str(report.path)!r}"
    return "\n  ".join([first, *map(visible, lines)])
