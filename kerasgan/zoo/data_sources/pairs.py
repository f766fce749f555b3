"""Pairs of images."""

from typing import Any

from kerasgan.zoo.data_sources.base import CROP, FLAG, SIZE, WHOLE, DataSource, Option

__all__ = ["Pairs"]


class Pairs(DataSource):
    """Pictures side by side, or in two folders under equal names: see `kerasgan.data.pairs`."""

    name = "pairs"
    needs_path = True
    holds = "pairs of images"
    tasks = ("image-to-image",)
    options = (
        Option("image_size", None, SIZE),
        Option("input_channels", 3, WHOLE),
        Option("channels", 3, WHOLE),
        Option("jitter", 0, WHOLE, variation=True),
        Option("reverse", False, FLAG),
        Option("crop", "center", CROP),
    )

    def sizes(self, gan: Any) -> dict[str, Any]:
        return {**super().sizes(gan), "input_channels": gan.input_shape[-1]}
