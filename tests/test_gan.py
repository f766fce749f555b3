"""The shared training step: k, moving average, reuse of fakes, generate, and what it refuses."""

import re
import sys

import keras
import numpy as np
import pytest
from keras import ops

from kerasgan import GAN, data, latents, models, objectives, penalties
from kerasgan.layers import normalized
from kerasgan.models import DCGAN, ConditionalDCGAN, ConditionalGAN

IMAGES = np.random.default_rng(0).uniform(-1, 1, (24, 16, 16, 1)).astype("float32")


def dcgan(**options):
    model = DCGAN(**DCGAN.tiny_config, discriminator_norm="none" if "penalties" in options else "batch")
    model.compile(**options)
    return model


def weights(network):
    return [ops.convert_to_numpy(variable.value) for variable in network.trainable_variables]


@pytest.mark.parametrize(("steps", "generator_steps"), [(1, 6), (2, 3), (4, 1)])
def test_the_generator_moves_on_every_kth_batch(steps, generator_steps):
    model = dcgan(discriminator_steps=steps)
    model.fit(IMAGES, batch_size=4, verbose=0)
    assert int(model.optimizer.discriminator.iterations) == 6
    assert int(model.optimizer.generator.iterations) == generator_steps


def test_the_first_k_minus_one_batches_leave_the_generator_alone():
    model = dcgan(discriminator_steps=3)
    before = weights(model.generator)
    model.fit(IMAGES[:8], batch_size=4, verbose=0)
    assert all(np.array_equal(old, new) for old, new in zip(before, weights(model.generator)))
    model.fit(IMAGES[:4], batch_size=4, verbose=0)
    assert not all(np.array_equal(old, new) for old, new in zip(before, weights(model.generator)))


def test_the_moving_average_is_what_its_definition_says():
    model = dcgan(ema_half_life=8, generator_optimizer=keras.optimizers.SGD(0.1))
    average = weights(model.generator)
    model.optimizer.generator.iterations.assign(100)  # past the ramp at the beginning of a training
    seen = 400
    for start in range(0, 12, 4):
        model.fit(IMAGES[start : start + 4], batch_size=4, verbose=0)
        seen += 4
        decay = 0.5 ** (4 / min(8, 0.05 * seen))
        average = [decay * old + (1 - decay) * new for old, new in zip(average, weights(model.generator))]
    kernels = [v for v in model.ema_generator.variables if v.path.endswith("kernel")]
    expected = [a for a, v in zip(average, model.generator.trainable_variables) if v.path.endswith("kernel")]
    for value, variable in zip(expected, kernels):
        np.testing.assert_allclose(ops.convert_to_numpy(variable.value), value, atol=1e-6)
    assert model.sampler is model.ema_generator


def test_without_a_half_life_the_generator_itself_is_sampled():
    assert dcgan().sampler is not None
    assert dcgan().ema_generator is None


def test_reused_fakes_are_made_once_of_the_same_latents():
    class Counting(DCGAN):
        drawn = made = 0

        def sample_latents(self, real):
            self.drawn += 1
            return super().sample_latents(real)

        def synthesize(self, batch):
            self.made += 1
            return super().synthesize(batch)

    for reuse, expected in ((True, 1), (False, 2)):
        model = Counting(**DCGAN.tiny_config)
        model.compile(reuse_fakes=reuse, run_eagerly=True)
        model.fit(IMAGES[:4], batch_size=4, verbose=0)
        assert (model.drawn, model.made) == (expected, expected)


def test_lazy_penalties_are_computed_on_every_nth_step_and_weighted():
    model = dcgan(penalties=[{"name": "r1", "interval": 3}], run_eagerly=True)
    calls, penalty = [], model.penalties[0]
    original = type(penalty).__call__

    def counted(self, *arguments, **options):
        calls.append(int(model.optimizer.iterations))
        return original(self, *arguments, **options)

    type(penalty).__call__ = counted
    try:
        model.fit(IMAGES, batch_size=4, verbose=0)
    finally:
        type(penalty).__call__ = original
    assert calls == [0, 3]


