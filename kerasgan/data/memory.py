"""Sources over arrays in memory, and the bundled handwritten digits."""

from collections.abc import Sequence
from typing import Any, Unpack

import numpy as np

from kerasgan.data import checks
from kerasgan.data.decoding import resized
from kerasgan.data.semi_supervised import SemiSupervised, keep_labels
from kerasgan.data.sources import ArrayReader, Batching, BatchingOptions, Indexed, SourceInfo

SPLITS = {"all": slice(None), "train": slice(0, 1198), "test": slice(1198, None)}  # of the embedded digits


def arrays(
    images: Any,
    labels: Any = None,
    *,
    image_size: int | Sequence[int] | None = None,
    unlabeled: bool = False,
    **order: Unpack[BatchingOptions],
) -> Indexed:
    """Images in memory: uint8 [0, 255] or float [-1, 1], (count, height, width) or (count, height, width, channels).

    - `labels`: one integer per image, 0 or larger.
    - `image_size`: int or (height, width) to which images are cropped (centered, to the aspect ratio) and resized,
      antialiased.
    - `unlabeled`: allow the label -1, for none.
    - `order`: batch_size=64, seed=0, shuffle=True, flip=False, drop_remainder=True.

    Raises ValueError or TypeError that says which shape, dtype or range was received.
    """
    array = checks.image_array(images)
    if image_size is not None:
        array = resized(array, size=checks.pair(image_size))
    checked = None if labels is None else checks.label_array(labels, len(array), unlabeled=unlabeled)
    height, width, channels = array.shape[1:]
    info = SourceInfo("array", (height, width, channels), len(array), checked)
    return Indexed(info, Batching(**order), ArrayReader(array))


def digits(
    *,
    image_size: int | Sequence[int] = 32,
    channels: int = 1,
    split: str = "all",
    labels_per_class: int | None = None,
    **order: Unpack[BatchingOptions],
) -> Indexed:
    """The 1,797 handwritten digits of scikit-learn (UCI, test part), 8x8 resized to `image_size`, with labels 0 to 9.

    - `split`: "all", "train" (the first two thirds, 1,198 digits) or "test" (the last third, 599). The file is in the
      order of collection, where neighbors resemble each other: a random split would leak between the two.
    - `labels_per_class`: keep this many labels of each digit, drawn by the seed, and hide the others as -1.
    - `order`: batch_size=64, seed=0, shuffle=True, flip=False, drop_remainder=True.

    Raises ValueError for an unknown split, or more labels than there are.
    """
    from sklearn.datasets import load_digits  # takes a second to import

    size, channels, ordering = checks.pair(image_size), checks.channel_count(channels), Batching(**order)
    if split not in SPLITS:
        raise ValueError(f"Expected split to be one of {', '.join(SPLITS)}. Received: split={split!r}")
    bunch, part = load_digits(), SPLITS[split]
    gray = np.round(bunch.images[part] * (255 / 16)).astype(np.uint8)[..., np.newaxis]  # the file's range is 0 to 16
    array = np.repeat(resized(gray, size=size, crop="stretch"), channels, axis=-1)
    if channels == 4:
        array[..., 3] = 255
    names, labels = [str(name) for name in bunch.target_names], bunch.target[part].astype(np.int32)
    if labels_per_class is not None:
        labels = keep_labels(labels, labels_per_class, seed=ordering.seed)
    info = SourceInfo("digits" if split == "all" else f"digits/{split}", (*size, channels), len(array), labels, names)
    kind = Indexed if labels_per_class is None else SemiSupervised
    return kind(info, ordering, ArrayReader(array))


def semi_supervised(
    labeled_images: Any,
    labels: Any,
    unlabeled_images: Any,
    *,
    labeled_share: float = 0.5,
    image_size: int | Sequence[int] | None = None,
    **order: Unpack[BatchingOptions],
) -> SemiSupervised:
    """A few images with labels and many without, as one source for a model that learns from both.

    Every batch has the same share of labeled images, however few there are: see `SemiSupervised`. Images and labels as
    in `arrays`; both sets must have one dtype (uint8 or float), and one size unless `image_size` is given.
    Raises ValueError or TypeError that says which shape, dtype or range was received.
    """
    parts = [checks.image_array(labeled_images), checks.image_array(unlabeled_images)]
    if image_size is not None:
        parts = [resized(part, size=checks.pair(image_size)) for part in parts]
    if parts[0].shape[1:] != parts[1].shape[1:] or parts[0].dtype != parts[1].dtype:
        received = " and ".join(f"{part.shape[1:]} {part.dtype}" for part in parts)
        raise ValueError(f"Expected labeled and unlabeled images of one size and dtype. Received: {received}")
    known = checks.label_array(labels, len(parts[0]))
    targets = np.concatenate([known, np.full(len(parts[1]), -1, np.int32)])
    images = np.concatenate(parts)
    info = SourceInfo("array", images.shape[1:], len(images), targets)
    return SemiSupervised(info, Batching(**order), ArrayReader(images), labeled_share=labeled_share)
