"""Sources over arrays in memory, and the embedded handwritten digits."""

from collections.abc import Sequence
from typing import Any, Unpack

import numpy as np

from kerasgan.data import checks
from kerasgan.data.decoding import resized
from kerasgan.data.sources import ArrayReader, Facts, Indexed, Order, OrderOptions


def arrays(
    images: Any,
    labels: Any = None,
    *,
    image_size: int | Sequence[int] | None = None,
    **order: Unpack[OrderOptions],
) -> Indexed:
    """Images in memory: uint8 [0, 255] or float [-1, 1], (count, height, width) or (count, height, width, channels).

    `labels`: one integer from 0 on per image. `image_size`: int or (height, width) to crop (centred, to the aspect) and
    resize to, antialiased. `order`: batch_size=64, seed=0, shuffle=True, flip=False, drop_remainder=True.
    Raises ValueError or TypeError that says which shape, dtype or range arrived.
    """
    array = checks.image_array(images)
    if image_size is not None:
        array = resized(array, size=checks.pair(image_size))
    checked = None if labels is None else checks.label_array(labels, len(array))
    height, width, channels = array.shape[1:]
    facts = Facts("array", (height, width, channels), len(array), checked)
    return Indexed(facts, Order(**order), ArrayReader(array))


def digits(*, image_size: int | Sequence[int] = 32, channels: int = 1, **order: Unpack[OrderOptions]) -> Indexed:
    """The 1,797 handwritten digits of scikit-learn (UCI, test part), 8x8 resized to `image_size`, with labels 0 to 9.

    `order`: batch_size=64, seed=0, shuffle=True, flip=False, drop_remainder=True.
    """
    from sklearn.datasets import load_digits  # a second to import: only who asks pays

    size, channels = checks.pair(image_size), checks.channel_count(channels)
    bunch = load_digits()
    grey = np.round(bunch.images * (255 / 16)).astype(np.uint8)[..., np.newaxis]  # the file counts ink from 0 to 16
    array = np.repeat(resized(grey, size=size, crop="stretch"), channels, axis=-1)
    if channels == 4:
        array[..., 3] = 255
    names = [str(name) for name in bunch.target_names]
    facts = Facts("digits", (*size, channels), len(array), bunch.target.astype(np.int32), names)
    return Indexed(facts, Order(**order), ArrayReader(array))
