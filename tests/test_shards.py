"""Shards of examples: TFRecord files, WebDataset's tar files, Parquet and Hugging Face datasets."""

import io
import json
import struct
import tarfile

import fsspec
import numpy as np
import pytest
from PIL import Image
from scipy import stats

from kerasgan import data
from kerasgan.data import feeding
from kerasgan.data.shards import streaming
from kerasgan.data.shards.crc32c import crc32c
from kerasgan.data.sources import Share

pytestmark = pytest.mark.backends("jax", "torch")
OPTIONS = {"image_size": 8, "channels": 1, "batch_size": 4}


def encoded(value, kind="PNG"):
    """A flat gray picture of this level."""
    written = io.BytesIO()
    Image.new("L", (8, 8), value).save(written, kind)
    return written.getvalue()


def checksum(content):
    """CRC-32C bit by bit, masked as in TFRecords."""
    state = 0xFFFFFFFF
    for byte in content:
        state ^= byte
        for _ in range(8):
            state = (state >> 1) ^ (0x82F63B78 if state & 1 else 0)
    state ^= 0xFFFFFFFF
    return (((state >> 15) | (state << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def field(number, content):
    """A field of a protobuf message: length-delimited, of less than 128 or more bytes."""
    size, length = len(content), b""
    while size > 127:
        length, size = length + bytes([size & 127 | 128]), size >> 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + content


def message(**features):
    """A tf.train.Example of bytes and of small whole numbers."""
    entries = b""
    for name, value in features.items():
        kind = field(1, field(1, value)) if isinstance(value, bytes) else field(3, field(1, bytes(value)))
        entries += field(1, field(1, name.encode()) + field(2, kind))
    return field(1, entries)


def record(content):
    length = struct.pack("<Q", len(content))
    return length + struct.pack("<I", checksum(length)) + content + struct.pack("<I", checksum(content))


def tar(files):
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return written.getvalue()


def tfrecord_of(values):
    return b"".join(record(message(image=encoded(value), label=[value % 3])) for value in values)


def tar_of(values):
    return tar({f"{n:06}.{end}": made for n in values for end, made in (("png", encoded(n)), ("cls", b"%d" % (n % 3)))})


WRITERS = {"tfrecords": tfrecord_of, "webdataset": tar_of}


def written(kind, folder, count=40, shards=4):
    """Shards of `count` pictures whose gray level is their number and whose label is that modulo three."""
    folder.mkdir(exist_ok=True)
    for shard in range(shards):
        values = range(shard * count // shards, (shard + 1) * count // shards)
        (folder / f"part-{shard:03}.shard").write_bytes(WRITERS[kind](values))
    return f"{folder}/part-*.shard"


def levels(batch):
    return np.rint((np.asarray(batch)[:, 0, 0, 0] + 1) * 127.5).astype(int)


@pytest.mark.parametrize("kind", WRITERS)
def test_shards_of_this_machine_give_each_example_once_in_a_uniform_order_with_labels(kind, tmp_path):
    source = getattr(data, kind)(written(kind, tmp_path), num_classes=3, **OPTIONS)
    assert (source.count, len(source), source.num_classes) == (40, 10, 3)
    assert levels(source.images().astype(np.float32) / 127.5 - 1).tolist() == list(range(40))
    orders = []
    for epoch in range(2):
        batches = [source[index] for index in range(10)]
        seen = np.concatenate([levels(images) for images, _ in batches])
        assert sorted(seen) == list(range(40))
        assert (np.concatenate([labels for _, labels in batches]) == seen % 3).all()
        # The order of `folder`, of arrays: a permutation that NumPy draws from seed and epoch.
        assert (seen == np.random.default_rng([0, epoch]).permutation(40)).all()
        orders.append(seen.tolist())
        source.on_epoch_end()
    assert orders[0] != orders[1]


@pytest.fixture(params=WRITERS)
def remote(request, tmp_path):
    """Shards in a file system that is no folder of this machine."""
    written(request.param, tmp_path, count=200, shards=8)
    files, place = fsspec.filesystem("memory"), f"/{request.node.name.replace('[', '-').replace(']', '')}"
    for each in tmp_path.glob("*.shard"):
        files.pipe_file(f"{place}/{each.name}", each.read_bytes())
    yield getattr(data, request.param), f"memory:/{place}/part-{{000..007}}.shard"
    files.rm(place, recursive=True)


def test_remote_shards_stream_every_example_and_resume_at_any(remote):
    read, pattern = remote
    source = read(pattern, num_classes=3, **OPTIONS)
    assert source.count == pytest.approx(200, rel=0.05)  # by the size of the first shard
    whole = [source[index] for index in range(len(source))]
    seen = np.concatenate([levels(images) for images, _ in whole])
    assert len({*seen[:200].tolist()}) >= min(200, len(seen)) * 0.99
    assert (np.concatenate([labels for _, labels in whole]) == seen % 3).all()
    other = read(pattern, num_classes=3, **OPTIONS)
    other.start = 17
    assert (other[3][0] == 0).all()
    for index in (17, 18, 30, 5 + 17):
        np.testing.assert_array_equal(other[index][0], whole[index][0])
        np.testing.assert_array_equal(other[index][1], whole[index][1])
    source.epoch = 1
    assert levels(source[0][0]).tolist() != levels(whole[0][0]).tolist()
    assert [int(level) for images, _ in source.in_order() for level in images[:, 0, 0, 0]] == list(range(200))


def test_two_machines_read_shards_of_their_own(remote):
    read, pattern = remote
    seen = []
    for worker in range(2):
        source = read(pattern, num_classes=3, **OPTIONS)
        rows = np.arange(2) + 2 * worker
        source.share = Share(worker, 2, lambda count, rows=rows: rows)
        batches = [source[index] for index in range(25)]
        others = np.setdiff1d(np.arange(4), rows)
        assert all((images[others] == 0).all() for images, _ in batches)
        seen.append({level for images, _ in batches for level in levels(images[rows]).tolist()})
        assert source.copy().share.workers == 1
    assert not seen[0] & seen[1] and len(seen[0] | seen[1]) >= 96
    assert len({level // 25 for level in seen[0]}) == 4


@pytest.mark.parametrize("kind", WRITERS)
def test_of_local_shards_a_machine_decodes_its_part_of_each_batch(kind, tmp_path):
    source = getattr(data, kind)(written(kind, tmp_path), **OPTIONS)
    whole, decode, asked = source[3], source.records.decode, []
    source.records.decode = lambda index: asked.append(index) or decode(index)
    source.share = Share(1, 2, lambda count: np.array([2, 3]))
    images = source[4]
    assert len(set(asked)) == len(asked) <= 6  # and of two batches ahead
    source.share = Share()
    np.testing.assert_array_equal(images[2:], source[4][2:])
    assert (images[:2] == 0).all() and not (whole == images).all()


def test_a_stream_is_shuffled_nearly_as_well_as_by_a_permutation(monkeypatch):
    """Against what a uniform permutation gives: no rank correlation, neighbors a third of the set apart."""
    shards, each = 64, 256
    monkeypatch.setattr(streaming, "POOL", shards * each // 8)
    parts = [
        lambda shard=shard: (streaming.Example(b"", shard * each + place, "") for place in range(each))
        for shard in range(shards)
    ]
    examples, total = streaming.over(parts, 0, True, "here"), shards * each
    order, again = (np.array([example.label for example in examples(epoch, 0, Share())]) for epoch in range(2))
    assert sorted(order) == sorted(again) == list(range(total))
    assert abs(stats.spearmanr(np.argsort(order), np.argsort(again)).statistic) < 0.1
    assert np.abs(np.diff(order)).mean() == pytest.approx(total / 3, rel=0.1)
    assert stats.spearmanr(order % each, np.arange(total)).statistic < 0.15  # 0.2 if sixteen shards were read by turns


@pytest.mark.parametrize(
    ("content", "known"),
    [(b"123456789", 0xE3069283), (bytes(32), 0x8A9136AA), (b"\xff" * 32, 0x62A8AB43), (bytes(range(32)), 0x46DD794E)],
)
def test_the_checksum_is_that_of_rfc_3720(content, known):
    assert crc32c(content) == known


@pytest.mark.parametrize("size", [0, 63, 64, 255, 256, 257, 5000])
def test_the_checksum_of_many_bytes_is_that_of_one_bit_after_the_other(size):
    content = np.random.default_rng(size).bytes(size)
    value = crc32c(content)
    assert ((((value >> 15) | (value << 17)) + 0xA282EAD8) & 0xFFFFFFFF) == checksum(content)


GOOD = record(message(image=encoded(7)))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (GOOD + GOOD[:-30], r"Expected a record of \d+ bytes at byte \d+ of .*a\.tfrecord\. Received: \d+, the file's"),
        (GOOD + GOOD[:7], r"Expected the 12 bytes before a record at byte \d+ of .*Received: 7"),
        (b"\x1f\x8b" + GOOD, "Expected uncompressed TFRecords at byte 0 .*a gzip file"),
        (b"x" * 100, "Expected a record's length with its checksum at byte 0 "),
        (struct.pack("<QI", 2**63, checksum(struct.pack("<Q", 2**63))), "a record of 9,223,372,036,854,775,808 bytes"),
        (b"", "at least one picture"),
    ],
)
def test_a_shard_that_is_no_tfrecord_says_where_before_training(content, said, tmp_path):
    (tmp_path / "a.tfrecord").write_bytes(content)
    with pytest.raises(ValueError, match=said):
        data.tfrecords(tmp_path / "a.tfrecord", **OPTIONS)


def flipped(content, place):
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (flipped(GOOD, 40), "Expected a record with its checksum at byte 0 of .*the record is damaged"),
        (record(b"\xff" * 20), "Expected a tf.train.Example at byte 0 of "),
        (record(message(photo=encoded(1))), r"image or image/encoded .*\(image_key\) at byte 0 .*Received: photo"),
        (record(message(image=encoded(1))), "Expected a label from 0 to 2 at byte 0 of .*Received: none"),
        (record(message(image=encoded(1), label=[3])), "Expected a label from 0 to 2 at byte 0 .*Received: label=3"),
    ],
)
def test_a_record_that_is_damaged_says_where_when_it_is_reached(content, said, tmp_path):
    (tmp_path / "a.tfrecord").write_bytes(content)
    source = data.tfrecords(tmp_path, num_classes=3, **OPTIONS)
    with pytest.raises(ValueError, match=said):
        source[0]


WHOLE_TAR = tar({"a.png": encoded(1), "a.cls": b"2"})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"x" * 2000, "Expected an uncompressed tar file at byte 0 of .*a.tar"),
        (WHOLE_TAR[:540], "Expected .* bytes of 'a.png' at byte 0 of .*the end of the file"),
        (tar({"a.png": encoded(1), "a.cls": b"two"}), "Expected a whole number in .cls at 'a', byte 0"),
        (tar({"a.png": encoded(1), "a.json": b"[" * 10**5}), "Expected a whole number in .json at 'a', byte 0"),
        (tar({"a.png": encoded(1)}), "Expected a label from 0 to 2 at 'a', byte 0 of .*Received: none"),
        (tar({"a.txt": b"no picture"}), "at least one picture"),
    ],
)
def test_a_tar_file_that_does_not_hold_labeled_pictures_says_where(content, said, tmp_path):
    (tmp_path / "a.tar").write_bytes(content)
    with pytest.raises(ValueError, match=said):
        data.webdataset(tmp_path / "a.tar", num_classes=3, **OPTIONS)


