"""What every family keeps, on every backend. Families are discovered; there is no list to edit.

What a family does not override is the base class's, and tested on plain families: objectives, penalties and priors
run on one family of each set of overridden methods.
"""

import contextlib
import inspect
from typing import NamedTuple

import keras
import numpy as np
import pytest
from families import DRAWING, FAMILIES, TRANSLATING, each_of, overriding
from keras import ops

from kerasgan import latents, models
from kerasgan.gan import Task

pytestmark = pytest.mark.backends("jax", "torch")
only_tensorflow = pytest.mark.backends("tensorflow")

families, drawing, translating = each_of(FAMILIES), each_of(DRAWING), each_of(TRANSLATING)
# The methods that these have to do with; `overriding` tells which families have their own.
LOSSES = ("discriminator_loss", "generator_loss", "adversarial_loss", "discriminate")
PENALTIES = ("penalize", "generator_penalty", "discriminate", "fakes_for_discriminator", "should_update")
LATENTS = ("generate", "sample_latents", "synthesize", "sample_grid", "truncated", "_make_ema_generator")


def tiny(family, **options):
    gan = family(**family.tiny_config)
    gan.compile(**options)
    return gan


def penalizable(family, **options):
    """The tiny model with a discriminator that gradient penalties go with, or None where the family has none."""
    arguments = dict(family.tiny_config)
    if "discriminator_norm" in inspect.signature(family).parameters:
        arguments["discriminator_norm"] = "none"
    gan = family(**arguments)
    normalized = any(isinstance(x, keras.layers.BatchNormalization) for x in gan.discriminator._flatten_layers())
    if normalized:
        return None
    gan.compile(**options)
    return gan


def training_set(gan, count=12):
    rng = np.random.default_rng(0)
    images = rng.uniform(-1, 1, (count, *gan.image_shape)).astype("float32")
    if gan.label_classes:
        return images, rng.integers(gan.label_classes, size=count)
    inputs = rng.uniform(-1, 1, (count, *gan.input_shape)).astype("float32") if gan.task.from_images else None
    return (images, None) if inputs is None else (inputs, images)


def made(gan):
    """Some images that the generator makes, always of the same latents or images; the pixels of both directions."""
    if gan.task.from_images:
        several = training_set(gan, 3)
        several = several[:1] * len(gan.directions) if gan.task is Task.MULTI_DOMAIN else several
        ways = zip(gan.directions or [None], several)
        return np.concatenate([gan.predict(images, direction=way).ravel() for way, images in ways])
    return gan.generate(3, seed=1)


def values(variables):
    return [ops.convert_to_numpy(variable.value) for variable in variables]


def moved(before, after):
    return any(not np.array_equal(first, second) for first, second in zip(before, after))


class Trained(NamedTuple):
    """A tiny model after six compiled steps of its paper's settings, its history and its weights before: to be read."""

    gan: keras.Model
    history: dict
    before: list


def averaged(family):
    """The tiny model with the settings of its paper, and an average of the generator's weights."""
    gan = family(**family.tiny_config)
    gan.compile(**{"ema_half_life": 100, **gan.default_compile_args()})
    return gan


@pytest.fixture(scope="module", params=FAMILIES, ids=lambda family: family.__name__)
def trained(request):
    keras.utils.set_random_seed(0)
    gan = averaged(request.param)
    before = [values(network.trainable_variables) for network in (gan.generator, gan.discriminator)]
    history = gan.fit(*training_set(gan), batch_size=4, epochs=2, verbose=0).history
    return Trained(gan, history, before)


def assert_equal_variables(first, second):
    for one, other in zip(values(first), values(second), strict=True):
        if one.dtype.kind == "f":  # Keras does not store the seeds of dropout
            np.testing.assert_array_equal(one, other)


