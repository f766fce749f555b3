"""The doctor as a callback: what a probe measures, that it changes nothing, and how trouble is handled."""

import importlib
import os
import subprocess
import sys
import warnings
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from kerasgan import doctor, latents, models
from kerasgan.doctor import pairs
from kerasgan.doctor.probe import Probe
from kerasgan.doctor.reference import Classes, Look, Reference, apart, clusters, patches_apart, pooled
from kerasgan.doctor.translation import TranslationProbe

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


def test_equal_fakes_are_told_from_fakes_that_are_alike():
    two = np.repeat(TWO_KINDS[[0, 100]], 16, axis=0)
    assert Reference(TWO_KINDS).compare(two).duplicates == 1
    assert Reference(TWO_KINDS).compare(TWO_KINDS[:64]).duplicates == 0


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


def test_the_looks_of_images_are_those_of_closed_forms():
    real = np.random.default_rng(0).standard_normal((64, 16, 16, 3)).astype("float32")
    look = Look(real)
    same = look.compared_with(look)
    assert (same["levels"], same["colors"], same["detail"]) == pytest.approx((0, 0, 1), abs=1e-6)
    lighter = Look(real + 0.7).compared_with(look)  # normal, of deviation 1
    assert (lighter["levels"], lighter["colors"], lighter["detail"]) == pytest.approx((0.7, 0, 1), rel=0.02, abs=1e-5)
    doubled = Look(2 * real).compared_with(look)  # E|2x - x| = sqrt(2 / pi); differences are squared
    assert (doubled["levels"], doubled["detail"]) == pytest.approx((np.sqrt(2 / np.pi), 4), rel=0.05)
    assert (doubled["clipped"], doubled["span"]) == pytest.approx((0.62 - 0.322, 2), rel=0.03)  # P(|2x| > 0.99)
    gray = Look(real.mean(axis=-1, keepdims=True).repeat(3, axis=-1)).compared_with(look)
    assert gray["colors"] == pytest.approx(np.sqrt(2 / np.pi), rel=0.05)
    assert Look(2 * real[..., :1]).compared_with(Look(real[..., :1]))["colors"] == 0


def test_specks_are_pixels_unlike_all_of_their_neighbors():
    real = np.random.default_rng(0).uniform(-0.2, 0.2, (100, 16, 16, 1)).astype("float32")
    salted = np.where(np.random.default_rng(1).random(real.shape) < 0.05, 1, real)
    alone = 0.05 * 0.95**8  # no neighbor has it
    assert Look(salted).compared_with(Look(real))["specks"] == pytest.approx(alone, rel=0.05)
    assert Look(-salted).compared_with(Look(real))["specks"] == pytest.approx(alone, rel=0.05)
    edges = np.where(np.arange(16)[:, None] < 8, real - 0.8, real + 0.8)  # of a shape they are none
    assert Look(edges).compared_with(Look(real))["specks"] == 0
    assert Look(real[:, :2]).compared_with(Look(real[:, :2]))["specks"] == 0


def test_sets_of_one_source_are_told_by_chance_and_a_part_of_the_kinds_is_not_apart():
    first, second = np.random.default_rng(0).standard_normal((2, 400, 8))
    assert apart(first, second) == pytest.approx(0.5, abs=0.08)
    assert apart(first, second[:100]) == pytest.approx(0.5, abs=0.12)  # whatever their sizes
    assert apart(first, second + 8) == 1
    assert apart(first, second[:100] + 8) == 1
    assert apart(first, first) == 0  # copies tell nothing
    assert apart(first, first[:200]) == 0
    both = np.concatenate([first[:200], second[:200] + 8])
    assert apart(both, second[200:] + 8) == pytest.approx(2 / 3, abs=0.09)  # of that kind twice as many
    assert np.isnan(apart(first, second[:40]))


def test_patches_are_told_by_the_grain_of_images_not_by_the_image_that_they_are_from():
    rng = np.random.default_rng(0)
    first, second = rng.standard_normal((2, 60, 16, 16, 1)) + 3 * rng.standard_normal((2, 60, 1, 1, 1))
    assert patches_apart(first, second) == pytest.approx(0.5, abs=0.08)  # though each image has a lightness of its own
    smooth = (second + np.roll(second, 1, axis=1) + np.roll(second, 1, axis=2)) / 3
    assert patches_apart(first, smooth) > 0.65
    assert np.isnan(patches_apart(first, np.zeros((60, 16, 16, 1))))


