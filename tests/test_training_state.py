"""What a training may be interrupted by or begin with, on every backend: exceptions, frozen weights, accumulation."""

import keras
import numpy as np
import pytest
from keras import ops

from kerasgan import GAN, callbacks, gradients

pytestmark = pytest.mark.backends("jax", "torch")
IMAGES = np.random.default_rng(0).integers(0, 256, (16, 4, 4, 1), dtype="uint8")


def networks():
    layers = keras.layers
    generator = keras.Sequential([keras.Input((3,)), layers.Dense(16, activation="tanh"), layers.Reshape((4, 4, 1))])
    discriminator = [layers.Flatten(), layers.Dense(8, activation="leaky_relu"), layers.Dense(1)]
    return generator, keras.Sequential([keras.Input((4, 4, 1)), *discriminator])


def compiled(**settings):
    gan = GAN(*networks())
    gan.compile(**settings)
    return gan


def weights(network):
    return [ops.convert_to_numpy(variable.value) for variable in network.variables]


def moved(before, network):
    return [not np.array_equal(old, new) for old, new in zip(before, weights(network), strict=True)]


class Failing(GAN):
    def generator_loss(self, batch):
        raise RuntimeError("in the step")


def test_an_exception_in_the_first_step_leaves_the_weights():
    gan = Failing(*networks())
    gan.compile()
    before = weights(gan.generator)
    with pytest.raises(RuntimeError, match="in the step"):
        gan.fit(IMAGES, batch_size=4, verbose=0)
    assert not any(moved(before, gan.generator))
    assert gan.generate(2, seed=0).shape == (2, 4, 4, 1)


def test_a_layer_frozen_after_compile_stays_and_the_others_train():
    gan = compiled()
    gan.discriminator.layers[1].trainable = False
    before = weights(gan.discriminator)
    gan.fit(IMAGES, batch_size=4, verbose=0)
    assert moved(before, gan.discriminator) == [False, False, True, True]


@pytest.mark.parametrize("frozen", ["generator", "discriminator"])
def test_a_wholly_frozen_network_stays_while_the_other_trains_and_steps_count(frozen):
    gan = GAN(*networks())
    getattr(gan, frozen).trainable = False
    gan.compile()
    before = {name: weights(getattr(gan, name)) for name in ("generator", "discriminator")}
    gan.fit(IMAGES, batch_size=4, verbose=0)
    for name in before:
        assert any(moved(before[name], getattr(gan, name))) == (name != frozen)
    assert gan.optimizer.steps == int(gan.optimizer.generator.iterations) == 4


def test_accumulated_gradients_are_applied_as_their_mean_after_so_many_batches():
    optimizer, variable = keras.optimizers.SGD(1.0, gradient_accumulation_steps=2), keras.Variable(np.zeros(2, "float32"))
    optimizer.build([variable])
    for gradient, expected in ((1.0, 0.0), (3.0, -2.0)):
        gradients.apply(optimizer, [ops.full((2,), gradient)], [variable])
        np.testing.assert_allclose(ops.convert_to_numpy(variable.value), expected)
    assert int(gradients.iterations(optimizer).numpy()) == 2


def test_steps_are_batches_also_where_an_update_takes_two(tmp_path):
    players = [keras.optimizers.Adam(1e-3, gradient_accumulation_steps=2) for _ in range(2)]
    gan = compiled(generator_optimizer=players[0], discriminator_optimizer=players[1])
    log = callbacks.LossLog(tmp_path / "log.csv", every=3)
    gan.fit(IMAGES, batch_size=4, epochs=3, verbose=0, callbacks=[log, callbacks.StopAfter(steps=11)])
    rows = (tmp_path / "log.csv").read_text().splitlines()[1:]
    assert [int(row.split(",")[0]) for row in rows] == [3, 6, 9, 11]
    assert int(players[1].iterations) == 5  # updates
