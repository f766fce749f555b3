"""TFDS, through its own builder of local folders."""

import numpy as np
import pytest
from picture_files import SHAPE, flat
from PIL import Image

from kerasgan import data
from kerasgan.data import folders


@pytest.fixture
def tfds_root(tmp_path):
    pytest.importorskip("tensorflow_datasets")
    for name, red in (("cat", 200), ("dog", 50)):
        for index in range(4):
            flat(tmp_path / "train" / name / f"{index}.png", (red, 10 * index, 0), size=(24, 12))
            flat(tmp_path / "test" / name / f"{index}.png", (red, 0, 0))
    return tmp_path


def test_a_tfds_directory_gives_images_labels_and_names(tfds_root):
    source = data.tfds(tfds_root, image_size=8, batch_size=4)
    assert source.image_shape == SHAPE and source.count == 8 and source.class_names == ["cat", "dog"]
    for images, labels in source:
        reds = np.round((images[:, 0, 0, 0] + 1) * 127.5)
        np.testing.assert_array_equal(reds, np.where(labels == 0, 200, 50))


def test_a_tfds_builder_object_a_split_and_gray_images(tfds_root):
    import tensorflow_datasets

    source = data.tfds(tensorflow_datasets.ImageFolder(str(tfds_root)), split="test", image_size=8, channels=1)
    assert source.image_shape == (8, 8, 1) and source.name == "image_folder/test"
    with pytest.raises(ValueError, match=r"\['test', 'train'\].*split='valid'"):
        data.tfds(tfds_root, split="valid")


def test_a_tfds_set_too_large_for_memory_streams_the_same_images_in_a_seeded_order(tfds_root, monkeypatch):
    kept = data.tfds(tfds_root, image_size=8, batch_size=4)
    monkeypatch.setattr(folders, "MEMORY_BUDGET", 0)
    first, again = (data.tfds(tfds_root, image_size=8, batch_size=4) for _ in range(2))
    assert len(first) == 2 and first.labels is None and first.class_names == ["cat", "dog"]
    np.testing.assert_array_equal(np.sort(first.images(), axis=0), np.sort(kept.images(), axis=0))
    looked_at = first[0]  # as Keras does before it begins
    batches = list(first)
    np.testing.assert_array_equal(looked_at[0], batches[0][0])
    for (images, labels), (others, targets) in zip(batches, again, strict=True):
        np.testing.assert_array_equal(images, others)
        np.testing.assert_array_equal(labels, targets)
    first.on_epoch_end()
    assert first.epoch == 1 and not np.array_equal(first[0][0], looked_at[0])
    assert isinstance(data.batches(first, image_shape=SHAPE)[0], np.ndarray)
    assert len(data.batches(first, image_shape=SHAPE, num_classes=2)[0]) == 2
    with pytest.raises(ValueError, match="a label 1 from image_folder/train"):
        data.batches(first, image_shape=SHAPE, num_classes=1)


def test_tfds_resizes_with_antialiasing_and_crops_in_the_middle(tmp_path):
    pytest.importorskip("tensorflow_datasets")
    (tmp_path / "train" / "one").mkdir(parents=True)
    board = (np.indices((64, 64)).sum(0) % 2 * 255).astype(np.uint8)
    wide = np.concatenate([np.zeros((64, 64), np.uint8), board, np.full((64, 64), 255, np.uint8)], axis=1)
    Image.fromarray(wide).save(tmp_path / "train" / "one" / "a.png")
    pixels = data.tfds(tmp_path, image_size=8).images()[0]
    assert np.abs(pixels[2:-2, 2:-2].astype(int) - 127.5).max() < 6
    assert data.tfds(tmp_path, image_size=8, crop="stretch").images()[0][:, 0].max() < 20


def test_an_unknown_tfds_name_lists_its_neighbors():
    pytest.importorskip("tensorflow_datasets")
    with pytest.raises(ValueError, match=r"cifar10.*name='cifarten'"):
        data.tfds("cifarten")


def test_a_folder_that_is_no_tfds_directory_points_to_folder(tmp_path):
    pytest.importorskip("tensorflow_datasets")
    flat(tmp_path / "a.png", "red")
    with pytest.raises(ValueError, match=r"kerasgan\.data\.folder"):
        data.tfds(tmp_path)


def test_two_splits_of_a_tfds_set_are_two_domains_that_also_stream(tfds_root, monkeypatch):
    for budget in (2**30, 0):
        monkeypatch.setattr(folders, "MEMORY_BUDGET", budget)
        both = data.unpaired(tfds_root, split=("train", "test"), image_size=8, jitter=2, batch_size=4)
        assert not both.paired and both.input_shape == both.image_shape == SHAPE
        for first, second in (both[0], both[1]):
            assert first.shape == second.shape == (4, *SHAPE)
            assert (second[..., 1] == -1).all()  # no green in the test split
    with pytest.raises(ValueError, match=r"two splits of it\. Received: second=None, split=\('train',\)"):
        data.unpaired(tfds_root, split=("train",))


def test_few_bits_of_a_sixteen_bit_tfds_are_warned_of(tmp_path):
    tfds = pytest.importorskip("tensorflow_datasets")

    class Deep(tfds.core.GeneratorBasedBuilder):
        VERSION = tfds.core.Version("1.0.0")

        def _info(self):
            image = tfds.features.Image(shape=(8, 8, 1), dtype=np.uint16, encoding_format="png")
            return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict({"image": image}))

        def _split_generators(self, dl_manager):
            return {"train": self._generate_examples()}

        def _generate_examples(self):
            for index in range(4):
                yield index, {"image": np.linspace(0, 4095, 64).astype(np.uint16).reshape(8, 8, 1)}

    builder = Deep(data_dir=str(tmp_path))
    with pytest.warns(UserWarning, match=r"deep/train reach 4095, 12 bits, of 65535: they are read as nearly black"):
        data.tfds(builder, image_size=8, channels=1)
