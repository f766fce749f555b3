"""What a training may be interrupted by or begin with, on every backend: exceptions, frozen weights, accumulation."""

import keras
import numpy as np
import pytest
from keras import ops

from kerasgan import GAN, callbacks, gradients
from kerasgan.models import DCGAN

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


def test_layers_that_are_frozen_and_thawed_between_two_fits_stay_and_train_again():
    gan = compiled()
    gan.fit(IMAGES, batch_size=4, verbose=0)
    for trainable, expected in ((False, [False, False, True, True]), (True, [True] * 4)):
        gan.discriminator.layers[1].trainable = trainable
        before = weights(gan.discriminator)
        gan.fit(IMAGES, batch_size=4, verbose=0)
        assert moved(before, gan.discriminator) == expected
    gan.discriminator.layers[1].trainable = False
    before = weights(gan.discriminator)
    gan.train_on_batch(IMAGES[:4])
    assert moved(before, gan.discriminator) == [False, False, True, True]


def test_layers_that_were_frozen_when_the_optimizers_were_made_ask_for_new_ones():
    gan = GAN(*networks())
    gan.discriminator.trainable = False
    gan.compile()
    gan.discriminator.trainable = True
    with pytest.raises(ValueError, match=r"Expected compile\(\.\.\.\) again .* layers of the discriminator: "):
        gan.fit(IMAGES, batch_size=4, verbose=0)
    gan.compile()
    before = weights(gan.discriminator)
    gan.fit(IMAGES, batch_size=4, verbose=0)
    assert all(moved(before, gan.discriminator))


@pytest.mark.parametrize("when", ["before compile", "after compile"])
@pytest.mark.parametrize("made", [lambda: GAN(*networks()), lambda: DCGAN(**DCGAN.tiny_config)], ids=["own", "family"])
def test_a_file_keeps_which_layers_are_frozen_and_the_slots_of_the_others(made, when, tmp_path):
    gan = made()
    if when == "after compile":  # the optimizer then has slots for the frozen weights too
        gan.compile()
    layer = next(layer for layer in gan.discriminator.layers if layer.trainable_variables)
    layer.trainable = False
    if when == "before compile":
        gan.compile()
    images = np.random.default_rng(0).integers(0, 256, (8, *gan.image_shape), dtype="uint8")
    gan.fit(images, batch_size=4, verbose=0)
    gan.save(tmp_path / "gan.keras")
    again = keras.saving.load_model(tmp_path / "gan.keras")
    assert [each.trainable for each in again.discriminator.layers] == [
        each.trainable for each in gan.discriminator.layers
    ]
    assert sum(not each.trainable for each in again.discriminator.layers) == 1
    for old, new in zip(weights(gan.optimizer), weights(again.optimizer), strict=True):
        np.testing.assert_array_equal(old, new)
    before = weights(again.discriminator.get_layer(layer.name))
    again.fit(images, batch_size=4, verbose=0)
    assert not any(moved(before, again.discriminator.get_layer(layer.name)))


def test_a_layer_that_was_made_frozen_and_thawed_is_trainable_in_the_file(tmp_path):
    generator, discriminator = networks()
    discriminator.trainable = False
    gan = GAN(generator, discriminator)
    discriminator.trainable = True
    discriminator.layers[-1].trainable = False
    gan.save(tmp_path / "gan.keras")
    again = keras.saving.load_model(tmp_path / "gan.keras").discriminator
    assert [each.trainable for each in (again, *again.layers)] == [True, True, True, False]


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
    optimizer = keras.optimizers.SGD(1.0, gradient_accumulation_steps=2)
    variable = keras.Variable(np.zeros(2, "float32"))
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


@pytest.mark.parametrize("broken", ["discriminator_loss", "generator_loss"])
def test_terminate_on_nan_ends_the_training_at_either_loss(broken):
    class Broken(GAN):
        pass

    setattr(Broken, broken, lambda self, batch: getattr(GAN, broken)(self, batch) * float("inf"))
    gan = Broken(*networks())
    gan.compile()
    history = gan.fit(IMAGES, batch_size=4, epochs=3, verbose=0, callbacks=[keras.callbacks.TerminateOnNaN()])
    assert len(history.epoch) == gan.optimizer.steps == 1
    with pytest.raises(RuntimeError, match="NaN or Inf"):
        gan.fit(IMAGES, batch_size=4, verbose=0, callbacks=[keras.callbacks.TerminateOnNaN(raise_error=True)])


class Watched(GAN):
    """With metrics of its own: how many fakes it has seen, their mean, and how many are positive."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.own = [keras.metrics.Sum(name="fakes"), keras.metrics.Mean(name="level")]
        self.positive = keras.metrics.BinaryAccuracy(name="positive", threshold=0.0)

    def generator_loss(self, batch):
        self.own[0].update_state(ops.ones((4,)))
        self.own[1].update_state(batch.fake)
        self.positive.update_state(ops.ones_like(batch.fake), batch.fake)
        return super().generator_loss(batch)


def test_a_subclasss_own_metrics_are_reported_logged_and_reset_with_each_epoch(tmp_path):
    gan = Watched(*networks())
    for _ in range(2):  # compiled again it has no metric twice
        gan.compile()
    names = ["discriminator_loss", "generator_loss", "fakes", "level", "positive"]
    assert sorted(metric.name for metric in gan.metrics) == sorted(names)
    log = callbacks.LossLog(tmp_path / "log.csv", every=3)
    history = gan.fit(IMAGES, batch_size=4, epochs=2, verbose=0, callbacks=[log]).history
    assert history["fakes"] == [16.0, 16.0] and all(-1 < level < 1 for level in history["level"])
    header, *rows = [line.split(",") for line in (tmp_path / "log.csv").read_text().splitlines()]
    assert header[:4] == ["step", *names[:2], "seconds"] and sorted(header[4:]) == sorted(names[2:])
    assert [(row[0], row[header.index("fakes")]) for row in rows] == [("3", "12"), ("6", "8"), ("8", "16")]
