"""BiGAN: layer counts, whom the encoder depends on, the inverse objective, and neighbors by latents."""

import math

import keras
import numpy as np
import pytest
from keras import ops

from kerasgan.models import BiGAN

pytestmark = pytest.mark.backends("jax", "torch")


def parameters(network):
    return sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)


def small(**options):
    keras.utils.set_random_seed(0)
    gan = BiGAN(**{**BiGAN.tiny_config, **options})
    gan.compile(run_eagerly=keras.backend.backend() == "tensorflow", ema_half_life=100)
    return gan


def pictures(count=8):
    return np.random.default_rng(0).uniform(-1, 1, (count, 8, 8, 1)).astype("float32")


def test_the_mnist_networks_have_the_weights_of_section_4_1():
    gan = BiGAN()
    generator = 51 * 1024 + 1025 * 1024 + 1025 * 784
    encoder = 785 * 1024 + 1025 * 1024 + 1025 * 50
    assert parameters(gan.generator) == generator + encoder == 3_810_114
    assert parameters(gan.generator.get_layer("encoder").network) == encoder
    assert parameters(gan.discriminator) == (784 + 50 + 1) * 1024 + 1025 * 1024 + 1025 == 1_905_665


def test_training_moves_the_encoder_which_the_images_do_not_depend_on():
    gan = small()
    before = gan.encode(pictures())
    gan.fit(pictures(), batch_size=4, verbose=0)
    after, images = gan.encode(pictures()), gan.generate(3, seed=0)
    assert after.shape == (8, 4) and not np.allclose(before, after)
    for network in (gan.generator, gan.ema_generator):
        encoder = network.get_layer("encoder").network
        encoder.set_weights([np.zeros_like(weights) for weights in encoder.get_weights()])
    np.testing.assert_array_equal(gan.generate(3, seed=0), images)
    np.testing.assert_array_equal(gan.encode(pictures()), 0.0)
    np.testing.assert_allclose(gan.reconstruct(pictures(2)), gan.generate(latents=np.zeros((2, 4))), atol=1e-6)


def test_where_the_discriminator_is_undecided_both_losses_are_twice_ln_2():
    gan = small()
    logit = gan.discriminator.get_layer("logit")
    logit.kernel.assign(ops.zeros(logit.kernel.shape))
    batch = gan.prepare_batch((ops.convert_to_tensor(pictures()),))
    batch = batch._replace(fake=gan.synthesize(batch))
    for loss in (gan.discriminator_loss(batch), gan.generator_loss(batch)):
        assert float(ops.convert_to_numpy(loss)) == pytest.approx(2 * math.log(2), rel=1e-6)


def test_the_inverse_objective_exchanges_real_images_and_fakes():
    gan = small()
    batch = gan.prepare_batch((ops.convert_to_tensor(pictures()),))
    batch = batch._replace(fake=gan.synthesize(batch))
    gan.discriminate = lambda images, codes: ops.full((2, 1), 1.0 if images is batch.real else -3.0)
    softplus = np.log1p(np.exp(np.array([1.0, -3.0, -1.0, 3.0])))
    losses = [float(ops.convert_to_numpy(loss(batch))) for loss in (gan.discriminator_loss, gan.generator_loss)]
    assert losses == pytest.approx([softplus[2] + softplus[1], softplus[0] + softplus[3]], rel=1e-5)


@pytest.mark.parametrize("variant", ["dense", "convolutional"])
def test_examine_judges_images_with_their_codes(variant):
    gan = small(variant=variant, width=4)
    images = pictures(3)
    expected = gan.discriminator([images, gan.encode(images)], training=False)
    np.testing.assert_allclose(gan.examine(images), ops.convert_to_numpy(expected), atol=1e-5)


def test_a_prior_with_weights_goes_through_the_discriminator_too():
    gan = small(prior={"name": "learned_mixture", "num_components": 3})
    gan.fit(pictures(), batch_size=4, verbose=0)
    assert gan.encode(pictures(2)).shape == (2, 4)
    assert gan.reconstruct(pictures(2)).shape == (2, 8, 8, 1)


def test_neighbors_by_latents_and_by_pixels():
    gan = small()
    labels = np.array([0, 0, 0, 1, 1, 0, 1, 1])
    images = (2.0 * labels - 1)[:, None, None, None] * np.ones((8, 8, 8, 1), "float32")
    codes = np.array([0, 0.1, 5, 5.1, 10, 10.1, 15, 15.1], "float32")[:, None]  # in pairs, half of them mixed
    gan.encode = lambda images: codes
    assert gan.family_scores(images, labels) == {"neighbor_accuracy": 0.5, "pixel_neighbor_accuracy": 1.0}
    assert gan.family_scores(images, None) == {}


def test_an_unknown_variant_is_refused():
    with pytest.raises(ValueError, match="variant='deep'"):
        BiGAN(variant="deep")
