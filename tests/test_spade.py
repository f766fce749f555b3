"""SPADE: painted label maps, normalization by labels, discriminators of several scales, and the authors' networks."""

from itertools import pairwise

import keras
import numpy as np
import pytest
from keras import ops

from kerasgan import data, layers
from kerasgan.data import regions
from kerasgan.gan.policy import without_values
from kerasgan.gan.train_step import Batch
from kerasgan.models import SPADE, spade

pytestmark = pytest.mark.backends("jax", "torch")
TINY = dict(SPADE.tiny_config)
RED, BLUE, BLACK, WHITE = [255, 0, 0], [0, 0, 255], [0, 0, 0], [255, 255, 255]


def parameters(network):
    return sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)


def spade_weights(channels, labels, hidden=128):
    return 9 * labels * hidden + hidden + 2 * (9 * hidden * channels + channels)


def block_weights(first, last, labels):
    middle = min(first, last)
    total = spade_weights(first, labels) + spade_weights(middle, labels)
    total += 9 * first * middle + middle + 9 * middle * last + last
    return total + (first * last + spade_weights(first, labels) if first != last else 0)


@pytest.mark.backends("tensorflow")
def test_the_generator_has_the_weights_of_the_authors_network():
    """Of Cityscapes' 36 maps and ADE20K's 151: 93.0 and 96.5 million, as published (2003.08936, table 1).

    To the unit they were counted in PyTorch, of the authors' layers.
    """
    for labels, published in ((36, 93_048_003), (151, 96_492_483)):
        palette = [(label, 255 - label, 0) for label in range(labels)]
        with without_values():
            network = spade.generator(palette, 3, doublings=5, width=64, hidden=128)
        assert parameters(network) == published
    small = spade.generator([RED, BLUE, BLACK], 3, doublings=3, width=4, hidden=128)
    tables = [(16, 16)] * 3 + [(16, 8), (8, 4)]
    expected = 9 * 3 * 16 + 16 + sum(block_weights(*pair, 3) for pair in tables) + 9 * 4 * 3 + 3
    assert parameters(small) == expected


def test_the_discriminators_have_the_weights_of_the_authors_table():
    """4x4 kernels to 64, 128, 256, 512 and 1, of label maps and image; the middle ones without biases."""
    network = spade.discriminator([RED, BLUE], 3, width=8, scales=2, patch_layers=4, norm="instance")
    sides = [2 + 3, 8, 16, 32, 64, 1]
    assert parameters(network) == 2 * (sum(16 * a * b for a, b in pairwise(sides)) + 8 + 1)
    shapes = [tuple(each.shape) for each in network([np.zeros((1, 32, 32, 3)), np.zeros((1, 32, 32, 3))])]
    assert shapes[:2] == [(1, 7, 7, 1), (1, 5, 5, 1)]  # 32: 17, 9, 5, 6, 7 and 16: 9, 5, 3, 4, 5
    assert shapes[2:6] == [(1, 17, 17, 8), (1, 9, 9, 16), (1, 5, 5, 32), (1, 6, 6, 64)]
    assert shapes[6:] == [(1, 9, 9, 8), (1, 5, 5, 16), (1, 3, 3, 32), (1, 4, 4, 64)]


def test_normalized_maps_are_scaled_and_shifted_by_their_labels():
    x, labels = keras.Input((4, 4, 2)), keras.Input((4, 4, 3))
    out = layers.spatially_adaptive(x, labels, "spade", norm="instance", hidden=5)
    model = keras.Model([x, labels], out)
    rng = np.random.default_rng(0)
    maps, given = rng.normal(size=(1, 4, 4, 2)).astype("float32"), rng.normal(size=(1, 4, 4, 3)).astype("float32")
    for part in ("labels", "gamma", "beta"):  # only the kernels' centers, so that each place is by itself
        layer = model.get_layer(f"spade_{part}")
        kernel = np.zeros(layer.kernel.shape, "float32")
        kernel[1, 1] = rng.normal(size=kernel.shape[2:])
        layer.set_weights([kernel, rng.normal(size=kernel.shape[-1:])])
    shared, gamma, beta = (model.get_layer(f"spade_{part}").get_weights() for part in ("labels", "gamma", "beta"))
    hidden = np.maximum(given @ shared[0][1, 1] + shared[1], 0)
    normal = (maps - maps.mean(axis=(1, 2))) / np.sqrt(maps.var(axis=(1, 2)) + 1e-5)
    expected = normal * (1 + hidden @ gamma[0][1, 1] + gamma[1]) + hidden @ beta[0][1, 1] + beta[1]
    np.testing.assert_allclose(ops.convert_to_numpy(model([maps, given])), expected, atol=1e-4)