def test_two_networks_of_your_own_make_a_gan(tmp_path):
    noise = keras.Input((3,), name="latents")
    made = keras.layers.Reshape((4, 4, 1))(keras.layers.Dense(16, activation="tanh")(noise))
    images = keras.Input((4, 4, 1))
    model = GAN(
        keras.Model(noise, made),
        keras.Model(images, keras.layers.Dense(1)(keras.layers.Flatten()(images))),
        prior=latents.Uniform(0, 1),
    )
    model.compile()
    model.fit(IMAGES[:, :4, :4], batch_size=4, verbose=0)
    model.save(tmp_path / "own.keras")
    again = keras.saving.load_model(tmp_path / "own.keras")
    np.testing.assert_array_equal(again.generate(2, seed=0), model.generate(2, seed=0))
    assert again.prior.describe() == {"name": "uniform", "low": 0.0, "high": 1.0}


def test_a_file_of_a_mixed_precision_model_keeps_its_precision(tmp_path):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = dcgan()
    finally:
        keras.config.set_dtype_policy("float32")
    model.save(tmp_path / "mixed.keras")
    again = keras.saving.load_model(tmp_path / "mixed.keras")
    assert again.generator.get_layer("up1").dtype_policy.name == "mixed_bfloat16"
    assert keras.config.dtype_policy().name == "float32"


def test_training_with_a_seed_is_reproducible():
    results = []
    for _ in range(2):
        keras.utils.set_random_seed(3)
        model = dcgan(penalties=["gradient_penalty"])
        model.fit(IMAGES, batch_size=8, epochs=2, verbose=0)
        results.append(model.generate(2, seed=0))
    np.testing.assert_array_equal(*results)


def test_recompiling_keeps_the_weights_and_changes_the_settings():
    model = dcgan(ema_half_life=100)
    model.fit(IMAGES[:4], batch_size=4, verbose=0)
    before = model.generate(2, seed=0)
    model.compile(objective="hinge", ema_half_life=100)
    np.testing.assert_array_equal(model.generate(2, seed=0), before)
    assert type(model.objective).__name__ == "Hinge"


def test_generate_takes_latents_instead_of_drawing_them():
    model = dcgan()
    points = model.prior.draw(5, 8, seed=1)
    images = model.generate(5, seed=1)
    np.testing.assert_array_equal(model.generate(latents=points), images)
    np.testing.assert_allclose(model.generate(5, latents=points[::-1], batch_size=2), images[::-1], atol=1e-6)
    np.testing.assert_allclose(model.generate(latents=points), model.predict(points, verbose=0), atol=1e-6)
    conditional = ConditionalGAN(**ConditionalGAN.tiny_config)
    points = conditional.prior.draw(2, 8, seed=1)
    expected = conditional.generate(2, labels=[3, 4], seed=1)
    np.testing.assert_array_equal(conditional.generate(latents=points, labels=[3, 4]), expected)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"count": 0}, "positive whole number.*count=0"),
        ({"count": 2.5}, "positive whole number.*count=2.5"),
        ({"count": 2, "labels": 1}, "not class-conditional"),
        ({}, r"number of images, latents or labels of images\. Received: count=None"),
        ({"latents": np.zeros((2, 7))}, r"shape \(count, 8\)\. Received: latents.shape=\(2, 7\)"),
        ({"latents": np.zeros(8)}, r"shape \(count, 8\)\. Received: latents.shape=\(8,\)"),
        ({"latents": np.zeros((0, 8))}, r"shape \(count, 8\)"),
        ({"latents": np.full((2, 8), np.inf)}, "Expected finite numbers as latents"),
        ({"latents": [["a"] * 8]}, "Expected finite numbers as latents"),
        ({"latents": np.zeros((2, 8)), "count": 3}, r"count=3 images\. Received: latents.shape=\(2, 8\)"),
    ],
)
def test_generate_refuses_what_it_cannot_make(arguments, message):
    with pytest.raises(ValueError, match=message):
        dcgan().generate(**arguments)


