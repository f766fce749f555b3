"""Penalties: exact on a linear discriminator, and known slopes on a quadratic one."""

import keras
import numpy as np
import pytest
from keras import ops

from kerasgan import penalties

pytestmark = pytest.mark.backends("jax", "torch")

WEIGHTS = np.random.default_rng(1).normal(size=(4, 4, 2)).astype("float32")
NORM = float(np.sqrt((WEIGHTS.astype("float64") ** 2).sum()))
REAL, FAKE = np.random.default_rng(2).uniform(-1, 1, size=(2, 5, 4, 4, 2)).astype("float32")


def linear(images):
    return ops.sum(images * ops.convert_to_tensor(WEIGHTS), axis=(1, 2, 3), keepdims=True)


def quadratic(images):  # gradient 2 x
    return ops.sum(ops.square(images), axis=(1, 2, 3))


def penalty(chosen, discriminator=linear):
    seed = keras.random.SeedGenerator(3)
    real, fake = ops.convert_to_tensor(REAL), ops.convert_to_tensor(FAKE)
    return float(ops.convert_to_numpy(penalties.get(chosen)(discriminator, real, fake, seed)))


@pytest.mark.parametrize("name", ["gradient_penalty", "dragan"])
@pytest.mark.parametrize("target", [0.0, 1.0])
def test_two_sided_penalties_of_a_linear_discriminator_are_exact(name, target):
    expected = 7.0 * (NORM - target) ** 2
    assert penalty({"name": name, "weight": 7.0, "target": target}) == pytest.approx(expected, rel=1e-5)


def test_the_gradient_penalty_per_pixel_is_exact_on_a_linear_discriminator():
    norms = np.sqrt((WEIGHTS.astype("float64") ** 2).sum(axis=-1))
    chosen = {"name": "gradient_penalty", "weight": 0.1, "per_pixel": True}
    assert penalty(chosen) == pytest.approx(0.1 * np.mean((norms - 1) ** 2), rel=1e-5)


@pytest.mark.parametrize("name", ["r1", "r2"])
def test_zero_centered_penalties_of_a_linear_discriminator_are_exact(name):
    assert penalty({"name": name, "weight": 7.0}) == pytest.approx(3.5 * NORM**2, rel=1e-5)


@pytest.mark.parametrize("power", [2.0, 6.0])
def test_the_power_of_wgan_div_is_exact_on_a_linear_discriminator(power):
    expected = 7.0 * NORM**power
    assert penalty({"name": "wgan_div", "weight": 7.0, "power": power}) == pytest.approx(expected, rel=1e-5)


def test_r1_looks_at_real_images_and_r2_at_fakes():
    for name, images in (("r1", REAL), ("r2", FAKE)):
        expected = 5.0 * np.mean(4 * (images.astype("float64") ** 2).sum(axis=(1, 2, 3)))
        assert penalty(name, quadratic) == pytest.approx(expected, rel=1e-5)


def test_the_gradient_penalty_looks_between_real_images_and_fakes():
    """With real = fake the points are the images themselves: 10 E(2 ||x|| - 1)^2."""
    norms = np.sqrt((REAL.astype("float64") ** 2).sum(axis=(1, 2, 3)))
    real = ops.convert_to_tensor(REAL)
    value = penalties.get("gradient_penalty")(quadratic, real, real, keras.random.SeedGenerator(3))
    assert float(ops.convert_to_numpy(value)) == pytest.approx(10 * np.mean((2 * norms - 1) ** 2), rel=1e-5)


def test_dragan_without_spread_looks_at_the_real_images():
    norms = np.sqrt((REAL.astype("float64") ** 2).sum(axis=(1, 2, 3)))
    expected = 10 * np.mean((2 * norms - 1) ** 2)
    assert penalty({"name": "dragan", "spread": 0.0}, quadratic) == pytest.approx(expected, rel=1e-5)


def test_a_constant_discriminator_has_a_finite_penalty():
    def constant(images):
        return 0.0 * ops.sum(images, axis=(1, 2, 3))

    assert penalty("gradient_penalty", constant) == pytest.approx(10.0, rel=1e-4)


def test_an_unknown_penalty_names_the_nearest():
    with pytest.raises(ValueError, match=r"such as r[12].*Received: penalty='r3'"):
        penalties.get("r3")


@pytest.mark.parametrize("options", [{"weight": 0}, {"interval": 0}, {"interval": 1.5}])
def test_numbers_out_of_range_are_refused(options):
    with pytest.raises(ValueError, match="Expected a positive"):
        penalties.get({"name": "r1", **options})


@pytest.mark.parametrize("name", penalties.names())
def test_penalties_survive_serialization(name):
    chosen = penalties.get({"name": name, "weight": 3.0, "interval": 4})
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(chosen))
    assert type(again) is type(chosen)
    assert again.get_config() == chosen.get_config()
