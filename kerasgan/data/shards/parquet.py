"""Parquet files with encoded pictures, as the Hugging Face Hub keeps its datasets."""

import functools
import json
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any, Unpack

from kerasgan.data import checks
from kerasgan.data.contents import LOG
from kerasgan.data.decoding import Crop, checked_crop
from kerasgan.data.shards.files import Place, checked_classes, class_names_of, shard_paths
from kerasgan.data.shards.form import Example, ShardError, label_of
from kerasgan.data.shards.streaming import ShardStream, over
from kerasgan.data.sources import Batching, BatchingOptions, SourceInfo
from kerasgan.files import paths

__all__ = ["parquet"]

ROWS = 64  # that are read at once
IMAGES = ("image", "img", "jpg", "png", "content", "bytes")
LABELS = ("label", "labels", "cls", "class")


def parquet(
    path: Place,
    *,
    image_size: int | Sequence[int] = 64,
    channels: int = 3,
    crop: Crop = "center",
    image_key: str | None = None,
    label_key: str | None = None,
    num_classes: int | None = None,
    **order: Unpack[BatchingOptions],
) -> ShardStream:
    """Parquet files (`pip install "kerasgan[parquet]"`) with pictures as bytes, or as Hugging Face's {bytes, path}.

    Row groups are shuffled, up to sixteen are read by turns, and each image is drawn from a pool: see `tfrecords`,
    whose other arguments and errors these are. Their number is known from the files' ends.

    - `image_key`, `label_key`: names of columns; if not given, the first that there is of image, img, jpg, ... and of
      label, labels, ...
    - `num_classes`: if not given, labels are read where the file names its classes, as Hugging Face's do.
    """
    size, channels, crop = checks.pair(image_size), checks.channel_count(channels), checked_crop(crop)
    ordering, shards = Batching(**order), shard_paths(path)
    classes = checked_classes(num_classes)
    count, parts, names = 0, [], class_names_of(classes)
    for shard in shards:
        with _opened(shard) as file:
            picture, label = _columns(file.schema_arrow, shard, image_key, label_key)
            names = names or _classes_in(file.schema_arrow, label)
            if names is not None and label is None:
                raise ShardError("a column of labels (label_key)", shard, ", ".join(file.schema_arrow.names[:10]))
            for group in range(file.num_row_groups):
                count += file.metadata.row_group(group).num_rows
                known = None if names is None else len(names)
                parts.append(functools.partial(_rows, shard, group, picture, label, known))
    if not count:
        raise ValueError(f"Expected at least one picture. Received: none in {path}")
    LOG.info("%s images in %s Parquet files: %s.", f"{count:,}", f"{len(shards):,}", path)
    name = f"parquet {path if isinstance(path, str) else next(iter(shards))}"
    info = SourceInfo(name, (*size, channels), count, class_names=names, labeled=names is not None)
    return ShardStream(info, ordering, over(parts, ordering.seed, ordering.shuffle, name), crop)


def _library() -> tuple[ModuleType, ModuleType]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise ImportError('Parquet files need pyarrow: pip install "kerasgan[parquet]"') from error
    return pyarrow, pyarrow.parquet


class _opened:
    """A Parquet file; errors of Arrow name it."""

    def __init__(self, shard: str) -> None:
        self.shard, self.reading = shard, paths.reading(shard)

    def __enter__(self) -> Any:
        arrow, library = _library()
        try:
            return library.ParquetFile(self.reading.__enter__())
        except (arrow.ArrowException, OSError) as error:  # Arrow's own errors of damaged content are OSError
            self.reading.__exit__(None, None, None)
            if isinstance(error, FileNotFoundError):
                raise
            raise ShardError("a Parquet file", self.shard, str(error).partition("\n")[0]) from error

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        self.reading.__exit__(None, None, None)
        damaged = isinstance(error, (_library()[0].ArrowException, OSError))
        if damaged and not isinstance(error, FileNotFoundError):
            raise ShardError("readable rows", self.shard, str(error).partition("\n")[0]) from error


def _columns(schema: Any, shard: str, image_key: str | None, label_key: str | None) -> tuple[str, str | None]:
    images = IMAGES if image_key is None else (image_key,)
    picture = next((key for key in images if key in schema.names), None)
    label = next((key for key in (LABELS if label_key is None else (label_key,)) if key in schema.names), None)
    if picture is None or (label is None and label_key is not None):
        keys = f"{' or '.join(images)} (image_key)" if picture is None else f"{label_key} (label_key)"
        raise ShardError(f"a column {keys}", shard, ", ".join(schema.names[:10]))
    return picture, label


def _classes_in(schema: Any, label: str | None) -> list[str] | None:
    """The names of the classes that Hugging Face writes into its files."""
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        return [str(name) for name in features[label]["names"]] or None
    except (KeyError, TypeError, ValueError):
        return None


def _rows(shard: str, group: int, picture: str, label: str | None, classes: int | None) -> Iterator[Example]:
    columns, number = [picture, *([label] if classes is not None and label else [])], 0
    with _opened(shard) as file:
        for batch in file.iter_batches(ROWS, row_groups=[group], columns=columns):
            for row in batch.to_pylist():
                where = f"row {number} of row group {group} of {shard}"
                yield Example(_bytes(row[picture], where), label_of(row.get(label), classes, where), where)
                number += 1


def _bytes(value: Any, where: str) -> bytes:
    content = value.get("bytes") if isinstance(value, dict) else value
    if not isinstance(content, bytes):
        raise ShardError("a picture as bytes", where, "nothing" if content is None else type(content).__name__)
    return content
