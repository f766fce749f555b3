"""Arrays, folders, TFDS, tf.data and loaders as batches in [-1, 1]; every refusal names what arrived."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from PIL import Image

from kerasgan import data
from kerasgan.data import folders

BACKEND = keras.backend.backend()
SHAPE = (8, 8, 3)


def noise(count, *shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), dtype=np.uint8)


def flat(path, colour, mode="RGB", size=(12, 12), **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path, **options)
    return path


def only_image(root, **options):
    options = {"image_size": 8, **options}
    return data.folder(root, **options).images()[0]


@pytest.fixture
def classes(tmp_path):
    for index in range(6):
        flat(tmp_path / "cat" / f"{index}.png", (40 * index, 0, 0))
        flat(tmp_path / "ant" / "deep" / f"{index}.png", (0, 40 * index, 0))
    return tmp_path


# Arrays


def test_black_and_white_bytes_become_exactly_minus_one_and_one():
    pixels = np.zeros((2, 8, 8, 3), np.uint8)
    pixels[1] = 255
    batch = data.arrays(pixels, shuffle=False)[0]
    assert batch.dtype == np.float32
    assert (batch[0] == -1.0).all() and (batch[1] == 1.0).all()


def test_floats_in_range_pass_through_as_float32():
    images = np.linspace(-1, 1, 2 * 8 * 8 * 3).reshape(2, 8, 8, 3)
    batch = data.arrays(images, shuffle=False)[0]
    assert batch.dtype == np.float32
    np.testing.assert_array_equal(batch, images.astype(np.float32))


def test_grey_images_without_a_channel_axis_get_one():
    assert data.arrays(noise(3, 8, 8)).image_shape == (8, 8, 1)


def test_floats_outside_the_range_say_which_range_arrived():
    with pytest.raises(ValueError, match=r"divide.*127\.5.*range \[0, 200\]"):
        data.arrays(np.linspace(0.0, 200.0, 64).reshape(1, 8, 8))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused(value):
    with pytest.raises(ValueError, match="finite"):
        data.arrays(np.full((1, 8, 8), value))


def test_floats_from_zero_to_one_are_suspicious():
    with pytest.warns(UserWarning, match="multiply by 2 and subtract 1"):
        data.arrays(np.linspace(0.0, 1.0, 64).reshape(1, 8, 8))


@pytest.mark.parametrize(
    ("images", "error", "words"),
    [
        (np.zeros((2, 8, 8), np.int64), TypeError, r"astype\('uint8'\).*dtype=int64, range \[0, 0\]"),
        (np.full((2, 8, 8), 300), TypeError, r"range \[300, 300\]"),
        (np.zeros((2, 8, 8), bool), TypeError, "dtype=bool"),
        (np.zeros((8, 8), np.uint8), ValueError, r"shape=\(8, 8\)"),
        (np.zeros((0, 8, 8, 3), np.uint8), ValueError, "at least one image"),
    ],
)
def test_arrays_that_are_no_images_are_refused(images, error, words):
    with pytest.raises(error, match=words):
        data.arrays(images)


@pytest.mark.parametrize(
    ("labels", "error", "words"),
    [
        ([0, 1, 2], ValueError, r"each of 4 images.*\(3,\)"),
        (np.eye(4), ValueError, "argmax"),
        ([0.0, 1.0, 0.0, 1.0], TypeError, "float64"),
        ([0, 1, -1, 0], ValueError, "label -1"),
    ],
)
def test_labels_that_are_not_one_integer_per_image_are_refused(labels, error, words):
    with pytest.raises(error, match=words):
        data.arrays(noise(4, 8, 8), labels)


def test_labels_in_a_column_are_accepted_as_keras_datasets_give_them():
    assert data.arrays(noise(3, 8, 8), np.array([[2], [0], [1]])).labels.tolist() == [2, 0, 1]


def test_labels_stay_with_their_images():
    pixels = np.broadcast_to(np.arange(100, dtype=np.uint8)[:, None, None], (100, 8, 8))
    source = data.arrays(pixels, np.arange(100), batch_size=10)
    for images, labels in source:
        np.testing.assert_allclose(np.round((images[:, 0, 0, 0] + 1) * 127.5), labels)
        assert labels.dtype == np.int32


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_a_checkerboard_made_smaller_becomes_grey(dtype):
    board = np.indices((32, 32)).sum(0) % 2
    board = (board * 255).astype("uint8") if dtype == "uint8" else (board * 2 - 1).astype("float32")
    small = data.arrays(board[None], image_size=8, shuffle=False)[0]
    assert np.abs(small[:, 2:-2, 2:-2]).max() < 0.05


def test_an_array_of_another_aspect_is_cropped_in_the_middle():
    pixels = np.zeros((1, 8, 24), np.uint8)
    pixels[:, :, 8:16] = 255
    assert (data.arrays(pixels, image_size=8)[0] == 1.0).all()


# Order


def test_the_order_is_a_function_of_seed_and_epoch():
    pixels = noise(50, 4, 4)
    first, again, other = (data.arrays(pixels, batch_size=10, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first[3], again[3])
    assert not np.array_equal(first[3], other[3])
    before = first[0]
    list(first)
    first.on_epoch_end()
    assert first.epoch == 1 and not np.array_equal(before, first[0])
    again.epoch = 1
    np.testing.assert_array_equal(first[0], again[0])
    again.epoch = 0
    np.testing.assert_array_equal(before, again[0])


def test_an_epoch_shows_every_image_once_but_for_the_remainder():
    pixels = np.broadcast_to(np.arange(25, dtype=np.uint8)[:, None, None], (25, 4, 4))
    seen = [np.round((batch[:, 0, 0, 0] + 1) * 127.5) for batch in data.arrays(pixels, batch_size=10)]
    assert len(seen) == 2 and len(set(np.concatenate(seen))) == 20
    whole = data.arrays(pixels, batch_size=10, drop_remainder=False)
    assert [len(batch) for batch in whole] == [10, 10, 5] and len(whole) == 3


def test_fewer_images_than_a_batch_still_give_one_batch():
    source = data.arrays(noise(5, 4, 4), batch_size=64)
    assert len(source) == 1 and source[0].shape == (5, 4, 4, 1)
    with pytest.raises(IndexError, match="index=1"):
        source[1]


def test_flip_mirrors_about_half_and_the_same_ones_again():
    pixels = np.zeros((200, 4, 4), np.uint8)
    pixels[:, :, 0] = 255
    source = data.arrays(pixels, flip=True, batch_size=200)
    mirrored = source[0][:, 0, -1, 0] == 1.0
    assert 70 < mirrored.sum() < 130
    np.testing.assert_array_equal(source[0][:, 0, -1, 0] == 1.0, mirrored)
    assert (pixels[:, :, 0] == 255).all()


@pytest.mark.parametrize("wrong", [{"batch_size": 0}, {"seed": -1}, {"batch_size": 2.5}])
def test_an_impossible_batch_size_or_seed_is_refused(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))}={next(iter(wrong.values()))}"):
        data.arrays(noise(2, 4, 4), **wrong)


def test_keras_trains_on_a_source_and_its_epoch_follows():
    source = data.digits(batch_size=599, image_size=8)
    model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(10)])
    model.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(source, epochs=2, shuffle=False, verbose=0)
    assert source.epoch == 2
    model.fit(source, epochs=8, initial_epoch=7, shuffle=False, verbose=0, callbacks=[data.KeepEpoch(source)])
    assert source.epoch == 8


# Digits


def test_the_digits_are_the_1797_of_scikit_learn():
    source = data.digits()
    assert source.count == 1797 and source.image_shape == (32, 32, 1)
    assert source.class_names == list("0123456789") and source.num_classes == 10
    # The counts per class that the UCI description of the test part gives.
    assert np.bincount(source.labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    images, labels = source[0]
    assert images.shape == (64, 32, 32, 1) and labels.shape == (64,)
    assert images.min() == -1.0 and images.max() == 1.0


def test_digits_at_their_own_size_are_the_original_ink():
    from sklearn.datasets import load_digits

    ink = data.digits(image_size=8).images(10)[..., 0] / 255 * 16
    np.testing.assert_allclose(ink, load_digits().images[:10], atol=0.04)


def test_digits_come_in_any_size_and_colour():
    assert data.digits(image_size=(16, 24), channels=3).image_shape == (16, 24, 3)


# Folders


def test_class_folders_become_sorted_labels(classes):
    source = data.folder(classes, image_size=8, batch_size=4)
    assert source.class_names == ["ant", "cat"] and source.num_classes == 2
    assert source.labels.tolist() == [0] * 6 + [1] * 6
    images = source.images()
    assert images.dtype == np.uint8 and images.shape == (12, 8, 8, 3)
    assert images[:6, ..., 0].max() == 0 and images[6:, ..., 1].max() == 0
    for batch, labels in source:
        assert batch.shape == (4, 8, 8, 3)
        assert ((batch[..., 0].max((1, 2)) > -1) <= (labels == 1)).all()


def test_a_flat_folder_has_no_labels(tmp_path):
    flat(tmp_path / "one.png", "red")
    source = data.folder(tmp_path, image_size=8)
    assert source.labels is None and source.class_names is None
    assert source[0].shape == (1, 8, 8, 3)


def test_labels_can_be_refused_or_demanded(classes):
    assert data.folder(classes, image_size=8, labels=False).labels is None
    loose = flat(classes / "loose.png", "red")
    assert data.folder(classes, image_size=8).labels is None
    with pytest.raises(ValueError, match=str(loose)):
        data.folder(classes, image_size=8, labels=True)


@pytest.mark.parametrize(
    ("name", "mode", "colour", "expected"),
    [
        ("a.png", "RGB", (10, 20, 30), (10, 20, 30)),
        ("a.jpg", "RGB", (200, 100, 50), (200, 100, 50)),
        ("a.JPEG", "L", 77, (77, 77, 77)),
        ("a.jpg", "CMYK", (0, 255, 255, 0), (255, 0, 0)),
        ("a.webp", "RGB", (200, 100, 50), (200, 100, 50)),
        ("a.bmp", "RGB", (10, 20, 30), (10, 20, 30)),
        ("a.gif", "P", 0, (0, 0, 0)),
        ("a.tiff", "RGB", (10, 20, 30), (10, 20, 30)),
        ("a.png", "1", 1, (255, 255, 255)),
        ("a.png", "I;16", 257 * 99, (99, 99, 99)),
        ("a.tif", "F", 0.2, (51, 51, 51)),
        ("a.png", "LA", (40, 255), (40, 40, 40)),
        ("a.png", "RGBA", (10, 20, 30, 0), (255, 255, 255)),
        ("a.png", "RGBA", (0, 0, 0, 51), (204, 204, 204)),
        ("a.ppm", "RGB", (10, 20, 30), (10, 20, 30)),
    ],
)
def test_every_common_format_and_mode_gives_its_colour(tmp_path, name, mode, colour, expected):
    flat(tmp_path / name, colour, mode)
    assert np.abs(only_image(tmp_path).astype(int) - expected).max() <= 3


def test_a_palette_with_a_transparent_entry_is_laid_on_white(tmp_path):
    image = Image.new("P", (12, 12), 1)
    image.putpalette([0, 0, 0, 200, 0, 0])
    image.save(tmp_path / "a.png", transparency=1)
    assert (only_image(tmp_path) == 255).all()


def test_alpha_is_kept_with_four_channels(tmp_path):
    flat(tmp_path / "a.png", (10, 20, 30, 128), "RGBA")
    pixels = only_image(tmp_path, channels=4).astype(int)
    assert np.abs(pixels - (10, 20, 30, 128)).max() <= 1


def test_an_animation_gives_its_first_frame(tmp_path):
    frames = [Image.new("RGB", (12, 12), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert only_image(tmp_path)[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("size", [(16, 16), (160, 160)])
def test_a_photograph_taken_sideways_stands_upright(tmp_path, size):
    image = Image.new("RGB", size, "black")
    image.paste("white", (0, 0, size[0], size[1] // 2))
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show it a quarter turn clockwise, so that its top is on the right
    image.save(tmp_path / "a.jpg", exif=exif, quality=95)
    pixels = only_image(tmp_path, channels=1)[..., 0]
    assert pixels[:, :3].max() < 40 and pixels[:, -3:].min() > 215


def test_grey_is_the_luminance(tmp_path):
    flat(tmp_path / "a.png", (0, 255, 0))
    assert abs(int(only_image(tmp_path, channels=1)[0, 0, 0]) - 0.587 * 255) <= 1  # ITU-R BT.601


def stripes(path):
    """Three vertical bands, 24 wide and 8 high: black, white, black."""
    image = Image.new("L", (24, 8), 0)
    image.paste(255, (8, 0, 16, 8))
    image.save(path)


def test_another_aspect_is_cropped_in_the_middle_or_stretched(tmp_path):
    stripes(tmp_path / "a.png")
    assert (only_image(tmp_path) == 255).all()
    assert only_image(tmp_path, crop="stretch")[:, [0, -1]].max() < 20
    assert only_image(tmp_path, image_size=(4, 12)).shape == (4, 12, 3)


def test_a_crop_in_pixels_is_cut_before_the_resize(tmp_path):
    image = Image.new("L", (32, 32), 0)
    image.paste(255, (12, 12, 20, 20))
    image.save(tmp_path / "a.png")
    assert (only_image(tmp_path, crop=8, image_size=4) == 255).all()
    assert only_image(tmp_path, crop=(32, 8), image_size=(16, 4)).min() == 0
    with pytest.raises(ValueError, match="crop='centre'"):
        only_image(tmp_path, crop="centre")


@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
def test_a_fine_pattern_made_smaller_becomes_grey_not_moire(tmp_path, name):
    board = (np.indices((256, 256)).sum(0) % 2 * 255).astype(np.uint8)
    Image.fromarray(board).save(tmp_path / name)
    assert np.abs(only_image(tmp_path)[2:-2, 2:-2].astype(int) - 127.5).max() < 6


def broken_folder(root):
    flat(root / "good.png", "red")
    (root / "empty.png").touch()
    (root / "text.jpg").write_text("not a picture")
    whole = root / "good.jpg"
    Image.fromarray(noise(1, 64, 64, 3)[0]).save(whole)
    (root / "torn.jpg").write_bytes(whole.read_bytes()[:2000])
    return root


@pytest.mark.parametrize("name", ["empty.png", "text.jpg", "torn.jpg"])
def test_a_file_that_cannot_be_read_names_itself(tmp_path, name):
    broken_folder(tmp_path / "all")
    (tmp_path / "all" / name).rename(flat(tmp_path / "one" / "good.png", "red").with_name(name))
    with pytest.raises(ValueError, match=name):
        data.folder(tmp_path / "one", image_size=8)


def test_unreadable_files_are_skipped_on_request_and_reported(tmp_path):
    with pytest.warns(UserWarning, match=r"Skipped 3 unreadable of 5 files: .*empty\.png"):
        source = data.folder(broken_folder(tmp_path), image_size=8, skip_corrupt=True)
    assert [path.name for path in source.skipped] == ["empty.png", "text.jpg", "torn.jpg"]
    assert [path.name for path in source.paths] == ["good.jpg", "good.png"]
    assert source.count == len(source.images()) == 2


def test_a_folder_of_nothing_but_broken_files_is_an_error(tmp_path):
    (tmp_path / "a.png").touch()
    with pytest.raises(ValueError, match="all 1 corrupt"):
        data.folder(tmp_path, skip_corrupt=True)


def test_other_and_hidden_files_are_passed_over(tmp_path):
    flat(tmp_path / "a.png", "red")
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / ".DS_Store").touch()
    (tmp_path / "._a.png").touch()
    flat(tmp_path / ".thumbnails" / "a.png", "red")
    assert [path.name for path in data.folder(tmp_path, image_size=8).paths] == ["a.png"]


def test_a_missing_folder_a_file_and_an_empty_folder_say_so(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        data.folder(tmp_path / "nowhere")
    with pytest.raises(NotADirectoryError, match=r"a\.png"):
        data.folder(flat(tmp_path / "a.png", "red"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="no files"):
        data.folder(tmp_path / "empty")
    (tmp_path / "empty" / "notes.txt").touch()
    with pytest.raises(ValueError, match=r"1 x \.txt"):
        data.folder(tmp_path / "empty")


def test_a_link_to_a_folder_is_followed_and_a_loop_ends(classes, tmp_path_factory):
    root = tmp_path_factory.mktemp("linked")
    os.symlink(classes / "cat", root / "cat")
    os.symlink(root, root / "loop")
    assert data.folder(root, image_size=8).count == 6


def test_a_set_too_large_for_memory_gives_the_same_batches(classes, monkeypatch):
    kept = data.folder(classes, image_size=8, batch_size=4)
    monkeypatch.setattr(folders, "MEMORY_BUDGET", 0)
    read = data.folder(classes, image_size=8, batch_size=4)
    for (images, labels), (others, targets) in zip(kept, read, strict=True):
        np.testing.assert_array_equal(images, others)
        np.testing.assert_array_equal(labels, targets)
    np.testing.assert_array_equal(kept.images(5), read.images(5))


@pytest.mark.parametrize("name", ["empty.png", "text.jpg"])
def test_a_large_set_is_checked_before_training_too(tmp_path, monkeypatch, name):
    monkeypatch.setattr(folders, "MEMORY_BUDGET", 0)
    broken_folder(tmp_path / "all")
    (tmp_path / "all" / name).rename(flat(tmp_path / "one" / "good.png", "red").with_name(name))
    with pytest.raises(ValueError, match=name):
        data.folder(tmp_path / "one", image_size=8)
    with pytest.warns(UserWarning, match="Skipped"):
        source = data.folder(tmp_path / "one", image_size=8, skip_corrupt=True)
    assert source.count == 1 and source[0].shape == (1, 8, 8, 3)


def test_a_torn_file_of_a_large_set_names_itself_when_it_is_reached(tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "MEMORY_BUDGET", 0)
    broken_folder(tmp_path / "all")
    (tmp_path / "all" / "torn.jpg").rename(flat(tmp_path / "one" / "good.png", "red").with_name("torn.jpg"))
    source = data.folder(tmp_path / "one", image_size=8)
    with pytest.raises(ValueError, match=r"torn\.jpg"):
        source[0]


@pytest.mark.parametrize("wrong", [{"image_size": 0}, {"image_size": (8, 8, 3)}, {"channels": 2}, {"labels": "yes"}])
def test_a_wrong_option_is_named(classes, wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        data.folder(classes, **wrong)


# TFDS, through its own builder of local folders


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


def test_a_tfds_builder_object_a_split_and_grey_images(tfds_root):
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


def test_an_unknown_tfds_name_lists_its_neighbours():
    pytest.importorskip("tensorflow_datasets")
    with pytest.raises(ValueError, match=r"cifar10.*name='cifarten'"):
        data.tfds("cifarten")


def test_a_folder_that_is_no_tfds_directory_points_to_folder(tmp_path):
    pytest.importorskip("tensorflow_datasets")
    flat(tmp_path / "a.png", "red")
    with pytest.raises(ValueError, match=r"kerasgan\.data\.folder"):
        data.tfds(tmp_path)


# What fit is given


def test_a_model_without_classes_gets_images_only():
    source = data.digits(image_size=8)
    batches = data.batches(source, image_shape=(8, 8, 1))
    assert isinstance(batches[0], np.ndarray) and source.with_labels
    images = data.batches((noise(4, 8, 8, 3), [0, 1, 2, 3]), image_shape=SHAPE)[0]
    assert images.shape == (4, 8, 8, 3)


def test_a_conditional_model_gets_labels_or_an_error():
    images, labels = data.batches(noise(4, 8, 8, 3), [0, 1, 2, 0], image_shape=SHAPE, num_classes=3)[0]
    assert images.shape == (4, 8, 8, 3) and labels.dtype == np.int32
    with pytest.raises(ValueError, match="conditional on 3 classes"):
        data.batches(noise(4, 8, 8, 3), image_shape=SHAPE, num_classes=3)
    with pytest.raises(ValueError, match=r"from 0 to 2.*a label 3"):
        data.batches(noise(4, 8, 8, 3), [0, 1, 2, 3], image_shape=SHAPE, num_classes=3)


def test_another_shape_names_both_shapes():
    with pytest.raises(ValueError, match=r"\(32, 32, 1\).*\(8, 8, 1\) from digits"):
        data.batches(data.digits(image_size=8), image_shape=(32, 32, 1))


def test_channels_first_are_recognised():
    with pytest.raises(ValueError, match="moveaxis"):
        data.batches(noise(4, 3, 8, 8), image_shape=SHAPE)


def test_a_path_is_read_at_the_size_of_the_model(classes):
    images, labels = data.batches(str(classes), image_shape=(16, 8, 1), num_classes=2, batch_size=5)[0]
    assert images.shape == (5, 16, 8, 1) and labels.shape == (5,)
    with pytest.raises(ValueError, match="conditional"):
        data.batches(classes / "cat", image_shape=SHAPE, num_classes=2)


@pytest.mark.parametrize("wrong", [3.5, {"image": 1}, (item for item in "ab")])
def test_something_else_is_told_what_could_be_passed(wrong):
    with pytest.raises(TypeError, match=r"DataLoader\. Received"):
        data.batches(wrong, image_shape=SHAPE)


def test_labels_beside_a_source_are_refused():
    with pytest.raises(ValueError, match="inside the data"):
        data.batches(data.digits(image_size=8), [1, 2], image_shape=(8, 8, 1))


class Sequence(keras.utils.PyDataset):
    def __len__(self):
        return 2

    def __getitem__(self, index):
        return noise(4, *SHAPE, seed=index), np.array([[0], [1], [2], [3]])


def test_another_pydataset_is_checked_and_scaled():
    images, labels = data.batches(Sequence(), image_shape=SHAPE, num_classes=4)[1]
    np.testing.assert_allclose(images, noise(4, *SHAPE, seed=1) / 127.5 - 1, atol=1e-6)
    assert labels.tolist() == [0, 1, 2, 3]
    assert isinstance(data.batches(Sequence(), image_shape=SHAPE)[0], np.ndarray)
    with pytest.raises(ValueError, match="a label 3 from Sequence"):
        data.batches(Sequence(), image_shape=SHAPE, num_classes=3)


def test_a_pytorch_loader_is_read_anew_each_epoch():
    torch = pytest.importorskip("torch")
    pixels = noise(10, *SHAPE)
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(torch.from_numpy(pixels), torch.arange(10)), batch_size=4
    )
    source = data.batches(loader, image_shape=SHAPE, num_classes=10)
    for _ in range(2):
        seen = list(source)
        assert [len(images) for images, _ in seen] == [4, 4, 2]
        np.testing.assert_allclose(seen[1][0], pixels[4:8] / 127.5 - 1, atol=1e-6)
        source.on_epoch_end()
    with pytest.raises(ValueError, match="moveaxis"):
        swapped = torch.utils.data.DataLoader(torch.from_numpy(np.moveaxis(pixels, -1, 1).copy()), batch_size=4)
        data.batches(swapped, image_shape=SHAPE)


@pytest.fixture
def tf():
    return pytest.importorskip("tensorflow")


@pytest.mark.parametrize("form", ["images", "pair", "dict"])
def test_tf_data_elements_are_scaled_and_unpacked(tf, form):
    pixels, labels = noise(8, *SHAPE), np.arange(8)
    element = {"images": pixels, "pair": (pixels, labels), "dict": {"image": pixels, "label": labels}}[form]
    dataset = tf.data.Dataset.from_tensor_slices(element).batch(4)
    images = next(iter(data.batches(dataset, image_shape=SHAPE)))
    np.testing.assert_allclose(images.numpy(), pixels[:4] / 127.5 - 1, atol=1e-6)
    if form == "images":
        with pytest.raises(ValueError, match="without labels"):
            data.batches(dataset, image_shape=SHAPE, num_classes=8)
    else:
        _, targets = next(iter(data.batches(dataset, image_shape=SHAPE, num_classes=8)))
        assert targets.dtype == tf.int32 and targets.numpy().tolist() == [0, 1, 2, 3]


def test_tf_data_that_does_not_fit_is_refused_before_training(tf):
    def dataset(images):
        return tf.data.Dataset.from_tensor_slices(images)

    with pytest.raises(ValueError, match=r"\(8, 8, 3\).*\(4, 4, 3\) from tf.data"):
        data.batches(dataset(noise(4, 4, 4, 3)).batch(2), image_shape=SHAPE)
    with pytest.raises(ValueError, match=r"call \.batch\(64\)"):
        data.batches(dataset(noise(4, *SHAPE)), image_shape=SHAPE)
    with pytest.raises(ValueError, match=r"range \[0, 255\]"):
        data.batches(dataset(np.linspace(0, 255, 192).reshape(1, *SHAPE)).batch(1), image_shape=SHAPE)
    with pytest.raises(ValueError, match="empty"):
        data.batches(dataset(noise(4, *SHAPE)).batch(2).take(0), image_shape=SHAPE)


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_arrays_and_folders_train_where_tensorflow_cannot_be_imported(classes, backend):
    pytest.importorskip(backend)
    program = """
import sys
sys.modules["tensorflow"] = None
import keras
from kerasgan import data
model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(10)])
model.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
model.fit(data.digits(image_size=8, channels=3), shuffle=False, verbose=0)
model.fit(data.batches(sys.argv[1], image_shape=(8, 8, 3), num_classes=2), shuffle=False, verbose=0)
"""
    environment = {**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": os.pathsep.join(sys.path)}
    result = subprocess.run(
        [sys.executable, "-c", program, str(classes)], env=environment, capture_output=True, text=True, timeout=120
    )
    assert result.returncode == 0, result.stderr
