"""OpenMMLab's checkpoints (mmgeneration): {"meta": ..., "state_dict": {tensor name: tensor}}.

Names as in its published files: `generator.`, `discriminator.`, and `generator_ema.` where training kept a moving
average. Its unconditional colour models are trained on images in the order blue, green, red (its loader's default,
and `to_rgb=False` in its configurations), so that their generators produce this order: pass `channel_order="bgr"`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasgan.checkpoints.pickles import CheckpointError
from kerasgan.checkpoints.placement import Placement

if TYPE_CHECKING:
    import keras

NAME = "OpenMMLab"

# PyTorch's transposed convolution is (in, out, height, width), Keras' (height, width, out, in).
_TRANSPOSED_CONVOLUTION = (2, 3, 1, 0)
# PyTorch's convolution is (out, in, height, width), Keras' (height, width, in, out): the same exchange.
_CONVOLUTION = (2, 3, 1, 0)
_STATISTICS = {"running_mean": "moving_mean", "running_var": "moving_variance"}
_NORMALISATION = {"weight": "gamma", "bias": "beta", **_STATISTICS}


def state(contents: object) -> Mapping[str, object] | None:
    """The named tensors of a file, or None where it is not in OpenMMLab's format; a bare state dict will do."""
    found = contents.get("state_dict", contents) if isinstance(contents, dict) else None
    if not isinstance(found, dict) or not any(isinstance(value, np.ndarray) for value in found.values()):
        return None
    return found if all(isinstance(name, str) for name in found) else None


def prefixes(names: Iterable[str]) -> tuple[str, str]:
    """Prefixes of the generator's tensors, without and with moving average; the same where the file has only one."""
    names = tuple(names)
    present = [prefix for prefix in ("generator.", "generator_ema.") if any(name.startswith(prefix) for name in names)]
    return (present[0], present[-1]) if present else ("", "")


def skipped(name: str) -> str | None:
    """Why a tensor is of no use to the generator, or None."""
    if name.startswith(("discriminator.", "discriminator_")):
        return "belongs to the discriminator"
    if name.endswith(".num_batches_tracked"):
        return "counts training steps"
    return None


def dcgan(generator: keras.Model) -> list[Placement]:
    """DCGANGenerator: `noise2feat`, `upsampling.N` and `output_layer`, all of 4x4 transposed convolutions."""
    ups = sum(layer.name.startswith("up") and layer.name.endswith("_norm") for layer in generator.layers)
    names = {"noise2feat": "project"} | {f"upsampling.{index}": f"up{index + 1}" for index in range(ups)}
    output = _layer(generator, "image")
    placements = [
        Placement(tensor="output_layer.conv.weight", variable=output.kernel, axes=_TRANSPOSED_CONVOLUTION, colours=2)
    ]
    if output.use_bias:
        placements.append(Placement(tensor="output_layer.conv.bias", variable=output.bias, colours=0))
    for theirs, ours in names.items():
        placements += _normalised_convolution(generator, theirs, ours)
    return placements


def _normalised_convolution(network: keras.Model, theirs: str, ours: str) -> list[Placement]:
    kernel = _layer(network, ours).kernel
    norm = _layer(network, f"{ours}_norm")
    return [
        Placement(tensor=f"{theirs}.conv.weight", variable=kernel, axes=_TRANSPOSED_CONVOLUTION),
        *_moments(norm, f"{theirs}.bn", _NORMALISATION, epsilon=1e-5),
    ]


def sngan(generator: keras.Model) -> list[Placement]:
    """SNGANGenerator with classes: `noise2feat`, `conv_blocks.N` and `to_rgb`; gains are stored as 1 less."""
    project, output = _sngan_layer(generator, "project"), _sngan_layer(generator, "image")
    top = (_sngan_layer(generator, "latent_map").output.shape[-1], 4, 4)
    placements = [
        Placement(tensor="noise2feat.weight", variable=project.kernel, axes=(3, 1, 2, 0), unfold=top),
        Placement(tensor="noise2feat.bias", variable=project.bias, axes=(1, 2, 0), unfold=top),
        *_moments(_sngan_layer(generator, "norm"), "to_rgb.bn", _NORMALISATION, epsilon=1e-4),
        Placement(tensor="to_rgb.conv.weight", variable=output.kernel, axes=_CONVOLUTION, colours=3),
        Placement(tensor="to_rgb.conv.bias", variable=output.bias, colours=0),
    ]
    for index in range(sum(layer.name.endswith("_conv1") for layer in generator.layers)):
        theirs, ours = f"conv_blocks.{index}", f"block{index + 1}"
        for part in ("conv_1", "conv_2", "shortcut"):
            layer = _sngan_layer(generator, f"{ours}_{part.replace('_', '')}")
            kernel = Placement(tensor=f"{theirs}.{part}.conv.weight", variable=layer.kernel, axes=_CONVOLUTION)
            placements += [kernel, Placement(tensor=f"{theirs}.{part}.conv.bias", variable=layer.bias)]
        for part in ("norm_1", "norm_2"):
            layer, name = _sngan_layer(generator, f"{ours}_{part.replace('_', '')}"), f"{theirs}.{part}"
            placements += [
                *_moments(layer.normalization, f"{name}.norm", _STATISTICS, epsilon=1e-4),
                Placement(tensor=f"{name}.weight_embedding.weight", variable=layer.gamma, offset=1.0),
                Placement(tensor=f"{name}.bias_embedding.weight", variable=layer.beta),
            ]
    return placements


def _sngan_layer(network: keras.Model, name: str) -> Any:
    layer = network.get_layer(name)
    if "_norm" in name and not hasattr(layer, "gain_and_bias"):
        raise CheckpointError(f"Expected the generator of {ARGUMENTS['SNGAN']}. Received: one without classes")
    return layer


def _moments(norm: Any, tensor: str, names: Mapping[str, str], *, epsilon: float) -> list[Placement]:
    """A normalisation's tensors below the name `tensor`."""
    if abs(norm.epsilon - epsilon) > 1e-9:
        received = f"{norm.epsilon} in {norm.path}"
        raise CheckpointError(f"Expected batch normalisation with epsilon={epsilon}. Received: {received}")
    return [Placement(tensor=f"{tensor}.{theirs}", variable=getattr(norm, ours)) for theirs, ours in names.items()]


def _layer(network: keras.Model, name: str) -> Any:
    found = next((layer for layer in network.layers if layer.name == name), None)
    if found is None or (hasattr(found, "kernel") and len(found.kernel.shape) != 4):
        raise CheckpointError(
            f"Expected the generator of {ARGUMENTS['DCGAN']}, of transposed convolutions only. "
            f"Received: a generator whose layer {name!r} is {'missing' if found is None else type(found).__name__}"
        )
    return found


FAMILIES: Mapping[str, Callable[[keras.Model], list[Placement]]] = {"DCGAN": dcgan, "SNGAN": sngan}
ARGUMENTS: Mapping[str, str] = {
    "DCGAN": "DCGAN(variant='torch', output_bias=True)",
    "SNGAN": "SNGAN(num_classes=..., epsilon=1e-4)",
}
