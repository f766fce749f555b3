"""Batches that several devices and machines can share: as many images for each."""

from typing import Any

import keras
import numpy as np

from kerasgan import distribution
from kerasgan.data.feeding import is_tf_data, untuned
from kerasgan.data.sources import WHOLE, Share, Source
from kerasgan.keras_internals import with_tf_data

__all__ = ["even", "shared_batches"]


def shared_batches(trainer: keras.Model, batches: Any, shuffle: bool = False) -> Any:
    """The batches of a model's `fit`: of several machines each reads its own part, and JAX gets no more than that.

    `shuffle` is that of `fit`: whether Keras shuffles the batches of a PyDataset.

    Raises:
        NotImplementedError: for data of another kind than kerasgan's on several machines with JAX.
    """
    workers, rows = distribution.workers(), distribution.own_rows(trainer)
    if isinstance(batches, Source):
        batches.share = WHOLE if workers == 1 else Share(distribution.worker(), workers, rows)
    several = even(batches, distribution.devices(trainer))
    if keras.backend.backend() == "tensorflow" and not is_tf_data(several):
        return with_tf_data(several, untuned, shuffle=shuffle)
    if workers == 1 or keras.backend.backend() != "jax":
        return several
    if not isinstance(several, Even):
        expected = "Expected arrays, a folder, a kerasgan.data source or a PyDataset on several machines with JAX"
        raise NotImplementedError(f"{expected}. Received: {type(batches).__name__}")
    several.rows = rows
    return several


def even(batches: Any, devices: int) -> Any:
    """The batches, of which those that do not divide by the number of devices begin anew with their first images.

    A device without an image has no mean to contribute: TensorFlow fails in some layers and gives NaN in others, and
    JAX refuses such a batch.
    """
    if devices == 1:
        return batches
    if is_tf_data(batches) and hasattr(batches, "map"):
        import tensorflow as tf

        def filled(*parts: Any) -> Any:
            count = tf.shape(tf.nest.flatten(parts)[0])[0]
            places = tf.range(-(-count // devices) * devices) % count
            whole = tf.nest.map_structure(lambda part: tf.gather(part, places), parts)
            return whole if len(whole) > 1 else whole[0]

        return batches.map(filled, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    return Even(batches, devices) if isinstance(batches, keras.utils.PyDataset) else batches


class Even(keras.utils.PyDataset):
    """A PyDataset whose batches divide by a number of devices; all else is that dataset's."""

    def __init__(self, batches: Any, devices: int) -> None:
        super().__init__(batches.workers, batches.use_multiprocessing, batches.max_queue_size)
        self.batches, self.devices = batches, devices
        self.rows: Any = lambda count: None  # the places of the images that are given, None for all

    @property
    def num_batches(self) -> int | None:
        """The number that the dataset states."""
        return self.batches.num_batches

    def __getitem__(self, index: int) -> Any:
        batch = self.batches[index]
        count = len(keras.tree.flatten(batch)[0])
        places = np.arange(-(-count // self.devices) * self.devices)
        own = self.rows(len(places))
        if own is None and len(places) == count:
            return batch
        places = (places if own is None else places[own]) % count
        return keras.tree.map_structure(lambda part: part[places], batch)

    def on_epoch_begin(self) -> None:
        """Calls the dataset's."""
        self.batches.on_epoch_begin()

    def on_epoch_end(self) -> None:
        """Calls the dataset's."""
        self.batches.on_epoch_end()
