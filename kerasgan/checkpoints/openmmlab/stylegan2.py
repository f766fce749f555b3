"""StyleGANv2Generator: `style_mapping.N`, `convs.N`, `to_rgbs.N`, and the constant noise of its images.

Kernels are (1, out, in, height, width), also those of transposed convolutions. The mean style is in no file: it is
computed from 10,000 latents.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasgan.checkpoints.openmmlab.networks import NETWORKS, one_generator
from kerasgan.checkpoints.pickles import CheckpointError
from kerasgan.checkpoints.placement import Layout, Placement
from kerasgan.checkpoints.pytorch import find
from kerasgan.checkpoints.shapes import Shapes, channels_of, count, size_of, under

if TYPE_CHECKING:
    import keras

__all__ = ["LAYOUT", "constant", "discriminator", "mean_style", "placements"]

ARGUMENTS = "StyleGAN2(image_size=..., channel_base=...), without classes"


def placements(generator: keras.Model) -> list[Placement]:
    """The places of all tensors in the generator of `ARGUMENTS`."""
    if len(generator.inputs) > 1:
        raise CheckpointError("one with classes")
    names = [layer.name for layer in generator.layers]
    places = [constant("constant_input.input", find(generator, "constant").map)]
    for index in range(1, 1 + sum(name.startswith("mapping") for name in names)):
        places += _dense(f"style_mapping.{index}", find(generator, f"mapping{index}"))
    places += _styled("conv1", generator, "conv1", noise=0) + _colored("to_rgb1", generator, "image1")
    for index in range(2, 1 + sum(name.startswith("image") and name[5:].isdigit() for name in names)):
        first = 2 * index - 4
        places += _styled(f"convs.{first}", generator, f"up{index}", noise=first + 1)
        places += _styled(f"convs.{first + 1}", generator, f"conv{index}", noise=first + 2)
        places += _colored(f"to_rgbs.{index - 2}", generator, f"image{index}")
    return places


def mean_style(generator: keras.Model) -> list[tuple[Any, Callable[[], np.ndarray]]]:
    """The weight of the layer `mean_style`, and the function that computes it."""
    import keras
    from keras import ops

    layer = find(generator, "mean_style")

    def compute() -> np.ndarray:
        latents = np.random.default_rng(0).standard_normal((10_000, generator.inputs[0].shape[-1]), dtype="float32")
        styles: Any = keras.Model(generator.input, layer.output)
        some = np.split(latents, 20)  # at once, all the layers' outputs would need more memory than the weights
        return np.mean([ops.convert_to_numpy(styles(part)).mean(axis=0) for part in some], axis=0)

    return [(layer.mean, compute)]


def discriminator(network: keras.Model) -> list[Placement]:
    """The places of all tensors in the discriminator: `convs.N`, `final_conv` and `final_linear`."""

    def names(layer: str) -> tuple[str, str]:
        kind, level = layer.rstrip("0123456789"), int(layer[len(layer.rstrip("0123456789")) :] or 0)
        block = f"convs.{maps - level + 1}"
        theirs = {
            "image": ("convs.0.0.conv", "convs.0.1"),
            "conv": ("final_conv.0.conv", "final_conv.1")
            if level == 1
            else (f"{block}.conv1.0.conv", f"{block}.conv1.1"),
            "down": (f"{block}.conv2.1.conv", f"{block}.conv2.2"),
            "skip": (f"{block}.skip.1.conv", ""),
            "dense": ("final_linear.0.linear", "final_linear.0"),
            "logit": ("final_linear.1.linear", "final_linear.1"),
        }
        weight, bias = theirs[kind]
        return f"{weight}.weight_orig", f"{bias}.bias"

    maps = sum(layer.name.startswith("conv") and layer.name[4:].isdigit() for layer in network.layers)
    return judging(network, names)


def judging(network: keras.Model, names: Callable[[str], tuple[str, str]]) -> list[Placement]:
    """The places of the discriminator's tensors; `names` are those of weight and bias, by the layer's name here."""
    if len(network.inputs) > 1:
        raise CheckpointError("one with classes")
    places = []
    for layer in network.layers:
        if not layer.weights:
            continue
        weight, bias = names(layer.name)
        if layer.name == "dense":
            height, width, channels = find(network, "conv1").output.shape[1:]
            unfold, stored = (layer.units, channels, height, width), (layer.units, channels * height * width)
            where: dict[str, Any] = {"axes": (2, 3, 1, 0), "unfold": unfold, "stored": stored}
        elif len(layer.kernel.shape) == 2:
            where = {"axes": (1, 0)}
        else:
            where = {"axes": (2, 3, 1, 0), "colors": 2 if layer.name.startswith("image") else None}
        places.append(Placement(tensor=weight, variable=layer.kernel, **where))
        if layer.use_bias:
            places.append(Placement(tensor=bias, variable=layer.bias))
    return places


def constant(tensor: str, variable: Any) -> Placement:
    """A map (height, width, channels), stored as (1, channels, height, width)."""
    height, width, channels = variable.shape
    unfold = (channels, height, width)
    return Placement(tensor=tensor, variable=variable, stored=(1, *unfold), unfold=unfold, axes=(1, 2, 0))


def _dense(tensor: str, layer: Any) -> list[Placement]:
    return [
        Placement(tensor=f"{tensor}.linear.weight_orig", variable=layer.kernel, axes=(1, 0)),
        Placement(tensor=f"{tensor}.bias", variable=layer.bias),
    ]


def _modulated(tensor: str, layer: Any, *, image: bool) -> list[Placement]:
    height, width, inputs, outputs = layer.kernel.shape
    unfold = (outputs, inputs, height, width)
    kernel: dict[str, Any] = {"stored": (1, *unfold), "unfold": unfold, "axes": (2, 3, 1, 0)}
    colors = 3 if image else None
    return [
        Placement(tensor=f"{tensor}.weight_orig", variable=layer.kernel, colors=colors, **kernel),
        *_dense(f"{tensor}.style_modulation", layer.affine),
    ]


def _styled(tensor: str, generator: keras.Model, name: str, *, noise: int) -> list[Placement]:
    added = find(generator, f"{name}_noise")
    return [
        *_modulated(f"{tensor}.conv", find(generator, name), image=False),
        Placement(tensor=f"{tensor}.noise_injector.weight", variable=added.strength),
        Placement(tensor=f"{tensor}.activate.bias", variable=find(generator, f"{name}_bias").bias),
        constant(f"injected_noise_{noise}", added.noise),
    ]


def _colored(tensor: str, generator: keras.Model, name: str) -> list[Placement]:
    layer = find(generator, name)
    bias = Placement(
        tensor=f"{tensor}.bias",
        variable=layer.bias,
        stored=(1, layer.filters, 1, 1),
        unfold=(layer.filters,),
        colors=0,
    )
    return [*_modulated(f"{tensor}.conv", layer, image=True), bias]


def detect(shapes: Shapes) -> Mapping[str, Any]:
    """The arguments of the model of a file."""
    found = under(shapes, *NETWORKS)
    names = ["to_rgb1", *(f"to_rgbs.{index}" for index in range(count(found, r"to_rgbs\.(\d+)\..*")))]
    images = [found[f"{name}.conv.weight_orig"] for name in names]
    style_dim, latent_dim = found["style_mapping.1.linear.weight_orig"]
    return {
        "image_size": size_of(found[f"injected_noise_{2 * len(images) - 2}"]),
        "channels": images[0][1],
        "latent_dim": latent_dim,
        "style_dim": style_dim,
        "mapping_layers": count(found, r"style_mapping\.(\d+)\..*"),
        **channels_of([width for _, _, width, *_ in images], base=32768),
    }


LAYOUT = Layout(
    arguments=ARGUMENTS,
    placements=placements,
    sources=one_generator,
    computed=mean_style,
    discriminator=discriminator,
    discriminator_prefix="discriminator.",
    detect=detect,
)
