"""Checks of images and labels; every error says what was expected and what was received."""

import reprlib
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from kerasgan.files.text import warn

LIGHT = 0.25  # in [-1, 1]: photographs scaled to [0, 1] have darker pixels, light drawings have not
EXPECTED_VALUES = "Expected images as uint8 in [0, 255] or as floats in [-1, 1]"


def pair(image_size: int | Sequence[int]) -> tuple[int, int]:
    """`image_size` as (height, width). Raises ValueError unless it is a positive int or a pair of them."""
    sizes = (image_size, image_size) if isinstance(image_size, int | np.integer) else tuple(image_size)
    if len(sizes) != 2 or not all(isinstance(size, int | np.integer) and size > 0 for size in sizes):
        raise ValueError(f"Expected a positive int or (height, width) in pixels. Received: image_size={image_size!r}")
    return int(sizes[0]), int(sizes[1])


def channel_count(channels: int) -> int:
    """`channels`, checked: 1 (gray), 3 (RGB) or 4 (RGBA, alpha kept)."""
    if channels not in (1, 3, 4):
        raise ValueError(f"Expected channels 1 (gray), 3 (RGB) or 4 (RGBA). Received: channels={channels!r}")
    return channels


def image_array(images: Any) -> np.ndarray:
    """`images` as NumPy (count, height, width, channels), uint8 or float32. Raises TypeError or ValueError."""
    try:
        array = np.asarray(images)
    except ValueError as error:  # lists of different lengths
        expected = "Expected images of one size as (count, height, width) or (count, height, width, channels)"
        raise ValueError(f"{expected}. Received: images={reprlib.repr(images)}") from error
    if array.ndim == 3:
        array = array[..., np.newaxis]
    if array.ndim != 4 or array.dtype == object:
        raise ValueError(
            "Expected images of one size as (count, height, width) or (count, height, width, channels). "
            f"Received: shape={np.shape(array)}, dtype={array.dtype}"
        )
    if 0 in array.shape:
        raise ValueError(f"Expected at least one image with at least one pixel. Received: shape={array.shape}")
    return values(array)


def values(array: np.ndarray, *, all_light: bool = False) -> np.ndarray:
    """`array` as it is if uint8, as float32 if float in [-1, 1]; anything else is an error that names its range.

    `all_light`: whether images without a dark pixel are expected, such as drawings on white, and give no warning.
    A darkest pixel near 0 still gives one: it is black in [0, 1].
    """
    if array.dtype == np.uint8:
        return array
    if array.dtype.kind in "iu":
        hint = " Convert with images.astype('uint8')." if array.min() >= 0 and array.max() <= 255 else ""
        received = f"dtype={array.dtype}, range [{array.min()}, {array.max()}]"
        raise TypeError(f"{EXPECTED_VALUES}.{hint} Received: {received}")
    # bfloat16 and similar types are no np.floating: test whether they convert.
    if array.dtype.kind in "bcSUOMm" or not np.can_cast(array.dtype, np.float64):
        raise TypeError(f"{EXPECTED_VALUES}. Received: dtype={array.dtype}")
    array = array.astype(np.float32, copy=False)
    low, high = float(array.min()), float(array.max())
    if not np.isfinite([low, high]).all():
        raise ValueError(f"{EXPECTED_VALUES}, all of them finite. Received: range [{low:g}, {high:g}]")
    # Resizing and float16 exceed the range by a little; anything more is another scale.
    if low < -1.001 or high > 1.001:
        raise ValueError(
            f"{EXPECTED_VALUES}. Pass uint8, or divide floats in [0, 255] by 127.5 and subtract 1. "
            f"Received: dtype={array.dtype}, range [{low:g}, {high:g}]"
        )
    if not (all_light and low > LIGHT):
        warn_of_scale(low, high)
    return array


def warn_of_scale(low: float, high: float) -> None:
    """Warns of floats in [low, high] that are probably images in [0, 1]."""
    if low >= 0.0 and high > 0.5:
        warnings.warn(
            f"Images lie in [{low:g}, {high:g}], but black is -1 here, not 0: "
            "if they were scaled to [0, 1], multiply by 2 and subtract 1, or pass uint8.",
            stacklevel=3,
        )


