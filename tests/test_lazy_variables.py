"""Models that are loaded: variables get their first value when it is read, unless a file has given them one."""

import random

import keras
import numpy as np
import pytest
from families import FAMILIES, each_of
from keras import ops

import kerasgan
from kerasgan.gan.policy import without_values
from kerasgan.keras_internals import initialize, initialize_later, lazy_variables
from kerasgan.metrics.classifiers import classifier
from kerasgan.models import DCGAN, BigGAN, StyleGAN2

pytestmark = pytest.mark.backends("jax")


def waits(variables):
    return [getattr(type(variable), "waits", False) for variable in variables]


def test_a_value_that_is_read_is_the_initializers():
    shape, normal = (2, 3), keras.initializers.RandomNormal(seed=3)
    with lazy_variables():
        variable = keras.Variable(normal, shape=shape)
    assert waits([variable]) == [True] and variable.shape == shape
    np.testing.assert_array_equal(ops.convert_to_numpy(variable.value), ops.convert_to_numpy(normal(shape)))
    assert waits([variable]) == [False] and type(variable) is keras.Variable


@pytest.mark.backends("tensorflow")
def test_models_of_several_devices_get_their_values_at_once():
    import tensorflow as tf

    def weights():
        with without_values():
            return [keras.Variable("zeros", shape=(2,))]

    assert waits(weights()) == [True]
    with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
        assert waits(weights()) == [False]


def test_a_value_that_is_assigned_first_costs_no_initialization():
    def never(shape, dtype=None):
        raise AssertionError

    with lazy_variables():
        variables = [keras.Variable(never, shape=(2,)) for _ in range(2)]
    variables[0].assign(np.ones(2))
    initialize_later(variables[1], lambda: np.full(2, 3.0))
    assert waits(variables) == [False, True]
    initialize(variables)
    assert [float(variable.numpy()[0]) for variable in variables] == [1.0, 3.0]


def test_a_value_that_cannot_be_made_is_asked_for_again():
    values = iter([OSError("gone"), np.ones(2)])

    def read(shape, dtype=None):
        value = next(values)
        if isinstance(value, OSError):
            raise value
        return value

    with lazy_variables():
        variable = keras.Variable(read, shape=(2,))
    with pytest.raises(OSError, match="gone"):
        _ = variable.value
    assert variable.numpy().tolist() == [1.0, 1.0]


@each_of(FAMILIES)
def test_of_the_same_seed_a_model_is_the_same_now_and_later(family):
    classifier("digits")  # made once in a process: making it draws seeds
    models = []
    for context in (lazy_variables, None):
        random.seed(0)  # from which Keras draws seeds
        if context is None:
            models.append(family(**family.tiny_config))
        else:
            with context():
                models.append(family(**family.tiny_config))
            assert any(waits(models[0].variables))
    for later, now in zip(models[0].weights, models[1].weights, strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(later.value), ops.convert_to_numpy(now.value), later.path)


def test_stored_singular_vectors_are_those_of_their_kernel():
    """Equation 12 of 1802.05957: u' W v approaches the largest singular value, and is no larger."""
    with lazy_variables():
        gan = BigGAN(**BigGAN.tiny_config, spectral_estimate="stored")
    layer = gan.generator.get_layer("project")
    u, v = (ops.convert_to_numpy(vector.value)[0] for vector in (layer.u, layer.v))
    kernel = ops.convert_to_numpy(layer.kernel.value)
    np.testing.assert_allclose([np.linalg.norm(u), np.linalg.norm(v)], 1.0, rtol=1e-5)
    largest = np.linalg.svd(kernel, compute_uv=False)[0]
    assert 0.3 * largest < v @ kernel @ u <= 1.0001 * largest


@pytest.mark.parametrize("family", [DCGAN, StyleGAN2])
def test_loading_makes_what_it_samples_from_and_fit_the_rest(family, tmp_path):
    config = "".join(f"{name} = {value}\n" for name, value in family.tiny_config.items())
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(
        f'family = "{family.__name__}"\n[model]\n{config}[data]\nsource = "digits"\n'
        "[train]\nbatch_size = 4\nsteps = 2\nema_half_life = 100\n"
    )
    first = kerasgan.zoo.load(recipe, weights=None)
    first.generator.save_weights(tmp_path / "generator.weights.h5")
    gan = kerasgan.load(tmp_path / "generator.weights.h5")
    assert not any(waits(gan.sampler.weights))
    assert all(waits(gan.generator.weights)) and all(waits(gan.discriminator.weights))
    images = gan.generate(4, seed=0)
    np.testing.assert_allclose(images, first.generate(4, seed=0), atol=1e-6)
    for own, average in zip(gan.generator.weights, gan.sampler.weights):
        np.testing.assert_array_equal(ops.convert_to_numpy(own.value), ops.convert_to_numpy(average.value))
    logs = gan.fit(images, batch_size=4, verbose=0).history
    assert np.isfinite(logs["discriminator_loss"]).all()
    assert not any(waits([*gan.variables, *gan.optimizer.variables]))
    gan.save(tmp_path / "gan.keras")
    again = kerasgan.load(tmp_path / "gan.keras")
    for kept, variable in zip(gan.optimizer.variables, again.optimizer.variables, strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(kept.value), ops.convert_to_numpy(variable.value))
