"""Stacked digits: three digits in red, green and blue, with a thousand modes that can be counted."""

from collections.abc import Sequence
from typing import Unpack

import numpy as np

from kerasgan.data.memory import digits
from kerasgan.data.sources import Batching, BatchingOptions, Indexed, SourceInfo


class _Triples:
    """Images assembled on request."""

    def __init__(self, gray: np.ndarray, triples: np.ndarray) -> None:
        self._gray, self._triples = gray, triples

    def take(self, indices: np.ndarray) -> np.ndarray:
        return np.concatenate([self._gray[chosen] for chosen in self._triples[indices].T], axis=-1)

    def prepare(self, indices: np.ndarray) -> None:
        """Nothing to do: the images are in memory."""


def stacked_digits(
    *,
    image_size: int | Sequence[int] = 32,
    count: int = 26_000,
    split: str = "all",
    **order: Unpack[BatchingOptions],
) -> Indexed:
    """Three of the embedded digits, drawn at random, as the colors of each image (Srivastava et al. 2017).

    That paper, 1705.07761, stacks MNIST's digits. The label is the number that the digits form, red first: 0 to 999.
    `kerasgan.metrics.stacked_digits` counts how many of these a model generates.

    `count`: number of images, drawn by the seed; PacGAN's code (1712.04086) compares 26,000. `split` as in `digits`.
    `order`: batch_size=64, seed=0, shuffle=True, flip=False, drop_remainder=True.
    Raises ValueError for a count below 1 or an unknown split.
    """
    if count < 1:
        raise ValueError(f"Expected a positive number of images. Received: count={count}")
    ordering, single = Batching(**order), digits(image_size=image_size, split=split)
    gray, labels = single.images(), single.labels
    triples = np.random.default_rng([ordering.seed, count]).integers(len(gray), size=(count, 3))
    numbers = (labels[triples] @ np.array([100, 10, 1])).astype(np.int32)  # type: ignore[index]
    names = [f"{number:03}" for number in range(1000)]
    info = SourceInfo(f"stacked {single.name}", (*gray.shape[1:3], 3), count, numbers, names)
    return Indexed(info, ordering, _Triples(gray, triples))
