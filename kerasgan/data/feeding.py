"""Checks the data of `GAN.fit` against the model, and turns them into batches for Keras."""

import functools
import itertools
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from kerasgan.data import checks
from kerasgan.data.folders import folder
from kerasgan.data.memory import arrays
from kerasgan.data.semi_supervised import arranged
from kerasgan.data.sources import Batch, Batching, Raw, Source, SourceInfo, Stream, scaled


def batches(
    data: Any,
    labels: Any = None,
    *,
    image_shape: Sequence[int],
    num_classes: int | None = None,
    unlabeled: bool = False,
    batch_size: int | None = None,
    seed: int = 0,
    shuffle: bool = True,
) -> Any:
    """Batches for a model: float32 `image_shape` in [-1, 1], and int32 labels below `num_classes` unless that is None.

    - `data`: images or (images, labels) in memory, the path of a folder, a `kerasgan.data` source, a batched
      `tf.data.Dataset`, a `keras.utils.PyDataset` or a PyTorch `DataLoader`; elements of the last three are images,
      (images, labels) or a dict with "image" and "label". Labels inside the data are dropped if the model uses none.
    - `batch_size` (64), `seed` and `shuffle` apply to arrays and folders; the others have their own.
    - `unlabeled`: whether the model also learns from images without a label, -1; arrays and folders with such images
      are then arranged by `SemiSupervised`.

    A source is copied, so that its epoch does not change. Raises TypeError or ValueError that says what the model
    expects and what was received.
    """
    shape = tuple(image_shape)
    if labels is not None and not _in_memory(data):
        raise ValueError(f"Expected the labels inside the data. Received: labels and a {type(data).__name__}")
    checks.check_no_labels(labels, num_classes)
    if is_tf_data(data):
        return _from_tf_data(data, shape, num_classes, unlabeled)
    if isinstance(data, keras.utils.PyDataset) and not isinstance(data, Source):
        checked(data[0], shape, num_classes, type(data).__name__, unlabeled)
        return Adapted(data, functools.partial(_prepared, **_wanted(data, num_classes, unlabeled)))
    if is_loader(data):
        return _from_loader(data, shape, num_classes, unlabeled)
    order = {"batch_size": 64 if batch_size is None else batch_size, "seed": seed, "shuffle": shuffle}
    if isinstance(data, str | os.PathLike):
        wanted = False if num_classes is None else "auto"
        source: Source = folder(data, image_size=shape[:2], channels=shape[2], labels=wanted, **order)  # type: ignore
    elif isinstance(data, Source):
        source = data
    elif _in_memory(data):
        if isinstance(data, tuple):
            if len(data) != 2 or labels is not None:
                raise ValueError(f"Expected images, or (images, labels). Received: a tuple of {len(data)}")
            data, labels = data
        source = arrays(data, labels, unlabeled=unlabeled, **order)  # type: ignore[arg-type]
    else:
        raise TypeError(
            "Expected an array, (images, labels), the path of a folder, a kerasgan.data source, a tf.data.Dataset (of "
            "a Python generator: tf.data.Dataset.from_generator), a keras.utils.PyDataset or a PyTorch DataLoader. "
            f"Received: {type(data).__module__}.{type(data).__name__}"
        )
    checks.model_shape(source.image_shape, shape, source.name)
    if num_classes is not None:
        streamed = source.labels is None and source.info.labeled  # only the number of its classes is known
        known = np.arange(source.num_classes or 0) if streamed else source.labels
        checks.model_labels(known, num_classes, source.name, unlabeled=unlabeled)
        checks.warn_of_fewer_classes(source.class_names, num_classes, source.name)
        source = arranged(source)
    return source.copy(with_labels=num_classes is not None)


def is_tf_data(data: Any) -> bool:
    """Whether `data` is a tf.data dataset, without importing TensorFlow."""
    return _inherits(data, "tensorflow.python", "DatasetV2", "DistributedDataset", "DistributedDatasetsFromFunction")


def is_loader(data: Any) -> bool:
    """Whether `data` is a PyTorch loader, without importing PyTorch."""
    return _inherits(data, "torch.utils.data", "DataLoader")


def _inherits(data: Any, module: str, *names: str) -> bool:
    return any(kind.__name__ in names and kind.__module__.startswith(module) for kind in type(data).__mro__)


def _in_memory(data: Any) -> bool:
    return isinstance(data, np.ndarray | list | tuple) or (hasattr(data, "__array__") and hasattr(data, "shape"))


