"""WebDataset shards."""

from kerasgan.zoo.data_sources.base import Shards

__all__ = ["WebDataset"]


class WebDataset(Shards):
    """WebDataset's tar files of pictures: see `kerasgan.data.webdataset`."""

    name = "webdataset"
    endings = r"\.tar$"
