"""Checks of the latents, class labels and seeds that callers pass."""

import random
from collections.abc import Sequence
from typing import Any

import numpy as np

from kerasgan.names import resolve

__all__ = ["class_labels", "given", "seed_or_drawn"]


def given(latents: Any, latent_dim: int) -> np.ndarray:
    """float32 latents (count, latent_dim) as passed by a caller, at least one row.

    Raises:
        ValueError: for another shape, or numbers that are not finite.
    """
    array = np.asarray(latents)
    if array.ndim != 2 or not len(array) or array.shape[1] != latent_dim:
        raise ValueError(f"Expected latents of shape (count, {latent_dim}). Received: latents.shape={array.shape}")
    if array.dtype.kind not in "fiu" or not np.isfinite(array).all():
        raise ValueError(f"Expected finite numbers as latents. Received: {array.dtype} latents, not all finite")
    with np.errstate(over="ignore"):
        single = array.astype("float32")
    if not np.isfinite(single).all():
        expected = "Expected latents within the range of float32"
        raise ValueError(f"{expected}. Received: latents up to {np.abs(array).max():g}")
    return single


def class_labels(
    count: int,
    labels: Any = None,
    *,
    num_classes: int | None,
    names: Sequence[str] | None = None,
    seed: int | None = None,
) -> np.ndarray | None:
    """int32 labels (count,) for a class-conditional model: one for all, one each, or drawn at random if not given.

    Args:
        count: number of labels.
        labels: an int or `count` ints, or names of classes in their place.
        num_classes: of the model; None for an unconditional one.
        names: of the classes, in the order of their labels, if they are known.
        seed: of labels that are drawn.

    Raises:
        ValueError: if they are no ints or names, not `count` of them, out of range, or given to an unconditional model.
    """
    if num_classes is None:
        if labels is not None:
            expected = "Expected no labels: this model is not class-conditional."
            raise ValueError(f"{expected} Received: labels={_different(labels)}")
        return None
    if labels is None:
        stream = None if seed is None else [seed, 1]  # not the stream of the latents
        return np.random.default_rng(stream).integers(num_classes, size=count, dtype="int32")
    array = np.asarray(_numbers(labels, names))
    if array.dtype.kind not in "iu" or array.shape not in ((), (count,)):
        raise ValueError(f"Expected an int or {count} ints as labels. Received: labels={labels!r}")
    unknown = array[(array < 0) | (array >= num_classes)]
    if unknown.size:
        raise ValueError(f"Expected labels from 0 to {num_classes - 1}. Received: labels={_different(unknown)}")
    return np.broadcast_to(array, (count,)).astype("int32")


def _numbers(labels: Any, names: Sequence[str] | None) -> Any:
    """Labels with the numbers of classes in the place of their names."""
    if isinstance(labels, str):
        if not names:
            expected = "Expected the number of a class, for this model does not know their names"
            raise ValueError(f"{expected}. Received: labels={labels!r}")
        return list(names).index(resolve(labels, names, expected="a class", received=f"labels={labels!r}"))
    if isinstance(labels, np.ndarray) and labels.dtype.kind in "OU":
        return _numbers(labels.tolist(), names)
    if isinstance(labels, (list, tuple)):
        return [_numbers(label, names) if isinstance(label, str) else label for label in labels]
    return labels


def seed_or_drawn(seed: int | None) -> int:
    """The seed; if it is None another one each time, which `keras.utils.set_random_seed` decides, as Keras' own."""
    return random.randrange(2**31) if seed is None else seed


def _different(labels: Any) -> str:
    """Each label once, for messages."""
    return ", ".join(map(str, dict.fromkeys(np.ravel(labels).tolist())))