def test_members_of_an_example_may_come_in_any_order_and_labels_in_json(tmp_path):
    files = {"x/a.json": b'{"class": 1}', "x/a.jpg": encoded(90, "JPEG"), "._x.png": b"", "b.seg.png": encoded(5)}
    files |= {"b.jpg": encoded(50, "JPEG"), "b.json": b'{"class": 0}'}
    (tmp_path / "a.tar").write_bytes(tar(files))
    source = data.webdataset(tmp_path, num_classes=2, image_key="jpg", label_key="class", shuffle=False, **OPTIONS)
    images, labels = source[0]
    assert np.abs(levels(images) - [90, 50]).max() <= 1 and labels.tolist() == [1, 0]


@pytest.mark.parametrize("kind", WRITERS)
def test_an_unreadable_picture_is_named_and_another_takes_its_place_with_its_label(kind, tmp_path):
    torn = encoded(1)[:-30]
    shard = b"".join(record(message(image=each, label=[n])) for n, each in enumerate((encoded(9), torn, encoded(30))))
    if kind == "webdataset":
        shard = tar(
            {"a.png": encoded(9), "a.cls": b"0", "b.png": torn, "b.cls": b"1", "c.png": encoded(30), "c.cls": b"2"}
        )
    (tmp_path / "a.shard").write_bytes(shard)
    source = getattr(data, kind)(f"{tmp_path}/*.shard", num_classes=3, shuffle=False, **OPTIONS)
    with pytest.warns(UserWarning, match=r"Left out an unreadable picture.*byte \d+ of .*a\.shard"):
        images, labels = source[0]
    assert levels(images).tolist() == [9, 30, 30] and labels.tolist() == [0, 2, 2]
    assert levels(source[0][0]).tolist() == [9, 30, 30]  # pytest turns another warning into an error


