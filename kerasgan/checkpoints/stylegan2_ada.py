"""StyleGAN2-ADA's PyTorch pickles: {"G": ..., "D": ..., "G_ema": ..., "training_set_kwargs": ..., "augment_pipe": ...}.

The generator's `mapping.fcN` and, with classes, `mapping.embed`; `synthesis.bN` for each height N of a map, with
`conv0`, `conv1` and `torgb`. The file's network clips its features (at 256, for training in half precision); the
network here does not.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kerasgan.checkpoints.openmmlab.stylegan2 import judging
from kerasgan.checkpoints.persistence import PersistentObject, tensors
from kerasgan.checkpoints.placement import Layout, Placement, generator_and_average
from kerasgan.checkpoints.pytorch import dense, find
from kerasgan.checkpoints.shapes import Shapes, channels_of, count, size_of, under

if TYPE_CHECKING:
    import keras

__all__ = ["CHANNEL_ORDER", "FAMILIES", "NAME", "skipped", "state"]

NAME = "StyleGAN2-ADA"
CHANNEL_ORDER = "rgb"
ALIAS_FREE = frozenset({"G_ema.synthesis.input.freqs"})  # of StyleGAN3's files, see stylegan3.py


def placements(generator: keras.Model) -> list[Placement]:
    """The places of all tensors."""
    names = [layer.name for layer in generator.layers]
    places = [Placement(tensor="mapping.w_avg", variable=find(generator, "mean_style").mean)]
    if len(generator.inputs) > 1:
        places += dense("mapping.embed", find(generator, "classes"))
    for index in range(1, 1 + sum(name.startswith("mapping") for name in names)):
        places += dense(f"mapping.fc{index - 1}", find(generator, f"mapping{index}"))
    constant = find(generator, "constant").map
    places.append(Placement(tensor="synthesis.b4.const", variable=constant, axes=(1, 2, 0)))
    for index in range(1, 1 + sum(name.startswith("image") and name[5:].isdigit() for name in names)):
        block = f"synthesis.b{2 * 2**index}"
        if index > 1:
            places += _styled(f"{block}.conv0", generator, f"up{index}")
        places += _styled(f"{block}.conv1", generator, f"conv{index}")
        image = find(generator, f"image{index}")
        places += [*_modulated(f"{block}.torgb", image), Placement(tensor=f"{block}.torgb.bias", variable=image.bias)]
    return places


def _styled(tensor: str, generator: keras.Model, name: str) -> list[Placement]:
    added = find(generator, f"{name}_noise")
    return [
        *_modulated(tensor, find(generator, name)),
        Placement(tensor=f"{tensor}.bias", variable=find(generator, f"{name}_bias").bias),
        Placement(tensor=f"{tensor}.noise_strength", variable=added.strength, stored=()),
        Placement(tensor=f"{tensor}.noise_const", variable=added.noise, stored=tuple(added.noise.shape[:2])),
    ]


def _modulated(tensor: str, layer: Any) -> list[Placement]:
    weight = Placement(tensor=f"{tensor}.weight", variable=layer.kernel, axes=(2, 3, 1, 0))
    return [weight, *dense(f"{tensor}.affine", layer.affine)]


def discriminator(network: keras.Model) -> list[Placement]:
    """The places of all tensors in the discriminator."""

    def names(layer: str) -> tuple[str, str]:
        kind = layer.rstrip("0123456789")
        level = int(layer[len(kind) :] or 1)
        ours = {"image": "fromrgb", "conv": "conv" if level == 1 else "conv0", "down": "conv1", "skip": "skip"}
        tensor = f"b{2 * 2**level}.{ours.get(kind) or {'dense': 'fc', 'logit': 'out'}[kind]}"
        return f"{tensor}.weight", f"{tensor}.bias"

    return judging(network, names)


def detect(shapes: Shapes) -> Mapping[str, Any]:
    """The arguments of the model of a file."""
    found = under(shapes, "G_ema.", "G.")
    blocks = [f"synthesis.b{4 * 2**index}" for index in range(count(found, r"synthesis\.b(\d+)\..*"))]
    images = [found[f"{block}.torgb.weight"] for block in blocks]
    table, (style_dim, inputs) = found.get("mapping.embed.weight"), found["mapping.fc0.weight"]
    sizes = {
        "image_size": size_of(found[f"{blocks[-1]}.conv1.noise_const"]),
        "channels": images[0][0],
        "num_classes": table and table[1],
        "latent_dim": inputs - (table[0] if table else 0),
        "style_dim": style_dim,
        "mapping_layers": count(found, r"mapping\.fc(\d+)\..*"),
        **channels_of([width for _, width, *_ in images], base=32768),
    }
    skips = [name for name in shapes if name.startswith("D.") and name.endswith(".skip.weight")]
    return sizes if skips or "D.b4.conv.weight" not in shapes else {**sizes, "residual": False}


FAMILIES: Mapping[str, Layout] = {
    "StyleGAN2": Layout(
        arguments="StyleGAN2(image_size=..., channel_base=..., mapping_layers=...)",
        placements=placements,
        sources=functools.partial(generator_and_average, plain="G.", averaged="G_ema."),
        discriminator=discriminator,
        discriminator_prefix="D.",
        detect=detect,
    )
}


def state(contents: object) -> Mapping[str, object] | None:
    """The named tensors of a file, or None if it has no such generator."""
    named = networks(contents)
    return None if named is None or ALIAS_FREE & named.keys() else named


def networks(contents: object) -> Mapping[str, object] | None:
    """The named tensors of all networks in a file of persistent classes, or None if it has no generator."""
    if not isinstance(contents, dict) or not isinstance(contents.get("G_ema"), PersistentObject):
        return None
    parts = {name: part for name, part in contents.items() if isinstance(part, PersistentObject)}
    return {f"{name}.{tensor}": value for name, part in parts.items() for tensor, value in tensors(part).items()}


def skipped(name: str) -> str | None:
    """Why the generator does not need a tensor, or None."""
    if name.startswith("D."):
        return "belongs to the discriminator"
    if name.startswith("augment_pipe."):
        return "belongs to the augmentation"
    return "is the constant kernel of the resampling" if name.endswith(".resample_filter") else None
