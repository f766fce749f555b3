"""The doctor as a callback: what a probe measures, that it changes nothing, and how trouble is handled."""

import importlib.util
import os
import subprocess
import sys
import warnings
from pathlib import Path

import keras
import numpy as np
import pytest

from kerasgan import doctor, models
from kerasgan.doctor.probe import Probe
from kerasgan.doctor.reference import Reference, clusters, pooled

RANDOM = np.random.default_rng(0)
BLOBS = RANDOM.standard_normal((2, 64)).repeat(100, axis=0) + 0.05 * RANDOM.standard_normal((200, 64))
TWO_KINDS = np.tanh(BLOBS).reshape(200, 8, 8, 1).astype("float32")


def tiny(**settings):
    gan = models.DCGAN(image_size=8, channels=1, latent_dim=4, width=4)
    gan.compile(**settings)
    return gan


def weights(gan):
    return [np.array(variable) for variable in [*gan.variables, *gan.optimizer.variables]]


# The reference


def test_real_images_are_at_no_distance_from_themselves():
    found = Reference(TWO_KINDS).compare(TWO_KINDS)
    assert found.diversity == pytest.approx(1, abs=0.01)
    assert found.distance == pytest.approx(0, abs=1e-6)
    assert found.coverage == found.copies == 1


def test_the_mean_image_has_no_diversity_and_the_distance_one():
    mean = np.repeat(TWO_KINDS.mean(axis=0, keepdims=True), 32, axis=0)
    found = Reference(TWO_KINDS).compare(mean)
    assert found.diversity == pytest.approx(0, abs=1e-6)
    assert found.distance == pytest.approx(1, abs=1e-3)
    assert (found.repeats, found.copies) == (1, 0)


def test_one_of_two_kinds_covers_half():
    assert Reference(TWO_KINDS).compare(TWO_KINDS[:100]).coverage == pytest.approx(0.5, abs=0.02)


def test_images_that_are_not_finite_compare_as_nan():
    assert np.isnan(Reference(TWO_KINDS).compare(np.full((4, 8, 8, 1), np.nan, "float32"))).all()


def test_large_images_are_pooled_by_means():
    images = np.arange(64 * 64, dtype="float32").reshape(1, 64, 64, 1)
    assert pooled(images).shape == (1, 256)
    assert pooled(images)[0, 0] == images[0, :4, :4].mean()


def test_clusters_find_separated_blobs():
    centers = clusters(BLOBS, 2, seed=0)
    found = {tuple(np.round(center, 1)) for center in centers}
    assert found == {tuple(np.round(BLOBS[part].mean(axis=0), 1)) for part in (slice(0, 100), slice(100, 200))}


def test_a_single_reference_image_is_refused():
    with pytest.raises(ValueError, match="at least two"):
        Reference(TWO_KINDS[:1])


# The probe


@pytest.mark.parametrize("objective", ["non_saturating", "least_squares", "wasserstein", "relativistic"])
def test_a_probe_measures_everything_and_changes_nothing(objective):
    gan = tiny(objective=objective, ema_half_life=100, weight_clip=1.0 if objective == "wasserstein" else None)
    probe, before = Probe(gan, TWO_KINDS), weights(gan)
    first, second = probe(0), probe(0)
    for one, other in zip(before, weights(gan)):
        np.testing.assert_array_equal(one, other)
    assert first["margin"] == pytest.approx(second["margin"], abs=1e-6)
    assert second["movement"] == 0
    assert all(np.isfinite(value) for name, value in second.items() if not name.endswith("_update"))
    assert 0 <= first["separation"] <= 1


def test_updates_are_relative_changes_per_step():
    gan = tiny()
    probe = Probe(gan, TWO_KINDS)
    assert np.isnan(probe(0)["generator_update"])
    for variable in gan.generator.trainable_variables:
        variable.assign(variable * 1.02)
    signals = probe(4)
    assert signals["generator_update"] == pytest.approx(0.005, rel=1e-4)  # two percent in four steps
    assert signals["discriminator_update"] == 0


def test_a_training_is_bit_for_bit_the_same_under_observation():
    results = []
    for callbacks in ([], [doctor.Doctor(TWO_KINDS, every=2)]):
        keras.utils.set_random_seed(0)
        gan = tiny(ema_half_life=100)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", doctor.DoctorWarning)
            gan.fit(TWO_KINDS[:40], batch_size=8, epochs=1, verbose=0, callbacks=callbacks)
        results.append(weights(gan))
    for one, other in zip(*results):
        np.testing.assert_array_equal(one, other)


# The callback


