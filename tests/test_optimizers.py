"""The schedules of the first papers, and two optimisers as one."""

import keras
import numpy as np
import pytest
from keras import ops

from kerasgan import optimizers


def test_momentum_rises_linearly_and_then_stays():
    """v <- m v - lr g by hand, with g = 1, lr = 1 and m = 0.5, 0.6, 0.7, 0.7."""
    optimizer = optimizers.MomentumRampSGD(1.0, 0.5, final_momentum=0.7, ramp_steps=2)
    variable = keras.Variable(0.0)
    expected, velocity = 0.0, 0.0
    for momentum in (0.5, 0.6, 0.7, 0.7):
        optimizer.apply([ops.ones(())], [variable])
        velocity = momentum * velocity - 1.0
        expected += velocity
        assert float(ops.convert_to_numpy(variable.value)) == pytest.approx(expected, rel=1e-6)


def test_a_constant_momentum_equals_keras_sgd():
    ours, theirs = optimizers.MomentumRampSGD(0.1, 0.6, final_momentum=0.6), keras.optimizers.SGD(0.1, momentum=0.6)
    values = []
    for optimizer in (ours, theirs):
        variable = keras.Variable(np.ones(3, "float32"))
        for step in range(5):
            optimizer.apply([ops.convert_to_tensor(np.full(3, step, "float32"))], [variable])
        values.append(ops.convert_to_numpy(variable.value))
    np.testing.assert_allclose(*values, rtol=1e-6)


def test_the_players_show_both_optimisers_variables_and_set_the_generators_rate():
    players = optimizers.Players(generator=keras.optimizers.SGD(0.1), discriminator=keras.optimizers.Adam(0.2))
    first, second = keras.Variable(1.0), keras.Variable(2.0)
    players.build_players([first], [second])
    assert len(players.variables) == len(players.generator.variables) + len(players.discriminator.variables)
    players.learning_rate = 0.05
    assert float(players.generator.learning_rate) == pytest.approx(0.05)
    assert float(players.discriminator.learning_rate) == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("batch", "half_life", "expected"),
    [
        (32, 10_000, 0.9977843871),
        (64, 20_000, 0.9977843871),
        (64, 500_000, 0.9999112811),
        (256, 500_000, 0.9996451716),
        (512, 5_000_000, 0.9999290242),
    ],
)
def test_the_decay_of_the_average_follows_from_its_half_life(batch, half_life, expected):
    assert optimizers.ema_decay(batch, half_life=half_life) == pytest.approx(expected, abs=1e-10)
