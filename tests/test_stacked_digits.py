"""Stacked digits: their thousand modes, and the counting of those in a card."""

import numpy as np
import pytest

from kerasgan import data, metrics, zoo
from kerasgan.evaluation.material import feature_network
from kerasgan.evaluation.scores import Case, View, score


@pytest.fixture(scope="module")
def source():
    return data.stacked_digits(count=300, seed=5, batch_size=50)


def test_each_color_is_a_digit_and_the_label_the_number_that_they_make(source):
    images, labels = source.images(), source.labels
    assert (images.shape, images.dtype, source.num_classes) == ((300, 32, 32, 3), np.uint8, 1000)
    digits = data.digits(image_size=32)
    known = {image.tobytes(): label for image, label in zip(digits.images(), digits.labels)}
    for image, label in zip(images, labels):
        assert [known[image[..., color].tobytes()] for color in range(3)] == [int(digit) for digit in f"{label:03}"]
    np.testing.assert_array_equal(images, data.stacked_digits(count=300, seed=5).images())
    assert (images != data.stacked_digits(count=300, seed=6).images()).any()
    batch, found = source[0]
    assert (batch.shape, found.shape) == ((50, 32, 32, 3), (50,))


def test_a_card_counts_their_modes_as_the_metric_does(source):
    network, single = feature_network("stacked-digits"), feature_network("digits")
    images = source.images()
    probabilities = network.probabilities(images)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-4)
    assert np.mean(probabilities.argmax(axis=1) == source.labels) > 0.95
    assert network.features(images).shape == (300, 192)
    view = View(features=network.features(images), images=images, probabilities=probabilities)
    found = score("mode_coverage", Case(fake=view, real=view))
    modes = metrics.stacked_digits(images, lambda gray: single.probabilities(gray).argmax(axis=1))
    assert found == {"modes": modes.captured, "modes_divergence": pytest.approx(modes.divergence)}
    assert abs(modes.captured - len(np.unique(source.labels))) < 10


def test_the_recipe_reads_them():
    source = zoo.source(zoo.recipe("r3gan-stacked-digits"))
    assert (source.count, source.image_shape, source.name) == (26_000, (32, 32, 3), "stacked digits")


def test_a_count_below_one_is_refused():
    with pytest.raises(ValueError, match="Received: count=0"):
        data.stacked_digits(count=0)