def unpacked(batch: Any) -> tuple[Any, Any]:
    """(images, labels or None) of one element: images, (images, labels) or a dict. Raises ValueError for others."""
    if isinstance(batch, Mapping):
        images, labels = (next((batch[key] for key in keys if key in batch), None) for keys in DICT_KEYS)
        if images is None:
            raise ValueError(f'Expected a dict with "image" and, if labeled, "label". Received: {sorted(batch)}')
        return images, labels
    if isinstance(batch, tuple | list):
        if not 1 <= len(batch) <= 2:
            raise ValueError(f"Expected images or (images, labels) per batch. Received: {len(batch)} parts")
        return batch[0], batch[1] if len(batch) == 2 else None
    return batch, None


DICT_KEYS = (("image", "images"), ("label", "labels"))
BATCHED = {"tf.data": "; call .batch(64)", "DataLoader": "; pass batch_size=64", "an array": ", such as image[None]"}


def as_numpy(tensor: Any) -> np.ndarray:
    """A tensor of any library as an array."""
    return np.asarray(tensor.detach().cpu() if hasattr(tensor, "detach") else tensor)  # PyTorch's may be on a GPU


def checked(
    batch: Any, shape: tuple[int, ...], num_classes: int | None, where: str, unlabeled: bool = False
) -> tuple[Any, Any]:
    """One raw batch as NumPy (images, labels or None) for the model, or an error that names what differs."""
    images, labels = unpacked(batch)
    array = as_numpy(images)
    if array.shape == shape and len(shape) == 3:
        advice = BATCHED.get(where, "")
        raise ValueError(f"Expected batches of images{advice}. Received: one image {shape} from {where}")
    array = checks.image_array(array)
    checks.model_shape(array.shape[1:], shape, where)
    if num_classes is None:
        return array, None
    return array, _labels(labels, len(array), num_classes=num_classes, where=where, unlabeled=unlabeled)


def _labels(labels: Any, count: int, *, num_classes: int, where: str, unlabeled: bool) -> np.ndarray:
    """The labels of one batch, for each of `count` images, or an error that says what differs."""
    targets = None if labels is None else checks.label_array(as_numpy(labels), count, unlabeled=unlabeled)
    checks.model_labels(targets, num_classes, where, unlabeled=unlabeled)
    return targets  # type: ignore[return-value]


def batch(
    images: Any,
    labels: Any = None,
    *,
    image_shape: Sequence[int],
    num_classes: int | None = None,
    unlabeled: bool = False,
) -> tuple[np.ndarray, Any]:
    """One batch for a model, in memory: float32 images in [-1, 1], int32 labels or None; raises as `batches` does."""
    checks.check_no_labels(labels, num_classes)
    given = images if labels is None else (images, labels)
    array, targets = checked(given, tuple(image_shape), num_classes, "an array", unlabeled)
    return scaled(array), targets


def _from_tf_data(data: Any, shape: tuple[int, ...], num_classes: int | None, unlabeled: bool) -> Any:
    """`data` with its elements mapped; its first batch is read here, so that errors are raised before training."""
    import tensorflow as tf  # already loaded, as `data` is made with it

    if not hasattr(data, "map"):  # a distributed dataset, which is used unchecked
        return data
    data = untuned(data)
    first = next(iter(data.take(1)), None)
    if first is None:
        raise ValueError("Expected at least one batch. Received: an empty tf.data.Dataset")
    checked(first, shape, num_classes, "tf.data", unlabeled)
    rank = as_numpy(unpacked(first)[0]).ndim

    def prepare(*parts: Any) -> Any:
        images, labels = unpacked(parts[0] if len(parts) == 1 else parts)
        images = tensor_images(images, shape, rank)
        return images if num_classes is None else (images, _tensor_labels(labels, num_classes, unlabeled))

    return data.map(prepare, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True).prefetch(tf.data.AUTOTUNE)


def untuned(data: Any) -> Any:
    """A tf.data dataset, and those made of it, without a thread that tunes them, unless its maker has asked for one.

    That thread can miss that it shall end: whoever frees an iterator, or ends the process, then waits for it, up to a
    minute.
    """
    import tensorflow as tf  # it is loaded already: `data` was made with it

    options = tf.data.Options()
    options.autotune.enabled = bool(data.options().autotune.enabled)  # None where nobody has asked
    return data.with_options(options)


def tensor_images(images: Any, shape: Sequence[int], rank: int) -> Any:
    """A batch of tf.data as float32 in [-1, 1], (batch, *shape); `rank` is the first one's, where none is declared."""
    import tensorflow as tf  # it is loaded already: the batch came from it

    images = tf.cast(images, tf.float32) / 127.5 - 1.0 if images.dtype == tf.uint8 else tf.cast(images, tf.float32)
    if (images.shape.rank or rank) == 3:
        images = tf.ensure_shape(images, (None, None, None))[..., tf.newaxis]
    return tf.ensure_shape(images, (None, *shape))