def test_outputs_beside_their_targets_fit_where_all_are_moved_alike():
    y = np.random.default_rng(0).standard_normal((20, 16, 16, 1))
    unmoved, moved = pairs.beside(np.roll(y, (2, -1), axis=(1, 2)), y)
    assert (unmoved, moved) == (pytest.approx(2, rel=0.1), 0)  # the variances of both
    assert pairs.beside(y[:, :, ::-1], y)[1] == 0
    near = pairs.beside(y + 0.1, y)
    assert near == pytest.approx((0.01, 0.01), rel=0.1)


def test_pairs_that_were_moved_one_by_one_are_told_by_a_linear_filter():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((60, 16, 16, 1))
    y = 0.5 * x + 0.5 * np.roll(x, 1, axis=2) + 0.1 * rng.standard_normal(x.shape)
    noise = 0.1**2 / (0.5**2 + 0.5**2 + 0.1**2)  # what no filter explains, of the variance
    assert pairs.errors(x, y) == pytest.approx((noise, noise), rel=0.3)
    assert pairs.Filter(x[:30], y[:30]).error(x[30:], y[30:]) == pytest.approx(noise, rel=0.3)
    turned = np.where(rng.random((60, 1, 1, 1)) < 0.4, y[:, :, ::-1], y)
    unmoved, moved = pairs.errors(x, turned)
    assert (moved < 1.5 * noise, unmoved > 0.4) == (True, True)
    none, best = pairs.errors(x, rng.standard_normal(x.shape))  # no filter explains them, wherever they are moved to
    assert best > 0.6 * none
    colors, halves = pairs.common(np.zeros((2, 8, 8, 3)), np.ones((2, 32, 32, 1)))
    assert (colors.shape, halves.shape, halves.mean()) == ((2, 8, 8, 3), (2, 8, 8, 1), 1)
    assert pairs.common(np.zeros((2, 12, 12, 1)), np.zeros((2, 20, 20, 1))) is None


LABELS = np.repeat([3, 7], 100)


def test_real_images_resemble_their_class_and_with_the_other_label_the_other_one():
    classes = Classes(Reference(TWO_KINDS), LABELS)
    assert classes.agreement(TWO_KINDS[::10], LABELS[::10]) == pytest.approx(1)
    assert classes.agreement(TWO_KINDS[::10], 10 - LABELS[::10]) == pytest.approx(-1)
    assert classes.agreement(TWO_KINDS[::10], np.tile([3, 7], 10)) == pytest.approx(0)
    assert classes.least_diverse(TWO_KINDS, LABELS)[0] == pytest.approx(1)


def test_a_class_of_one_image_has_no_diversity_and_classes_that_look_alike_are_not_told():
    classes = Classes(Reference(TWO_KINDS), LABELS)
    same = np.concatenate([TWO_KINDS[:100], TWO_KINDS[[100]].repeat(100, axis=0)])
    assert classes.least_diverse(same, LABELS) == pytest.approx((0, 7), abs=1e-6)
    assert np.isnan(classes.least_diverse(same[:3], LABELS[:3])).all()  # too few to tell
    mixed = Classes(Reference(TWO_KINDS), np.arange(200) % 2)
    assert np.isnan(mixed.agreement(TWO_KINDS, np.arange(200) % 2))


def conditional():
    gan = models.ConditionalGAN(image_size=8, latent_dim=4, width=0.02, num_classes=10)
    gan.compile()
    return gan


def test_what_another_label_changes_is_measured_with_the_same_latents(monkeypatch):
    gan, first = conditional(), TWO_KINDS[[0]]
    probe = Probe(gan, TWO_KINDS, LABELS)
    made = {}  # of class 7 the negative of class 3
    monkeypatch.setattr(gan, "generate", lambda count, labels, seed: made["of"](labels).reshape(-1, 1, 1, 1) * first)
    made["of"] = lambda labels: np.where(labels == 3, 1, -1)
    apart = 4 * np.mean(first**2) / (2 * TWO_KINDS.var(axis=0).mean())
    assert probe(0)["label_effect"] == pytest.approx(apart, rel=1e-4)
    made["of"] = np.ones_like
    assert probe(1)["label_effect"] == 0


def test_training_labels_that_belong_to_other_images_of_the_doctors_data_are_found():
    signals = Probe(conditional(), TWO_KINDS, LABELS, trained_on=(TWO_KINDS, 10 - LABELS))(0)
    assert signals["data_agreement"] == pytest.approx(-1)
    assert signals["data_coverage"] == 1


