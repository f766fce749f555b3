"""Three digits in red, green and blue, with a thousand modes that can be counted."""

from kerasgan.zoo.data_sources.base import SIZE, TEXT, WHOLE, DataSource, Option

__all__ = ["StackedDigits"]


class StackedDigits(DataSource):
    """Images of three digits each, bundled with scikit-learn: see `kerasgan.data.stacked_digits`."""

    name = "stacked_digits"
    options = (
        Option("image_size", 32, SIZE),
        Option("count", 26_000, WHOLE),
        Option("split", "all", TEXT),
    )
    held_out = ("test",)
    metrics = ("frechet_distance", "kernel_distance", "precision_recall", "mode_coverage")
    features = ("stacked-digits",)
