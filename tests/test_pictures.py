"""Pictures: what goes in comes out at the right place, in the right shade."""

import numpy as np
import pytest
from PIL import Image

from kerasgan.files import pictures


def test_the_range_from_minus_one_to_one_becomes_the_range_of_bytes_and_nan_the_middle():
    values = np.array([-1.0, -0.5, 0.0, 1.0, 1.2, -7.0, np.nan, np.inf], "float32")
    assert pictures.to_uint8(values).tolist() == [0, 64, 128, 255, 255, 0, 128, 255]


def test_a_grid_places_images_row_by_row_and_enlarges_pixels_without_blurring():
    images = np.full((3, 2, 2, 1), -1.0, "float32")
    images[1, 0, 1] = 1.0  # second image, top right pixel
    picture = pictures.grid(images, columns=2, scale=3)
    gap = 2
    assert picture.mode == "L"
    assert picture.size == (2 * (6 + gap) + gap, 2 * (6 + gap) + gap)
    array = np.asarray(picture)
    left, top = gap + 6 + gap, gap  # of the second image
    block = array[top : top + 6, left : left + 6]
    assert (block[:3, 3:] == 255).all()
    assert (block[:3, :3] == 0).all()
    assert (block[3:] == 0).all()
    empty = array[gap + 6 + gap : -gap, left : left + 6]  # the place of a fourth image
    assert len(np.unique(empty)) == 1 and 0 < empty[0, 0] < 255


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (3, "RGB"), (4, "RGBA")])
def test_a_small_image_becomes_large_enough_to_see_in_every_number_of_channels(channels, mode):
    picture = pictures.grid(np.zeros((9, 8, 8, channels), "float32"))
    assert picture.mode == mode
    assert picture.size == (3 * 66 + 2, 3 * 66 + 2)  # three by three of 64 pixels with gaps of 2


@pytest.mark.parametrize("shape", [(4, 8, 8), (4, 8, 8, 0), (0, 8, 8, 3)])
def test_what_is_no_batch_of_images_is_refused_with_its_shape(shape):
    with pytest.raises(ValueError, match=r"\(count, height, width, channels\).*Received: shape="):
        pictures.grid(np.zeros(shape, "float32"))


def test_large_images_are_reduced_with_antialiasing_and_small_ones_left_alone():
    stripes = np.ones((1, 64, 32, 1), "float32")
    stripes[:, ::2] = -1.0  # one pixel black, one white: gray from afar
    small = pictures.reduced(stripes, 16)
    assert small.shape == (1, 16, 8, 1)
    assert abs(int(small[0, 8, 4, 0]) - 128) < 10
    assert pictures.reduced(stripes, 64).shape == stripes.shape


def test_a_grid_of_a_conditional_model_has_one_column_per_class():
    labels, columns = pictures.grid_labels(None, 10)
    assert columns == 10
    assert labels.tolist() == list(range(10)) * 4
    assert pictures.grid_labels(16, None) == (None, None)


def test_with_more_classes_than_images_the_labels_are_spread_over_the_classes():
    labels, columns = pictures.grid_labels(5, 1000)
    assert columns is None
    assert labels.tolist() == [0, 249, 499, 749, 999]


@pytest.mark.parametrize("channels", [1, 3])
def test_a_film_strip_is_read_back_row_by_row_with_its_steps(tmp_path, channels):
    random = np.random.default_rng(0)
    rows = [pictures.grid(random.uniform(-1, 1, (4, 8, 8, channels)), columns=4) for _ in range(3)]
    path = pictures.save(pictures.film(rows, [0, 20, 1000]), tmp_path / "deep" / "film.png")
    again, steps = pictures.read_film(path)
    assert steps == [0, 20, 1000]
    for row, same in zip(rows, again):
        np.testing.assert_array_equal(np.asarray(row), np.asarray(same))
    assert [file.name for file in path.parent.iterdir()] == ["film.png"]


def test_another_picture_is_not_taken_for_a_film_strip(tmp_path):
    Image.new("L", (8, 8)).save(tmp_path / "cat.png")
    with pytest.raises(ValueError, match=r"film strip.*cat\.png"):
        pictures.read_film(tmp_path / "cat.png")


@pytest.mark.parametrize(("channels", "shown"), [(2, 1), (5, 3), (13, 3)])
def test_of_channels_that_no_picture_has_the_first_are_shown(channels, shown):
    images = np.random.default_rng(0).integers(0, 256, (4, 70, 80, channels), dtype="uint8")
    few = images[..., :shown]
    np.testing.assert_array_equal(np.asarray(pictures.grid(images)), np.asarray(pictures.grid(few)))
    np.testing.assert_array_equal(np.asarray(pictures.single(images[0])), np.asarray(pictures.single(few[0])))
    np.testing.assert_array_equal(pictures.reduced(images, 32), pictures.reduced(few, 32))