def test_the_nearest_color_is_the_label_and_strides_keep_labels_whole():
    palette = [BLACK, RED, BLUE]
    pixels = np.array([[[[250, 9, 3], [20, 20, 60], [1, 2, 200], [120, 0, 130]]]], "float32") / 127.5 - 1
    made = ops.convert_to_numpy(layers.NearestColor(palette)(pixels))
    np.testing.assert_array_equal(made.argmax(axis=-1)[0, 0], [1, 0, 2, 2])
    np.testing.assert_array_equal(made.sum(axis=-1), 1)
    grid = np.arange(24.0).reshape(1, 4, 6, 1)
    np.testing.assert_array_equal(ops.convert_to_numpy(layers.Strided(2)(grid))[0, ..., 0], [[0, 2, 4], [12, 14, 16]])


def test_losses_are_means_over_the_scales_and_maps_are_matched():
    gan = SPADE(**TINY, matching_weight=3.0)
    gan.compile()
    logits = {1.0: [0.5, -1.5], 0.0: [-0.25, 2.0]}  # of real images and of fakes, at both scales
    maps = {1.0: [1.0, 0.0, 2.0], 0.0: [0.5, 0.0, -1.0]}
    gan.maps = lambda images, inputs: tuple(
        [ops.full((1, 2, 2, 1), value) for value in several[float(images)]] for several in (logits, maps)
    )
    batch = Batch(real=1.0, fake=0.0)
    hinge = [max(0, 1 - 0.5) + max(0, 1 - 0.25), max(0, 1 + 1.5) + max(0, 1 + 2.0)]
    assert float(gan.discriminator_loss(batch)) == pytest.approx(np.mean(hinge))
    expected = -np.mean([-0.25, 2.0]) + 3.0 * (0.5 + 0.0 + 3.0) / 2
    assert float(gan.adversarial_generator_loss(batch)) == pytest.approx(expected)


def test_label_maps_are_painted_and_other_labels_refused():
    gan = SPADE(**TINY)
    labels = np.array([[0, 1], [2, 0]])
    np.testing.assert_array_equal(gan.paint(labels)[0, 1], gan.palette[1])
    assert gan.predict(gan.paint(np.tile(labels, (4, 4)))).shape == (8, 8, 3)
    with pytest.raises(ValueError, match=r"whole numbers from 0 to 2. Received: dtype=int64, range \[0, 3\]"):
        gan.paint(labels + labels % 2 * 2)
    with pytest.raises(ValueError, match=r"two colors or more, .* Received: palette=\[\[0, 0, 0\]\]"):
        SPADE(**{**TINY, "palette": [BLACK]})


def drawing():
    """White, with a red field and a blue one, outlined in black, and a black spot in the red one: 16 x 24 pixels."""
    image = np.full((16, 24, 3), 255.0)
    image[2:14, 2:12] = BLACK
    image[2:14, 11:22] = BLACK
    image[3:13, 3:11], image[3:13, 12:21] = RED, BLUE
    image[3, 3:11] = [127, 0, 0]  # an edge: half red, half black
    image[6:10, 5:9] = BLACK
    return (image[np.newaxis] / 127.5 - 1).astype("float32")


def test_painted_regions_grow_together_where_lines_were_and_keep_spots():
    palette = [WHITE, BLACK, RED, BLUE]
    found = regions.labels(drawing(), regions.checked(palette), ink=1)[0]
    assert set(np.unique(found[6:10, 5:9])) == {1}
    assert (found == 1).sum() == 16
    assert set(np.unique(found[3:13, 3:5])) == {2} and set(np.unique(found[3:13, 13:21])) == {3}
    assert set(found[8, 2:22]) == {1, 2, 3} | ({0} if 0 in found[8, 2:22] else set())
    assert set(np.unique(found[:2])) == {0}
    made = data.derivations.derivation({"name": "painted", "palette": palette, "ink": 1})(drawing())
    np.testing.assert_array_equal((made[0] + 1) * 127.5, np.array(palette, "float32")[found])
    flat = data.derivations.derivation({"name": "painted", "palette": palette})(drawing())
    np.testing.assert_array_equal(flat[0, 3, 5], [-1, -1, -1])  # without an ink the edge is nearer to black, by one
    with pytest.raises(ValueError, match=r"a place in the palette, from 0 on. Received: ink=4"):
        data.derivations.derivation({"name": "painted", "palette": palette, "ink": 4})(drawing())


def test_inputs_are_derived_from_the_targets_of_pairs_too():
    lines, colors = np.zeros((4, 8, 8, 1), "uint8"), np.full((4, 8, 8, 3), 255, "uint8")
    pairs = data.derive_pairs(data.pairs(lines, colors, batch_size=2), "gray")
    inputs, targets = pairs.examples(4)
    np.testing.assert_array_equal(inputs, np.ones((4, 8, 8, 1)))
    np.testing.assert_array_equal(targets, np.ones((4, 8, 8, 3)))
