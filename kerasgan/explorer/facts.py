"""What the page must know of a model, as plain data."""

import base64
import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from kerasgan import exploration, pictures
from kerasgan.export.options import Options
from kerasgan.export.signature import describe
from kerasgan.gan import GAN, ImageToImage
from kerasgan.gan.sampling import Sampling

__all__ = ["gather"]


def gather(
    gan: GAN, *, entry: str | None, licence: str | None, directions: int = 0, examples: Any = None
) -> dict[str, Any]:
    """The facts of the exported file, with the networks that make the page's pictures and what there is to move.

    Raises:
        ValueError: for a negative number of directions, or images that are neither grey nor in colours.
    """
    if directions < 0:
        raise ValueError(f"Expected a number of directions from 0 on. Received: directions={directions}")
    family = type(gan)
    about = {
        **describe(gan, Options(entry=entry, licence=licence)),
        "name": entry or family.__name__,
        "summary": _first_paragraph(family.__doc__ or ""),
        "parameters": int(gan.sampler.count_params()),
    }
    if isinstance(gan, ImageToImage):
        ways = gan.directions or (None,)
        return about | {"networks": [_translator(gan, way, examples) for way in ways]}
    network = {"direction": None, "file": "generator.onnx"}
    return about | {"networks": [network], "directions": _directions(gan, directions), "truncation": _truncation(gan)}


def _first_paragraph(text: str) -> str:
    return " ".join(text.strip().partition("\n\n")[0].replace("`", "").split())


def _translator(gan: ImageToImage, way: str | None, examples: Any) -> dict[str, Any]:
    network = gan.translator(way)
    *size, channels = network.inputs[0].shape[1:]
    if channels not in (1, 3):
        raise ValueError(f"Expected a model of grey or RGB pictures. Received: one of {channels} channels")
    shown = () if examples is None else examples[way is not None and way != gan.directions[0]]
    return {
        "direction": way,
        "file": f"{way or 'translator'}.onnx",
        "channels": channels,
        "size": None if None in size else size,
        "examples": [_png(image) for image in shown if image.shape[-1] == channels],
    }


def _png(image: np.ndarray) -> str:
    written = io.BytesIO()
    pictures.single(image).save(written, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(written.getvalue()).decode()


def _truncation(gan: GAN) -> str | None:
    """Where truncation happens: to the latents, in the page; as one more input of the network; or nowhere."""
    if not _moves(gan):
        return None
    return "latents" if type(gan).truncated is Sampling.truncated else "input"


def _moves(gan: GAN) -> bool:
    """Whether the prior has latents between its latents, and so a mean to move them to."""
    try:
        gan.prior.shrink(gan.prior.draw(1, gan.latent_dim, 0), 0.5)
    except ValueError:
        return False
    return True


def _directions(gan: GAN, count: int) -> Sequence[Sequence[float]]:
    if not count or not _moves(gan):
        return []
    return exploration.sensitive_directions(gan)[0][:count].astype("float64").round(6).tolist()
