"""Arrays, their order, and the digits, as batches in [-1, 1]; every error names what was received."""

import keras
import numpy as np
import pytest
from picture_files import noise

from kerasgan import data


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


def test_gray_images_without_a_channel_axis_get_one():
    assert data.arrays(noise(3, 8, 8)).image_shape == (8, 8, 1)


def test_the_error_for_floats_outside_the_range_names_their_range():
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
        ([0.0, 1.0, 0.0, 1.0], TypeError, r"astype\(int\).*float64"),
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
def test_a_checkerboard_made_smaller_becomes_gray(dtype):
    board = np.indices((32, 32)).sum(0) % 2
    board = (board * 255).astype("uint8") if dtype == "uint8" else (board * 2 - 1).astype("float32")
    small = data.arrays(board[None], image_size=8, shuffle=False)[0]
    assert np.abs(small[:, 2:-2, 2:-2]).max() < 0.05


def test_an_array_of_another_aspect_is_cropped_in_the_middle():
    pixels = np.zeros((1, 8, 24), np.uint8)
    pixels[:, :, 8:16] = 255
    assert (data.arrays(pixels, image_size=8)[0] == 1.0).all()


# Batching


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
    model.fit(source, epochs=8, initial_epoch=7, shuffle=False, verbose=0, callbacks=[data.SyncEpoch(source)])
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


def test_digits_come_in_any_size_and_color():
    assert data.digits(image_size=(16, 24), channels=3).image_shape == (16, 24, 3)