def test_the_callback_collects_columns_that_diagnose_reads_again():
    watch = doctor.Doctor(TWO_KINDS, every=2)
    tiny().fit(TWO_KINDS[:32], batch_size=4, verbose=0, callbacks=[watch])
    assert watch.history["step"] == [0, 2, 4, 6, 8]
    assert len({len(values) for values in watch.history.values()}) == 1
    assert np.isfinite(watch.history["discriminator_loss"][1:]).all()
    assert doctor.diagnose(watch.history) == watch.diagnosis
    assert watch.diagnosis.verdict == "undecided"


def test_a_class_conditional_model_is_probed_with_the_labels_of_the_images():
    gan = models.ConditionalGAN(image_size=8, latent_dim=4, width=0.02, num_classes=2)
    gan.compile()
    labels = np.repeat([0, 1], 100).astype("int32")
    watch = doctor.Doctor(TWO_KINDS, labels, every=2)
    gan.fit(TWO_KINDS, labels, batch_size=50, verbose=0, callbacks=[watch])
    assert np.isfinite(watch.history["generator_gradient"]).all()
    with pytest.raises(ValueError, match="labels"):
        gan.fit(TWO_KINDS, labels, batch_size=50, verbose=0, callbacks=[doctor.Doctor(TWO_KINDS)])


def test_labels_for_the_discriminator_only_are_passed_to_it_alone():
    gan = models.SemiSupervisedGAN(image_size=8, latent_dim=4, width=0.02, num_classes=2)
    watch = doctor.Doctor(every=2)
    gan.compile(run_eagerly=True)
    labels = np.where(np.arange(200) % 4, -1, np.repeat([0, 1], 100))
    gan.fit(TWO_KINDS, labels, batch_size=50, verbose=0, callbacks=[watch])
    assert np.isfinite(watch.history["generator_gradient"]).all()


@pytest.mark.parametrize(("every", "steps"), [(100, [*range(0, 401, 20), 500, 507]), (1000, [*range(0, 401, 20), 507])])
def test_the_first_steps_are_watched_closely_however_rare_later_probes_are(every, steps):
    watch = doctor.Doctor(every=every)
    watch.history = {"step": [0], "discriminator_loss": [1.0]}
    watch._look = lambda step: watch.history["step"].append(step)
    watch._epoch_start = watch.step = watch._acted = 0
    for batch in range(508):
        watch.on_train_batch_begin(batch)
    watch.on_train_end()
    assert watch.history["step"] == steps


def troubled(on_trouble, **settings):
    """A training whose discriminator is not updated, with the doctor and its warnings."""
    still, hasty = keras.optimizers.SGD(0.0), keras.optimizers.Adam(0.05)
    gan = tiny(discriminator_optimizer=still, generator_optimizer=hasty, ema_half_life=50)
    watch = doctor.Doctor(TWO_KINDS, every=1, on_trouble=on_trouble, **settings)
    with pytest.warns(doctor.DoctorWarning) as caught:
        gan.fit(TWO_KINDS[:80], batch_size=4, verbose=0, callbacks=[watch])
    return gan, watch, [str(warning.message) for warning in caught if warning.category is doctor.DoctorWarning]


def test_trouble_is_reported_once_and_the_training_goes_on():
    gan, watch, messages = troubled("warn")
    assert int(gan.optimizer.iterations) == 20
    assert list(watch.found) == ["weak discriminator"]
    assert len(messages) == 1
    assert "The discriminator's weights do not change." in messages[0]
    assert "Suggestion: Let the discriminator learn" in messages[0]


def test_trouble_stops_the_training_after_as_many_probes_as_patience():
    gan, watch, _ = troubled("stop", patience=2)
    assert watch.found == {"weak discriminator": 10}  # ten probes, the second in trouble: step 0 is the first probe
    assert int(gan.optimizer.iterations) == 11


def test_a_rollback_gives_back_the_sampler_that_came_closest_to_the_real_images():
    gan, watch, messages = troubled("rollback", patience=2)
    distances = watch.history["distance"]
    best = 1 + int(np.argmin(distances[1:]))
    assert f"goes back to step {best}" in messages[0]
    assert Probe(gan, TWO_KINDS)(0)["distance"] == pytest.approx(distances[best], abs=1e-5)
    assert distances[best] < distances[-1]


def test_without_images_the_doctor_listens_to_the_losses():
    watch = doctor.Doctor(every=1)
    tiny().fit(TWO_KINDS[:40], batch_size=4, verbose=0, callbacks=[watch])
    assert "distance" not in watch.history or watch.history["examples"][0] == 40  # where `fit` passes its batches


