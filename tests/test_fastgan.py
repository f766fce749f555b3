"""FastGAN: the authors' layer tables, gates and excitation in closed form, and what the discriminator decodes."""

import keras
import numpy as np
import pytest
from keras import ops

from kerasgan.layers import Companion, GatedLinearUnit, RandomQuadrant
from kerasgan.models import FastGAN

pytestmark = pytest.mark.backends("jax", "torch")


def parameters(network):
    return sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)


def small(**options):
    keras.utils.set_random_seed(0)
    gan = FastGAN(**{**FastGAN.tiny_config, **options})
    gan.compile(run_eagerly=keras.backend.backend() == "tensorflow", augment=False)
    return gan


def pictures(count=4):
    return np.random.default_rng(0).uniform(-1, 1, (count, 32, 32, 1)).astype("float32")


def up(inputs, outputs, *, twice=False):
    """Weights of a 3x3 convolution to twice the channels, for the gate, and their normalization."""
    count = 9 * inputs * 2 * outputs + 4 * outputs
    return count + (9 * outputs * 2 * outputs + 4 * outputs + 2 if twice else 0)  # 2: the strengths of the noise


def excitation(low, high):
    return 16 * low * high + high**2


def down(inputs, outputs):
    return 16 * inputs * outputs + 9 * outputs**2 + inputs * outputs + 3 * 2 * outputs


def decoder(inputs):
    return up(inputs, 128) + up(128, 64) + up(64, 64) + up(64, 32) + 9 * 32 * 3


@pytest.mark.slow
def test_the_networks_of_256_pixels_have_the_weights_of_the_authors_table():
    gan = FastGAN(image_size=256)
    ups = up(1024, 512, twice=True) + up(512, 256) + up(256, 128, twice=True) + up(128, 128)
    ups += up(128, 64, twice=True) + up(64, 32)
    first = 256 * 16 * 2048 + 2 * 2048
    excitations = excitation(1024, 128) + excitation(512, 64) + excitation(256, 32)
    assert parameters(gan.generator) == first + ups + excitations + 64 * 3 + 9 * 32 * 3 == 29_127_846
    downs = 27 * 16 + sum(down(16 * 2**index, 32 * 2**index) for index in range(5))
    downs += excitation(16, 128) + excitation(32, 256) + excitation(64, 512)
    logits = 512 * 1024 + 2 * 1024 + 16 * 1024 + 16 * 256
    track = 16 * 3 * 32 + sum(16 * 32 * 2**i * 64 * 2**i + 2 * 64 * 2**i for i in range(3))
    decoders = decoder(512) + 2 * decoder(256)
    assert parameters(gan.discriminator) == downs + logits + track + decoders == 11_526_160


def test_a_gate_is_the_first_half_times_the_logistic_function_of_the_second():
    maps = np.array([[1.0, 2.0, 0.0, np.log(3)]], "float32")
    np.testing.assert_allclose(ops.convert_to_numpy(GatedLinearUnit()(maps)), [[0.5, 1.5]], rtol=1e-6)
    again = GatedLinearUnit.from_config(GatedLinearUnit("elu").get_config())
    elu = [[(np.exp(-1) - 1) / 2, (np.exp(-2) - 1) / 4]]
    np.testing.assert_allclose(ops.convert_to_numpy(again(-maps)), elu, rtol=1e-5)


def test_excitation_without_weights_halves_the_map():
    gan = small()
    names = ("map32_conv2_gate", "excite32")
    gan.generator.get_layer("excite32_conv2").kernel.assign(np.zeros((1, 1, 2, 2), "float32"))
    both = keras.Model(gan.generator.inputs, [gan.generator.get_layer(name).output for name in names])
    before, after = both(ops.ones((2, 4)), training=False)
    np.testing.assert_allclose(ops.convert_to_numpy(after), ops.convert_to_numpy(before) / 2, rtol=1e-6)


def test_a_quadrant_is_the_same_of_every_map_and_any_of_the_four_in_training():
    places = np.arange(4, dtype="float32").reshape(1, 2, 2, 1)
    fine = np.repeat(np.repeat(places, 2, axis=1), 2, axis=2)
    layer, seen = RandomQuadrant(seed=0), set()
    for _ in range(40):
        coarse, larger = (ops.convert_to_numpy(each) for each in layer([places, fine], training=True))
        assert larger.shape == (1, 2, 2, 1) and (larger == coarse).all()
        seen.add(float(coarse[0, 0, 0, 0]))
    assert seen == {0.0, 1.0, 2.0, 3.0}
    assert float(layer([places, fine])[0][0, 0, 0, 0]) == 0.0


def test_the_second_image_is_the_generators_own_and_reals_are_averaged():
    gan = small()
    latents = ops.convert_to_tensor(np.ones((2, 4), "float32"))
    images, second = gan.synthesize(type("Batch", (), {"latents": latents}))
    assert images.shape == (2, 32, 32, 1) and second.shape == (2, 16, 16, 1)
    averaged = ops.convert_to_numpy(gan._averaged(images))
    assert not np.allclose(averaged, ops.convert_to_numpy(second), atol=1e-3)
    real = pictures(2)
    given = ops.convert_to_tensor(real)
    expected = real.reshape(2, 16, 2, 16, 2, 1).mean(axis=(2, 4))
    np.testing.assert_allclose(ops.convert_to_numpy(gan._averaged(given)), expected, atol=1e-6)
    assert gan.discriminate(given).shape == (2, 50)  # 5x5 places of each of both images
    assert isinstance(gan.generator.get_layer("second_image"), Companion)


def test_what_is_decoded_enters_the_discriminators_loss_with_its_weight():
    images, losses = pictures(), {}
    for weight in (0.0, 10.0):
        gan = small(reconstruction_weight=weight)
        losses[weight] = gan.train_on_batch(images, return_dict=True)
    apart = losses[10.0]["discriminator_loss"] - losses[0.0]["discriminator_loss"]
    assert apart == pytest.approx(30 * losses[0.0]["reconstruction"], rel=1e-3)
    outputs = small().examine(images)
    assert [each.shape[1:] for each in outputs] == [(50,), *[(16, 16, 1)] * 4]
    np.testing.assert_allclose(outputs[-1], images[:, :16, :16], atol=1e-6)


@pytest.mark.parametrize(("size", "second"), [(64, 32), (512, 128)])
def test_other_sizes_have_a_second_image_of_half_of_it_and_128_at_most(size, second):
    gan = FastGAN(image_size=size, latent_dim=2, width=1, discriminator_width=1, channels=1)
    assert gan.image_shape == (size, size, 1) and gan.second_size == second
    assert gan.discriminator.output_shape[1:] == [(None, second, second, 1)] * 4
    assert gan.discriminator.output_shape[0] == (None, 50)


def test_impossible_arguments_are_refused():
    for wrong, message in (({"image_size": 48}, "image_size=48"), ({"reconstruction_weight": -1.0}, "weight=-1.0")):
        with pytest.raises(ValueError, match=message):
            FastGAN(**wrong)
