"""Moments of a data set's features, computed once: kept in a file named by the hash of the images and the network."""

import hashlib
import os
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from kerasgan.metrics import checks
from kerasgan.metrics.frechet import Moments

__all__ = ["content_hash", "dataset_moments"]


def _batches(images: Any, batch_size: int) -> Iterator[np.ndarray]:
    """Batches of an array, or those of an iterable of images or of (images, labels), which may be passed repeatedly."""
    if hasattr(images, "shape"):
        yield from (images[start : start + batch_size] for start in range(0, len(images), batch_size))
        return
    if not isinstance(images, Iterable) or isinstance(images, Iterator):
        raise TypeError(
            "Expected an array of images, or batches that can be passed through twice, such as a list or a source of "
            f"kerasgan.data. Received: {type(images).__name__}"
        )
    for batch in images:
        yield checks.array(batch[0] if isinstance(batch, tuple) else batch)


def content_hash(images: Any, *, batch_size: int = 256) -> str:
    """sha256 of a set of images: of their pixels, type and size, but not of their order or batches.

    Args:
        images: (count, height, width, channels), or an iterable of such batches or of (images, labels).
        batch_size: images of an array that are read at once.

    Raises:
        TypeError: for an iterator, which could be passed through only once.
        ValueError: for no images, or another rank.
    """
    digests: list[bytes] = []
    for batch in _batches(images, batch_size):
        if batch.ndim != 4:
            raise ValueError(f"Expected images (count, height, width, channels). Received: shape={batch.shape}")
        head = f"{batch.shape[1:]}{batch.dtype.str}".encode()
        digests += [hashlib.sha256(head + np.ascontiguousarray(image).tobytes()).digest() for image in batch]
    if not digests:
        raise ValueError("Expected at least one image. Received: none")
    return hashlib.sha256(b"".join(sorted(digests))).hexdigest()


def dataset_moments(
    images: Any,
    features: Callable[[Any], Any],
    *,
    directory: str | Path | None = None,
    identity: str | None = None,
    batch_size: int = 256,
) -> Moments:
    """Moments of a data set's features for `frechet_distance`, in bounded memory, read from the cache where they are.

    Args:
        images: (count, height, width, channels), or an iterable of such batches or of (images, labels) that gives the
            same images on each pass: a source without `flip`, with `drop_remainder=False`.
        features: images to features (batch, dimensions).
        directory: the cache; None computes them anew.
        identity: a text that names network, weights and preparation; `features.identity` if not given.
        batch_size: images of an array that are taken at once.

    Raises:
        TypeError, ValueError: if the images do not suit, or a cache is asked for without an identity.
    """
    if directory is None:
        return _computed(images, features, batch_size)
    identity = identity or getattr(features, "identity", None)
    if not identity:
        raise ValueError(
            "Expected identity=, a text that names the feature network and its weights, to keep its statistics. "
            "Received: features without an identity"
        )
    key = hashlib.sha256(f"{identity}\n{content_hash(images, batch_size=batch_size)}".encode()).hexdigest()
    path = Path(directory).expanduser() / f"moments-{key[:32]}.npz"
    # A file that is missing, cut off or of another version is written anew.
    with suppress(OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile):
        return Moments.load(path)
    moments = _computed(images, features, batch_size)
    _keep(moments, path)
    return moments


def _computed(images: Any, features: Callable[[Any], Any], batch_size: int) -> Moments:
    moments = Moments()
    for batch in _batches(images, batch_size):
        moments.update(features(batch))
    return moments


def _keep(moments: Moments, path: Path) -> None:
    """Write whole or not at all: another process may be reading."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".moments-")
    os.close(handle)
    try:
        moments.save(temporary)
        os.replace(temporary, path)
    finally:
        with suppress(OSError):
            os.unlink(temporary)
