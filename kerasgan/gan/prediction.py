"""What `ImageToImage.predict` has in common with `keras.Model.predict`: its options, and how many images it takes."""

from typing import Any, TypedDict

__all__ = ["PredictOptions", "first_batches"]


class PredictOptions(TypedDict, total=False):
    """Options that methods pass on to `ImageToImage.predict`, also of several calls, which explains them."""

    batch_size: int | None
    verbose: str | int
    steps: int | None
    tile_size: int | None
    overlap: int | None


def first_batches(images: Any, batch_size: int | None, steps: int | None) -> Any:
    """The images that so many batches hold, as in `keras.Model.predict`."""
    if steps is None:
        return images
    if batch_size is None:
        raise ValueError(
            "Expected steps as a positive whole number of batches, with a batch_size. "
            f"Received: steps={steps!r}, batch_size={batch_size!r}"
        )
    return images[: steps * batch_size]
