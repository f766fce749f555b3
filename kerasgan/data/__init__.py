"""Images in, batches in [-1, 1] out: arrays, folders, tf.data, TFDS and the embedded handwritten digits."""

from kerasgan.data.builders import tfds
from kerasgan.data.feeding import batch, batches, first_images
from kerasgan.data.folders import folder
from kerasgan.data.memory import arrays, digits, semi_supervised
from kerasgan.data.semi_supervised import SemiSupervised
from kerasgan.data.sources import KeepEpoch, Source

__all__ = [
    "KeepEpoch",
    "SemiSupervised",
    "Source",
    "arrays",
    "batch",
    "batches",
    "digits",
    "first_images",
    "folder",
    "semi_supervised",
    "tfds",
]
