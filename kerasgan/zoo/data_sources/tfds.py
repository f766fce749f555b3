"""TensorFlow datasets."""

from kerasgan.zoo.data_sources.base import CROP, SIZE, TEXT, WHOLE, DataSource, Option

__all__ = ["Tfds"]


class Tfds(DataSource):
    """A split of a TensorFlow dataset, by its name or in a directory: see `kerasgan.data.tfds`."""

    name = "tfds"
    needs_path = True
    downloads = True
    options = (
        Option("split", "train", TEXT),
        Option("image_size", 64, SIZE),
        Option("channels", 3, WHOLE),
        Option("crop", "center", CROP),
        Option("labels_per_class", None, WHOLE),
        Option("data_dir", None, TEXT, of_this_set=True),
    )
