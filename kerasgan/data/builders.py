"""TensorFlow Datasets as sources: builders by name, from a directory, or as objects."""

import contextlib
import dataclasses
import difflib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Unpack

import keras
import numpy as np

from kerasgan.data import checks, folders
from kerasgan.data.decoding import Crop, checked_crop, few_bits
from kerasgan.data.keras_datasets import SETS
from kerasgan.data.semi_supervised import SemiSupervised, keep_labels
from kerasgan.data.sources import ArrayReader, Batching, BatchingOptions, Indexed, Raw, Source, SourceInfo, Stream
from kerasgan.files.network import reachable

HOSTS = ("storage.googleapis.com", "www.cs.toronto.edu", "github.com")  # one of them answers where there is a network
SHUFFLE_BUDGET = 2**27  # largest shuffle buffer, in bytes of pixels, for a set that does not fit into memory


def tfds(
    name: Any,
    *,
    split: str = "train",
    image_size: int | Sequence[int] = 64,
    channels: int = 3,
    crop: Crop = "center",
    data_dir: str | os.PathLike[str] | None = None,
    labels_per_class: int | None = None,
    **order: Unpack[BatchingOptions],
) -> Source:
    """A split of a TensorFlow dataset: its images cropped and resized with antialiasing, its labels if it has classes.

    `name`: a name such as "celeb_a" or "cifar10:3.0.2" (downloaded to `data_dir` on first use), a directory (a prepared
    dataset, or pictures as split/class/file), or a builder. `crop` as in `folder`. A split that needs less than
    1 GiB (decoded) is read into memory here; a larger one streams, shuffled through a buffer.
    `labels_per_class`: keep this many labels of each class, drawn by the seed, and hide the others as -1.
    `order`: batch_size=64, seed=0, shuffle=True, flip=False, drop_remainder=True.
    Raises ValueError for an unknown name or split and for a dataset without images, RuntimeError if it is unavailable.
    """
    size, channels, crop = checks.pair(image_size), checks.channel_count(channels), checked_crop(crop)
    ordering = Batching(**order)
    builder = _builder(name, data_dir)
    if split not in builder.info.splits and "[" not in split and "+" not in split:
        raise ValueError(f"Expected a split of {sorted(builder.info.splits)}. Received: split={split!r}")
    reading = Reading(builder, split, _prepare((*size, channels), crop), ordering)
    count = int(builder.info.splits[split].num_examples)
    _, label_key = reading.keys
    names = list(builder.info.features[label_key].names) if label_key else None
    info = SourceInfo(f"{builder.name}/{split}", (*size, channels), count, class_names=names, labeled=bool(label_key))
    fits = count * np.prod(info.image_shape) <= folders.MEMORY_BUDGET
    if labels_per_class is not None and not (fits and label_key):
        raise ValueError(
            f"Expected labels_per_class for labeled data of at most {folders.MEMORY_BUDGET:,} bytes of pixels. "
            f"Received: {info.name} with {'' if label_key else 'no labels and '}{count} images {info.image_shape}"
        )
    if not fits:
        return Stream(info, ordering, reading.begin)
    source = _in_memory(info, ordering, reading)
    if labels_per_class is None:
        return source
    kept = keep_labels(source.info.labels, labels_per_class, seed=ordering.seed)  # type: ignore[arg-type]
    return SemiSupervised(dataclasses.replace(source.info, labels=kept), ordering, source.reader)


def _tensorflow_datasets() -> tuple[ModuleType, ModuleType]:
    try:
        import tensorflow as tf
        import tensorflow_datasets
    except ImportError as error:
        raise ImportError("TFDS sources need `pip install tensorflow tensorflow-datasets`, on any backend") from error
    if keras.backend.backend() != "tensorflow":
        with contextlib.suppress(RuntimeError):  # raised if TensorFlow has started already
            tf.config.set_visible_devices([], "GPU")  # it would take the memory that the other backend needs
    return tf, tensorflow_datasets


def _builder(name: Any, data_dir: str | os.PathLike[str] | None) -> Any:
    """A builder whose data are on this machine."""
    _, library = _tensorflow_datasets()
    if isinstance(name, library.core.DatasetBuilder):
        builder = name
    elif isinstance(name, os.PathLike) or Path(name).expanduser().is_dir() or os.path.isabs(name):
        builder = _directory_builder(library, Path(name).expanduser())
    else:
        builder = _named_builder(library, name, data_dir)
    if not builder.info.splits:
        if not isinstance(name, library.core.DatasetBuilder):  # one of the user's own may need no network
            _refuse_offline(builder)
        try:
            builder.download_and_prepare()
        except Exception as error:
            raise RuntimeError(
                f"Expected to download and prepare {builder.info.full_name} in {builder.data_dir}, but: {error}. "
                "Prepare it on a machine with a network connection, and pass its folder as data_dir."
            ) from error
    return builder


