"""Fashion-MNIST."""

from typing import Any

from kerasgan.zoo.data_sources.base import ARRAY, METRICS, SIZE, TEXT, WHOLE, DataSource, Option, Settings

__all__ = ["FashionMNIST"]


class FashionMNIST(DataSource):
    """Fashion-MNIST from a folder, Debian's package or Keras' cache: see `kerasgan.data.fashion_mnist`."""

    name = "fashion_mnist"
    needs_path = True
    searches = True
    holds = "the IDX files of Fashion-MNIST"
    options = (
        Option("image_size", 28, SIZE),
        Option("channels", 1, WHOLE),
        Option("split", "train", TEXT, of_this_set=True),
        Option("only", (), ARRAY, of_this_set=True),
        Option("labels_per_class", None, WHOLE),
    )
    held_out = ("test",)
    metrics = (*METRICS, "inception_score", "class_shares", "self_similarity")
    class_metrics = ("label_accuracy",)
    features = ("fashion", "thumbnails")
    about = (
        "Fashion-MNIST (Zalando SE; Xiao, Rasul and Vollgraf 2017), MIT license: 60,000 training and 10,000 test "
        "images of clothes in ten classes, 28x28 gray."
    )

    def load_compared(self, settings: Settings, *, batch_size: int, seed: int) -> Any:
        """The 10,000 test images: a generator is not praised for the images that it has seen."""
        shown = {key: value for key, value in settings.items() if key != "labels_per_class"}
        return self.load({**shown, "split": "test"}, batch_size=batch_size, seed=seed)
