"""TFRecord files."""

from kerasgan.zoo.data_sources.base import Shards

__all__ = ["TFRecords"]


class TFRecords(Shards):
    """TFRecord files of encoded pictures: see `kerasgan.data.tfrecords`."""

    name = "tfrecords"
    endings = r"\.tfrecords?(-[^/]*)?$"
