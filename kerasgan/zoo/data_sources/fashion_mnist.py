"""Fashion-MNIST."""

from kerasgan.zoo.data_sources.base import ARRAY, METRICS, SIZE, TEXT, WHOLE, DataSource, Option

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
    )
    held_out = ("test",)
    metrics = (*METRICS, "memorization")
    features = ("thumbnails",)
    about = (
        "Fashion-MNIST (Zalando SE; Xiao, Rasul and Vollgraf 2017), MIT license: 60,000 training and 10,000 test "
        "images of clothes in ten classes, 28x28 gray."
    )
