"""A memory of generated images."""

from typing import Any

import keras
from keras import ops

__all__ = ["ImagePool"]


@keras.saving.register_keras_serializable("kerasgan")
class ImagePool(keras.layers.Layer):
    """Replaces half of its inputs by older images (Shrivastava et al. 2017, 1612.07828, 2.3).

    Until it is full, it stores and returns each image. Then, with probability 1/2 for each image, it returns the image
    itself, or a stored one, which the new one replaces. Its images are weights that are not trained, so that files and
    every backend keep them. A batch takes each stored image at most once.

    Args:
        size: how many images it keeps, at least as many as a batch has; 0 gives back what it is given.
        seed: of the coins.
        **options: of `keras.layers.Layer`.
    """

    def __init__(self, size: int = 50, *, seed: int | None = None, **options: Any):
        super().__init__(**{"dtype": "float32", "trainable": False, **options})
        if size < 0:
            raise ValueError(f"Expected a number of images, 0 for no pool. Received: size={size}")
        self.size, self.seed = size, seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def build(self, input_shape):
        if self.size:
            shape = (self.size, *input_shape[1:])
            self.kept = self.add_weight(name="kept", shape=shape, initializer="zeros", trainable=False)
            self.count = self.add_weight(name="count", shape=(), initializer="zeros", dtype="int32", trainable=False)

    def call(self, inputs):
        if not self.size:
            return inputs
        images, filled = ops.cast(inputs, "float32"), ops.convert_to_tensor(self.count)
        index = ops.cumsum(ops.ones_like(images[:, 0, 0, 0], dtype="int32")) - 1  # (batch,)
        room = self.size - filled
        # Places in random order, those that are still empty behind the others and in turn.
        places = ops.arange(self.size, dtype="float32")
        draws = keras.random.uniform((self.size,), seed=self.seed_generator)
        order = ops.argsort(ops.where(places < ops.cast(filled, "float32"), draws, 1.0 + places))
        new = index < room
        place = ops.take(order, ops.where(new, filled + index, index - room))  # (batch,), all different
        heads = keras.random.uniform(ops.shape(index), seed=self.seed_generator) < 0.5
        old, new, heads = ops.take(self.kept, place, axis=0), _column(new), _column(heads)
        keep = ops.logical_or(new, heads)
        self.kept.assign(ops.scatter_update(self.kept, place[:, None], ops.where(keep, images, old)))
        self.count.assign(ops.minimum(filled + ops.shape(index)[0], self.size))
        return ops.where(ops.logical_and(heads, ops.logical_not(new)), old, images)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "size": self.size, "seed": self.seed}


def _column(flags: Any) -> Any:
    return ops.reshape(flags, (-1, 1, 1, 1))