def translation(outputs, monkeypatch, inputs=-TWO_KINDS, targets=TWO_KINDS):
    """The signals of a model whose outputs are these."""
    gan = models.Pix2Pix(**models.Pix2Pix.tiny_config | {"channels": 1})
    monkeypatch.setattr(gan, "predict", lambda images, verbose: outputs)
    return TranslationProbe(gan, inputs, targets, count=len(outputs))(0)


def test_a_translation_is_compared_with_targets_inputs_and_one_color(monkeypatch):
    order = np.random.default_rng(0).permutation(200)
    inputs, targets = -TWO_KINDS[order], TWO_KINDS[order]
    right = translation(targets, monkeypatch, inputs, targets)
    assert right["error"] == 0
    assert right["contrast"] == pytest.approx(1)
    assert right["input_error"] == right["change"] > 1
    same = translation(inputs, monkeypatch, inputs, targets)
    assert same["change"] == 0
    assert same["error"] == same["input_error"]
    mean = translation(targets.mean(axis=0, keepdims=True).repeat(200, axis=0), monkeypatch, inputs, targets)
    assert (mean["error"], mean["pairing"]) == pytest.approx((1, 1), rel=0.01)
    assert right["pairing"] == 0
    assert mean["diversity"] == pytest.approx(0, abs=1e-6)
    flat = translation(np.linspace(-1, 1, 200, dtype="float32").reshape(-1, 1, 1, 1) + 0 * targets, monkeypatch)
    assert flat["contrast"] == pytest.approx(0, abs=1e-6)


def test_pairs_unlike_the_doctors_are_found(monkeypatch):
    gan = models.Pix2Pix(**models.Pix2Pix.tiny_config | {"channels": 1})
    noise = np.random.default_rng(0).standard_normal((2, 100, 8, 8, 1))
    first, second = np.tanh(noise + np.linspace(-1, 1, 8)[:, None, None]).astype("float32")  # lighter from row to row
    monkeypatch.setattr(gan, "predict", lambda images, verbose: first[:16])
    found = {
        name: TranslationProbe(gan, first, first, trained_on=(second, targets))(0)
        for name, targets in {"alike": second, "upside down": second[:, ::-1], "dark": second / 2 - 0.5}.items()
    }
    assert found["alike"]["data_apart"] < 0.65
    assert found["upside down"]["data_apart"] > 0.9
    assert found["upside down"]["data_levels"] < 0.05 < 0.5 < found["dark"]["data_levels"]


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


@pytest.mark.parametrize("family", [models.AAE, models.BEGAN], ids=lambda family: family.__name__)
def test_a_discriminator_that_is_not_to_tell_images_is_not_asked_whether_it_does(family):
    gan = family(**family.tiny_config)
    gan.compile()
    signals = Probe(gan, TWO_KINDS)(0)
    assert "separation" not in signals
    assert np.isfinite(signals["distance"])


@pytest.mark.parametrize(
    ("prior", "told"),
    [
        (latents.Categorical(4), False),
        (latents.Product([latents.Categorical(2), latents.Categorical(2)]), False),
        (latents.Product([latents.Categorical(2), (latents.Normal(), 2)]), True),
    ],
)
def test_equal_samples_of_equal_categories_are_no_doubles(prior, told):
    gan = models.DCGAN(image_size=8, channels=1, latent_dim=4, width=4, prior=prior)
    gan.compile()
    assert ("duplicates" in Probe(gan, TWO_KINDS)(0)) is told


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


@pytest.mark.parametrize("family", [models.Pix2Pix, models.SRGAN])
def test_an_image_to_image_model_is_rolled_back_to_where_its_outputs_were_best(family):
    gan = family(**family.tiny_config | {"channels": 1})
    hasty, images = keras.optimizers.Adam(0.3), np.kron(TWO_KINDS, np.ones((1, 2, 2, 1), "float32"))
    gan.compile(generator_optimizer=hasty)
    inputs = images[:, :: gan.scale, :: gan.scale].repeat(gan.input_shape[-1], axis=-1)
    watch = doctor.Doctor(every=1, on_trouble="rollback", patience=1)
    with pytest.MonkeyPatch.context() as patch, pytest.warns(doctor.DoctorWarning):
        late = doctor.Diagnosis("drift", 1.0, [], "")
        early = doctor.Diagnosis("undecided", 0.0, [], "")
        patch.setattr("kerasgan.doctor.callback.diagnose", lambda rows: late if len(rows["step"]) > 12 else early)
        gan.fit(inputs[::20], images[::20], batch_size=5, epochs=10, verbose=0, callbacks=[watch])
    errors = watch.history["error"]
    assert np.nanmin(errors[1:]) < errors[-1]
    assert watch._probe(0)["error"] == pytest.approx(np.nanmin(errors[1:]), rel=1e-4)


