"""TFRecord files of `tf.train.Example`, without TensorFlow: a length, its checksum, a message, its checksum.

https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details
"""

import functools
import struct
from collections.abc import Iterator
from typing import Any

from kerasgan.data.shards.crc32c import masked
from kerasgan.data.shards.form import Entry, Example, ShardError, label_of

__all__ = ["TFRecords"]

HEAD, TAIL = 12, 4  # bytes before and after a message
IMAGES = ("image", "image/encoded", "image_raw", "img", "jpg", "png", "data")
LABELS = ("label", "image/class/label", "labels", "class", "cls")


@functools.cache
def _message() -> Any:
    """`tf.train.Example` as a class of protobuf, in a pool of its own, as TensorFlow may have its own in the usual."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    file = descriptor_pb2.FileDescriptorProto(name="kerasgan/example.proto", package="kerasgan", syntax="proto3")
    kinds = descriptor_pb2.FieldDescriptorProto

    def message(name: str, *fields: tuple[str, int, int, str | None], parent: Any = None) -> Any:
        made = (file.message_type if parent is None else parent.nested_type).add(name=name)
        for field, number, kind, of in fields:
            many = name.endswith("List") or field == "feature"
            label = kinds.LABEL_REPEATED if many else kinds.LABEL_OPTIONAL
            made.field.add(name=field, number=number, type=kind, label=label, type_name=of)  # type: ignore[arg-type]
        return made

    message("BytesList", ("value", 1, kinds.TYPE_BYTES, None))
    message("FloatList", ("value", 1, kinds.TYPE_FLOAT, None))
    message("Int64List", ("value", 1, kinds.TYPE_INT64, None))
    lists = [(f"{each}_list", place, kinds.TYPE_MESSAGE, f".kerasgan.{each.title()}List") for place, each in LISTS]
    message("Feature", *lists)
    entry = ".kerasgan.Features.FeatureEntry"
    features = message("Features", ("feature", 1, kinds.TYPE_MESSAGE, entry))
    pairs = ("key", 1, kinds.TYPE_STRING, None), ("value", 2, kinds.TYPE_MESSAGE, ".kerasgan.Feature")
    message("FeatureEntry", *pairs, parent=features).options.map_entry = True
    message("Example", ("features", 1, kinds.TYPE_MESSAGE, ".kerasgan.Features"))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("kerasgan.Example"))


LISTS = ((1, "bytes"), (2, "float"), (3, "int64"))


class TFRecords:
    """Reads records with an encoded picture, or with raw pixels and their `shape` as StyleGAN's tools write them."""

    def __init__(self, image_key: str | None, label_key: str | None, num_classes: int | None) -> None:
        self.image_keys = IMAGES if image_key is None else (image_key,)
        self.label_keys = LABELS if label_key is None else (label_key,)
        self.num_classes = num_classes

    def entries(self, file: Any, name: str, size: int) -> Iterator[Entry]:
        offset = 0
        while offset < size:
            file.seek(offset)
            head, where = file.read(HEAD), f"byte {offset} of {name}"
            if not offset and head[:2] == b"\x1f\x8b":
                raise ShardError("uncompressed TFRecords", where, "a gzip file")
            if len(head) < HEAD:
                raise ShardError(f"the {HEAD} bytes before a record", where, f"{len(head)}, the end of the file")
            length, checksum = struct.unpack("<QI", head)
            if masked(head[:8]) != checksum:
                raise ShardError("a record's length with its checksum", where, "another one: no TFRecord, or damage")
            if length > size - offset - HEAD - TAIL:
                raise ShardError(f"a record of {length:,} bytes", where, f"{size - offset - HEAD:,}, the file's end")
            yield Entry(offset + HEAD, length)
            offset += HEAD + length + TAIL

    def example(self, file: Any, name: str, entry: Entry) -> Example:
        where = f"byte {entry.offset - HEAD} of {name}"
        file.seek(entry.offset)
        read = file.read(entry.length + TAIL)
        if len(read) < entry.length + TAIL:
            raise ShardError(f"a record of {entry.length:,} bytes", where, f"{len(read):,}, the end of the file")
        content = read[: entry.length]
        if masked(content) != int.from_bytes(read[entry.length :], "little"):
            raise ShardError("a record with its checksum", where, "another checksum: the record is damaged")
        return self._parsed(content, where)

    def _parsed(self, content: bytes, where: str) -> Example:
        from google.protobuf.message import DecodeError

        try:
            features = _message().FromString(content).features.feature
        except DecodeError as error:
            raise ShardError("a tf.train.Example", where, str(error)) from error
        image = next((key for key in self.image_keys if key in features and features[key].bytes_list.value), None)
        if image is None:
            found = ", ".join(sorted(features)[:10]) or "no features"
            raise ShardError(f"an encoded picture as {' or '.join(self.image_keys)} (image_key)", where, found)
        label: Any = None
        if self.num_classes is not None:
            key = next((key for key in self.label_keys if key in features), "")
            label = next(iter(features[key].int64_list.value), None) if key else None
        label = label_of(label, self.num_classes, where)
        shape = tuple(features["shape"].int64_list.value) if "shape" in features else None
        return Example(features[image].bytes_list.value[0], label, where, shape)
