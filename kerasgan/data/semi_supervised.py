"""A few labeled images among many unlabeled ones: batches with enough of both."""

from typing import Any

import numpy as np

from kerasgan.data.sources import Batching, Indexed, Raw, Reader, Source, SourceInfo

UNLABELED = -1


class SemiSupervised(Indexed):
    """A source whose every batch holds the same number of labeled images; the label -1 stands for none.

    - A share of each batch is labeled images, which are repeated as often as needed, in a new order each time.
    - The rest of each batch goes through all images once per epoch, the labeled ones too, with their label hidden as -1
      (as in the code of Salimans et al. 2016).
    - Both kinds alternate within a batch, so that its parts on several devices hold both.

    Args:
        info: facts about the source, with the label -1 for images that have none.
        order: as for every source; batches are full, and the last ones of an epoch repeat images if need be.
        reader: reader of the images.
        labeled_share: share of labeled images in each batch, in (0, 1); each kind has at least one place.

    Raises:
        ValueError: without a labeled image, for a batch size of 1, or a share out of range.
    """

    def __init__(self, info: SourceInfo, order: Batching, reader: Reader, *, labeled_share: float = 0.5) -> None:
        if info.labels is None or not (info.labels >= 0).any():
            raise ValueError(f"Expected at least one labeled image. Received: none in {info.name}")
        if not 0.0 < labeled_share < 1.0:
            raise ValueError(f"Expected a share between 0 and 1. Received: labeled_share={labeled_share}")
        if order.batch_size < 2:
            raise ValueError(f"Expected a batch size of at least 2. Received: batch_size={order.batch_size}")
        super().__init__(info, order, reader)
        size = order.batch_size
        labeled = min(max(1, round(labeled_share * size)), size - 1)
        self._with_label = np.diff(np.arange(size + 1) * labeled // size) > 0  # (size,), spread evenly

    @property
    def num_batches(self) -> int:
        """Batches per epoch: one pass over all images, as unlabeled ones."""
        count = self.info.count or 0
        if not self.with_labels:
            return self.order.batch_count(count)
        unlabeled = int(np.sum(~self._with_label))
        return max(1, count // unlabeled) if self.order.drop_remainder else -(-count // unlabeled)

    def _permutation(self, epoch: int) -> np.ndarray:
        if self.with_labels and self._shuffled[0] != epoch:
            self._shuffled = (epoch, self._arrangement(epoch))
        return super()._permutation(epoch)

    def _arrangement(self, epoch: int) -> np.ndarray:
        known = np.flatnonzero(self.info.labels >= 0)  # type: ignore[operator]
        rows = np.empty((self.num_batches, self.batch_size), np.int64)
        places = rows[:, self._with_label].shape
        rng = np.random.default_rng([self.order.seed, epoch, 1])
        passes = range(-(-places[0] * places[1] // len(known)))
        again = [rng.permutation(known) if self.order.shuffle else known for _ in passes]
        rows[:, self._with_label] = np.resize(np.concatenate(again), places)
        everything = self.order.permutation(self.info.count or 0, epoch)
        rows[:, ~self._with_label] = np.resize(everything, (len(rows), self.batch_size - places[1]))
        return rows.reshape(-1)

    def _targets(self, chosen: np.ndarray) -> np.ndarray:
        return np.where(self._with_label, super()._targets(chosen), UNLABELED).astype(np.int32)

    def in_order(self) -> Raw:
        """As of every source, with all labels that are known, also those that batches hide."""
        return Indexed(self.info, self.order, self.reader).in_order()

    def copy(self, *, with_labels: bool | None = None) -> Any:
        twin = super().copy(with_labels=with_labels)
        twin._shuffled = (-1, np.empty(0, np.int64))  # the order differs with and without labels
        return twin


def arranged(source: Source) -> Source:
    """A source in memory or of files as `SemiSupervised` if some of its images have no label, otherwise as it is."""
    if isinstance(source, SemiSupervised) or not isinstance(source, Indexed) or source.labels is None:
        return source
    if source.labels.min() >= 0:
        return source
    twin = SemiSupervised(source.info, source.order, source.reader)
    twin.epoch = source.epoch
    return twin


def keep_labels(labels: np.ndarray, labels_per_class: int, *, seed: int) -> np.ndarray:
    """`labels` with all but this many of each class, drawn by seed, hidden as -1. Raises ValueError for too few."""
    rng = np.random.default_rng([seed, 2])
    result = np.full_like(labels, UNLABELED)
    for label in np.unique(labels):
        places = np.flatnonzero(labels == label)
        if not 1 <= labels_per_class <= len(places):
            expected = f"Expected from 1 to {len(places)} labels of class {label}"
            raise ValueError(f"{expected}. Received: labels_per_class={labels_per_class}")
        result[rng.choice(places, labels_per_class, replace=False)] = label
    return result