def test_raw_pixels_with_a_shape_are_those_of_styleganss_tools(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (3, 8, 8), dtype=np.uint8)
    (tmp_path / "a.tfrecords").write_bytes(record(message(shape=[3, 8, 8], data=pixels.tobytes())))
    source = data.tfrecords(tmp_path, image_size=8)
    np.testing.assert_array_equal(source.images()[0], pixels.transpose(1, 2, 0))


@pytest.mark.backends("tensorflow")
def test_files_of_tensorflows_own_writer_are_read(tmp_path):
    tf = pytest.importorskip("tensorflow")
    with tf.io.TFRecordWriter(str(tmp_path / "train-00000-of-00001")) as writer:
        for value in (10, 200):
            made = {
                "image/encoded": tf.train.Feature(bytes_list=tf.train.BytesList(value=[encoded(value)])),
                "image/class/label": tf.train.Feature(int64_list=tf.train.Int64List(value=[value])),
                "mean": tf.train.Feature(float_list=tf.train.FloatList(value=[0.5, 1.5])),
            }
            writer.write(tf.train.Example(features=tf.train.Features(feature=made)).SerializeToString())
    images, labels = data.tfrecords(tmp_path, num_classes=201, shuffle=False, **OPTIONS)[0]
    assert levels(images).tolist() == [10, 200] and labels.tolist() == [10, 200]