@pytest.mark.parametrize("labels", [10, -1, [0, 1, 2], 1.5, [0, 12]])
def test_a_conditional_model_refuses_labels_that_do_not_fit(labels):
    model = ConditionalGAN(**ConditionalGAN.tiny_config)
    with pytest.raises(ValueError, match=r"Expected (an int or 2 ints as labels|labels from 0 to 9)"):
        model.generate(2, labels=labels)


def test_without_a_seed_keras_own_decides_and_images_differ_from_call_to_call():
    model, images = ConditionalGAN(**ConditionalGAN.tiny_config), []
    for _ in range(2):
        keras.utils.set_random_seed(5)
        images += [model.generate(2), model.generate(2)]
    np.testing.assert_array_equal(images[:2], images[2:])
    assert not np.array_equal(images[0], images[1])


def test_a_conditional_model_draws_labels_where_none_are_given():
    model = ConditionalGAN(**ConditionalGAN.tiny_config)
    np.testing.assert_array_equal(model.generate(6, seed=1), model.generate(6, seed=1))
    assert not np.array_equal(model.generate(2, labels=3, seed=1), model.generate(2, labels=4, seed=1))
    np.testing.assert_array_equal(model.generate(labels=[3, 4], seed=1), model.generate(2, labels=[3, 4], seed=1))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"discriminator_steps": 0}, "Received: discriminator_steps=0"),
        ({"ema_half_life": -1}, "Received: ema_half_life=-1"),
        ({"ema_half_life": float("nan")}, "Received: ema_half_life=nan"),
        ({"weight_clip": np.float32("nan")}, "Received: weight_clip=.*nan"),
        ({"augment": {"name": "ada", "cutout": float("nan")}}, "Received: augment=.*'cutout': nan"),
        ({"loss": "hinge"}, "Expected objective, .*Received: loss='hinge'"),
        ({"loss_weights": [1, 2]}, "Expected the weights that penalties .*Received: loss_weights="),
        ({"metrics": ["accuracy"]}, "Expected metrics of generated images, such as .*Received: metrics='accuracy'"),
        ({"weighted_metrics": ["mse"]}, "Expected metrics=.*sample_metrics.*Received: weighted_metrics="),
        ({"auto_scale_loss": True}, "mixed_float16.*Received: auto_scale_loss=True"),
        ({"objective": "wasserstien"}, "such as wasserstein"),
        ({"penalties": "gradient_penality"}, "such as gradient_penalty"),
    ],
)
def test_compile_says_what_it_expects(arguments, message):
    with pytest.raises(ValueError, match=message):
        dcgan(**arguments)


def test_keras_one_optimizer_argument_is_answered_with_the_two():
    with pytest.raises(ValueError, match="generator_optimizer and discriminator_optimizer"):
        dcgan(optimizer="adam")


def test_one_optimizer_for_both_networks_is_refused():
    optimizer = keras.optimizers.Adam()
    with pytest.raises(ValueError, match="one optimizer per network"):
        dcgan(generator_optimizer=optimizer, discriminator_optimizer=optimizer)


def test_a_model_loaded_without_its_settings_still_samples_its_moving_average(tmp_path):
    model = dcgan(ema_half_life=1000)
    model.optimizer.generator.iterations.assign(10_000)
    model.fit(IMAGES, batch_size=4, verbose=0)
    model.save(tmp_path / "gan.keras")
    again = keras.saving.load_model(tmp_path / "gan.keras", compile=False)
    np.testing.assert_array_equal(again.generate(2, seed=0), model.generate(2, seed=0))
    first, second = (ops.convert_to_numpy(network.variables[0].value) for network in (again.sampler, again.generator))
    assert not np.array_equal(first, second)


def test_evaluate_points_to_the_metrics():
    with pytest.raises(TypeError, match=r"kerasgan\.metrics"):
        dcgan().evaluate(IMAGES)


