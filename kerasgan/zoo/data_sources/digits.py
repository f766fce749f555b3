"""Handwritten digits bundled with scikit-learn."""

from typing import Any

from kerasgan.zoo.data_sources.base import METRICS, SIZE, TEXT, WHOLE, DataSource, Option, Settings

__all__ = ["Digits"]


class Digits(DataSource):
    """The digits bundled with scikit-learn, which a bundled network classifies: see `kerasgan.data.digits`."""

    name = "digits"
    options = (
        Option("image_size", 32, SIZE),
        Option("channels", 1, WHOLE),
        Option("split", "all", TEXT),
        Option("labels_per_class", None, WHOLE),
    )
    held_out = ("test",)
    metrics = (*METRICS, "inception_score", "class_shares", "memorization", "self_similarity")
    class_metrics = ("label_accuracy",)
    features = ("thumbnails", "digits")
    about = (
        "Optical Recognition of Handwritten Digits (UCI, test part; E. Alpaydin and C. Kaynak), as embedded in "
        "scikit-learn, 8x8 pixels resized. A small model for experiments: it is trained on these digits alone, and its "
        "training set is too small to say anything about generalization."
    )

    def load_compared(self, settings: Settings, *, batch_size: int, seed: int) -> Any:
        """All digits with all their labels, even if the training uses only some of them."""
        return self.read(**{key: settings[key] for key in ("image_size", "channels") if key in settings})

    def unseen(self, settings: Settings) -> Settings | None:
        other = self.held_out_settings(settings).get("test")
        return None if other is None else {key: value for key, value in other.items() if key != "labels_per_class"}
