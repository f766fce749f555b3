"""Three digits in red, green and blue, whose thousand modes can be counted."""

from kerasgan.zoo.data_sources.base import SIZE, TEXT, WHOLE, DataSource, Option

__all__ = ["StackedDigits"]


class StackedDigits(DataSource):
    """Images of three of the digits embedded in scikit-learn each: see `kerasgan.data.stacked_digits`."""

    name = "stacked_digits"
    options = (
        Option("image_size", 32, SIZE),
        Option("count", 26_000, WHOLE),
        Option("split", "all", TEXT),
    )
    held_out = ("test",)
    metrics = ("frechet_distance", "kernel_distance", "precision_recall", "mode_coverage")
    features = ("stacked-digits",)
