"""A folder of pictures."""

from kerasgan.zoo.data_sources.base import CROP, FLAG, SIZE, WHOLE, DataSource, Kind, Option

__all__ = ["Folder"]

LABELS = Kind("a string, true or false", (str, bool))


class Folder(DataSource):
    """Every picture below a folder: see `kerasgan.data.folder`."""

    name = "folder"
    needs_path = True
    tasks = ("image-generation", "multi-domain-image-to-image")
    options = (
        Option("image_size", 64, SIZE),
        Option("channels", 3, WHOLE),
        Option("crop", "center", CROP),
        Option("labels", "auto", LABELS),
        Option("skip_corrupt", False, FLAG),
    )
