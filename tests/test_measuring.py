"""Metrics of samples in `fit`: their values, when they are measured, Keras' callbacks on them, and the best model."""

import json

import keras
import numpy as np
import pytest
from keras import ops

from kerasgan import GAN, callbacks, distribution, metrics
from kerasgan.gan import measuring
from kerasgan.metrics import sample_metrics
from kerasgan.models import PGGAN, CycleGAN, Pix2Pix

pytestmark = pytest.mark.backends("jax", "torch")
RNG = np.random.default_rng(0)
IMAGES = RNG.uniform(-0.5, 0.5, (24, 4, 4, 1)).astype("float32")  # six batches of four


def brightness(images):
    """One feature: the mean of an image."""
    pixels = images / 127.5 - 1 if images.dtype == np.uint8 else images
    return np.mean(pixels, axis=(1, 2, 3), dtype="float64")[:, None]


def distance(first, second):
    """The Fréchet distance of two sets of numbers: squared differences of means and of standard deviations."""
    return (first.mean() - second.mean()) ** 2 + (first.std(ddof=1) - second.std(ddof=1)) ** 2


def pixels(images):
    return images.reshape(len(images), -1)


def distance_now(gan):
    return metrics.frechet_distance(pixels(gan.generate(50, seed=0)), pixels(IMAGES))


def made(rate=1e-3, bias=0.0, **settings):
    """A GAN whose first samples are near those images, or dark ones with a bias of -1."""
    layers = keras.layers
    keras.utils.set_random_seed(1)
    last = layers.Dense(16, activation="tanh", bias_initializer=keras.initializers.Constant(bias))
    generator = keras.Sequential([keras.Input((3,)), last, layers.Reshape((4, 4, 1))])
    judge = [layers.Flatten(), layers.Dense(8, activation="leaky_relu"), layers.Dense(1)]
    gan = GAN(generator, keras.Sequential([keras.Input((4, 4, 1)), *judge]))
    players = {f"{player}_optimizer": keras.optimizers.SGD(rate) for player in ("generator", "discriminator")}
    gan.compile(**players, **settings)
    return gan


def fit(gan, *watching, epochs=2):
    return gan.fit(IMAGES, None, 4, epochs, 0, list(watching)).history


def weights(network):
    return [ops.convert_to_numpy(variable.value) for variable in network.variables]