def _refuse_offline(builder: Any) -> None:
    """Raises RuntimeError within seconds if there is no network: the download itself tries again for minutes."""
    brought = Path(builder.data_dir).parents[1] / "downloads"
    by_hand = builder.MANUAL_DOWNLOAD_INSTRUCTIONS or any(each.is_file() for each in brought.glob("*"))
    if by_hand or reachable(HOSTS):
        return
    name = builder.info.name
    code = f"import tensorflow_datasets as tfds; tfds.load('{name}', data_dir='datasets')"
    other = f"; or take Keras' copy: --set data.source={name}" if name in SETS else ""
    raise RuntimeError(
        f"Expected {builder.info.full_name} in {builder.data_dir}, or a network connection to download it. Received: "
        f'neither\nOn a machine with a network: python -c "{code}"\n'
        f"Copy that folder here and name it: data_dir=..., or kerasgan train ... --set data.data_dir=datasets{other}"
    )


def is_prepared(name: Any, data_dir: str | os.PathLike[str] | None = None) -> bool:
    """Whether the data are on this machine, so that `tfds` downloads nothing."""
    _, library = _tensorflow_datasets()
    if isinstance(name, os.PathLike) or Path(name).expanduser().is_dir() or os.path.isabs(name):
        return Path(name).expanduser().is_dir()
    return bool(_named_builder(library, name, data_dir).info.splits)


def _directory_builder(library: ModuleType, path: Path) -> Any:
    if not path.is_dir():
        raise FileNotFoundError(f"Expected a directory of a dataset. Received: name={path}")
    if (path / "dataset_info.json").is_file():
        return library.builder_from_directory(str(path))
    builder = library.ImageFolder(str(path))
    if not any(split.num_examples for split in builder.info.splits.values()):
        raise ValueError(
            "Expected a prepared dataset (with dataset_info.json) or pictures as split/class/file, such as "
            f"train/cat/1.png; for class/file or loose pictures use kerasgan.data.folder. Received: name={path}"
        )
    return builder


def _named_builder(library: ModuleType, name: str, data_dir: str | os.PathLike[str] | None) -> Any:
    try:
        return library.builder(name, data_dir=None if data_dir is None else os.fspath(data_dir))
    except library.core.registered.DatasetNotFoundError as error:
        near = difflib.get_close_matches(name, library.list_builders(), 3)
        raise ValueError(
            f"Expected the name of a TensorFlow dataset{', such as ' + ', '.join(near) if near else ''}. "
            f"Received: name={name!r}"
        ) from error


