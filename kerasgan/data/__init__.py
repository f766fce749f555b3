"""Data: arrays, folders, shards, TFDS, bundled and packaged sets, pairs and clips, as batches of images in [-1, 1]."""

from kerasgan.data import blur, derivations
from kerasgan.data.builders import tfds
from kerasgan.data.clips import Clips
from kerasgan.data.derivations import derive_pairs, unpair
from kerasgan.data.emoji import emoji, emoji_publishers, emoji_styles, openmoji
from kerasgan.data.fashion import fashion_mnist
from kerasgan.data.feeding import batch, batches, first_batches, first_images
from kerasgan.data.folders import folder
from kerasgan.data.keras_datasets import cifar10, cifar100, mnist
from kerasgan.data.landscapes import landscapes
from kerasgan.data.memory import arrays, digits, semi_supervised
from kerasgan.data.moving import moving_digits, moving_emoji
from kerasgan.data.pair_feeding import image_pair, image_pairs
from kerasgan.data.pairs import pairs, unpaired
from kerasgan.data.photos import photos
from kerasgan.data.semi_supervised import SemiSupervised
from kerasgan.data.shards.files import tfrecords, webdataset
from kerasgan.data.shards.hugging_face import hugging_face
from kerasgan.data.shards.parquet import parquet
from kerasgan.data.sources import Source, SyncEpoch
from kerasgan.data.stacked import stacked_digits
from kerasgan.data.translation import Pairs, Unpaired
from kerasgan.data.videos import clips, video
from kerasgan.scalars import guard

__all__ = [
    "Clips",
    "Pairs",
    "SemiSupervised",
    "Source",
    "SyncEpoch",
    "Unpaired",
    "arrays",
    "batch",
    "batches",
    "blur",
    "cifar10",
    "cifar100",
    "clips",
    "derivations",
    "derive_pairs",
    "digits",
    "emoji",
    "emoji_publishers",
    "emoji_styles",
    "fashion_mnist",
    "first_batches",
    "first_images",
    "folder",
    "hugging_face",
    "image_pair",
    "image_pairs",
    "landscapes",
    "mnist",
    "moving_digits",
    "moving_emoji",
    "openmoji",
    "pairs",
    "parquet",
    "photos",
    "semi_supervised",
    "stacked_digits",
    "tfds",
    "tfrecords",
    "unpair",
    "unpaired",
    "video",
    "webdataset",
]

guard(globals(), __all__)
