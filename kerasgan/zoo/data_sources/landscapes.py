"""Photographs of landscapes."""

from kerasgan.zoo.data_sources.base import FLAG, NUMBER, SIZE, TEXT, WHOLE, DataSource, Option

__all__ = ["Landscapes"]


class Landscapes(DataSource):
    """Crops of Endless Sky's photographs: see `kerasgan.data.landscapes`."""

    name = "landscapes"
    needs_path = True
    searches = True
    holds = "the package endless-sky-data"
    options = (
        Option("image_size", 64, SIZE),
        Option("channels", 3, WHOLE),
        Option("split", "train", TEXT, of_this_set=True),
        Option("scale", 1.0, NUMBER, of_this_set=True),
        Option("strict", False, FLAG, of_this_set=True),
        Option("vary", False, FLAG, variation=True, of_this_set=True),
        Option("picture", None, TEXT, of_this_set=True),
    )
    held_out = ("test",)
    about = (
        "273 photographs of landscapes, 720x360 pixels, of Debian's endless-sky-data 0.9.8; licenses per file in its "
        "copyright file. Pictures that are shown are from the 100 by a named photographer under Creative Commons (CC "
        "BY, CC BY-SA), or by NASA or the USGS. A fifth is held out as whole photographs."
    )