class Reading:
    """How one split is read: the features, and the order of an epoch."""

    def __init__(self, builder: Any, split: str, prepare: Callable[[Any], Any], order: Batching) -> None:
        self.builder, self.split, self.prepare, self.order = builder, split, prepare, order
        self.keys = _features(builder)

    def dataset(self, epoch: int) -> Any:
        """tf.data of uint8 batches as {"image": ..., "label": ...}; epoch -1 is file order, complete."""
        tf, library = _tensorflow_datasets()
        shuffle = self.order.shuffle and epoch >= 0
        seed = int(np.random.SeedSequence([self.order.seed, max(epoch, 0)]).generate_state(1)[0] >> 1)
        # The folder builder shuffles its list of files without a seed: its pictures are shuffled only below.
        files = shuffle and not isinstance(self.builder, library.ImageFolder)
        config = library.ReadConfig(shuffle_seed=seed, enable_ordering_guard=False)
        data = self.builder.as_dataset(split=self.split, shuffle_files=files, read_config=config)
        options = tf.data.Options()
        options.deterministic = True
        options.autotune.enabled = False  # see `kerasgan.data.feeding.untuned`
        image_key, label_key = self.keys

        def chosen(example: Any) -> Any:
            found = {"image": self.prepare(example[image_key])}
            return found | ({"label": tf.cast(example[label_key], tf.int32)} if label_key else {})

        data = data.map(chosen, num_parallel_calls=tf.data.AUTOTUNE).with_options(options)
        if shuffle:
            spec = data.element_spec["image"].shape
            data = data.shuffle(max(self.order.batch_size, SHUFFLE_BUDGET // int(np.prod(spec))), seed=seed)
        drop = self.order.drop_remainder and epoch >= 0 and len(data) >= self.order.batch_size
        return data.batch(self.order.batch_size, drop_remainder=drop).prefetch(tf.data.AUTOTUNE)

    def begin(self, epoch: int) -> Raw:
        """NumPy (images, labels or None) of one epoch."""
        for batch in self.dataset(epoch).as_numpy_iterator():
            yield batch["image"], batch.get("label")


def _features(builder: Any) -> tuple[str, str | None]:
    """Names of the image and the label feature; if there are several images, the supervised input or the first."""
    _, library = _tensorflow_datasets()
    features = builder.info.features
    kinds = dict(features.items()) if hasattr(features, "items") else {}
    images = [key for key, kind in kinds.items() if isinstance(kind, library.features.Image)]
    labels = [key for key, kind in kinds.items() if isinstance(kind, library.features.ClassLabel)]
    if not images:
        raise ValueError(f"Expected a dataset with images. Received: {builder.name} with features {sorted(kinds)}")
    preferred = ("image", "label", *(builder.info.supervised_keys or ()))

    def first(keys: list[str]) -> str:
        return next((key for key in preferred if key in keys), keys[0])

    return first(images), first(labels) if labels else None


def _prepare(image_shape: tuple[int, int, int], crop: Crop) -> Callable[[Any], Any]:
    """A function from one image tensor of any size to uint8 of `image_shape`."""
    tf, _ = _tensorflow_datasets()
    *size, channels = image_shape

    def prepare(image: Any) -> Any:
        sixteen_bit = image.dtype == tf.uint16
        if not sixteen_bit and image.dtype != tf.uint8:
            raise ValueError(f"Expected images of uint8 or uint16. Received: dtype={image.dtype.name}")
        image = _in_channels(tf.cast(image, tf.float32) / (257.0 if sixteen_bit else 1.0), channels)
        image = tf.image.resize(_cropped(image, size, crop), size, method="bicubic", antialias=True)
        image = tf.cast(tf.round(tf.clip_by_value(image, 0.0, 255.0)), tf.uint8)
        return tf.ensure_shape(image, image_shape)

    return prepare


def _in_channels(image: Any, channels: int) -> Any:
    """float [0, 255] of 1, 3 or 4 channels as `channels`; transparency is composited on white unless alpha is kept."""
    tf, _ = _tensorflow_datasets()
    arrived = image.shape[-1]
    if arrived == 4 and channels != 4:
        alpha = image[..., 3:] / 255.0
        image, arrived = image[..., :3] * alpha + 255.0 * (1.0 - alpha), 3
    if arrived == channels:
        return image
    if channels == 1:
        return tf.image.rgb_to_grayscale(image)
    color = tf.image.grayscale_to_rgb(image) if arrived == 1 else image
    return color if channels == 3 else tf.concat([color, tf.fill(tf.shape(color[..., :1]), 255.0)], -1)


def _cropped(image: Any, size: Sequence[int], crop: Crop) -> Any:
    """The same part of the picture as `decoding.box`, to whole pixels."""
    tf, _ = _tensorflow_datasets()
    if crop == "stretch":
        return image
    extent = tf.cast(tf.shape(image)[:2], tf.float32)
    inner = extent if isinstance(crop, str) else tf.minimum(extent, tf.constant(crop, tf.float32))
    target = tf.constant(size, tf.float32)
    part = tf.maximum(tf.round(target * tf.reduce_min(inner / target)), 1.0)
    start, part = tf.cast((extent - part) // 2, tf.int32), tf.cast(part, tf.int32)
    return image[start[0] : start[0] + part[0], start[1] : start[1] + part[1]]


def _in_memory(info: SourceInfo, order: Batching, reading: Reading) -> Indexed:
    """All of a split in an array, in file order."""
    images = np.empty((info.count or 0, *info.image_shape), np.uint8)
    labels = np.empty(len(images), np.int32)
    filled = 0
    for batch, targets in folders.shown(reading.begin(-1), -(-len(images) // order.batch_size)):
        images[filled : filled + len(batch)] = batch
        labels[filled : filled + len(batch)] = 0 if targets is None else targets
        filled += len(batch)
    if filled != len(images) or not filled:
        raise ValueError(f"Expected {len(images)} images, at least one. Received: {filled} from {info.name}")
    if reading.builder.info.features[reading.keys[0]].np_dtype == np.uint16:
        few_bits(max(0, int(images.max()) * 256 - 1), info.name)  # the highest of as many bits
    known = SourceInfo(info.name, info.image_shape, filled, labels if info.labeled else None, info.class_names)
    return Indexed(known, order, ArrayReader(images))
