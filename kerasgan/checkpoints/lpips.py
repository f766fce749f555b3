"""LPIPS with its published weights: torchvision's AlexNet or VGG16, and the fitted ones of the package `lpips`.

All are read without PyTorch. The package (BSD) is searched where it is installed and not imported; the networks
are those of `kerasgan.metrics.lpips`.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from kerasgan.checkpoints import pth
from kerasgan.checkpoints.feature_networks import assign_all
from kerasgan.checkpoints.pickles import CheckpointError
from kerasgan.checkpoints.pytorch import convolution
from kerasgan.files.download import download
from kerasgan.metrics.lpips import LPIPS, network

__all__ = ["URLS", "load"]

URLS = {
    "alex": "https://download.pytorch.org/models/alexnet-owt-7be5be79.pth",
    "vgg": "https://download.pytorch.org/models/vgg16-397923af.pth",
}


def load(
    name: str = "alex", *, backbone: str | Path | None = None, fitted: str | Path | None = None, batch_size: int = 16
) -> LPIPS:
    """LPIPS, version 0.1.

    Args:
        name: "alex", which the authors recommend for comparisons, or "vgg", with which StyleGAN's path lengths are
            measured.
        backbone: torchvision's file of the network; if not given, it is downloaded once (233 MB, or 528 MB).
        fitted: the file of fitted weights; if not given, that of the installed package `lpips`.
        batch_size: images compared at a time.

    Raises:
        CheckpointError: a file is damaged, or lacks tensors of these shapes.
        DownloadError: the network cannot be downloaded; the message says where to put its file by hand.
        ImportError: if the package is needed and not installed.
        ValueError: for another name.
    """
    found = network(name)
    judgments = Path(fitted) if fitted is not None else _packaged(name)
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


def _packaged(name: str) -> Path:
    """The file of the installed package, which is not imported: that needs PyTorch."""
    package = find_spec("lpips")
    if package is None or not package.submodule_search_locations:
        raise ImportError("LPIPS' fitted weights are in the package lpips: pip install --no-deps lpips")
    return Path(package.submodule_search_locations[0], "weights", "v0.1", f"{name}.pth")


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
