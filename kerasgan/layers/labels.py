"""Class labels in functional models that have classes, or may have."""

from typing import Any

import keras
from keras import layers

__all__ = ["label_input", "one_hot", "with_labels"]


def label_input(num_classes: int | None) -> Any:
    """The symbolic labels (batch,), int32; None if there are no classes."""
    return keras.Input((), dtype="int32", name="labels") if num_classes else None


def one_hot(labels: Any, num_classes: int | None) -> Any:
    """Labels (batch,) to vectors (batch, num_classes)."""
    return layers.CategoryEncoding(num_classes, output_mode="one_hot", name="one_hot")(labels)


def with_labels(inputs: Any, labels: Any) -> Any:
    """A network's inputs: [inputs, labels], or the inputs alone if there are no labels."""
    return inputs if labels is None else [inputs, labels]
