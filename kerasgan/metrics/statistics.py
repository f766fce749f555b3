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

__all__ = ["ContentHash", "cached", "content_hash", "dataset_moments"]


def _batches(images: Any, batch_size: int) -> Iterator[np.ndarray]:
    """Batches of an array, or of a re-iterable of images or of (images, labels)."""
    if hasattr(images, "shape"):
        yield from (images[start : start + batch_size] for start in range(0, len(images), batch_size))
        return
    if not isinstance(images, Iterable) or isinstance(images, Iterator):
        raise TypeError(
            "Expected an array of images, or batches that can be iterated twice, such as a list or a source of "
            f"kerasgan.data. Received: {type(images).__name__}"
        )
    for batch in images:
        yield checks.array(batch[0] if isinstance(batch, tuple) else batch)


class ContentHash:
    """The sha256 of a set of images in batches: of their pixels, type and size, independent of their order."""

    def __init__(self) -> None:
        self._digests: list[bytes] = []

    def update(self, batch: np.ndarray) -> None:
        """Adds images (count, height, width, channels). Raises ValueError for another rank."""
        if batch.ndim != 4:
            raise ValueError(f"Expected images (count, height, width, channels). Received: shape={batch.shape}")
        head = f"{batch.shape[1:]}{batch.dtype.str}".encode()
        self._digests += [hashlib.sha256(head + np.ascontiguousarray(image).tobytes()).digest() for image in batch]

    def hexdigest(self) -> str:
        """Raises ValueError if there was no image."""
        if not self._digests:
            raise ValueError("Expected at least one image. Received: none")
        return hashlib.sha256(b"".join(sorted(self._digests))).hexdigest()


def content_hash(images: Any, *, batch_size: int = 256) -> str:
    """sha256 of a set of images: of their pixels, type and size, independent of their order and batches.

    Args:
        images: (count, height, width, channels), or an iterable of such batches or of (images, labels).
        batch_size: images of an array that are read at once.

    Raises:
        TypeError: for an iterator, which can be read only once.
        ValueError: for no images, or another rank.
    """
    content = ContentHash()
    for batch in _batches(images, batch_size):
        content.update(batch)
    return content.hexdigest()


def dataset_moments(
    images: Any,
    features: Callable[[Any], Any],
    *,
    directory: str | Path | None = None,
    identity: str | None = None,
    batch_size: int = 256,
) -> Moments:
    """Moments of a data set's features for `frechet_distance`, in bounded memory, from the cache if it holds them.

    Args:
        images: (count, height, width, channels), or an iterable of such batches or of (images, labels) that gives the
            same images on each pass: a source without `flip`, with `drop_remainder=False`.
        features: images to features (batch, dimensions).
        directory: the cache; None computes them anew.
        identity: a text that names network, weights and preparation; `features.identity` if not given.
        batch_size: images of an array that are taken at once.

    Raises:
        TypeError, ValueError: if the images do not suit, or a cache is given without an identity.
    """
    if directory is None:
        return _computed(images, features, batch_size)
    identity = identity or getattr(features, "identity", None)
    if not identity:
        raise ValueError(
            "Expected identity=, a text that names the feature network and its weights, to keep its statistics. "
            "Received: features without an identity"
        )
    return cached(
        lambda: _computed(images, features, batch_size),
        directory=directory,
        key=f"{identity}\n{content_hash(images, batch_size=batch_size)}",
        read=Moments.load,
        write=lambda moments, path: moments.save(path),
    )


def _computed(images: Any, features: Callable[[Any], Any], batch_size: int) -> Moments:
    moments = Moments()
    for batch in _batches(images, batch_size):
        moments.update(features(batch))
    return moments


def cached(
    compute: Callable[[], Any],
    *,
    directory: str | Path,
    key: str,
    read: Callable[[Path], Any],
    write: Callable[[Any, str], None],
) -> Any:
    """The result of `compute`, kept in a .npz file of the directory, whose name is the hash of the key.

    The file is written whole or not at all, as another process may be reading. A damaged one is written anew.
    """
    path = Path(directory).expanduser() / f"statistics-{hashlib.sha256(key.encode()).hexdigest()[:32]}.npz"
    with suppress(OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile):
        return read(path)
    result = compute()
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".statistics-", suffix=".npz")
    os.close(handle)
    try:
        write(result, temporary)
        os.replace(temporary, path)
    finally:
        with suppress(OSError):
            os.unlink(temporary)
    return result
