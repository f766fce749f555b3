"""What the page must know of a model, as plain data."""

import base64
import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from kerasgan import exploration
from kerasgan.export.options import INPUT, Options
from kerasgan.export.page import runtime
from kerasgan.export.page.drawings import drawing
from kerasgan.export.signature import describe
from kerasgan.files import pictures
from kerasgan.gan import GAN, ImageToImage

__all__ = ["check", "gather", "truncates_styles"]


def check(gan: GAN, options: Options) -> None:
    """Raises ValueError for images that a page cannot show or take: those that are neither gray nor in colors."""
    counts = [gan.image_shape[-1]]
    if gan.task.from_images:
        counts += [_channels(gan, way) for way in _ways(gan, options)]
    for count in counts:
        if count not in (1, 3):
            raise ValueError(f"Expected a model of gray or RGB pictures. Received: one of {count} channels")


def gather(gan: GAN, options: Options, *, examples: Any = None) -> dict[str, Any]:
    """The facts of the exported file, with the networks that make the page's pictures and what there is to move.

    Args:
        gan: the model.
        options: of its files; `directions` and `vendor` are the page's own.
        examples: (inputs, targets) that a translator's page offers, each (count, height, width, channels) in [-1, 1].

    Raises:
        RuntimeFilesError: if ONNX Runtime Web is to lie beside the page and cannot be had.
        ValueError: as of `check`.
    """
    check(gan, options)
    if options.vendor:
        runtime.vendored()  # before the work, not after it
    family = type(gan)
    about = {
        **describe(gan, options),
        "name": options.entry or family.__name__,
        "title": options.title or options.entry or family.__name__,
        "summary": options.description or _first_paragraph(family.__doc__ or ""),
        "parameters": int(gan.sampler.count_params()),
        "runtime": runtime.describe(vendored=options.vendor),
        "credit": options.credit,
    }
    if gan.task.from_images:
        return about | {"networks": [_translator(gan, way, options, examples) for way in _ways(gan, options)]}
    network = {"direction": None, "file": "generator.onnx"}
    moves = {"directions": _directions(gan, options.directions), "truncates": _truncates(gan, options)}
    return about | {"networks": [network]} | moves


def truncates_styles(gan: GAN) -> bool:
    """Whether truncation happens inside the network, so that a page needs an input for it."""
    return gan.has_styles and _moves(gan)


def _ways(gan: ImageToImage, options: Options) -> Sequence[str | None]:
    return (options.direction,) if options.direction else gan.directions or (None,)


def _channels(gan: ImageToImage, way: str | None) -> int:
    return gan.translator(way).inputs[0].shape[-1]


def _first_paragraph(text: str) -> str:
    return " ".join(text.strip().partition("\n\n")[0].replace("`", "").split())


def _translator(gan: ImageToImage, way: str | None, options: Options, examples: Any) -> dict[str, Any]:
    network = gan.translator(way)
    _, *size, channels = network.inputs[0].shape
    backwards = way is not None and way != gan.directions[0]
    shown, targets = (None, None) if examples is None else examples[::-1] if backwards else examples
    facts = {
        "direction": way,
        "file": f"{way or 'translator'}.onnx",
        "channels": channels,
        "size": options.sides or (None if None in size else size),
        "examples": [_png(image) for image in (() if shown is None else shown) if image.shape[-1] == channels],
    }
    colors = network.outputs[0].shape[-1] == 3 and gan.scale == 1
    if colors and (channels == 1 or shown is not None):
        facts["drawing"] = drawing(shown, targets, options.sides or gan.input_shape[:2])
    return facts


def _png(image: np.ndarray) -> str:
    written = io.BytesIO()
    pictures.single(image).save(written, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(written.getvalue()).decode()


def _truncates(gan: GAN, options: Options) -> str | None:
    """Where a page truncates: "latents", by itself; "input", as one more input of the network; or nowhere."""
    if options.truncation == INPUT:
        return INPUT
    return "latents" if options.truncation == 1.0 and not truncates_styles(gan) and _moves(gan) else None


def _moves(gan: GAN) -> bool:
    """Whether the prior has latents between its latents, and so a mean to move them to."""
    try:
        gan.prior.truncate(gan.prior.draw(1, gan.latent_dim, 0), 0.5)
    except ValueError:
        return False
    return True


def _directions(gan: GAN, count: int) -> Sequence[Sequence[float]]:
    if not count or not _moves(gan):
        return []
    return exploration.sensitive_directions(gan)[0][:count].astype("float64").round(6).tolist()