@pytest.mark.parametrize("settings", [{"on_trouble": "panic"}, {"patience": 0}, {"every": 0}])
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(ValueError, match="Received"):
        doctor.Doctor(**settings)


OTHER_BACKEND = """
import sys

sys.modules["tensorflow"] = None  # importing it raises
import keras, numpy as np, warnings
from kerasgan import doctor, models
from kerasgan.doctor.probe import Probe
images = np.random.default_rng(0).uniform(-1, 1, (80, 8, 8, 1)).astype("float32")
gan = models.DCGAN(image_size=8, channels=1, latent_dim=4, width=4)
still, hasty = keras.optimizers.SGD(0.0), keras.optimizers.Adam(0.05)
gan.compile(discriminator_optimizer=still, generator_optimizer=hasty, ema_half_life=50)
watch = doctor.Doctor(images, every=1, on_trouble="rollback", patience=2)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    gan.fit(images, batch_size=4, verbose=0, callbacks=[watch])
best = 1 + int(np.argmin(watch.history["distance"][1:]))
again = Probe(gan, images)(0)["distance"]
assert list(watch.found) == ["weak discriminator"], watch.found
assert abs(again - watch.history["distance"][best]) < 1e-5, (again, watch.history["distance"])
assert all(np.isfinite(values[-1]) for values in watch.history.values()), watch.history
"""


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_probe_and_rollback_work_on_other_backends_without_tensorflow(backend):
    pytest.importorskip(backend)
    environment = {**os.environ, "KERAS_BACKEND": backend, "JAX_PLATFORMS": "cpu"}
    subprocess.run([sys.executable, "-c", OTHER_BACKEND], env=environment, check=True, timeout=300)


@pytest.mark.slow
@pytest.mark.parametrize("case", ["frozen_discriminator", "constant_latents", "leaked_labels", "healthy"])
def test_a_planted_failure_is_found_and_named_and_a_healthy_training_is_not_stopped(case):
    path = Path(__file__).parents[1] / "benchmarks" / "doctor" / "planted.py"
    spec = importlib.util.spec_from_file_location("planted_failures", path)
    benchmark = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = benchmark  # its dataclass looks itself up
    spec.loader.exec_module(benchmark)
    change = {} if case == "healthy" else getattr(benchmark, case)
    found = benchmark.train(change, seed=0).found
    assert bool(found) == (case != "healthy")
    assert not found or set(found) & set(benchmark.PLANTED[change])


def test_fit_shows_the_doctor_the_data_it_trains_on():
    from kerasgan import data, doctor, models

    gan = models.DCGAN(**models.DCGAN.tiny_config)
    gan.compile(run_eagerly=True)
    watch = doctor.Doctor(every=1)
    gan.fit(data.digits(image_size=16, batch_size=16), steps_per_epoch=3, verbose=0, callbacks=[watch])
    assert any("real" in column for column in watch.history), sorted(watch.history)


def test_a_model_that_grows_is_compared_with_sharp_images_from_its_first_phase_on():
    gan = models.PGGAN(**models.PGGAN.tiny_config)
    gan.compile(run_eagerly=True)
    watch = doctor.Doctor(every=4)
    gan.fit(TWO_KINDS[:8], batch_size=4, epochs=2, verbose=0, callbacks=[watch])
    seen, sharp = (rows[np.lexsort(rows.T)] for rows in (watch._probe.reference.pixels, pooled(TWO_KINDS[:8])))
    np.testing.assert_allclose(seen, sharp, atol=1e-6)  # in some order


def test_training_images_that_lack_a_mode_of_the_doctors_data_are_found_at_once():
    watch = doctor.Doctor(TWO_KINDS, every=100)
    tiny(run_eagerly=True).fit(TWO_KINDS[:100], batch_size=50, steps_per_epoch=1, verbose=0, callbacks=[watch])
    assert watch.history["data_coverage"] == pytest.approx([0.5, 0.5], abs=0.02)


@pytest.mark.parametrize("length", ["__len__", "num_batches", None])
def test_the_doctor_takes_a_pydataset_with_and_without_a_length(length):
    def batch(self, index):
        return TWO_KINDS[index * 50 % 200 :][:50]

    members = {"__len__": {"__len__": lambda self: 4}, "num_batches": {"num_batches": property(lambda self: 4)}}
    endless = {"num_batches": property(lambda self: None)}
    kind = type("Mine", (keras.utils.PyDataset,), {"__getitem__": batch, **members.get(length, endless)})
    watch = doctor.Doctor(every=1)
    tiny(run_eagerly=True).fit(kind(), steps_per_epoch=2, verbose=0, callbacks=[watch])
    assert np.isfinite(watch.history["distance"]).all()
