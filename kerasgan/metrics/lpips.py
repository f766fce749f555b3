"""LPIPS: how different two images look, by the features of a network and weights fitted to people's judgments.

Zhang et al. 2018, 1801.03924, version 0.1, with AlexNet or VGG16. The networks' published weights and the fitted ones
come from `kerasgan.checkpoints.lpips`, because metrics accept any callable and do not depend on checkpoints.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from kerasgan.metrics import checks

__all__ = ["LPIPS", "NETWORKS", "network"]

# Of torchvision's `features`, a convolution each: its number there, width, kernel, padding and stride, and whether a
# maximum pool comes before it. The outputs that are compared are those of the rectifiers before the pools and, of
# AlexNet, of all.
_ALEX = [(0, 64, 11, 2, 4, 0), (3, 192, 5, 2, 1, 3), (6, 384, 3, 1, 1, 3), (8, 256, 3, 1, 1, 0), (10, 256, 3, 1, 1, 0)]
_VGG_BLOCKS = [((0, 2), 64), ((5, 7), 128), ((10, 12, 14), 256), ((17, 19, 21), 512), ((24, 26, 28), 512)]
_VGG = [
    (number, width, 3, 1, 1, 2 if number == block[0] and number else 0)
    for block, width in _VGG_BLOCKS
    for number in block
]
NETWORKS = {"alex": _ALEX, "vgg": _VGG}
COMPARED = {"alex": (0, 3, 6, 8, 10), "vgg": (2, 7, 14, 21, 28)}
SMALLEST = {"alex": 31, "vgg": 16}  # pixels on a side, below which a pool has nothing left

# Mean and deviation of ImageNet's colors, in [-1, 1]
SHIFT = np.array([-0.030, -0.088, -0.188], "float32")
SCALE = np.array([0.458, 0.448, 0.450], "float32")
EPSILON = 1e-10


def network(name: str = "alex") -> Any:
    """The convolutions of AlexNet or VGG16, untrained: images to the five maps that LPIPS compares.

    Layers are named after torchvision's tensors, with two underscores for the dots: "features__0".

    Args:
        name: "alex" or "vgg".

    Returns:
        A Keras model from (batch, height, width, 3) to five (batch, height, width, channels).
    """
    import keras
    from keras import layers

    if name not in NETWORKS:
        raise ValueError(f"Expected one of {', '.join(NETWORKS)}. Received: name={name!r}")
    inputs = maps = keras.Input((None, None, 3), name="images")
    found = []
    for number, width, kernel, padding, stride, pool in NETWORKS[name]:
        if pool:
            maps = layers.MaxPooling2D(pool, 2)(maps)
        maps = layers.ZeroPadding2D(padding)(maps)
        maps = layers.Conv2D(width, kernel, stride, activation="relu", name=f"features__{number}")(maps)
        if number in COMPARED[name]:
            found.append(maps)
    return keras.Model(inputs, found, name=name)


class LPIPS:
    """The distance LPIPS (Zhang et al. 2018, 1801.03924), and features whose squared Euclidean distance it is.

    For `perceptual_path_length(distance=lpips)`, `PairScore(score=lpips)`, and `Diversity(features=lpips.features)`,
    which is then the diversity of the papers on conditional GANs, in units of the real images'.

    Args:
        network: `network("alex")` or `network("vgg")` with its published weights.
        weights: the fitted weights of its five maps, (channels,) each, 0 or larger.
        batch_size: images compared at a time.
    """

    name = "lpips"

    def __init__(self, network: Any, weights: Sequence[Any], *, batch_size: int = 16) -> None:
        self.network, self.batch_size = network, checks.integer(batch_size, name="batch_size")
        self.weights = [np.asarray(each, "float32") for each in weights]
        shapes = [(maps.shape[-1],) for maps in network.outputs]
        if [each.shape for each in self.weights] != shapes or any((each < 0).any() for each in self.weights):
            received = [each.shape for each in self.weights]
            raise ValueError(f"Expected weights of {shapes}, 0 or larger. Received: weights of {received}")

    def __call__(self, first: Any, second: Any) -> np.ndarray:
        """LPIPS of each pair of images, 0 for equal ones.

        Args:
            first: images (count, height, width, 1 or 3), uint8 or floats in [-1, 1]; at least 31 pixels high and wide
                for AlexNet, 16 for VGG16.
            second: likewise, of the same shape.

        Returns:
            float64 (count,).

        Raises:
            TypeError, ValueError: if the images do not suit.
        """
        first, second = checks.image_pair(first, second)
        found = []
        for one, other in zip(self._batches(first), self._batches(second)):
            layers = zip(self._normalized(one), self._normalized(other), self.weights)
            found.append(sum(((a - b) ** 2 @ weight).mean(axis=(1, 2), dtype="float64") for a, b, weight in layers))
        return np.concatenate(found)

    def features(self, images: Any) -> np.ndarray:
        """Features (count, dimensions), float32, whose squared Euclidean distances are LPIPS; see `__call__`."""
        rows = []
        for batch in self._batches(checks.images(images)):
            maps = zip(self._normalized(batch), self.weights)
            scaled = [each * np.sqrt(weight / np.prod(each.shape[1:3])) for each, weight in maps]
            rows.append(np.concatenate([each.reshape(len(batch), -1) for each in scaled], axis=1))
        return np.concatenate(rows)

    def _batches(self, images: np.ndarray) -> Iterator[np.ndarray]:
        """Inputs of the network, from images in [0, 1]."""
        smallest = SMALLEST.get(self.network.name, 1)
        if images.shape[-1] not in (1, 3) or min(images.shape[1:3]) < smallest:
            expected = f"Expected images of 1 or 3 channels, at least {smallest} pixels high and wide"
            raise ValueError(f"{expected}. Received: images.shape={images.shape}")
        for start in range(0, len(images), self.batch_size):
            part = np.repeat(images[start : start + self.batch_size], 3 // images.shape[-1], axis=-1)
            yield ((2 * part - 1).astype("float32") - SHIFT) / SCALE

    def _normalized(self, inputs: np.ndarray) -> list[np.ndarray]:
        """The maps, divided by their length at each place."""
        maps = [checks.array(each) for each in self.network(inputs, training=False)]
        return [each / (np.sqrt((each**2).sum(axis=-1, keepdims=True)) + EPSILON) for each in maps]
