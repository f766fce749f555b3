"""Feature networks, which turn images into the features that most metrics compare.

Any callable from images (count, height, width, channels) to features (count, dimensions) can serve. `NetworkFeatures`
makes one of a Keras model: it resizes, batches, and has an `identity` that names everything the features depend on, for
caches and score cards. `flattened` returns the pixels.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from kerasgan.metrics import checks
from kerasgan.metrics.resizing import RESIZERS
from kerasgan.names import resolve

__all__ = [
    "FEATURES",
    "FeatureNetwork",
    "NetworkFeatures",
    "feature_network",
    "flattened",
    "thumbnails",
    "weights_hash",
]


def flattened(images: Any) -> np.ndarray:
    """Pixels as features: float32 (count, height * width * channels) in [-1, 1], from uint8 or floats in [-1, 1]."""
    pixels = checks.images(images)
    return (pixels * 2.0 - 1.0).reshape(len(pixels), -1).astype("float32")


flattened.identity = "pixels in [-1, 1]"  # type: ignore[attr-defined]


def thumbnails(images: Any) -> np.ndarray:
    """Images resized to 8x8 pixels with antialiasing (bilinear), then flattened: (count, 64 * channels) in [-1, 1].

    The score depends on no feature network; this is enough for small sets of simple images, such as the digits.
    """
    pixels = (checks.images(images) * 2.0 - 1.0).astype("float32")
    result = np.empty((len(pixels), 8, 8, pixels.shape[-1]), dtype="float32")
    for index in np.ndindex(len(pixels), pixels.shape[-1]):
        plane = Image.fromarray(np.ascontiguousarray(pixels[index[0], :, :, index[1]]))
        result[index[0], :, :, index[1]] = np.asarray(plane.resize((8, 8), Image.Resampling.BILINEAR))
    return result.reshape(len(pixels), -1)


thumbnails.identity = "pixels of 8x8 thumbnails, antialiased bilinear, in [-1, 1]"  # type: ignore[attr-defined]


def weights_hash(network: Any) -> str:
    """sha256 of a Keras model's weights and their shapes, in the order of its `weights`."""
    digest = hashlib.sha256()
    for variable in network.weights:
        values = checks.array(variable.value)
        digest.update(f"{values.shape}{values.dtype}".encode())
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()


class NetworkFeatures:
    """Images to features by a network, in batches.

    Args:
        network: float32 (batch, size, size, channels) to (batch, dimensions): a Keras model or any callable.
        name: name of the network, for people.
        prepare: images of a batch, uint8 or floats in [-1, 1], to inputs of the network; see `prepared`.
        settings: description of `prepare`, for people; part of the identity.
        batch_size: images per call.
        weights: sha256 of the weights; if not given, it is computed for a Keras model.

    `identity` is a text that differs whenever name, weights or settings do; None if the weights are unknown.
    """

    def __init__(
        self,
        network: Callable[[np.ndarray], Any],
        *,
        name: str,
        prepare: Callable[[Any], np.ndarray],
        settings: str,
        batch_size: int = 64,
        weights: str | None = None,
    ) -> None:
        self._network, self._prepare = network, prepare
        self._batch_size = checks.integer(batch_size, name="batch_size")
        self.name, self.settings = name, settings
        self.weights = weights_hash(network) if weights is None and hasattr(network, "weights") else weights
        self.identity = None if self.weights is None else f"{name}, weights {self.weights}, {settings}"

    def __call__(self, images: Any) -> np.ndarray:
        """Features (count, dimensions) of images (count, height, width, channels), uint8 or floats in [-1, 1].

        Raises:
            TypeError, ValueError: if the images do not suit, or the network does not return one row for each.
        """
        stack = checks.array(images)
        if stack.ndim != 4 or not len(stack):
            raise ValueError(f"Expected images (count, height, width, channels). Received: images.shape={stack.shape}")
        found = []
        for start in range(0, len(stack), self._batch_size):
            part = stack[start : start + self._batch_size]
            rows = checks.features(self._network(self._prepare(part)), name="features of the network")
            if len(rows) != len(part):
                raise ValueError(f"Expected one row of features per image. Received: {len(rows)} for {len(part)}")
            found.append(rows)
        return np.concatenate(found)


def prepared(images: Any, *, size: int, resize: str, scale: float, channels: int) -> np.ndarray:
    """Images resized, shifted by -scale and divided by scale: float32 (count, size, size, channels).

    Args:
        images: (count, height, width, 1 or channels), uint8 or floats in [-1, 1]; gray is repeated.
        size: height and width of the network's inputs, in pixels.
        resize: one of `resizing.RESIZERS`.
        scale: 127.5 for [-1, 1], 128 for the scaling of the original FID graph.
        channels: channels of the network's inputs.
    """
    if resize not in RESIZERS:
        raise ValueError(f"Expected one of {sorted(RESIZERS)}. Received: resize={resize!r}")
    pixels = RESIZERS[resize](images, size)
    if pixels.shape[-1] == 1:
        pixels = np.repeat(pixels, channels, axis=-1)
    if pixels.shape[-1] != channels:
        raise ValueError(f"Expected gray images or {channels} channels. Received: {pixels.shape[-1]} channels")
    return (pixels - np.float32(scale)) / np.float32(scale)


@dataclass(frozen=True, kw_only=True)
class FeatureNetwork:
    """The features by which scores compare images.

    Args:
        name: name in the card.
        features: images (batch, height, width, channels), uint8 or floats in [-1, 1], to (batch, dimensions).
        probabilities: likewise to class probabilities, for the Inception score.
    """

    name: str
    features: Callable[[Any], Any]
    probabilities: Callable[[Any], Any] | None = None

    def describe(self) -> dict[str, Any]:
        """Everything the features depend on, as plain data: the network, its weights' sha256, resizer and settings."""
        network: Any = self.features
        if hasattr(network, "settings"):
            return {"network": network.name, "weights": network.weights, "settings": network.settings}
        return {"network": getattr(network, "identity", None) or getattr(network, "__name__", "a callable")}


def _classifier(name: str, *, stacked: bool = False) -> FeatureNetwork:
    from kerasgan.metrics.classifiers import classifier_features

    features, probabilities = (
        classifier_features(name, output, stacked=stacked) for output in ("features", "probabilities")
    )
    return FeatureNetwork(name=f"stacked-{name}" if stacked else name, features=features, probabilities=probabilities)


FEATURES: Mapping[str, Callable[[], FeatureNetwork]] = {
    "digits": lambda: _classifier("digits"),
    "emoji": lambda: _classifier("emoji"),
    "fashion": lambda: _classifier("fashion"),
    "pixels": lambda: FeatureNetwork(name="pixels", features=flattened),
    "stacked-digits": lambda: _classifier("digits", stacked=True),
    "thumbnails": lambda: FeatureNetwork(name="thumbnails", features=thumbnails),
}
"""Feature networks by name that need no download: classifiers of digits, clothes and emoji, all pixels, 8x8 pixels."""


def feature_network(choice: "str | FeatureNetwork") -> FeatureNetwork:
    """One of `FEATURES` by its name, or as it is. Raises ValueError for an unknown name."""
    if isinstance(choice, FeatureNetwork):
        return choice
    return FEATURES[resolve(choice, FEATURES, expected="a FeatureNetwork, or features", received=repr(choice))]()
