"""SNGAN: layer tables, initialization and normalization of the authors' networks, the projection."""

import keras
import numpy as np
import pytest
from keras import ops

from kerasgan import objectives
from kerasgan.layers import Projection, SpectralConv2D, SpectralDense
from kerasgan.models import SNGAN


def parameters(network):
    return sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)


def tiny(**arguments):
    return SNGAN(**{**SNGAN.tiny_config, **arguments})


def test_the_network_for_cifar10_has_the_count_of_the_authors_code():
    gan = SNGAN()
    assert parameters(gan.generator) == 4_276_739
    assert parameters(gan.discriminator) == 1_053_824


@pytest.mark.slow
def test_the_network_for_imagenet_has_the_count_of_the_authors_code():
    gan = SNGAN(image_size=128, num_classes=1000)
    assert parameters(gan.generator) == 41_996_931
    assert parameters(gan.discriminator) == 30_041_857


def test_a_class_costs_a_gain_and_a_bias_per_normalization_and_one_vector():
    """Between 3 and 4 classes: two vectors of the block's input and two of its output each, one of the features."""
    few, more = tiny(width=8), tiny(width=8, num_classes=4)
    assert parameters(more.generator) - parameters(few.generator) == 2 * (2 * 8 + 2 * 8)
    assert parameters(more.discriminator) - parameters(few.discriminator) == 4


@pytest.mark.parametrize(("size", "halvings"), [(16, 2), (32, 2), (64, 5), (128, 5)])
def test_every_size_has_its_blocks(size, halvings):
    gan = SNGAN(image_size=size, channels=1, latent_dim=4, width=1, discriminator_width=1)
    assert gan.generate(1, seed=0).shape == (1, size, size, 1)
    assert gan.discriminator.get_layer("relu").output.shape[1] == size // 2**halvings
    assert gan.discriminator.output_shape == (None, 1)


def test_only_the_discriminator_is_spectrally_normalized_and_wholly():
    gan = tiny()
    weighted = [layer for layer in gan.discriminator.layers if layer.trainable_variables]
    assert all(isinstance(layer, (Projection, SpectralConv2D, SpectralDense)) for layer in weighted)
    assert not any(isinstance(layer, (SpectralConv2D, SpectralDense)) for layer in gan.generator.layers)


@pytest.mark.parametrize(("layer", "gain"), [("block1_conv1", 2**0.5), ("block1_shortcut", 1), ("project", 1)])
def test_weights_start_as_the_authors(layer, gain):
    """Uniform on +-gain sqrt(6 / (fan in + fan out)), fans counted with the kernel's pixels."""
    kernel = ops.convert_to_numpy(SNGAN(width=32, discriminator_width=4).generator.get_layer(layer).kernel)
    fans = (kernel.shape[-1] + kernel.shape[-2]) * int(np.prod(kernel.shape[:-2]))
    limit = gain * np.sqrt(6 / fans)
    assert np.abs(kernel).max() == pytest.approx(limit, rel=0.02)
    assert kernel.std() == pytest.approx(limit / np.sqrt(3), rel=0.05)


def test_the_logit_is_the_unconditional_one_plus_the_projection():
    gan = tiny()
    features = keras.Model(gan.discriminator.inputs, gan.discriminator.get_layer("features").output)
    images, labels = np.random.default_rng(0).uniform(-1, 1, (4, 16, 16, 3)).astype("float32"), np.array([0, 1, 2, 1])
    for _ in range(30):
        gan.discriminator([images, labels], training=True)
    found = ops.convert_to_numpy(features([images, labels]))
    kernel = ops.convert_to_numpy(gan.discriminator.get_layer("logit").kernel)
    table = ops.convert_to_numpy(gan.discriminator.get_layer("projection").embedding.embeddings)
    kernel, table = (matrix / np.linalg.svd(matrix, compute_uv=False)[0] for matrix in (kernel, table))
    expected = found @ kernel + np.sum(found * table[labels], axis=1, keepdims=True)
    logits = ops.convert_to_numpy(gan.discriminator([images, labels]))
    np.testing.assert_allclose(logits, expected, rtol=1e-3, atol=1e-3)


def test_without_arguments_it_trains_as_in_the_paper():
    gan = tiny()
    gan.compile()
    assert isinstance(gan.objective, objectives.Hinge)
    assert gan.discriminator_steps == 5
    for optimizer in (gan.optimizer.generator, gan.optimizer.discriminator):
        assert (float(optimizer.learning_rate), optimizer.beta_1, optimizer.beta_2) == (pytest.approx(2e-4), 0.0, 0.9)


def test_training_moves_the_singular_vectors_and_sampling_does_not():
    gan = tiny()
    gan.compile(discriminator_steps=1)

    def vectors():
        return [ops.convert_to_numpy(v).copy() for v in gan.discriminator.non_trainable_variables if v.name == "u"]

    before = vectors()
    assert len(before) == 4 * 2 + 2 + 2  # blocks of two convolutions, two with a shortcut's, logit and projection
    gan.generate(2, seed=0)
    assert all(np.array_equal(old, new) for old, new in zip(before, vectors()))
    gan.fit(np.zeros((4, 16, 16, 3), "float32"), np.zeros(4, int), batch_size=4, verbose=0)
    assert not any(np.array_equal(old, new) for old, new in zip(before, vectors()))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"image_size": 8}, "from 16 to 224 .*Received: image_size=8"), ({"num_classes": 1}, "at least two classes")],
)
def test_the_constructor_says_what_it_expects(arguments, message):
    with pytest.raises(ValueError, match=message):
        tiny(**arguments)
