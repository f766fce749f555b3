"""DiffAugment: color, translation and cutout, always and for every image."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from kerasgan.augment.scheme import Augmentation, Draws, boxes

__all__ = ["DiffAugment"]

OPERATIONS = ("color", "translation", "cutout")


@keras.saving.register_keras_serializable("kerasgan")
class DiffAugment(Augmentation):
    """DiffAugment (Zhao et al. 2020, 2006.10738).

    Args:
        operations: in this order, some of "color" (brightness, saturation, contrast), "translation" (by up to an eighth
            of the size, with zeros behind) and "cutout" (a rectangle of half the size is zero).
        **options: of `keras.layers.Layer`.

    Raises:
        ValueError: for an unknown operation, or none.
    """

    def __init__(self, operations: Sequence[str] = OPERATIONS, **options: Any):
        super().__init__(**options)
        self.operations = (operations,) if isinstance(operations, str) else tuple(operations)
        if not self.operations or set(self.operations) - set(OPERATIONS):
            raise ValueError(f"Expected some of {', '.join(OPERATIONS)}. Received: operations={operations!r}")

    def call(self, images, *, seed):
        draws = Draws(ops.shape(images)[0], probability=1.0, seed=seed)
        change = {"color": color, "translation": translation, "cutout": cutout}
        for operation in self.operations:
            images = change[operation](images, draws)
        return images

    def get_config(self):
        return {**super().get_config(), "operations": self.operations}


def color(images: Any, draws: Draws) -> Any:
    """Brightness + U(-0.5, 0.5), saturation times U(0, 2), contrast times U(0.5, 1.5)."""

    def per_image(values: Any) -> Any:
        return values[:, None, None, None]

    images = images + per_image(draws.uniform(-0.5, 0.5))
    gray = ops.mean(images, axis=-1, keepdims=True)
    images = gray + (images - gray) * per_image(draws.uniform(0.0, 2.0))
    mean = ops.mean(images, axis=(1, 2, 3), keepdims=True)
    return mean + (images - mean) * per_image(draws.uniform(0.5, 1.5))


def translation(images: Any, draws: Draws) -> Any:
    """By whole pixels on both axes, an eighth of the size at most; what comes in is zero."""
    height, width, channels = images.shape[1:]
    rows, columns = (_shift(length, draws) for length in (height, width))
    lines = ops.matmul(rows, ops.reshape(images, (-1, height, width * channels)))
    lines = ops.reshape(lines, (-1, height, width, channels))
    return ops.matmul(columns[:, None], lines)


def _shift(length: int, draws: Draws) -> Any:
    """A matrix (batch, length, length) that moves each image's lines: a row of zeros where the source is outside."""
    most = int(length / 8 + 0.5)
    source = ops.arange(length, dtype="int32")[None] + ops.cast(draws.below(2 * most + 1) - most, "int32")[:, None]
    return ops.cast(ops.equal(source[..., None], ops.arange(length, dtype="int32")), "float32")


def cutout(images: Any, draws: Draws) -> Any:
    """A rectangle of half the height and width is zero, around a pixel of the image, perhaps over its edge."""
    first, after = [], []
    for length in images.shape[1:3]:
        half = int(length / 2 + 0.5)
        first.append(draws.below(length + 1 - half % 2) - half // 2)
        after.append(first[-1] + half)
    return images * (1.0 - boxes(images.shape[1:3], tuple(first), tuple(after)))
