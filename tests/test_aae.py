"""AAE: layer counts, what the discriminator sees, both terms of the loss, and any prior of the codes."""

import math

import keras
import numpy as np
import pytest
from keras import ops

from kerasgan.models import AAE

pytestmark = pytest.mark.backends("jax", "torch")


def parameters(network):
    return sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)


def small(**options):
    keras.utils.set_random_seed(0)
    gan = AAE(**{**AAE.tiny_config, **options})
    gan.compile(run_eagerly=keras.backend.backend() == "tensorflow", ema_half_life=100)
    return gan


def pictures(count=8):
    return np.random.default_rng(0).uniform(-1, 1, (count, 8, 8, 1)).astype("float32")


def prepared(gan):
    batch = gan.prepare_batch((ops.convert_to_tensor(pictures()),))
    return batch._replace(fake=gan.synthesize(batch))


def number(tensor):
    return float(ops.convert_to_numpy(tensor))


def test_each_network_has_two_hidden_layers_of_1000():
    gan = AAE()
    decoder = 9 * 1000 + 1001 * 1000 + 1001 * 784
    encoder = 785 * 1000 + 1001 * 1000 + 1001 * 8
    assert parameters(gan.generator) == decoder + encoder == 3_588_792
    assert parameters(gan.discriminator) == 9 * 1000 + 1001 * 1000 + 1001 == 1_011_001


def test_training_moves_the_encoder_which_samples_do_not_depend_on():
    gan = small()
    before = gan.encode(pictures())
    history = gan.fit(pictures(), batch_size=4, verbose=0).history
    assert "reconstruction" in history
    after, images = gan.encode(pictures()), gan.generate(3, seed=0)
    assert after.shape == (8, 4) and not np.allclose(before, after)
    for network in (gan.generator, gan.ema_generator):
        encoder = network.get_layer("encoder").network
        encoder.set_weights([np.zeros_like(weights) for weights in encoder.get_weights()])
    np.testing.assert_array_equal(gan.generate(3, seed=0), images)
    np.testing.assert_array_equal(gan.encode(pictures()), 0.0)
    np.testing.assert_allclose(gan.reconstruct(pictures(2)), gan.generate(latents=np.zeros((2, 4))), atol=1e-6)


def test_where_the_discriminator_is_undecided_the_losses_are_known():
    """2 ln 2 for the discriminator; for the generator ln 2, weighted, beside the error of pixels in [0, 1]."""
    gan = small(adversarial_weight=0.5)
    logit = gan.discriminator.get_layer("logit")
    logit.kernel.assign(ops.zeros(logit.kernel.shape))
    batch = prepared(gan)
    assert number(gan.discriminator_loss(batch)) == pytest.approx(2 * math.log(2), rel=1e-6)
    units = [(images + 1) / 2 for images in (pictures(), gan.reconstruct(pictures()))]
    expected = np.mean((units[0] - units[1]) ** 2) + 0.5 * math.log(2)
    assert number(gan.generator_loss(batch)) == pytest.approx(expected, rel=1e-5)


def test_draws_of_the_prior_are_real_and_codes_are_fakes():
    gan = small()
    batch = prepared(gan)
    gan.discriminate = lambda codes: ops.full((2, 1), 1.0 if codes is batch.latents else -3.0)
    expected = 2 * math.log1p(math.exp(-1.0)) / 2 + math.log1p(math.exp(-3.0))
    assert number(gan.discriminator_loss(batch)) == pytest.approx(expected, rel=1e-5)


def test_examine_judges_the_codes_of_images():
    gan = small()
    expected = gan.discriminator(gan.encode(pictures(3)), training=False)
    np.testing.assert_allclose(gan.examine(pictures(3)), ops.convert_to_numpy(expected), atol=1e-5)


def test_codes_approach_a_prior_far_away():
    """The codes' mean moves to that of the prior, N(3, 0.1), which reconstruction alone gives no reason for."""
    keras.utils.set_random_seed(0)
    prior = {"name": "gaussian_mixture", "means": [[3.0, 3.0]], "scales": 0.1}
    gan = AAE(image_size=8, latent_dim=2, units=32, adversarial_weight=1.0, prior=prior)
    gan.compile(
        **{f"{role}_optimizer": keras.optimizers.Adam(2e-3, beta_1=0.5) for role in ("generator", "discriminator")}
    )
    before = np.abs(gan.encode(pictures(32)).mean(axis=0) - 3).max()
    gan.fit(pictures(32), batch_size=32, epochs=60, verbose=0)
    assert before > 2 and np.abs(gan.encode(pictures(32)).mean(axis=0) - 3).max() < before / 2


def test_augmentations_change_what_is_encoded_and_reconstructed():
    gan = small()
    gan.compile(augment="diff_augment", run_eagerly=keras.backend.backend() == "tensorflow")
    batch = prepared(gan)
    codes, images = batch.fake
    assert not np.allclose(ops.convert_to_numpy(images), pictures())
    expected = gan.generator.get_layer("encoder").network(images)
    np.testing.assert_allclose(ops.convert_to_numpy(codes), ops.convert_to_numpy(expected), atol=1e-5)
