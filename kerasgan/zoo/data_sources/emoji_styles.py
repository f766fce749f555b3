"""The same emoji by two publishers."""

from typing import Any

from kerasgan.zoo.data_sources.base import ARRAY, TEXT, WHOLE, DataSource, Option

__all__ = ["EmojiStyles"]


class EmojiStyles(DataSource):
    """Pairs of the same emoji by two publishers: see `kerasgan.data.emoji_styles`."""

    name = "emoji_styles"
    needs_path = True
    searches = True
    holds = "unpacked npm packages of emoji of two publishers"
    options = (
        Option("publishers", ("google", "twitter"), ARRAY, of_this_set=True),
        Option("image_size", 64, WHOLE),
        Option("split", "train", TEXT, of_this_set=True),
        Option("only", (), ARRAY, of_this_set=True),
    )
    held_out = ("test",)
    retrieval = True
    about = (
        "Noto Color Emoji of Google (npm emoji-datasource-google 16.0.0, Apache-2.0) and Twitter's emoji (twemoji, npm "
        "emoji-datasource-twitter 16.0.0, CC BY 4.0), on white. A tenth is held out, with whatever differs from it in "
        "skin tone, gender or direction alone. Partners are the same emoji by the other publisher."
    )

    def sizes(self, gan: Any) -> dict[str, Any]:
        return {"image_size": gan.image_shape[0]}