@pytest.mark.parametrize(
    "options, name", [({}, "saved_model"), ({"format": "onnx", "verbose": False}, "onnx"), ({"format": "x"}, "bundle")]
)
def test_keras_export_points_to_ours(options, name, tmp_path):
    with pytest.raises(TypeError, match=rf"Expected kerasgan\.export\.{name}\(gan, '.*/x'\)"):
        dcgan().export(tmp_path / "x", **options)
    assert not list(tmp_path.iterdir())


def test_another_batch_size_than_the_sources_is_refused():
    source = data.arrays(IMAGES, batch_size=8)
    with pytest.raises(ValueError, match=r"own batch size, 8\. Received: batch_size=4"):
        dcgan().fit(source, batch_size=4)


@pytest.mark.parametrize("wrong", [max, 3])
def test_an_objective_of_another_kind_is_named(wrong):
    with pytest.raises(ValueError, match="Received: objective="):
        dcgan(objective=wrong)


def test_validation_data_is_refused():
    with pytest.raises(ValueError, match="no validation loss"):
        dcgan().fit(IMAGES, validation_data=IMAGES, verbose=0)


@pytest.mark.parametrize("option", ["class_weight", "sample_weight", "validation_steps"])
def test_options_of_fit_without_effect_are_refused_with_what_to_use(option):
    with pytest.raises(ValueError, match=f"Expected (data in|kerasgan.evaluation).*Received: {option}=2"):
        dcgan().fit(IMAGES, verbose=0, **{option: 2})
    with pytest.raises(ValueError, match=f"Received: {option}=2"):
        dcgan().train_on_batch(IMAGES, **{option: 2})


def test_xla_compiles_the_step():
    model = dcgan(jit_compile=True, penalties=[{"name": "r1", "interval": 2}], discriminator_steps=2, ema_half_life=50)
    history = model.fit(IMAGES, batch_size=4, verbose=0).history
    assert all(np.isfinite(column).all() for column in history.values())


def test_a_penalty_with_batch_normalization_names_the_layers_and_the_way_out():
    model = DCGAN(image_size=32, width=2)
    with pytest.raises(ValueError, match=r'discriminator_norm="layer" or "none".*r1, r2; .* down2_norm, down3_norm$'):
        model.compile(penalties=["r1", "r2"])
    own = GAN(model.generator, model.discriminator)
    with pytest.raises(ValueError, match=r"GroupNormalization\(groups=1\)"):
        own.compile(penalties="gradient_penalty")


def test_batch_normalization_that_is_frozen_or_inside_another_layer_is_seen_as_what_it_is():
    model = DCGAN(**DCGAN.tiny_config)
    images = keras.Input((16, 16, 1))
    nested = GAN(model.generator, keras.Model(images, keras.Sequential([model.discriminator])(images)))
    with pytest.raises(ValueError, match="down2_norm"):
        nested.compile(penalties="r1")
    model.discriminator.get_layer("down2_norm").trainable = False
    nested.compile(penalties="r1")


def test_wasserstein_with_nothing_that_bounds_the_slope_is_refused():
    with pytest.raises(ValueError, match=r"gradient_penalty.*Received: none of them"):
        dcgan(objective="wasserstein")
    dcgan(objective="wasserstein", penalties="gradient_penalty")


@pytest.mark.parametrize(
    "layer",
    [
        keras.layers.SpectralNormalization(keras.layers.Dense(1)),
        keras.layers.Dense(1, kernel_constraint=keras.constraints.UnitNorm()),
    ],
)
def test_spectral_normalization_or_constraints_bound_the_slope(layer):
    images = keras.Input((16, 16, 1))
    critic = keras.Model(images, layer(keras.layers.Flatten()(images)))
    GAN(DCGAN(**DCGAN.tiny_config).generator, critic).compile(objective="wasserstein")


@pytest.mark.parametrize("norm", ["layer", "none"])
def test_another_normalization_makes_each_logit_its_images_own(norm):
    """What the penalties presume: in training mode too, an image's logit does not depend on its neighbors."""
    for family in (DCGAN, ConditionalDCGAN):
        model = family(**family.tiny_config, discriminator_norm=norm)
        size, rng = model.image_shape[0], np.random.default_rng(0)
        images = rng.uniform(-1, 1, (5, size, size, 1)).astype("float32")
        labels = np.arange(5, dtype="int32") % 3 if model.num_classes else None
        together = ops.convert_to_numpy(model.discriminate(images, labels))
        alone = ops.convert_to_numpy(model.discriminate(images[:1], None if labels is None else labels[:1]))
        np.testing.assert_allclose(together[:1], alone, rtol=1e-4, atol=1e-6)


