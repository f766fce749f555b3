"""Batches that several devices can share: as many images for each."""

from typing import Any

import keras
import numpy as np

from kerasgan.data.feeding import is_tf_data

__all__ = ["even"]


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

    @property
    def num_batches(self) -> int | None:
        """The number that the dataset states."""
        return self.batches.num_batches

    def __getitem__(self, index: int) -> Any:
        batch = self.batches[index]
        count = len(keras.tree.flatten(batch)[0])
        if not count % self.devices:
            return batch
        places = np.arange(-(-count // self.devices) * self.devices) % count
        return keras.tree.map_structure(lambda part: part[places], batch)

    def on_epoch_begin(self) -> None:
        """Calls the dataset's."""
        self.batches.on_epoch_begin()

    def on_epoch_end(self) -> None:
        """Calls the dataset's."""
        self.batches.on_epoch_end()
