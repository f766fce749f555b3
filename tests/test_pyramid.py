"""Laplacian pyramids: the operators against Pillow's and by hand, reconstruction against the image itself."""

import math
from itertools import pairwise

import keras
import numpy as np
import pytest
from keras import ops
from PIL import Image

from kerasgan.layers import pyramid


def random_images(size, count=2, channels=3):
    return np.random.default_rng(0).uniform(-1, 1, (count, size, size, channels)).astype("float32")


def resized_by_pillow(images, size):
    result = np.empty((len(images), size, size, images.shape[-1]), "float32")
    for index, channel in np.ndindex(len(images), images.shape[-1]):
        plane = Image.fromarray(np.ascontiguousarray(images[index, ..., channel]))
        result[index, ..., channel] = np.asarray(plane.resize((size, size), Image.Resampling.BILINEAR))
    return result


@pytest.mark.parametrize(("source", "target"), [(28, 14), (14, 8), (96, 64), (7, 3), (5, 1), (6, 6)])
def test_down_averages_areas(source, target):
    """The reference cuts every pixel into small pieces, of which a whole number makes a new pixel."""
    images, common = random_images(source), math.gcd(source, target)
    pieces = images.repeat(target // common, axis=1).repeat(target // common, axis=2)
    expected = pieces.reshape(2, target, source // common, target, source // common, 3).mean(axis=(2, 4))
    np.testing.assert_allclose(ops.convert_to_numpy(pyramid.down(images, target)), expected, atol=2e-6)


@pytest.mark.parametrize(("source", "target"), [(14, 28), (8, 14), (64, 96), (3, 7), (1, 4), (6, 6)])
def test_up_interpolates_as_pillows_bilinear_does(source, target):
    images = random_images(source)
    expected = resized_by_pillow(images, target)
    np.testing.assert_allclose(ops.convert_to_numpy(pyramid.up(images, target)), expected, atol=2e-6)


def test_height_and_width_may_become_different_sizes():
    images = random_images(12)
    means = images.reshape(2, 6, 2, 4, 3, 3).mean(axis=(2, 4))
    np.testing.assert_allclose(ops.convert_to_numpy(pyramid.down(images, (6, 4))), means, atol=1e-6)
    pair = np.tile(np.array([0.0, 4.0], "float32")[None, None, :, None], (1, 2, 1, 1))
    larger = ops.convert_to_numpy(pyramid.up(pair, (3, 4)))
    np.testing.assert_allclose(larger[0, :, :, 0], [[0, 1, 3, 4]] * 3, rtol=1e-6)
    assert pyramid.Up((3, 4)).compute_output_shape((None, 2, 2, 1)) == (None, 3, 4, 1)


def test_down_and_up_by_hand():
    row = np.tile(np.array([1.0, 2.0, 6.0], "float32")[None, None, :, None], (1, 3, 1, 1))
    # pixels of 1.5: (1 + 2/2) / 1.5, (2/2 + 6) / 1.5
    np.testing.assert_allclose(ops.convert_to_numpy(pyramid.down(row, 2))[0, 0, :, 0], [4 / 3, 14 / 3], rtol=1e-6)
    pair = np.tile(np.array([0.0, 4.0], "float32")[None, None, :, None], (1, 2, 1, 1))
    np.testing.assert_allclose(ops.convert_to_numpy(pyramid.up(pair, 4))[0, 0, :, 0], [0, 1, 3, 4], rtol=1e-6)


@pytest.mark.parametrize("sizes", [(8, 14, 28), (8, 16, 32, 64, 96), (4, 8, 16, 32, 64), (28,)])
def test_a_pyramid_gives_back_its_image(sizes):
    images = random_images(sizes[-1])
    pairs = pyramid.laplacian(ops.convert_to_tensor(images), sizes)
    assert [tuple(band.shape[1:3]) for band, _ in pairs] == [(size, size) for size in sizes]
    assert pairs[0][1] is None
    again = ops.convert_to_numpy(pyramid.reconstruct([band for band, _ in pairs]))
    assert np.abs(again - images).max() < 1e-6
    for coarse, size in pairwise(sizes):
        low = dict(zip(sizes, pairs))[size][1]
        image = ops.convert_to_numpy(pyramid.reconstruct([band for band, _ in pairs[: sizes.index(coarse) + 1]]))
        np.testing.assert_allclose(ops.convert_to_numpy(low), ops.convert_to_numpy(pyramid.up(image, size)), atol=1e-6)


def test_a_plain_image_has_no_detail():
    (_, _), *further = pyramid.laplacian(ops.full((1, 13, 13, 2), 0.3), (3, 8, 13))
    for band, low in further:
        np.testing.assert_allclose(ops.convert_to_numpy(band), 0.0, atol=1e-6)
        np.testing.assert_allclose(ops.convert_to_numpy(low), 0.3, atol=1e-6)


def test_images_of_another_size_are_refused():
    with pytest.raises(ValueError, match=r"images of 28 pixels. Received: shape=\(1, 14, 14, 3\)"):
        pyramid.laplacian(random_images(14, 1), (8, 28))


def test_the_layers_are_the_functions_and_survive_their_configs():
    images = random_images(6)
    for layer, function in ((pyramid.Down, pyramid.down), (pyramid.Up, pyramid.up)):
        again = keras.layers.deserialize(keras.layers.serialize(layer(9)))
        np.testing.assert_array_equal(
            ops.convert_to_numpy(again(images)), ops.convert_to_numpy(function(ops.convert_to_tensor(images), 9))
        )
        assert again.compute_output_shape((None, 6, 6, 3)) == (None, 9, 9, 3)