def parquet_file(path, values, *, names=True):
    arrow, writer = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    rows = [{"image": {"bytes": encoded(value), "path": None}, "label": value % 3} for value in values]
    table = arrow.Table.from_pylist(rows)
    if names:
        features = {"info": {"features": {"label": {"names": ["ant", "bee", "cat"], "_type": "ClassLabel"}}}}
        table = table.replace_schema_metadata({"huggingface": json.dumps(features)})
    writer.write_table(table, path, row_group_size=10)


def test_parquet_files_give_every_row_with_the_names_of_its_classes(tmp_path):
    for shard in range(2):
        parquet_file(tmp_path / f"{shard}.parquet", range(shard * 30, shard * 30 + 30))
    source = data.parquet(tmp_path, **OPTIONS)
    assert (source.count, source.class_names) == (60, ["ant", "bee", "cat"])
    batches = [source[index] for index in range(15)]
    seen = np.concatenate([levels(images) for images, _ in batches])
    assert sorted(seen) == list(range(60)) and seen.tolist() != list(range(60))
    assert (np.concatenate([labels for _, labels in batches]) == seen % 3).all()
    other = data.parquet(f"{tmp_path}/*.parquet", **OPTIONS)
    other.start = 11
    np.testing.assert_array_equal(other[11][0], batches[11][0])


def test_parquet_files_that_hold_something_else_say_so(tmp_path):
    arrow, writer = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    (tmp_path / "a.parquet").write_bytes(b"PAR1" + b"x" * 50)
    with pytest.raises(ValueError, match=r"Expected a Parquet file at .*a\.parquet"):
        data.parquet(tmp_path / "a.parquet")
    writer.write_table(arrow.table({"image": ["text"], "other": [1]}), tmp_path / "b.parquet")
    with pytest.raises(ValueError, match=r"a column photo \(image_key\) at .*b\.parquet\. Received: image, ot"):
        data.parquet(tmp_path / "b.parquet", image_key="photo")
    with pytest.raises(ValueError, match=r"Expected a picture as bytes at row 0 of row group 0 of .*b.parquet"):
        data.parquet(tmp_path / "b.parquet")[0]
    with pytest.raises(ValueError, match="Expected a column of labels"):
        data.parquet(tmp_path / "b.parquet", num_classes=3)


