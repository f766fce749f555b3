"""Images of two domains."""

from kerasgan.zoo.data_sources.base import ARRAY, CROP, SIZE, TEXT, WHOLE, DataSource, Option

__all__ = ["Unpaired"]


class Unpaired(DataSource):
    """A folder with two sub-folders, or two splits of a TensorFlow dataset: see `kerasgan.data.unpaired`."""

    name = "unpaired"
    needs_path = True
    downloads = True
    holds = "images of two domains"
    tasks = ("unpaired-image-to-image",)
    options = (
        Option("split", None, ARRAY, of_this_set=True),
        Option("image_size", None, SIZE),
        Option("channels", 3, WHOLE),
        Option("jitter", 0, WHOLE, variation=True),
        Option("crop", "center", CROP),
        Option("data_dir", None, TEXT, of_this_set=True),
    )
