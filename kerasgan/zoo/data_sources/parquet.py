"""Parquet files."""

from kerasgan.zoo.data_sources.base import Shards

__all__ = ["Parquet"]


class Parquet(Shards):
    """Parquet files with pictures: see `kerasgan.data.parquet`."""

    name = "parquet"
    endings = r"\.parquet$"
