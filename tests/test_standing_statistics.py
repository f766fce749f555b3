"""Standing statistics are plain averages over batches, and nothing else moves."""

import keras
import numpy as np
import pytest
from keras import ops

from kerasgan import GAN
from kerasgan.models import DCGAN, GAN2014


def numbers(variables):
    return [ops.convert_to_numpy(variable.value) for variable in variables]


def one_normalization():
    """Images that are batch normalization's output, so that its statistics are those of a known linear map."""
    latents = keras.Input((3,), name="latents")
    x = keras.layers.Dense(4, name="map", bias_initializer="ones")(latents)
    x = keras.layers.BatchNormalization(momentum=0.9, name="norm")(x)
    generator = keras.Model(latents, keras.layers.Reshape((2, 2, 1))(keras.layers.Activation("tanh")(x)))
    images = keras.Input((2, 2, 1))
    return GAN(generator, keras.Model(images, keras.layers.Dense(1)(keras.layers.Flatten()(images))))


@pytest.mark.parametrize("averaged", [False, True])
def test_they_are_the_exact_averages_over_the_batches(averaged):
    gan = one_normalization()
    gan.compile(ema_half_life=100 if averaged else 0)
    gan.accumulate_statistics(3, batch_size=8, seed=5)
    kernel, bias = gan.sampler.get_layer("map").get_weights()
    x = (gan.prior.draw(24, 3, 5).astype("float64") @ kernel + bias).reshape(3, 8, 4)
    norm = gan.sampler.get_layer("norm")
    np.testing.assert_allclose(ops.convert_to_numpy(norm.moving_mean.value), x.mean(1).mean(0), rtol=1e-5)
    np.testing.assert_allclose(ops.convert_to_numpy(norm.moving_variance.value), x.var(1).mean(0), rtol=1e-5)
    assert norm.momentum == 0.9
    assert norm.trainable is not averaged


def test_weights_and_the_other_network_stay_as_they_are():
    gan = DCGAN(**DCGAN.tiny_config)
    gan.compile(ema_half_life=100)
    others = [v for v in gan.ema_generator.variables if "moving" not in v.path]
    before = numbers(others), numbers(gan.generator.variables)
    frozen = len(gan.ema_generator.trainable_variables)
    gan.accumulate_statistics(2, batch_size=4, seed=0)
    for old, new in zip(before, (numbers(others), numbers(gan.generator.variables))):
        assert all(np.array_equal(first, second) for first, second in zip(old, new))
    assert len(gan.ema_generator.trainable_variables) == frozen == 0


def test_statistics_need_a_normalization_and_a_batch():
    with pytest.raises(ValueError, match=r"batch normalization. Received: GAN2014"):
        GAN2014(**GAN2014.tiny_config).accumulate_statistics()
    with pytest.raises(ValueError, match="batches=0"):
        DCGAN(**DCGAN.tiny_config).accumulate_statistics(0)
