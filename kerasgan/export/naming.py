"""Gives a network of a user's own the inputs of exported files, whatever the names, ranks and types of its own."""

from typing import Any

import keras
from keras import ops

from kerasgan.export.signature import IMAGES, POSITIONS
from kerasgan.gan import GAN
from kerasgan.layers import rerun

__all__ = ["named"]


def named(gan: GAN, network: keras.Model) -> keras.Model:
    """The network with the inputs `latents` and `labels` (batch,) int32, or `images`; itself if it has them.

    `fit` and `generate` pass inputs by position, so that position decides here, too: an input called "noise" at the
    first place receives the latents.

    Raises:
        ValueError: if the network has more inputs.
    """
    names = (IMAGES,) if gan.task.from_images else POSITIONS
    own = network.inputs
    if len(own) > len(names):
        received = ", ".join(tensor.name for tensor in own)
        raise ValueError(f"Expected a generator with the inputs {' and '.join(names)} at most. Received: {received}")
    given = [_input(name, tensor) for name, tensor in zip(names, own)]
    if all((old.name, old.shape, old.dtype) == (new.name, new.shape, new.dtype) for old, new in zip(own, given)):
        return network
    fed = [tensor if tensor.name != "labels" else _as_own(tensor, old) for tensor, old in zip(given, own)]
    images = rerun(keras.Model(own, network.outputs), fed)  # a Sequential becomes functional
    return keras.Model(given if len(given) > 1 else given[0], images, name=network.name)


def _input(name: str, own: Any) -> Any:
    if name == "labels":
        return keras.Input((), dtype="int32", name=name)
    return keras.Input(tuple(own.shape[1:]), dtype=own.dtype, name=name)


def _as_own(labels: Any, own: Any) -> Any:
    """The labels in the rank and the type of the network's own input."""
    if (labels.shape, labels.dtype) == (own.shape, own.dtype):
        return labels
    return LabelsAs(tuple(own.shape[1:]), own.dtype, name="labels_as")(labels)


@keras.saving.register_keras_serializable("kerasgan")
class LabelsAs(keras.layers.Layer):
    """Labels (batch,) as (batch, *shape) of another type; the shape has one element.

    Args:
        shape: such as (1,), as many tutorials declare labels.
        to: the type.
        **options: of `keras.layers.Layer`.
    """

    def __init__(self, shape: Any, to: str, **options: Any):
        super().__init__(**options)
        self.shape, self.to = tuple(shape), to

    def call(self, labels):
        return ops.cast(ops.reshape(labels, (-1, *self.shape)), self.to)

    def compute_output_spec(self, labels):
        return keras.KerasTensor((labels.shape[0], *self.shape), dtype=self.to)

    def get_config(self):
        return {**super().get_config(), "shape": self.shape, "to": self.to}
