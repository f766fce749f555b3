"""Emoji of Google or Twitter."""

from kerasgan.zoo.data_sources.base import ARRAY, FLAG, METRICS, TEXT, WHOLE, DataSource, Option, Settings

__all__ = ["Emoji"]


class Emoji(DataSource):
    """Emoji from npm's packages or Debian's font: see `kerasgan.data.emoji`."""

    name = "emoji"
    needs_path = True
    searches = True
    holds = "an unpacked npm package of emoji, or a font"
    options = (
        Option("publisher", "google", TEXT, of_this_set=True),
        Option("image_size", 64, WHOLE),
        Option("channels", 3, WHOLE),
        Option("split", "train", TEXT, of_this_set=True),
        Option("only", (), ARRAY, of_this_set=True),
        Option("labels", "categories", TEXT, of_this_set=True),
        Option("skin_tones", False, FLAG, of_this_set=True),
    )
    held_out = ("test",)
    metrics = (*METRICS, "memorization")
    class_metrics = ("label_accuracy",)
    features = ("emoji", "thumbnails")

    def card_text(self, settings: Settings) -> str:
        if settings.get("publisher") == "twitter":
            return "Emoji of Twitter (twemoji, npm emoji-datasource-twitter 16.0.0), CC BY 4.0, on white."
        return "Noto Color Emoji of Google (npm emoji-datasource-google 16.0.0, Apache-2.0), on white."

    def unseen(self, settings: Settings) -> Settings | None:
        return self.held_out_settings(settings).get("test")
