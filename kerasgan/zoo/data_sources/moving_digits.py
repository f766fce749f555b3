"""Videos of moving handwritten digits."""

from kerasgan.zoo.data_sources.base import SIZE, TEXT, WHOLE, DataSource, Option

__all__ = ["MovingDigits"]


class MovingDigits(DataSource):
    """Clips of the digits bundled with scikit-learn, drawn on request: see `kerasgan.data.moving_digits`."""

    name = "moving_digits"
    options = (
        Option("image_size", 32, SIZE),
        Option("digit_size", 16, WHOLE),
        Option("digits", 2, WHOLE),
        Option("frames", 4, WHOLE),
        Option("future", 1, WHOLE),
        Option("split", "train", TEXT),
        Option("count", None, WHOLE),
    )
    held_out = ("test",)
    about = (
        "Optical Recognition of Handwritten Digits (UCI, test part; E. Alpaydin and C. Kaynak), as embedded in "
        "scikit-learn, flying over a gray ground (`kerasgan.data.moving_digits`). A toy: the model is trained on such "
        "clips alone. No digit of the held-out clips is in the training's."
    )
