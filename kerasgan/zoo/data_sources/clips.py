"""Videos."""

from typing import Any

from kerasgan.zoo.data_sources.base import NUMBER, SIZE, WHOLE, DataSource, Option, Settings

__all__ = ["Clips"]


class Clips(DataSource):
    """Successive frames of videos, as files or as folders of pictures: see `kerasgan.data.clips`."""

    name = "clips"
    needs_path = True
    holds = "videos"
    tasks = ("video-prediction",)
    options = (
        Option("frames", 4, WHOLE),
        Option("future", 1, WHOLE),
        Option("image_size", None, SIZE),
        Option("channels", 3, WHOLE),
        Option("stride", 1, WHOLE),
        Option("frame_size", None, SIZE),
        Option("motion", 0.0, NUMBER),
    )

    def sizes(self, gan: Any) -> dict[str, Any]:
        return {**super().sizes(gan), "frames": gan.frames}

    def measured(self, settings: Settings) -> Settings:
        plain = dict(super().measured(settings))
        if "frame_size" in plain:  # whole frames, not parts of them
            plain["image_size"] = plain.pop("frame_size")
        return plain
