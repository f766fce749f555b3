"""How the updates of both networks follow each other, on a real family: by hand, from steps of the other schemes."""

import keras
import numpy as np
import pytest
from keras import ops

from kerasgan.models import DCGAN, CycleGAN

pytestmark = pytest.mark.backends("jax", "torch")
IMAGES = np.random.default_rng(0).uniform(-1, 1, (8, 16, 16, 1)).astype("float32")


def dcgan(rates=(0.1, 0.1), **options):
    keras.utils.set_random_seed(0)
    gan = DCGAN(**DCGAN.tiny_config, discriminator_norm="none")
    gan.seed_generator = keras.random.SeedGenerator(3)
    several = [keras.optimizers.SGD(rate) if isinstance(rate, float) else rate for rate in rates]
    eager = {"run_eagerly": keras.backend.backend() == "tensorflow"}  # as few steps as here are not worth compiling
    gan.compile(generator_optimizer=several[0], discriminator_optimizer=several[1], **{**eager, **options})
    return gan


def weights(network):
    return [ops.convert_to_numpy(variable.value).copy() for variable in network.trainable_variables]


def stepped(gan, count=1):
    for _ in range(count):
        gan.train_on_batch(IMAGES)
    return weights(gan.generator), weights(gan.discriminator)


def assert_close(first, second, **tolerance):
    for one, other in zip(first, second, strict=True):
        np.testing.assert_allclose(one, other, **{"rtol": 1e-4, "atol": 1e-6, **tolerance})


def test_simultaneous_updates_do_not_see_each_other():
    """The discriminator moves as in turn, the generator as if the discriminator had not moved."""
    generator, discriminator = stepped(dcgan(updates="simultaneous"))
    assert_close(discriminator, stepped(dcgan())[1])
    assert_close(generator, stepped(dcgan((0.1, 0.0)))[0])
    assert not np.allclose(generator[0], stepped(dcgan())[0][0], rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("options", [{}, {"reuse_fakes": True}, {"penalties": [{"name": "r1", "interval": 2}]}])
def test_extragradient_moves_by_the_gradients_of_where_a_step_would_lead(options):
    """w - lr v(w - lr v(w)), from two simultaneous steps on the same batch with the same latents."""
    gan = dcgan(updates="extragradient", **options)
    start = weights(gan.generator), weights(gan.discriminator)
    found = stepped(gan)
    by_hand = dcgan(updates="simultaneous", **options)
    seed = ops.convert_to_numpy(by_hand.seed_generator.state.value).copy()
    first = stepped(by_hand)
    by_hand.seed_generator.state.assign(seed)
    for optimizer in by_hand.optimizer.optimizers:
        optimizer.iterations.assign(0)
    second = stepped(by_hand)
    for origin, once, twice, own in zip(start, first, second, found):
        assert_close(own, [w + b - a for w, a, b in zip(origin, once, twice)])


def test_looking_ahead_leaves_only_the_weights_moved():
    """One count of each batch, one average, slots of one update, one loss in the mean."""
    adam = [keras.optimizers.Adam(1e-3) for _ in range(2)]
    gan = dcgan(adam, updates="extragradient", ema_half_life=8, run_eagerly=False)
    history = gan.fit(IMAGES, batch_size=4, epochs=3, verbose=0).history
    assert [int(optimizer.iterations) for optimizer in gan.optimizer.optimizers] == [6, 6]
    assert all(np.isfinite(column).all() for column in history.values())
    assert int(ops.convert_to_numpy(gan._means["generator_loss"].count.value)) == 2
    still = dcgan([keras.optimizers.Adam(0.0) for _ in range(2)], updates="extragradient", ema_half_life=8)
    turns = dcgan([keras.optimizers.Adam(0.0) for _ in range(2)], ema_half_life=8)
    for each in (still, turns):  # where nothing moves both schemes are the same, slots included
        each.train_on_batch(IMAGES)
    for one, other in zip(still.optimizer.variables, turns.optimizer.variables, strict=True):
        np.testing.assert_allclose(*map(ops.convert_to_numpy, (one.value, other.value)), rtol=1e-4, atol=1e-7)


def test_the_generator_moves_on_every_kth_batch_of_extragradient_too():
    gan = dcgan(updates="extragradient", discriminator_steps=2)
    before = weights(gan.generator)
    gan.train_on_batch(IMAGES)
    assert_close(before, weights(gan.generator), rtol=0, atol=0)
    gan.train_on_batch(IMAGES)
    assert not np.array_equal(before[0], weights(gan.generator)[0])


def test_other_families_train_so_too_and_files_keep_it(tmp_path):
    gan = CycleGAN(**CycleGAN.tiny_config)
    gan.compile(updates="extragradient", run_eagerly=keras.backend.backend() == "tensorflow")
    gan.fit(IMAGES, np.repeat(IMAGES, 3, axis=-1), batch_size=4, verbose=0)
    gan.save(tmp_path / "gan.keras")
    again = keras.saving.load_model(tmp_path / "gan.keras")
    assert again.updates == "extragradient"
    assert again.get_compile_config() == gan.get_compile_config()


def test_an_unknown_scheme_is_refused_by_name():
    with pytest.raises(ValueError, match=r"'extragradient', 'simultaneous' or None\. Received: updates='at once'"):
        dcgan(updates="at once")
