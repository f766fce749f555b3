"""CUT: patches that find their own place, the authors' sizes and losses."""

import math

import keras
import numpy as np
import pytest
from keras import ops

from kerasgan import gradients
from kerasgan.gan.policy import without_values
from kerasgan.models import CUT
from kerasgan.objectives.contrastive import patch_nce

pytestmark = pytest.mark.backends("jax", "torch")


def noise(*shape, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype("float32")


def number(value):
    return float(ops.convert_to_numpy(value))


def cross_entropy(queries, keys, temperature):
    """Each query among the keys of its image, in NumPy."""
    total = []
    for own, others in zip(queries, keys):
        own, others = (rows / np.linalg.norm(rows, axis=-1, keepdims=True) for rows in (own, others))
        logits = own @ others.T / temperature
        total += [np.log(np.exp(row - row[place]).sum()) for place, row in enumerate(logits)]
    return np.mean(total)


@pytest.mark.backends("tensorflow")
def test_the_networks_have_the_parameter_counts_of_the_authors_pytorch_code():
    def parameters(network):
        return sum(math.prod(variable.shape) for variable in network.trainable_variables)

    with without_values():
        gan = CUT()
    assert parameters(gan.translator()) == 11_378_179
    assert parameters(gan.discriminator) == 2_764_737
    assert parameters(gan.generator_parts["heads"]) == 560_384  # of 3, 128 and three times 256 channels


def test_patches_that_are_all_alike_cost_the_logarithm_of_their_number_and_those_that_differ_nothing():
    assert number(patch_nce(np.ones((2, 6, 4)), np.ones((2, 6, 4)))) == pytest.approx(np.log(6), rel=1e-5)
    axes = np.eye(6, dtype="float32")[None]
    assert number(patch_nce(3 * axes, axes)) == pytest.approx(np.log(1 + 5 * np.exp(-1 / 0.07)), abs=1e-5)
    queries, keys = noise(2, 5, 3), noise(2, 5, 3, seed=1)
    expected = cross_entropy(queries, keys, 0.5)
    assert number(patch_nce(queries, keys, temperature=0.5)) == pytest.approx(expected, rel=1e-5)


def test_the_gradient_of_the_keys_is_stopped():
    def slope(function):
        return ops.convert_to_numpy(gradients.input_gradients(function, ops.convert_to_tensor(noise(1, 4, 3))))

    fixed = ops.convert_to_tensor(noise(1, 4, 3, seed=1))
    assert np.abs(slope(lambda rows: patch_nce(rows, fixed))).max() > 0.01
    other = slope(lambda rows: patch_nce(fixed, rows) + 0.0 * ops.sum(rows))
    np.testing.assert_array_equal(other, np.zeros_like(other))


def test_the_generators_loss_is_half_the_authors():
    gan = CUT(**{**CUT.tiny_config, "num_patches": 10**6, "nce_weight": 3.0})  # all places, so that nothing is drawn
    gan.compile(run_eagerly=True)
    batch = gan.prepare_batch((noise(2, *gan.input_shape), noise(2, *gan.image_shape, seed=1)))
    batch = batch._replace(fake=gan.synthesize(batch))
    encoder, heads = gan._encoders["generator"], gan.generator_parts["heads"]

    def vectors(images):
        maps = encoder(images)
        rows = [ops.reshape(each, (2, each.shape[1] * each.shape[2], each.shape[3])) for each in maps]
        return [ops.convert_to_numpy(each) for each in heads(rows)]

    def gray(images):
        return np.mean(ops.convert_to_numpy(images), axis=-1, keepdims=True)

    def nce(source, made):
        pairs = zip(vectors(gray(made)), vectors(source))
        return np.mean([cross_entropy(*pair, 0.07) for pair in pairs])

    fake, same, _ = batch.fake
    contrastive = 0.5 * (nce(batch.inputs, fake) + nce(gray(batch.real), same))
    logits = ops.convert_to_numpy(gan.discriminator(fake))
    authors = ((logits - 1) ** 2).mean() + 3 * contrastive
    assert number(gan.generator_loss(batch)) == pytest.approx(authors / 2, rel=1e-3)


def test_fast_cut_mirrors_half_of_the_batches_and_compares_them_in_place():
    keras.utils.set_random_seed(0)
    gan = CUT(**CUT.tiny_config, nce_weight=10.0, identity=False, flip_equivariance=True)
    gan.compile(run_eagerly=True)
    batch = gan.prepare_batch((noise(2, *gan.input_shape), noise(2, *gan.image_shape, seed=1)))
    ways = set()
    for _ in range(12):
        fake, same, mirrored = gan.synthesize(batch)
        assert same.shape[0] == 0
        way = number(mirrored)
        given = ops.convert_to_numpy(batch.inputs)
        given = np.flip(given, axis=2) if way else given
        expected = ops.convert_to_numpy(gan.translator()(np.ascontiguousarray(given)))
        np.testing.assert_allclose(ops.convert_to_numpy(fake), expected, atol=1e-5)
        ways.add(way)
    assert ways == {0.0, 1.0}
    # What only mirrors its input keeps every patch: its features are mirrored back before they are compared.
    source = ops.convert_to_tensor(noise(2, *gan.input_shape))
    color = ops.repeat(source, 3, axis=-1)
    mirrored = number(gan._nce(source, ops.flip(color, axis=2), ops.ones(())))
    assert mirrored < number(gan._nce(source, ops.flip(color, axis=2), ops.zeros(())))


def test_domains_of_other_channels_need_a_gray_one():
    assert CUT(**{**CUT.tiny_config, "input_channels": 3, "channels": 1}).predict(noise(1, 16, 16, 3)).shape[-1] == 1
    with pytest.raises(ValueError, match=r"gray one\. Received: input_channels=4, channels=3"):
        CUT(**{**CUT.tiny_config, "input_channels": 4})
