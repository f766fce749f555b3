"""Checks of features, images and counts; every error says what was expected and what was received."""

from typing import Any

import numpy as np

__all__ = ["array", "feature_pair", "features", "generator", "image_pair", "images", "integer", "labels", "scores"]


def array(value: Any) -> np.ndarray:
    """`value` as a NumPy array: lists, NumPy, and the tensors of TensorFlow, JAX and PyTorch (also on a GPU).

    Raises:
        TypeError: if it has no numbers yet, as inside a compiled function.
    """
    if hasattr(value, "detach"):  # PyTorch: np.asarray refuses tensors with a gradient and those on another device
        value = value.detach().cpu()
    try:
        return np.asarray(value)
    except (NotImplementedError, TypeError, ValueError) as error:
        raise TypeError(
            "Expected an array of numbers; inside a compiled function tensors have no values yet, so call metrics "
            "outside, or compile(run_eagerly=True) where Keras calls them. "
            f"Received: {type(value).__name__}"
        ) from error


def finite(values: np.ndarray, *, name: str) -> np.ndarray:
    """`values` as they are. Raises TypeError unless they are real numbers, ValueError unless all are finite."""
    if values.dtype.kind in "OSUcMmV" and not np.can_cast(values.dtype, np.float64):
        raise TypeError(f"Expected real numbers. Received: {name}.dtype={values.dtype}")
    if values.dtype.kind not in "iub" and not np.isfinite(values).all():
        raise ValueError(f"Expected finite numbers. Received: NaN or infinity in {name}")
    return values


def features(value: Any, *, name: str = "features", least: int = 1) -> np.ndarray:
    """Features (count, dimensions) with at least `least` rows, finite, in the precision of the input."""
    rows = array(value)
    if rows.ndim != 2 or len(rows) < least or rows.shape[1] < 1:
        hint = " Flatten images with images.reshape(len(images), -1)." if rows.ndim > 2 else ""
        raise ValueError(
            f"Expected an array (count, dimensions) with at least {least} row{'s' * (least > 1)}.{hint} "
            f"Received: {name}.shape={rows.shape}"
        )
    return finite(rows, name=name)


def feature_pair(first: Any, second: Any, *, least: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Two feature arrays of the same dimensions, not necessarily of the same count."""
    first, second = features(first, name="first", least=least), features(second, name="second", least=least)
    if first.shape[1] != second.shape[1]:
        raise ValueError(
            "Expected features of the same dimensions. "
            f"Received: first.shape={first.shape}, second.shape={second.shape}"
        )
    return first, second


def images(value: Any, *, name: str = "images") -> np.ndarray:
    """Images (count, height, width, channels) as float64 in [0, 1], from uint8 in [0, 255] or floats in [-1, 1].

    Raises:
        TypeError: integers that are not uint8.
        ValueError: another rank, no pixels, a value outside the range.
    """
    pixels = array(value)
    if pixels.ndim != 4 or 0 in pixels.shape:
        raise ValueError(f"Expected images (count, height, width, channels). Received: {name}.shape={pixels.shape}")
    if pixels.dtype == np.uint8:
        return pixels / 255.0
    if pixels.dtype.kind in "iub":
        raise TypeError(f"Expected uint8 in [0, 255] or floats in [-1, 1]. Received: {name}.dtype={pixels.dtype}")
    pixels = finite(pixels, name=name).astype("float64")
    low, high = float(pixels.min()), float(pixels.max())
    # Resizing and float16 exceed the range by a little; anything more is another scale.
    if low < -1.001 or high > 1.001:
        raise ValueError(
            "Expected floats in [-1, 1]; pass uint8, or divide floats in [0, 255] by 127.5 and subtract 1. "
            f"Received: {name} in [{low:g}, {high:g}]"
        )
    if low >= 0.0:
        from kerasgan.data.checks import LIGHT, warn_of_scale  # imports Keras, which metrics do without

        if low <= LIGHT:
            warn_of_scale(low, high)
    pixels += 1.0
    pixels *= 0.5
    return pixels


def image_pair(first: Any, second: Any) -> tuple[np.ndarray, np.ndarray]:
    """Two stacks of images of one shape, as float64 in [0, 1]; images of the same index are compared."""
    first, second = images(first, name="first"), images(second, name="second")
    if first.shape != second.shape:
        raise ValueError(
            f"Expected two stacks of one shape. Received: first.shape={first.shape}, second.shape={second.shape}"
        )
    return first, second


def scores(value: Any, *, name: str) -> np.ndarray:
    """Finite numbers (count,) as float64; (count, 1) is flattened."""
    numbers = array(value)
    if numbers.ndim == 2 and numbers.shape[1] == 1:
        numbers = numbers[:, 0]
    if numbers.ndim != 1 or not len(numbers):
        raise ValueError(f"Expected one number per image, (count,). Received: {name}.shape={numbers.shape}")
    return finite(numbers, name=name).astype("float64")


def labels(value: Any, *, name: str = "labels") -> np.ndarray:
    """Integer labels (count,), 0 or larger, as int64."""
    numbers = array(value)
    if numbers.ndim == 2 and numbers.shape[1] == 1:
        numbers = numbers[:, 0]
    if numbers.ndim != 1 or not len(numbers) or numbers.dtype.kind not in "iu" or numbers.min() < 0:
        raise ValueError(
            "Expected integer labels (count,) from 0 on. "
            f"Received: {name}.shape={numbers.shape}, {name}.dtype={numbers.dtype}"
            + (f", smallest {numbers.min()}" if numbers.size and numbers.dtype.kind in "iu" else "")
        )
    return numbers.astype("int64")


def integer(value: Any, *, name: str, least: int = 1, most: int | None = None) -> int:
    """`value` as an int of at least `least` and, where given, at most `most`."""
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or value < least or (most is not None and value > most):
        limits = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise ValueError(f"Expected an integer {limits}. Received: {name}={value!r}")
    return int(value)


def generator(seed: int) -> np.random.Generator:
    """NumPy's generator for a seed. Raises ValueError unless it is an integer, 0 or larger."""
    return np.random.default_rng(integer(seed, name="seed", least=0))
