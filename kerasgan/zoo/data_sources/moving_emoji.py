"""Videos of moving emoji."""

from kerasgan.zoo.data_sources.base import ARRAY, SIZE, TEXT, WHOLE, DataSource, Option

__all__ = ["MovingEmoji"]


class MovingEmoji(DataSource):
    """Clips of emoji, drawn on request: see `kerasgan.data.moving_emoji`."""

    name = "moving_emoji"
    needs_path = True
    searches = True
    holds = "an unpacked npm package of emoji, or a font"
    options = (
        Option("image_size", 48, SIZE),
        Option("emoji_size", 20, WHOLE),
        Option("sprites", 2, WHOLE),
        Option("frames", 4, WHOLE),
        Option("future", 1, WHOLE),
        Option("split", "train", TEXT, of_this_set=True),
        Option("only", (), ARRAY, of_this_set=True),
        Option("count", None, WHOLE),
    )
    held_out = ("test",)
    about = (
        "Noto Color Emoji of Google (npm emoji-datasource-google 16.0.0, Apache-2.0), flying over one color and "
        "bouncing off the borders (`kerasgan.data.moving_emoji`). No emoji of the held-out clips is in the training's."
    )