def assert_the_same(again, gan):
    """Class, images, optimizers and settings."""
    assert type(again) is type(gan)
    np.testing.assert_array_equal(made(again), made(gan))
    assert_equal_variables(again.optimizer.variables, gan.optimizer.variables)
    assert again.get_compile_config() == gan.get_compile_config()


def test_the_papers_settings_train_both_networks_with_finite_losses(trained):
    gan, history, before = trained
    assert {"discriminator_loss", "generator_loss"} <= history.keys()
    assert "loss" not in history
    assert all(np.isfinite(column).all() for column in history.values())
    for old, network in zip(before, (gan.generator, gan.discriminator)):
        assert moved(old, values(network.trainable_variables))


def test_a_keras_file_gives_back_the_images_the_optimizers_and_the_settings(trained, tmp_path):
    gan = trained.gan
    gan.save(tmp_path / "gan.keras")
    again = keras.saving.load_model(tmp_path / "gan.keras")
    assert_the_same(again, gan)
    assert int(again.optimizer.iterations) == 6
    again.run_eagerly = keras.backend.backend() == "tensorflow"  # elsewhere it is the slower of the two
    again.fit(*training_set(gan, 4), batch_size=4, verbose=0)
    assert int(again.optimizer.iterations) == 7


def test_a_weights_file_gives_back_weights_and_optimizers(trained, tmp_path):
    gan = trained.gan
    gan.save_weights(tmp_path / "gan.weights.h5")
    keras.utils.set_random_seed(7)
    again = averaged(type(gan))
    assert moved(values(gan.generator.variables), values(again.generator.variables))
    again.load_weights(tmp_path / "gan.weights.h5")
    for kind in (lambda g: g.generator, lambda g: g.discriminator, lambda g: g.sampler, lambda g: g.optimizer):
        assert_equal_variables(kind(gan).variables, kind(again).variables)


@only_tensorflow
@overriding(FAMILIES, *PENALTIES)
def test_settings_of_ones_own_survive_a_keras_file_too(family, tmp_path):
    settings = dict(
        objective={"name": "minimax", "label_smoothing": 0.1},
        generator_optimizer=keras.optimizers.Adam(1e-3, beta_1=0.3),
        discriminator_optimizer=keras.optimizers.RMSprop(1e-3),
        discriminator_steps=2,
        ema_half_life=100,
        run_eagerly=True,  # what is kept does not depend on compilation
    )
    penalties = [{"name": "r1", "weight": 0.5, "interval": 2}]
    gan = penalizable(family, **settings, penalties=penalties) or tiny(family, **settings)
    gan.fit(*training_set(gan), batch_size=4, verbose=0)
    gan.save(tmp_path / "gan.keras")
    again = keras.saving.load_model(tmp_path / "gan.keras")
    assert_the_same(again, gan)
    assert len(again.optimizer.variables) > 10
    assert int(again.optimizer.iterations) == 3
    again.fit(*training_set(gan), batch_size=4, verbose=0)
    assert int(again.optimizer.iterations) == 6


@drawing
def test_generate_is_reproducible_in_range_and_the_same_in_any_batch(family):
    gan = tiny(family)
    images = gan.generate(5, seed=3)
    assert images.shape == (5, *gan.image_shape)
    assert images.dtype == np.float32
    assert images.min() >= -1 and images.max() <= 1
    np.testing.assert_array_equal(images, gan.generate(5, seed=3))
    np.testing.assert_allclose(images, gan.generate(5, seed=3, batch_size=2), atol=1e-6)
    assert moved([images], [gan.generate(5, seed=4)])


@drawing
def test_the_first_images_do_not_depend_on_how_many_are_generated(family):
    gan = tiny(family)
    labels = 0 if gan.num_classes else None
    few, many = gan.generate(2, seed=3, labels=labels), gan.generate(7, seed=3, labels=labels)
    np.testing.assert_allclose(few, many[:2], atol=1e-6)


