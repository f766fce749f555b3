"""Hugging Face datasets."""

from kerasgan.zoo.data_sources.base import CROP, FLAG, SIZE, TEXT, WHOLE, DataSource, Option

__all__ = ["HuggingFace"]


class HuggingFace(DataSource):
    """A split of a Hugging Face dataset, by its name or in a folder: see `kerasgan.data.hugging_face`."""

    name = "hugging_face"
    needs_path = True
    endings = r"^hf://datasets/[^/*]+(/[^/*]+)?$"
    options = (
        Option("split", "train", TEXT, of_this_set=True),
        Option("config", None, TEXT, of_this_set=True),
        Option("streaming", False, FLAG, of_this_set=True),
        Option("image_size", 64, SIZE),
        Option("channels", 3, WHOLE),
        Option("crop", "center", CROP),
        Option("image_key", None, TEXT, of_this_set=True),
        Option("label_key", None, TEXT, of_this_set=True),
        Option("count", None, WHOLE, of_this_set=True),
    )
