"""The published Inception weights for FID: pytorch-fid's conversion of the graph of 2015-12-05, read without PyTorch.

The file is a bare state dict with torchvision's names: `Mixed_5b.branch1x1.conv.weight`, `...bn.running_var`,
`fc.weight`. The network itself is in `kerasgan.metrics.inception`, because metrics accept any callable and do not
depend on checkpoints.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasgan.checkpoints import pth
from kerasgan.checkpoints.feature_networks import assign_all
from kerasgan.checkpoints.pickles import CheckpointError
from kerasgan.checkpoints.placement import Placement
from kerasgan.checkpoints.pytorch import batch_normalization, convolution, dense
from kerasgan.files.download import download
from kerasgan.metrics.inception import inception_features, inception_v3

if TYPE_CHECKING:
    from kerasgan.metrics.features import NetworkFeatures

__all__ = ["URL", "features", "load", "placements"]

URL = "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/pt_inception-2015-12-05-6726825d.pth"
_SHA256 = "6726825d"  # the digits in the name of the published file


def placements(network: Any) -> list[Placement]:
    """Which tensor of the file belongs to which weight of `inception_v3()`, by the names of its layers."""
    found: list[Placement] = []
    for layer in network.layers:
        name = layer.name.replace("__", ".")
        if name.endswith(".conv"):
            found += convolution(name, layer)
        elif name.endswith(".bn"):
            found += batch_normalization(name, layer, epsilon=1e-3)
        elif name == "fc":
            found += dense(name, layer)
    return found


def load(path: str | Path | None = None) -> tuple[Any, str]:
    """The Inception network with the weights of a file, and the file's sha256.

    Args:
        path: a file with the published names; None downloads the published one (91 MB) to the cache.

    Returns:
        `(network, sha256)`; the network as returned by `kerasgan.metrics.inception.inception_v3`.

    Raises:
        CheckpointError: the file is damaged, or tensors are missing, left over or of another shape.
        DownloadError: it cannot be downloaded; the message says where to put it by hand.
        OSError: it cannot be opened.
    """
    file = Path(path) if path is not None else download(URL, sha256=_SHA256)
    tensors = pth.read(file)
    if not isinstance(tensors, dict):
        raise CheckpointError(f"Expected a state dict in {file}. Received: {type(tensors).__name__}")
    network = inception_v3()
    needed = {name: tensor for name, tensor in tensors.items() if not _skipped(name)}
    assign_all(placements(network), needed, file, of="Inception v3")
    with file.open("rb") as opened:
        return network, hashlib.file_digest(opened, "sha256").hexdigest()


def _skipped(name: str) -> bool:
    """Tensors that are not needed: the number of training steps, and the second classifier, used only in training."""
    return name.endswith(".num_batches_tracked") or name.startswith("AuxLogits.")


def features(
    path: str | Path | None = None, *, output: str = "pool", resize: str = "clean", batch_size: int = 32
) -> NetworkFeatures:
    """Images to Inception's features with the published weights, for FID, KID and the Inception score.

    Arguments and errors are those of `load` and `kerasgan.metrics.inception.inception_features`.
    """
    network, sha256 = load(path)
    return inception_features(network, output=output, resize=resize, batch_size=batch_size, weights=sha256)