class Logs(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.batches = []

    def on_train_batch_end(self, batch, logs=None):
        self.batches.append((batch, logs.get("frechet_distance")))


class Explode(callbacks.StepCallback):
    """From a step on the generator's learning rate ruins it: its tanh saturates."""

    def __init__(self, at):
        super().__init__(every=1)
        self.at = at

    def act(self, step):
        if step == self.at:
            self.model.optimizer.generator.learning_rate = 1e4


def test_the_distance_is_that_of_its_definition_at_epoch_ends_and_every_n_steps():
    gan, logs = made(metrics=[metrics.FrechetDistance(brightness, every=4, samples=50)]), Logs()
    history = fit(gan, logs)
    found = gan.measurements.values["frechet_distance"]
    assert [*found] == [4, 6, 8, 12]
    assert history["frechet_distance"] == [found[6], found[12]]
    assert found[12] == pytest.approx(distance(*map(brightness, (gan.generate(50, seed=0), IMAGES))), rel=1e-4)
    assert {(batch, value) for batch, value in logs.batches if value is not None} == {
        (3, found[4]),
        (1, found[8]),
        (5, found[12]),
    }


def test_the_three_metrics_share_samples_and_read_the_real_images_once():
    calls = []

    def counted(images):
        calls.append(len(images))
        return images.reshape(len(images), -1)

    kinds = (metrics.FrechetDistance, metrics.KernelDistance, metrics.Diversity)
    gan = made(metrics=[kind(counted, samples=70) for kind in kinds])
    fit(gan, epochs=1)
    samples, reals = (images.reshape(len(images), -1) for images in (gan.generate(70, seed=0), IMAGES))
    best = gan.measurements.best
    assert best["frechet_distance"].value == pytest.approx(metrics.frechet_distance(samples, reals), rel=1e-5)
    assert best["kernel_distance"].value == pytest.approx(metrics.mmd2(samples, reals), rel=1e-4)
    # Half of the mean squared distance between two images is the sum of the pixels' variances.
    assert best["diversity"].value == pytest.approx(
        samples.var(axis=0, ddof=1).sum() / reals.var(axis=0, ddof=1).sum(), rel=1e-4
    )
    assert sum(calls) == 3 * 24 + 70
    fit(gan, epochs=1)
    assert sum(calls) == 3 * 24 + 2 * 70


def test_a_training_is_the_same_to_the_bit_with_metrics():
    plain = made()
    fit(plain)
    measured = made(metrics=[metrics.FrechetDistance(every=1, samples=20)])
    fit(measured)
    assert len(measured.measurements.values["frechet_distance"]) == 12
    for own, other in zip(weights(plain), weights(measured), strict=True):
        np.testing.assert_array_equal(own, other)


def test_keras_callbacks_keep_the_best_model_of_a_training_that_gets_worse_and_end_it(tmp_path):
    gan = made(metrics=[metrics.FrechetDistance(pixels, samples=50)], bias=-1.0, rate=0.05)
    monitor = {"monitor": "frechet_distance", "mode": "min"}
    keep = keras.callbacks.ModelCheckpoint(tmp_path / "best.keras", save_best_only=True, **monitor)
    stop = keras.callbacks.EarlyStopping(patience=2, **monitor)
    distances = fit(gan, Explode(at=18), keep, stop, epochs=20)["frechet_distance"]
    assert len(distances) == 5 and min(distances) == distances[2] < distances[0] < distances[3]
    best = keras.saving.load_model(tmp_path / "best.keras")
    assert best.optimizer.steps == 18
    assert distance_now(best) == pytest.approx(distances[2], rel=1e-4)


def test_keep_best_saves_within_an_epoch_the_weights_that_were_measured_and_ends_after_its_patience(tmp_path):
    gan = made(bias=-1.0, rate=0.05)
    metric = metrics.FrechetDistance(pixels, every=2, samples=50, at_epoch_ends=False)
    keep = callbacks.KeepBest(tmp_path / "kept" / "best.keras", monitor=metric, patience=6)
    log = callbacks.LossLog(tmp_path / "log.csv", every=1)
    fit(gan, Explode(at=8), keep, log, epochs=10)
    assert gan.optimizer.steps == 15  # the step in progress is finished
    best = keras.saving.load_model(tmp_path / "kept" / "best.keras")
    note = json.loads((tmp_path / "kept" / "best.json").read_text())
    assert (best.optimizer.steps, note["step"], note["steps_done"]) == (8, 8, 15)
    assert note["value"] == pytest.approx(distance_now(best), rel=1e-4)
    header, *rows = [line.split(",") for line in (tmp_path / "log.csv").read_text().splitlines()]
    assert header[-1] == "frechet_distance"
    assert [int(row[0]) for row in rows if row[-1]] == [2, 4, 6, 8, 10, 12, 14]
    assert float(rows[7][-1]) == pytest.approx(note["value"], rel=1e-5)


def test_a_resumed_training_knows_its_best_and_measures_the_same(tmp_path):
    def run(folder, *, ends):
        for steps in ends:
            metric = metrics.FrechetDistance(pixels, every=2, samples=20, at_epoch_ends=False)
            gan = made(metrics=[metric], bias=-1.0, rate=0.05)
            watching = [callbacks.StopAfter(steps=steps), callbacks.KeepBest(folder / "best.keras"), Explode(at=4)]
            watching += [callbacks.LossLog(folder / "log.csv", every=3), callbacks.Checkpoint(folder, every=100)]
            fit(gan, *watching)
        rows = [line.split(",") for line in (folder / "log.csv").read_text().splitlines()]
        return gan.measurements, [row[:3] + row[4:] for row in rows]

    whole, log = run(tmp_path / "whole", ends=[11])
    parts, again = run(tmp_path / "parts", ends=[5, 11])
    assert whole.values == {"frechet_distance": pytest.approx(parts.values["frechet_distance"], rel=1e-6)}
    best = whole.best["frechet_distance"].step
    assert parts.best["frechet_distance"].step == best <= 4  # before the interruption
    assert [(row[0], row[3]) for row in log] == [(row[0], row[3]) for row in again]
    assert keras.saving.load_model(tmp_path / "parts" / "best.keras").optimizer.steps == best


def test_samples_that_are_not_finite_are_the_worst_and_never_the_best():
    gan = made(metrics=["frechet_distance", metrics.Diversity(samples=20)])
    fit(gan, epochs=1)
    gan.generator.layers[0].bias.assign(np.full(16, np.nan, "float32"))
    history = fit(gan, epochs=1)
    assert history["frechet_distance"] == [np.inf] and history["diversity"] == [-np.inf]
    assert {name: best.step for name, best in gan.measurements.best.items()} == {"frechet_distance": 6, "diversity": 6}


def test_classes_are_generated_in_the_real_images_proportions():
    class Conditional:
        num_classes = 3

    labels = [np.array([2, 0, 0]), np.array([0])]
    assert measuring._classes(Conditional, labels, 8).tolist() == [0] * 6 + [2] * 2
    for none in ([], [np.empty(0, "int32")]):  # the second: all of them unlabeled
        assert measuring._classes(Conditional, none, 6).tolist() == [0, 0, 1, 1, 2, 2]


@pytest.mark.slow
def test_a_growing_model_is_compared_with_sharp_images_and_data_of_its_own_is_used_instead_of_those_of_fit():
    seen, size = [], PGGAN.tiny_config["image_size"]
    gan = PGGAN(**PGGAN.tiny_config)
    images = RNG.integers(0, 256, (4, *gan.image_shape), dtype="uint8")
    held_out = RNG.integers(0, 256, (6, *gan.image_shape), dtype="uint8")

    def remembered(images):
        seen.append(images)
        return brightness(images)

    own = metrics.FrechetDistance(remembered, samples=4, data=held_out, name="held_out")
    gan.compile(metrics=[metrics.FrechetDistance(remembered, samples=4), own])
    history = gan.fit(images, batch_size=4, verbose=0).history
    assert {"frechet_distance", "held_out"} <= history.keys()
    reals = [np.sort(batch, axis=None) for batch in seen if batch.dtype == np.uint8]
    assert len(reals) == 2 and seen[0].shape[1] == size
    for batch, whole in zip(reals, (images, held_out)):
        np.testing.assert_array_equal(batch, np.sort(whole, axis=None))


def test_pairs_of_a_translator_are_scored_and_held_out_ones_of_one_without_pairs():
    gan = Pix2Pix(**Pix2Pix.tiny_config)
    shapes = gan.input_shape, gan.image_shape
    inputs, targets = (RNG.uniform(-1, 1, (3, *shape)).astype("float32") for shape in shapes)
    gan.compile(metrics=["mean_absolute_error"])
    history = gan.fit(inputs, targets, 1, 1, 0).history
    error = np.abs(gan.predict(inputs) - targets).mean()
    assert history["mean_absolute_error"] == [pytest.approx(error, rel=1e-4)]


@pytest.mark.parametrize("trained", [pytest.param(True, marks=pytest.mark.slow), False])
def test_a_translator_trained_without_pairs_is_scored_on_held_out_ones_alone(trained):
    gan = CycleGAN(**CycleGAN.tiny_config)
    pairs = tuple(RNG.uniform(-1, 1, (2, *shape)).astype("float32") for shape in (gan.input_shape, gan.image_shape))
    for metric, expected in (
        ("structural_similarity", r"data=\(inputs, targets\), held-out pairs, for CycleGAN"),
        ("frechet_distance", r"PairScore for CycleGAN.*Received: metrics=frechet_distance"),
    ):
        with pytest.raises(ValueError, match=expected):
            gan.compile(metrics=[metric])
    if trained:
        gan.compile(metrics=[metrics.PairScore("mean_absolute_error", data=pairs)])
        found = gan.fit(*pairs, 1, 1, 0).history["mean_absolute_error"]
        assert found == [pytest.approx(np.abs(gan.predict(pairs[0]) - pairs[1]).mean(), rel=1e-4)]


def test_what_is_no_metric_of_samples_or_stands_twice_is_refused(tmp_path):
    for wrong in ("mae", keras.metrics.MeanSquaredError(), {"name": "frechet_distance", "evry": 3}):
        with pytest.raises(ValueError, match="Received: metrics="):
            made(metrics=[wrong])
    with pytest.raises(ValueError, match=r"Expected every=STEPS.*Received: every=None"):
        metrics.FrechetDistance(at_epoch_ends=False)
    with pytest.raises(ValueError, match=r"inception\.load.*Received: features='inception'"):
        metrics.FrechetDistance("inception")
    with pytest.raises(ValueError, match="different names"):
        fit(made(metrics=["diversity", "diversity"]))
    with pytest.raises(ValueError, match=r"FrechetDistance and the like for GAN.*Received: metrics=peak"):
        made(metrics=["peak_signal_to_noise"])
    with pytest.raises(ValueError, match=r"there is none. Received: monitor='frechet_distance'"):
        fit(made(), callbacks.KeepBest(tmp_path / "best.keras"))


def test_a_file_keeps_the_metrics_that_depend_on_names_and_numbers_alone(tmp_path):
    assert [type(sample_metrics.get(name)).__name__ for name in sample_metrics.names()] == [
        "Diversity",
        "FrechetDistance",
        "KernelDistance",
        *["PairScore"] * 3,
    ]
    several = [metrics.Diversity("pixels", every=3, name="pixels"), metrics.FrechetDistance(brightness)]
    gan = made(metrics=several)
    gan.save(tmp_path / "gan.keras")
    (again,) = keras.saving.load_model(tmp_path / "gan.keras").sample_metrics
    assert (type(again), again.name, again.every, again.features_name) == (metrics.Diversity, "pixels", 3, "pixels")


def test_only_the_first_machine_computes_features(monkeypatch):
    """The others generate, as a model that they share may need all of them, and learn the first one's value."""
    monkeypatch.setattr(distribution, "worker", lambda: 1)
    monkeypatch.setattr(distribution, "of_first", lambda value: 7.0 + value)

    def never(images):
        raise AssertionError("a feature on the second machine")

    gan = made(metrics=[metrics.FrechetDistance(never)])
    assert fit(gan, epochs=1)["frechet_distance"] == [7.0]


def rates(gan):
    return [float(ops.convert_to_numpy(getattr(gan.optimizer, player).learning_rate)) for player in PLAYERS]


PLAYERS = ("generator", "discriminator")


def test_a_schedule_of_learning_rates_is_both_players_or_that_of_the_chosen_one():
    halve = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
    gan = made(rate=0.5)
    gan.optimizer.discriminator.learning_rate = 0.25
    history = fit(gan, halve, epochs=1)
    assert rates(gan) == [0.25, 0.125]
    assert (history["learning_rate_generator"], history["learning_rate_discriminator"]) == ([0.25], [0.125])
    fit(gan, callbacks.for_player("discriminator", halve), epochs=2)
    assert rates(gan) == [0.25, 0.03125]
    fit(gan, *(callbacks.for_player(player, halve) for player in PLAYERS), epochs=1)
    assert rates(gan) == [0.125, 0.015625]
    with pytest.raises(ValueError, match="Received: player='critic'"):
        callbacks.for_player("critic", halve)


def test_a_plateau_reduces_both_learning_rates_by_the_factor():
    gan = made(rate=0.5, metrics=[metrics.FrechetDistance(brightness, samples=20)])
    plateau = keras.callbacks.ReduceLROnPlateau("frechet_distance", mode="min", factor=0.5, patience=1, min_delta=1e9)
    fit(gan, plateau, epochs=2)
    assert rates(gan) == [0.25, 0.25]


def test_weights_of_an_optimizers_average_are_swapped_and_without_one_the_moving_average_is_named():
    with pytest.raises(ValueError, match=r"ema_half_life=10_000.*Received: SwapEMAWeights"):
        fit(made(), keras.callbacks.SwapEMAWeights(swap_on_epoch=True))
    gan = made()
    gan.compile(generator_optimizer=keras.optimizers.SGD(0.5, use_ema=True, ema_momentum=0.5))
    steps = []

    class Kernel(callbacks.StepCallback):
        def act(self, step):
            steps.append(ops.convert_to_numpy(self.model.generator.trainable_variables[0].value))

    gan.fit(IMAGES[:12], None, 4, 1, 0, [Kernel(every=1), keras.callbacks.SwapEMAWeights(swap_on_epoch=True)])
    average = steps[0]  # Keras' average begins with the weights after the first step
    for kernel in steps[1:3]:
        average = 0.5 * average + 0.5 * kernel
    np.testing.assert_allclose(weights(gan.generator)[0], average, rtol=1e-5, atol=1e-6)
