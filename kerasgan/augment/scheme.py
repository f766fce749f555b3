"""The base class of augmentations: random functions of images, some with a state that training updates."""

from typing import Any

import keras
from keras import ops

__all__ = ["Augmentation", "Draws", "boxes"]


class Augmentation(keras.layers.Layer):
    """Changes images at random, differentiably, each by itself: `call(images, seed=...)`.

    Images are float32 (batch, height, width, channels), in [-1, 1] before and perhaps beyond it after. Weights are a
    state that is saved with the model.
    """

    extra_metrics: tuple[str, ...] = ()
    """Names of the scalars that `state` gives, which `fit` shows."""

    adaptive: bool = False
    """Whether it takes the discriminator's logits of real images, by `observe`."""

    def __init__(self, **options: Any):
        super().__init__(**{"dtype": "float32", "trainable": False, **options})
        self.built = True  # what has weights makes them in its constructor

    def call(self, images: Any, *, seed: Any) -> Any:
        """The changed images; `seed` is a `keras.random.SeedGenerator`."""
        raise TypeError(f"{type(self).__name__} must define `call`.")

    def observe(self, real_logits: Any) -> None:
        """Observes the logits of a batch of real images, 0 at the boundary between real and fake."""

    def advance(self, step: Any, batch_size: Any) -> None:
        """Called at the end of each discriminator step, with the number of those before and the images in it."""

    def state(self) -> dict[str, Any]:
        """Scalars by name, see `extra_metrics`."""
        return {}

    def compute_output_shape(self, input_shape):
        return input_shape


class Draws:
    """Random numbers for a batch of images: each takes what is drawn with some probability, else stays neutral.

    Args:
        count: images in the batch.
        probability: scalar; above 1 as good as 1.
        seed: a `keras.random.SeedGenerator`.
    """

    def __init__(self, count: Any, *, probability: Any, seed: Any):
        self.count, self.probability, self.seed = count, probability, seed

    def uniform(self, low: float = 0.0, high: float = 1.0) -> Any:
        return keras.random.uniform((self.count,), low, high, seed=self.seed)

    def normal(self, deviation: float) -> Any:
        return keras.random.normal((self.count,), 0.0, deviation, seed=self.seed)

    def below(self, values: int) -> Any:
        """Whole numbers from 0 on, below `values`, as floats."""
        return ops.minimum(ops.floor(self.uniform(0.0, values)), values - 1.0)

    def taken(self, drawn: Any, neutral: float, probability: Any) -> Any:
        return ops.where(self.uniform() < probability, drawn, neutral)

    def chosen(self, drawn: Any, neutral: float, strength: float = 1.0) -> Any:
        """What is drawn (batch,) for each image, or the neutral value; `strength` multiplies the probability."""
        return self.taken(drawn, neutral, strength * self.probability)


def boxes(size: tuple[int, int], first: tuple[Any, Any], after: tuple[Any, Any]) -> Any:
    """Ones in a rectangle of each image, zeros outside: (batch, height, width, 1).

    Args:
        size: height and width.
        first: row and column (batch,) where the rectangle begins.
        after: row and column (batch,) where it has ended.
    """
    inside = []
    for length, start, stop in zip(size, first, after):
        place = ops.arange(length, dtype="float32")[None]
        inside.append(ops.logical_and(place >= start[:, None], place < stop[:, None]))
    rows, columns = inside
    return ops.cast(ops.logical_and(rows[:, :, None], columns[:, None]), "float32")[..., None]
