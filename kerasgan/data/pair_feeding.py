"""Checks the data of an image-to-image model's `fit` against the model, and turns them into batches of pairs."""

import functools
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from kerasgan.data import checks
from kerasgan.data.feeding import Adapted, as_numpy, is_loader, is_tf_data, reloaded, tensor_images, untuned
from kerasgan.data.pairs import pairs, unpaired
from kerasgan.data.sources import Source, scaled
from kerasgan.data.translation import Images

Shapes = tuple[Sequence[int], Sequence[int]]


def image_pairs(
    data: Any,
    targets: Any = None,
    *,
    input_shape: Sequence[int],
    image_shape: Sequence[int],
    paired: bool,
    batch_size: int | None = None,
) -> Any:
    """Batches (inputs, targets), float32 in [-1, 1], of the shapes with which a model is trained.

    Args:
        data: a source of `kerasgan.data`; an argument of `pairs` or, for two domains, of `unpaired`, also as a tuple of
            two; or a `tf.data.Dataset`, a `keras.utils.PyDataset` or a PyTorch `DataLoader` of batches (inputs,
            targets).
        targets: the second of two arrays or folders.
        input_shape: (height, width, channels) of the model's inputs.
        image_shape: likewise for its outputs.
        paired: whether each input must have its own target.
        batch_size: for arrays and folders, 1 if not given; the others have their own.

    Raises:
        TypeError, ValueError: that say what the model expects and what was received.
    """
    shapes = tuple(input_shape), tuple(image_shape)
    if isinstance(data, tuple) and len(data) == 2 and targets is None:
        data, targets = data
    if is_tf_data(data):
        return _from_tf_data(data, shapes)
    if isinstance(data, keras.utils.PyDataset) and not isinstance(data, Source):
        _pair(data[0], shapes)  # so that errors are raised before training
        return Adapted(data, functools.partial(_pair, shapes=shapes))
    if is_loader(data):
        _pair(next(iter(data), None), shapes)
        return reloaded(data, functools.partial(_pair, shapes=shapes))
    source = data if isinstance(data, Source) and targets is None else _made(data, targets, shapes, paired, batch_size)
    if getattr(source, "paired", None) is not paired:
        wanted = (
            "pairs (kerasgan.data.pairs or derive_pairs)"
            if paired
            else "two domains (kerasgan.data.unpaired or unpair)"
        )
        raise ValueError(f"Expected {wanted}. Received: {source!r}")
    checks.model_shape(source.input_shape, shapes[0], f"the inputs of {source.name}")
    checks.model_shape(source.image_shape, shapes[1], f"the targets of {source.name}")
    return source.copy()


def image_pair(inputs: Any, targets: Any, *, input_shape: Sequence[int], image_shape: Sequence[int]) -> Images:
    """One batch in memory, float32 in [-1, 1]; raises as `image_pairs` does."""
    parts = []
    for name, images, shape in (("inputs", inputs, input_shape), ("targets", targets, image_shape)):
        array = checks.image_array(np.asarray(images))
        checks.model_shape(array.shape[1:], shape, f"the {name} of a batch")
        parts.append(scaled(array))
    if len(parts[0]) != len(parts[1]):
        raise ValueError(f"Expected as many inputs as targets. Received: {len(parts[0])} and {len(parts[1])}")
    return parts[0], parts[1]


def _made(data: Any, targets: Any, shapes: Shapes, paired: bool, batch_size: int | None) -> Source:
    input_channels = shapes[0][-1]
    height, width, channels = shapes[1] if paired else (*shapes[0][:2], shapes[1][-1])
    order: Any = {"batch_size": batch_size or 1}
    if not paired:
        return unpaired(data, targets, image_size=(height, width), channels=channels, **order)
    read = {"image_size": (height, width), "input_channels": input_channels, "channels": channels}
    in_memory = hasattr(data, "__array__") or isinstance(data, list)
    return pairs(data, targets, **order) if in_memory else pairs(data, targets, **read, **order)  # type: ignore


def _pair(batch: Any, shapes: Shapes) -> Images:
    """A batch (inputs, targets) of a data set for the model. Raises ValueError for any other."""
    if not (isinstance(batch, (tuple, list)) and len(batch) == 2):
        kind = "nothing" if batch is None else type(batch).__name__
        raise ValueError(f"Expected a data set of batches (inputs, targets). Received: batches of {kind}")
    return image_pair(*map(as_numpy, batch), input_shape=shapes[0], image_shape=shapes[1])


def _from_tf_data(data: Any, shapes: Shapes) -> Any:
    """`data` with its batches scaled; the first is read here, so that errors are raised before training."""
    import tensorflow as tf  # already loaded, as `data` is made with it

    data = untuned(data)
    first: Any = next(iter(data.take(1)), None)
    _pair(first, shapes)
    ranks = [len(images.shape) for images in first]

    def prepare(*parts: Any) -> Any:
        return tuple(tensor_images(images, shape, rank) for images, shape, rank in zip(parts, shapes, ranks))

    return data.map(prepare, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True).prefetch(tf.data.AUTOTUNE)