def _tensor_labels(labels: Any, num_classes: int, unlabeled: bool) -> Any:
    """A batch's labels of tf.data as int32 (batch,); networks would take one out of range for no class at all."""
    import tensorflow as tf

    labels = tf.reshape(tf.cast(labels, tf.int32), [-1])
    least = -int(unlabeled)
    expected = f"Expected labels from {least} to {num_classes - 1}. Received: from tf.data a batch of labels"
    right = tf.reduce_all((labels >= least) & (labels < num_classes))
    with tf.control_dependencies([tf.debugging.Assert(right, [expected, labels], summarize=64)]):
        return tf.identity(labels)


class Adapted(keras.utils.PyDataset):
    """Another PyDataset, of each of whose batches a function makes one for a model."""

    def __init__(self, data: Any, change: Callable[[Any], Any]) -> None:
        super().__init__(data.workers, data.use_multiprocessing, data.max_queue_size)
        self._data, self._change = data, change

    @property
    def num_batches(self) -> int | None:
        """The number that the wrapped dataset states."""
        return self._data.num_batches

    def __getitem__(self, index: int) -> Any:
        return self._change(self._data[index])

    def on_epoch_begin(self) -> None:
        """Calls the wrapped dataset's."""
        self._data.on_epoch_begin()

    def on_epoch_end(self) -> None:
        """Calls the wrapped dataset's."""
        self._data.on_epoch_end()


def _wanted(data: Any, num_classes: int | None, unlabeled: bool) -> dict[str, Any]:
    """The labels of a data set that a model learns from, as `_prepared` and `_labels` take them."""
    return {"num_classes": num_classes, "where": type(data).__name__, "unlabeled": unlabeled}


def _prepared(batch: Any, *, num_classes: int | None, **wanted: Any) -> Batch:
    """A batch as `checked` takes it, for the model; the labels of each are checked, not of the first one alone."""
    images, labels = unpacked(batch)
    images = scaled(as_numpy(images))
    images = images[..., np.newaxis] if images.ndim == 3 else images
    return images if num_classes is None else (images, _labels(labels, len(images), num_classes=num_classes, **wanted))


def _from_loader(loader: Any, shape: tuple[int, ...], num_classes: int | None, unlabeled: bool) -> Any:
    """A PyTorch loader as a stream; its images must have channels last, as in Keras."""
    first = next(iter(loader), None)
    if first is None:
        raise ValueError("Expected at least one batch. Received: an empty DataLoader")
    images, _ = checked(first, shape, num_classes, "DataLoader", unlabeled)

    wanted = _wanted(loader, num_classes, unlabeled)
    if not hasattr(loader.dataset, "__len__"):
        return reloaded(loader, functools.partial(_prepared, **wanted))

    def begin(epoch: int) -> Raw:
        for batch in loader:
            pixels, labels = unpacked(batch)
            pixels = as_numpy(pixels)
            targets = None if num_classes is None else _labels(labels, len(pixels), **wanted)
            yield pixels[..., np.newaxis] if pixels.ndim == 3 else pixels, targets

    count = len(loader) * len(images)
    info = SourceInfo("DataLoader", images.shape[1:], count, labeled=num_classes is not None)
    return Stream(info, Batching(batch_size=len(images), shuffle=False), begin)


def reloaded(loader: Any, change: Callable[[Any], Any]) -> Any:
    """A PyTorch loader, of each of whose batches a function makes one for a model, as another one.

    If its length is not known, Keras finds its end; of a `Source` it does not.
    """
    import torch  # it is loaded already: the batches come from it

    class Batches(torch.utils.data.IterableDataset):  # type: ignore[misc]
        def __iter__(self) -> Any:
            for batch in loader:
                parts = change(batch)
                yield [torch.from_numpy(part) for part in (parts if isinstance(parts, tuple) else (parts,))]

    if hasattr(loader.dataset, "__len__"):
        Batches.__len__ = lambda self: len(loader)  # type: ignore[attr-defined]
    return torch.utils.data.DataLoader(Batches(), batch_size=None, collate_fn=tuple)


def first_images(batches: Any, count: int) -> np.ndarray:
    """At least `count` images, or all there are, from the first batches: float32 in [-1, 1]."""
    return np.concatenate([images for images, _ in first_batches(batches, count)])


def first_batches(batches: Any, count: int) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
    """The first batches that hold `count` images, or all there are: float32 in [-1, 1], and labels or None."""
    if isinstance(batches, Source):
        batches = batches.copy()  # so that its epoch does not change
    each = (batches[index] for index in itertools.count()) if isinstance(batches, keras.utils.PyDataset) else batches
    length = batches.num_batches if isinstance(batches, keras.utils.PyDataset) else None
    found = 0
    for batch in itertools.islice(each, length):
        images, labels = unpacked(batch)
        yield as_numpy(images), None if labels is None else as_numpy(labels)
        found += len(images)
        if found >= count:
            break
