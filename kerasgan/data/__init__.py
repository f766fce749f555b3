"""Images in, batches in [-1, 1] out: arrays, folders, tf.data, TFDS and the embedded handwritten digits."""

from kerasgan.data.builders import tfds
from kerasgan.data.feeding import batch, batches
from kerasgan.data.folders import folder
from kerasgan.data.memory import arrays, digits
from kerasgan.data.sources import KeepEpoch, Source

__all__ = ["KeepEpoch", "Source", "arrays", "batch", "batches", "digits", "folder", "tfds"]
