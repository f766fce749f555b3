"""MNIST, CIFAR-10 and CIFAR-100, as `keras.datasets` has them."""

from kerasgan.zoo.data_sources.base import METRICS, SIZE, TEXT, WHOLE, DataSource, Option, Settings

__all__ = ["CIFAR10", "CIFAR100", "MNIST"]


class KerasDataset(DataSource):
    """One of `kerasgan.data.mnist`, `cifar10` and `cifar100`."""

    needs_path = True
    searches = True
    held_out = ("test",)
    metrics = (*METRICS, "memorization")

    def place(self, settings: Settings) -> str | None:
        return settings.get("path")  # not the name that a recipe for TensorFlow Datasets has

    def at_hand(self, settings: Settings) -> bool:
        from kerasgan.data import keras_datasets

        return self.place(settings) is not None or keras_datasets.is_cached(self.name)


class MNIST(KerasDataset):
    """MNIST from Keras' cache, a path, or downloaded: see `kerasgan.data.mnist`."""

    name = "mnist"
    holds = "mnist.npz or MNIST's IDX files"
    options = (
        Option("image_size", 28, SIZE),
        Option("channels", 1, WHOLE),
        Option("split", "train", TEXT, of_this_set=True),
        Option("labels_per_class", None, WHOLE),
    )
    features = ("thumbnails",)
    about = "MNIST (Y. LeCun, C. Cortes and C. Burges): 60,000 training and 10,000 test images of digits, 28x28 gray."


class CIFAR10(KerasDataset):
    """CIFAR-10 from Keras' cache, a path, or downloaded: see `kerasgan.data.cifar10`."""

    name = "cifar10"
    holds = "cifar-10-python.tar.gz"
    options = (
        Option("image_size", 32, SIZE),
        Option("channels", 3, WHOLE),
        Option("split", "train", TEXT, of_this_set=True),
        Option("labels_per_class", None, WHOLE),
    )
    about = "CIFAR-10 (A. Krizhevsky 2009): 50,000 training and 10,000 test images of ten classes, 32x32 in color."


class CIFAR100(KerasDataset):
    """CIFAR-100 from Keras' cache, a path, or downloaded: see `kerasgan.data.cifar100`."""

    name = "cifar100"
    holds = "cifar-100-python.tar.gz"
    options = CIFAR10.options
    about = (
        "CIFAR-100 (A. Krizhevsky 2009): 50,000 training and 10,000 test images of a hundred classes, 32x32 in color."
    )