@drawing
def test_calling_the_model_and_predict_sample_the_generator(family):
    gan = tiny(family)
    latents = gan.prior.draw(4, gan.latent_dim, seed=0)
    inputs = [latents, np.arange(4, dtype="int32") % gan.num_classes] if gan.num_classes else latents
    called = ops.convert_to_numpy(gan([ops.convert_to_tensor(x) for x in inputs] if gan.num_classes else latents))
    # XLA without its optimizations sums convolutions in another order than their single operations
    close = 1e-6 if keras.backend.backend() != "jax" else 3e-6
    np.testing.assert_allclose(gan.predict(inputs, verbose=0), called, atol=close)
    assert called.shape == (4, *gan.image_shape)


@families
def test_the_networks_name_their_inputs(family):
    gan = family(**family.tiny_config)
    if gan.task.from_images:
        for direction in gan.directions or [None]:
            assert [tensor.name for tensor in gan.translator(direction).inputs] == ["images"]
        return
    expected = ["latents", "labels"] if gan.num_classes else ["latents"]
    assert [tensor.name for tensor in gan.generator.inputs] == expected


@translating
def test_predict_takes_any_size_alone_or_together_and_generate_says_so(family):
    gan = tiny(family)
    channels = gan.input_shape[-1]
    images = np.random.default_rng(0).uniform(-1, 1, (3, 2 * gan.multiple + 1, 17, channels)).astype("float32")
    outputs = gan.predict(images)
    assert outputs.shape[:3] == (3, *(side * gan.scale for side in images.shape[1:3]))
    assert outputs.dtype == np.float32 and np.abs(outputs).max() <= 1
    np.testing.assert_allclose(gan.predict(images[1]), outputs[1], atol=1e-5)
    np.testing.assert_allclose(gan.predict([*images], batch_size=1)[2], outputs[2], atol=1e-5)
    pixels = np.random.default_rng(0).integers(0, 256, images.shape, "uint8")
    np.testing.assert_allclose(gan.predict(pixels), gan.predict(pixels / np.float32(127.5) - 1), atol=1e-6)
    with pytest.raises(TypeError, match=r"gan\.predict\(images\)"):
        gan.generate(4)
    with pytest.raises(ValueError, match=rf"Expected images of {channels} channels"):
        gan.predict(np.repeat(images, 5, axis=-1))


@translating
def test_large_images_pass_in_tiles_of_bounded_number_without_a_seam(family):
    gan = tiny(family)
    seen = []
    outputs = gan._outputs
    gan._outputs = lambda network, inputs, batch_size: (
        seen.append(inputs[0].shape) or outputs(network, inputs, batch_size=batch_size)
    )
    images = np.full((70, 90, gan.input_shape[-1]), 0.25, "float32")
    made = gan.predict(images, tile_size=32, overlap=8, batch_size=2)
    assert made.shape[:2] == (70 * gan.scale, 90 * gan.scale)
    assert max(shape[0] for shape in seen) <= 2 and max(max(shape[1:3]) for shape in seen) <= 32
    assert np.isfinite(made).all()


@translating
def test_the_sample_grid_shows_inputs_beside_outputs(family):
    gan = tiny(family)
    with pytest.raises(ValueError, match="examples"):
        gan.sample_grid()
    gan.examples = training_set(gan, 3)
    images, columns = gan.sample_grid(2)
    outputs = {Task.UNPAIRED: 2, Task.MULTI_DOMAIN: len(gan.directions) - 1}
    assert columns == 2 + outputs.get(gan.task, getattr(gan, "shown_variations", 1))
    assert len(images) == 2 * columns and images.shape[1:3] == gan.image_shape[:2]
    assert gan.sample_row(2).shape == (2, *gan.image_shape)


@contextlib.contextmanager
def policy(name):
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy("float32")