def test_layer_normalization_is_over_all_of_an_image_as_in_wgan_gp():
    images = np.random.default_rng(0).normal(3, 2, (2, 4, 4, 6)).astype("float32")
    inputs = keras.Input((4, 4, 6))
    found = ops.convert_to_numpy(keras.Model(inputs, normalized(inputs, "layer", name="norm"))(images))
    mean, variance = images.mean(axis=(1, 2, 3), keepdims=True), images.var(axis=(1, 2, 3), keepdims=True)
    np.testing.assert_allclose(found, (images - mean) / np.sqrt(variance + 1e-5), atol=1e-4)


def test_an_unknown_normalization_is_refused():
    with pytest.raises(ValueError, match=r"batch, instance, layer or none\. Received: norm='group'"):
        DCGAN(**DCGAN.tiny_config, discriminator_norm="group")


def test_a_batch_of_bytes_is_scaled_and_one_out_of_range_refused():
    class Recording(DCGAN):
        def discriminator_loss(self, batch):
            self.seen = ops.convert_to_numpy(batch.real)
            return super().discriminator_loss(batch)

    model = Recording(**DCGAN.tiny_config)
    model.compile(run_eagerly=True)
    pixels = np.arange(4 * 256, dtype="uint32").reshape(4, 16, 16, 1).astype("uint8")
    losses = model.train_on_batch(pixels, return_dict=True)
    np.testing.assert_allclose(model.seen, pixels / 127.5 - 1.0, atol=1e-6)
    assert losses.keys() == {"discriminator_loss", "generator_loss"}
    with pytest.raises(ValueError, match=r"floats in \[-1, 1\].*range \[0, 255\]"):
        model.train_on_batch(pixels.astype("float32"))


def test_a_batch_of_a_conditional_model_needs_its_labels():
    model = ConditionalGAN(**ConditionalGAN.tiny_config)
    model.compile()
    model.train_on_batch(IMAGES[:4], np.arange(4))
    with pytest.raises(ValueError, match="Expected labels"):
        model.train_on_batch(IMAGES[:4])


@pytest.mark.parametrize(("terminal", "expected"), [(True, "auto"), (False, 2)])
def test_a_log_that_is_no_terminal_gets_a_line_for_each_epoch_instead_of_a_bar(monkeypatch, terminal, expected):
    from kerasgan.gan.keras_arguments import display

    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal, raising=False)
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    monkeypatch.delenv("PYCHARM_HOSTED", raising=False)
    assert display("auto") == expected and [display(each) for each in (0, 1, 2)] == [0, 1, 2]


class PerImage(objectives.LeastSquares):
    def discriminator_loss(self, real_logits, fake_logits):
        return (real_logits - 1) ** 2 + fake_logits**2  # the mean is forgotten


def test_a_loss_that_is_no_scalar_is_refused_and_not_summed():
    model = dcgan(objective=PerImage())
    with pytest.raises(ValueError, match=r"a scalar as the loss of the discriminator.*Received: a loss of shape \("):
        model.fit(np.zeros((4, *model.image_shape), "uint8"), batch_size=4, verbose=0)


class UsesReals(objectives.NonSaturating):
    def generator_loss(self, real_logits, fake_logits):
        return ops.mean(real_logits - fake_logits)


class Forgets(objectives.NonSaturating):
    def discriminator_loss(self, real_logits, fake_logits):
        ops.mean(fake_logits - real_logits)  # return is forgotten


