"""Progressive growing: networks that hold all resolutions, of which the finer ones fade in."""

from typing import Any

import keras
from keras import ops

__all__ = ["FadeIn", "faded"]


@keras.saving.register_keras_serializable("kerasgan")
class FadeIn(keras.layers.Layer):
    """[finer, coarser] maps of one shape, blended by how far a network has grown (Karras et al. 2018, 1710.10196).

    `missing` says how many doublings of the resolution are still missing, between whole numbers while one fades in. One
    layer serves a whole network: it is told, in each call, how many doublings `follow` the finer map's. Below as many
    missing ones the result is the finer map, one above the coarser one, and in between a blend of both.

    Args:
        doublings: how many are missing at first.
        **options: of `keras.layers.Layer`.
    """

    def __init__(self, doublings: int = 0, **options: Any):
        super().__init__(**options)
        self.doublings = doublings

    def build(self, input_shape):
        self.missing = self.add_weight(
            (),
            initializer=keras.initializers.Constant(self.doublings),
            trainable=False,
            autocast=False,
            aggregation="only_first_replica",
            name="missing",
        )

    def call(self, inputs, follow=0):
        return _blend(*inputs, self.missing - follow)

    def compute_output_shape(self, input_shape):
        return tuple(input_shape[0])

    def get_config(self):
        return {**super().get_config(), "doublings": self.doublings}


def faded(images: Any, missing: Any, *, doublings: int) -> Any:
    """Images without the detail that a network with so many `missing` doublings cannot make, 0 to `doublings`."""
    pyramid = [images]
    for _ in range(doublings):
        pyramid.append(ops.average_pool(pyramid[-1], 2, strides=2))
    coarser = pyramid[-1]
    for follow in range(doublings - 1, -1, -1):
        coarser = ops.repeat(ops.repeat(coarser, 2, axis=1), 2, axis=2)
        coarser = _blend(pyramid[follow], coarser, missing - follow)
    return coarser


def _blend(finer: Any, coarser: Any, share: Any) -> Any:
    share = ops.cast(ops.clip(share, 0.0, 1.0), finer.dtype)
    return finer + share * (coarser - finer)