def trains_in(precision, family, **options):
    """Trains a step with a penalty, if there can be one; checks losses, images, and which losses are scaled."""
    with policy(precision):
        gan = penalizable(family, penalties=["r1"], **options) or tiny(family, **options)
        history = gan.fit(*training_set(gan, 4), batch_size=4, verbose=0).history
    scaled = [
        isinstance(o, keras.optimizers.LossScaleOptimizer)
        for o in (gan.optimizer.generator, gan.optimizer.discriminator)
    ]
    assert scaled == [precision == "mixed_float16"] * 2
    assert all(np.isfinite(column).all() for column in history.values()), precision
    images = made(gan)
    assert images.dtype == np.float32 and np.isfinite(images).all(), precision


@only_tensorflow
@families
def test_mixed_precision_trains_and_float16_scales_both_losses(family):
    for precision in ("mixed_bfloat16", "mixed_float16"):
        trains_in(precision, family, run_eagerly=True)


# Of dense layers: on a CPU PyTorch lacks gradients of some convolutions ("grad_weight must be contiguous").
def test_float16_trains_compiled():
    trains_in("mixed_float16", models.GAN2014)


@only_tensorflow
@overriding(FAMILIES, *PENALTIES)
def test_float16_compiles_with_its_branches(family):
    trains_in("mixed_float16", family)


@only_tensorflow
@overriding(FAMILIES, *LOSSES)
def test_every_objective_makes_a_step(family):
    from kerasgan import objectives

    for objective in objectives.names():
        gan = penalizable(family, objective=objective, penalties="r1", run_eagerly=True)
        if gan is None:
            if objectives.get(objective).needs_lipschitz:
                continue
            gan = tiny(family, objective=objective, run_eagerly=True)
        history = gan.fit(*training_set(gan, 4), batch_size=4, verbose=0).history
        assert all(np.isfinite(column).all() for column in history.values()), objective


@only_tensorflow
@overriding(FAMILIES, *PENALTIES)
def test_every_penalty_makes_a_step(family):
    from kerasgan import penalties

    gan = penalizable(family, penalties=penalties.names(), run_eagerly=True)
    if gan is None:
        pytest.skip("its discriminator has batch normalization")
    history = gan.fit(*training_set(gan, 4), batch_size=4, verbose=0).history
    assert set(penalties.names()) <= history.keys()
    assert all(np.isfinite(column).all() for column in history.values())


def some_priors(size):
    return [
        {"name": "uniform", "variance": 1.0},
        {
            "name": "product",
            "parts": [{"name": "normal", "size": size - 3}, {"name": "categorical", "num_categories": 3}],
        },
        {"name": "gaussian_mixture", "num_components": 4, "latent_dim": size},
        latents.Tree((2, 3), latent_dim=size),
        {"name": "learned_mixture", "num_components": 3},
    ]


@only_tensorflow
@overriding(DRAWING, *LATENTS)
def test_any_prior_trains_and_is_kept(family, tmp_path):
    gan = family(**family.tiny_config)
    size = (
        family.tiny_config["latent_dim"] if gan.prior.codes else gan.latent_dim
    )  # codes come beside the prior that is given
    for prior in some_priors(size):
        gan = family(**family.tiny_config, prior=prior)
        gan.compile(ema_half_life=100, run_eagerly=True)
        history = gan.fit(*training_set(gan, 4), batch_size=4, verbose=0).history
        assert all(np.isfinite(column).all() for column in history.values()), prior
        gan.save(tmp_path / "gan.keras")
        again = keras.saving.load_model(tmp_path / "gan.keras")
        np.testing.assert_array_equal(again.generate(3, seed=1), gan.generate(3, seed=1))
        gan.sample_grid(3)


@families
def test_a_penalty_with_batch_normalization_in_the_discriminator_is_refused_by_name(family):
    gan = family(**family.tiny_config)
    found = [x.name for x in gan.discriminator._flatten_layers() if isinstance(x, keras.layers.BatchNormalization)]
    if not found:
        gan.compile(penalties="r1")
        return
    with pytest.raises(ValueError, match=f"penalties=r1; batch normalization in {', '.join(found)}"):
        gan.compile(penalties="r1")