@pytest.mark.parametrize(
    ("objective", "message"),
    [
        (UsesReals(), r"paired = True of UsesReals, whose generator loss uses real_logits.*Received: paired=False"),
        (Forgets(), r"a scalar as discriminator_loss; a function without `return` gives None"),
    ],
)
def test_an_objective_without_its_reals_or_its_result_is_told_what_is_missing(objective, message):
    with pytest.raises(ValueError, match=message):
        dcgan(objective=objective).fit(IMAGES[:4], batch_size=4, verbose=0)


def test_one_image_is_no_batch():
    model = dcgan()
    for method in (model.examine, model.train_on_batch):
        with pytest.raises(ValueError, match=r"batches of images, such as image\[None\]\. Received: one image \(16,"):
            method(IMAGES[0])


def test_a_logged_name_that_is_no_metric_is_told_where_to_add_it():
    class Noted(DCGAN):
        def generator_loss(self, batch):
            self.log("brightness", ops.mean(batch.fake))
            return super().generator_loss(batch)

    model = Noted(**DCGAN.tiny_config)
    model.compile(run_eagerly=True)
    expected = r"extra_metrics = \(\*DCGAN.extra_metrics, 'brightness'\)\. Received: name='brightness'"
    with pytest.raises(ValueError, match=expected):
        model.train_on_batch(IMAGES[:4])
    Noted.extra_metrics = (*DCGAN.extra_metrics, "brightness")
    model.compile()
    assert "brightness" in model.train_on_batch(IMAGES[:4], return_dict=True)


def test_a_conditional_discriminator_examines_images_of_labels():
    model, labels = ConditionalGAN(**ConditionalGAN.tiny_config), np.array([3, 0, 9], "int32")
    expected = ops.convert_to_numpy(model.discriminator([IMAGES[:3], labels]))
    np.testing.assert_allclose(model.examine(IMAGES[:3], labels), expected, atol=1e-6)
    with pytest.raises(ValueError, match=r"Expected labels: the model has 10 classes\."):
        model.examine(IMAGES[:3])


def test_a_class_or_a_function_as_objective_is_told_what_to_pass():
    with pytest.raises(ValueError, match=r"or an object, PerImage\(\.\.\.\)\. Received: objective=<class"):
        dcgan(objective=PerImage)
    with pytest.raises(ValueError, match=r"an object of a subclass of kerasgan\.objectives\.Objective"):
        dcgan(objective=lambda real, fake: fake)
    with pytest.raises(ValueError, match=r"or an object, R1\(\.\.\.\)\. Received: penalty=<class"):
        dcgan(penalties=[penalties.R1], objective="hinge")
    with pytest.raises(ValueError, match=r"an object of a subclass of kerasgan\.penalties\.Penalty"):
        dcgan(penalties=lambda images: images)
    with pytest.raises(ValueError, match=r"an object of a subclass of kerasgan\.augment\.Augmentation"):
        dcgan(augment=keras.layers.RandomFlip())
    with pytest.raises(ValueError, match=r"an object of a subclass of kerasgan\.latents\.Prior"):
        DCGAN(**DCGAN.tiny_config, prior=np.random.normal)


def test_a_model_is_not_saved_as_a_file_that_cannot_be_loaded(tmp_path):
    for name in ("gan.h5", "gan.hdf5"):
        with pytest.raises(ValueError, match=r"Expected a \.keras file.*Received: filepath="):
            dcgan().save(tmp_path / name)
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("Pix2Pix", (2, 9, 9, 3), "images (count, any, any, 3) and inputs (count, any, any, 1), with a count"),
        ("SRGAN", (2, 9, 9, 3), "images (count, 16, 16, 3), with a count"),
        ("StyleGAN2", (5,), "styles (count, 4, 4), with a count"),
        ("StyleGAN2", (0, 4, 4), "styles (count, 4, 4), with a count"),
    ],
)
def test_arrays_that_a_network_does_not_take_are_refused_with_those_that_it_takes(name, given, expected):
    family = getattr(models, name)
    gan = family(**family.tiny_config)
    call = gan.render if name == "StyleGAN2" else gan.examine
    with pytest.raises(ValueError, match=f"{re.escape(expected)}.*Received: {re.escape(str(given))}"):
        call(np.zeros(given, "float32"))