def label_array(labels: Any, count: int, *, unlabeled: bool = False) -> np.ndarray:
    """`labels` as int32 (count,). Raises TypeError for floats, ValueError for a wrong length, one-hot or negative.

    `unlabeled`: whether -1 is accepted, for an image without a label.
    """
    array = np.asarray(labels)
    if array.ndim == 2 and array.shape[1] == 1:  # the shape of keras.datasets.cifar10's labels
        array = array[:, 0]
    lowest = "0 on, or -1 for none," if unlabeled else "0 on"
    expected = f"Expected one integer label from {lowest} for each of {count} images"
    if array.ndim == 2:
        hint = "if they are one-hot, pass np.argmax(labels, axis=1)"
        raise ValueError(f"{expected}; {hint}. Received: labels.shape={array.shape}")
    if array.shape != (count,):
        raise ValueError(f"{expected}. Received: labels.shape={array.shape}")
    if array.dtype.kind not in "iu":
        hint = "; whole numbers as floats: pass labels.astype(int)" if array.dtype.kind == "f" else ""
        raise TypeError(f"{expected}{hint}. Received: labels.dtype={array.dtype}")
    if array.min() < -int(unlabeled):
        raise ValueError(f"{expected}. Received: a label {array.min()}")
    return array.astype(np.int32)


def model_shape(arrived: Sequence[int], expected: Sequence[int], where: str) -> None:
    """Raises ValueError that names both shapes unless images (height, width, channels) have the model's shape."""
    arrived, expected = tuple(arrived), tuple(expected)
    if arrived == expected:
        return
    hint = "Give both the same image_size and channels."
    if len(arrived) == 3 and (*arrived[1:], arrived[0]) == expected:
        hint = "Channels come last here: np.moveaxis(images, 1, -1)."
    raise ValueError(
        f"Expected images of (height, width, channels) {expected}, which the model was built for. {hint} "
        f"Received: {arrived} from {where}"
    )


def check_no_labels(labels: Any, num_classes: int | None) -> None:
    """Raises ValueError if labels were passed explicitly to a model that does not use labels."""
    if labels is not None and num_classes is None:
        raise ValueError(
            "Expected images alone: this model does not use labels, a class-conditional one such as ACGAN does. "
            f"Received: labels of shape {np.shape(labels)}"
        )


def model_labels(labels: np.ndarray | None, num_classes: int, where: str, *, unlabeled: bool = False) -> None:
    """Raises ValueError unless there are labels, all below the model's `num_classes`, none -1 unless `unlabeled`."""
    if labels is None:
        raise ValueError(
            f"Expected labels: the model has {num_classes} classes. "
            f"Pass (images, labels), or a folder with one sub-folder per class. Received: {where} without labels"
        )
    highest = int(labels.max(initial=0))
    if highest >= num_classes:
        raise ValueError(
            f"Expected labels from 0 to {num_classes - 1}, the model's num_classes={num_classes}. "
            f"Received: a label {highest} from {where}"
        )
    if not unlabeled and labels.min(initial=0) < 0:
        raise ValueError(
            "Expected a label for every image: -1, for none, is for families that learn from unlabeled images too, "
            f"such as SemiSupervisedGAN. Received: a label {int(labels.min())} from {where}"
        )


def warn_of_fewer_classes(class_names: Sequence[str] | None, num_classes: int, where: str) -> None:
    """Warns of named classes that are fewer than the model's: what is missing shifts the labels of the others."""
    if class_names is not None and len(class_names) < num_classes:
        names = ", ".join(class_names[:3]) + (", ..." if class_names[3:] else "")
        warn(
            f"Expected images of the model's {num_classes} classes. Received: {len(class_names)} in {where}, {names}, "
            "which are taken for the model's first ones; nothing is learned of the others.",
            stacklevel=4,
        )