@pytest.mark.parametrize("settings", [{"on_trouble": "panic"}, {"patience": 0}, {"every": 0}])
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(ValueError, match="Received"):
        doctor.Doctor(**settings)


OTHER_BACKEND = """
import sys

sys.modules["tensorflow"] = None  # importing it raises
import keras, numpy as np, warnings
from kerasgan import doctor, latents, models
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


@pytest.fixture
def benchmark(monkeypatch):
    """The modules of benchmarks/doctor, by name."""
    troubles = ("troubles", "earlier", "earlier_data", "earlier_learning", "earlier_networks", "unseen")
    names = ("families", *troubles, "planted", "recorder", "record", "pictures")
    names += ("recipes", "limits")
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "benchmarks" / "doctor"))
    for name in names:  # the tests have a module of the name "families", too
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield lambda name: importlib.import_module(name)
    for name in names:
        sys.modules.pop(name, None)


def test_a_recorded_training_is_judged_as_a_running_one(benchmark):
    steps = 20.0 * np.arange(16)
    fixed = dict.fromkeys(("discriminator_loss", "generator_loss", "diversity", "distance"), np.ones(16))
    frozen = {"step": steps, **fixed, "repeats": np.zeros(16), "discriminator_update": np.zeros(16)}
    assert benchmark("recorder").replay(frozen).found == {"weak discriminator": 220}  # of ten probes, and two more


def test_the_tutorials_picture_of_a_translator_shows_inputs_outputs_and_targets(benchmark, tmp_path):
    parts = {"inputs": (8, 50), "images": (32, 100), "reals": (16, 200)}  # side and gray: super-resolution
    several = {name: np.full((10, side, side, 1), gray, "uint8") for name, (side, gray) in parts.items()}
    np.savez(tmp_path / "drift__SRGAN__0.npz", distance=0.0, **several)
    [path] = benchmark("pictures").write(tmp_path, tmp_path, seed=0)
    with Image.open(path) as picture:
        column = np.asarray(picture.convert("L"))[:, 16].tolist()
    assert [gray for gray in dict.fromkeys(column) if gray in (50, 100, 200)] == [50, 100, 200]


def test_the_data_of_a_recorded_training_are_measured_anew_without_training(benchmark, tmp_path):
    planted, recorder, path = benchmark("planted"), benchmark("recorder"), tmp_path / "run.npz"
    np.savez(path, distance=0.2, **{"signals/step": np.arange(16.0), "signals/data_retired": np.ones(16)})
    mirrored = planted.named("pairs-mirrored-separately")
    planted.measure_data(path, trouble=mirrored, family="Pix2Pix", seed=0)
    signals = {name: values[-1] for name, values in recorder.read(path).signals.items()}
    assert "data_retired" not in signals
    assert 4 * signals["filter_error"] < signals["data_filter_error"]
    assert 2 * signals["moved_error"] < signals["data_unmoved_error"]
    assert signals["step"] == 15


def test_the_record_says_how_many_trainings_earlier_rules_have_judged(benchmark):
    record = benchmark("record")
    settings = dict(kind="none", name="DCGAN", found={}, end="healthy", distance=1.0, steps=300)
    runs = [record.Run(seed=seed, rules=rules, **settings) for seed, rules in enumerate((record.RULES, "a71ed3d"))]
    assert "Judged by earlier rules, as no recording is left: 1 of 2." in record.alarms(runs)
    assert "no recording" not in record.alarms(runs[:1])


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["frozen discriminator", "constant latents", "output is constant", "none"])
def test_a_planted_trouble_is_found_and_named_and_a_healthy_training_is_not_stopped(kind, benchmark, tmp_path):
    planted, recorder = benchmark("planted"), benchmark("recorder")
    trouble = planted.kinds().get(kind)
    family = "Pix2Pix" if kind.startswith("output") else "DCGAN"
    planted.plant(tmp_path / "run.npz", trouble=trouble, family=family, seed=0)
    found = recorder.replay(recorder.read(tmp_path / "run.npz").signals).found
    assert bool(found) == (kind != "none")
    assert not found or set(found) & set(trouble.verdicts)


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