@pytest.fixture
def hub_dataset(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    datasets = pytest.importorskip("datasets")
    features = datasets.Features({"photo": datasets.Image(), "kind": datasets.ClassLabel(names=["ant", "bee", "cat"])})
    columns = {"photo": [{"bytes": encoded(n), "path": None} for n in range(40)], "kind": [n % 3 for n in range(40)]}
    return datasets.Dataset.from_dict(columns, features=features)


def test_hugging_face_datasets_are_read_from_memory_from_a_folder_and_as_a_stream(hub_dataset, tmp_path):
    hub_dataset.save_to_disk(str(tmp_path / "saved"))
    streamed = hub_dataset.to_iterable_dataset(num_shards=4)
    several = [data.hugging_face(hub_dataset, **OPTIONS), data.hugging_face(str(tmp_path / "saved"), **OPTIONS)]
    several.append(data.hugging_face(streamed, count=40, **OPTIONS))
    for source in several:
        assert (source.count, source.class_names) == (40, ["ant", "bee", "cat"])
        batches = [source[index] for index in range(10)]
        seen = np.concatenate([levels(images) for images, _ in batches])
        assert sorted(seen) == list(range(40)) and seen.tolist() != list(range(40))
        assert (np.concatenate([labels for _, labels in batches]) == seen % 3).all()
        assert [int(level) for images, _ in source.in_order() for level in images[:, 0, 0, 0]] == list(range(40))
    assert (several[0][2][0] == several[1][2][0]).all()
    with pytest.raises(ValueError, match=r"number of images of IterableDataset/train, .*count=None"):
        data.hugging_face(streamed, **OPTIONS)
    with pytest.raises(ValueError, match=r"feature of the kind ClassLabel .*Received: photo: Image, kind: ClassLabel"):
        data.hugging_face(hub_dataset, label_key="photo")


def test_what_no_file_has_and_no_machine_could_read_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"part-\*\.tar"):
        data.webdataset(f"{tmp_path}/part-*.tar")
    with pytest.raises(ValueError, match=r"range such as \{000\.\.099\}"):
        data.webdataset(f"{tmp_path}/{{9..1}}.tar")
    with pytest.raises(ValueError, match="num_classes=0"):
        data.tfrecords(written("tfrecords", tmp_path), num_classes=0)
    examples = streaming.over([lambda: iter(())], 0, True, "one shard")
    with pytest.raises(ValueError, match=r"a shard for each of 2 machines. Received: 1 in one shard"):
        examples(0, 0, Share(0, 2))


def test_a_model_takes_shards(tmp_path):
    source = data.tfrecords(written("tfrecords", tmp_path), num_classes=3, **OPTIONS)
    batches = feeding.batches(source, image_shape=(8, 8, 1), num_classes=3)
    assert [part.shape for part in batches[0]] == [(4, 8, 8, 1), (4,)]
    with pytest.raises(ValueError, match=r"num_classes=2. Received: a label 2"):
        feeding.batches(source, image_shape=(8, 8, 1), num_classes=2)


@pytest.mark.parametrize("size", [-1024, -512, 2**60])
def test_a_tar_with_a_hostile_size_is_refused(size, tmp_path):
    header = bytearray(tarfile.TarInfo("a.jpg").tobuf())
    number = size.to_bytes(12, "big", signed=True)
    header[124:136] = number if size < 0 else bytes([128]) + number[1:]  # GNU's form of large and negative numbers
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    path = tmp_path / "a.tar"
    path.write_bytes(bytes(header) + bytes(10240))
    with pytest.raises(ValueError, match=r"Expected .* at byte 0 of .*a\.tar\. Received"):
        data.webdataset(path)


def test_every_shard_of_a_range_must_be_there(tmp_path):
    (tmp_path / "train-00.tar").write_bytes(bytes(10240))
    with pytest.raises(FileNotFoundError, match=r"train-\{00\.\.01\}.*Received: no file .*train-01"):
        data.webdataset(tmp_path / "train-{00..01}.tar")
