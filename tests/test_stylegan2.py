"""StyleGAN2: the published parameter counts, styles and their mixing, truncation, path lengths and export."""

import keras
import numpy as np
import pytest
from keras import ops

from kerasgan import export
from kerasgan.gan import Batch
from kerasgan.models import StyleGAN2


def parameters(network):
    return sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)


def tiny(**arguments):
    return StyleGAN2(**{**StyleGAN2.tiny_config, **arguments})


def array(value):
    return ops.convert_to_numpy(value)


CIFAR = dict(image_size=32, mapping_layers=2, residual=False)


@pytest.mark.parametrize(
    ("arguments", "generator", "discriminator"),
    [
        pytest.param({"image_size": 1024}, 30_370_060, 29_012_513, id="F-1024", marks=pytest.mark.slow),
        pytest.param(
            {"image_size": 1024, "channel_base": 16384}, 24_900_764, 24_038_161, id="E-1024", marks=pytest.mark.slow
        ),
        pytest.param({"image_size": 256}, 30_034_338, 28_864_129, id="F-256", marks=pytest.mark.slow),
        pytest.param({"channel_base": 16384}, 24_767_458, 24_001_089, id="paper256"),
        pytest.param({"image_size": 512}, 30_276_583, 28_982_849, id="paper512", marks=pytest.mark.slow),
        pytest.param(CIFAR, 19_947_539, 20_720_641, id="cifar", marks=pytest.mark.slow),
        pytest.param({**CIFAR, "num_classes": 10}, 20_215_315, 23_089_664, id="cifar with classes"),
    ],
)
def test_parameter_counts_are_those_of_the_authors_networks(arguments, generator, discriminator):
    gan = StyleGAN2(**arguments)
    assert parameters(gan.generator) == generator
    assert parameters(gan.discriminator) == discriminator


@pytest.mark.parametrize(
    ("size", "channels", "smallest"), [((8, 24), 1, (4, 12)), ([12, 8], 4, (6, 4)), (16, 3, (4, 4)), (20, 1, (5, 5))]
)
def test_images_may_be_rectangular_and_of_any_number_of_channels(size, channels, smallest):
    gan = tiny(image_size=size, channels=channels)
    height, width = (size, size) if isinstance(size, int) else size
    assert gan.generate(2, seed=0).shape == (2, height, width, channels)
    assert gan.generator.get_layer("constant").map.shape[:2] == smallest
    assert gan.examine(gan.generate(2, seed=0)).shape == (2, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"image_size": 7}, "Received: image_size=7"),
        ({"image_size": (8, 9)}, r"Received: image_size=\(8, 9\)"),
        ({"num_classes": 1}, "Received: num_classes=1"),
        ({"style_mixing": 2.0}, "Received: style_mixing=2.0"),
        ({"path_length_weight": -1.0}, "Received: path_length_weight=-1.0"),
    ],
)
def test_what_cannot_be_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        tiny(**arguments)


def test_styles_make_the_images_of_their_latents():
    gan = tiny(num_classes=3)
    styles = gan.styles(4, labels=2, seed=1)
    assert styles.shape == (4, 4, 4)  # two layers at 4x4 (one of them the image's) and two at 8x8
    np.testing.assert_array_equal(styles[:, 0], styles[:, 3])
    images = array(gan.synthesis(styles, training=False))
    np.testing.assert_allclose(images, gan.generate(4, labels=2, seed=1), atol=1e-6)


def test_truncation_draws_styles_to_their_mean():
    gan = tiny()
    gan.generator.get_layer("mean_style").mean.assign([1.0, -2.0, 0.5, 0.0])
    styles = gan.styles(3, seed=0)
    mean = np.float32([1.0, -2.0, 0.5, 0.0])
    for truncation in (0.7, -1.0):
        expected = array(gan.synthesis(mean + truncation * (styles - mean), training=False))
        np.testing.assert_allclose(gan.generate(3, seed=0, truncation=truncation), expected, atol=1e-6)
    same = gan.generate(3, seed=0, truncation=0.0)
    np.testing.assert_allclose(same, same[:1].repeat(3, axis=0), atol=1e-6)
    np.testing.assert_array_equal(gan.generate(3, seed=0, truncation=1), gan.generate(3, seed=0))


def test_the_mean_style_is_that_of_the_network_that_samples():
    gan = tiny()
    gan.compile(ema_half_life=4, run_eagerly=True)
    gan.fit(np.zeros((8, 8, 8, 1), "float32"), batch_size=4, verbose=0)
    assert gan.ema_generator is not None
    np.testing.assert_array_equal(gan.mean_style, array(gan.ema_generator.get_layer("mean_style").mean))
    images = gan.generate(2, seed=0)
    np.testing.assert_allclose(images, array(gan.synthesis(gan.styles(2, seed=0), training=False)), atol=1e-6)


def test_mixed_images_have_a_second_latents_styles_from_a_layer_on():
    gan = tiny(image_size=16, style_mixing=0.5)
    batch = Batch(None, None, ops.convert_to_tensor(gan.prior.draw(400, 4, 0)))
    mixed, own = array(gan.training_styles(batch)), gan.styles(latents=batch.latents)
    kept = np.isclose(mixed, own, atol=1e-6).all(axis=-1)  # (400, 6)
    changes = (kept[:, 1:] != kept[:, :-1]).sum(axis=1)
    assert kept[:, 0].all() and set(changes) == {0, 1}
    assert changes.mean() == pytest.approx(0.5, abs=0.1)  # standard deviation 0.025
    crossovers = np.bincount(kept.sum(axis=1)[changes == 1], minlength=7)[1:6]
    np.testing.assert_allclose(crossovers / changes.sum(), 1 / 5, atol=0.12)  # standard deviation 0.028


def test_without_mixing_training_sees_the_styles_of_its_latents():
    gan = tiny(style_mixing=0.0)
    batch = Batch(None, None, ops.convert_to_tensor(gan.prior.draw(5, 4, 0)))
    np.testing.assert_allclose(array(gan.training_styles(batch)), gan.styles(latents=batch.latents), atol=1e-6)


def test_the_path_length_penalty_is_the_weighted_deviation_from_a_running_mean():
    """A synthesis that repeats a.w in every pixel has J'y = a sum(y), of length |a| |n| with n ~ N(0, 1)."""
    gan = tiny(style_mixing=0.0, path_length_weight=3.0)
    gan.compile()
    slope = np.float32([0.6, 0.0, 0.8, 0.0])
    styles = keras.Input((4, 4))
    pixel = keras.layers.Dense(1, use_bias=False, name="pixel")
    images = keras.layers.Lambda(lambda x: ops.broadcast_to(x[:, :1, None], (ops.shape(x)[0], 8, 8, 1)))(pixel(styles))
    toy = keras.Model(styles, images)
    pixel.kernel.assign(slope[:, None])
    gan._halves = {"mapping": gan.mapping, "synthesis": toy, "unbounded": toy}
    batch = Batch(None, None, ops.convert_to_tensor(gan.prior.draw(4000, 4, 0)))
    penalty = float(gan.generator_penalty(batch))
    # The lengths are |n| / sqrt(4): of the four styles only the first matters.
    first, second = np.sqrt(2 / np.pi) / 2, 1 / 4
    mean = 0.01 * first  # the running mean begins at 0
    assert float(gan.mean_path_length.value) == pytest.approx(mean, rel=0.1)
    assert penalty == pytest.approx(3 * (second - 2 * mean * first + mean**2), rel=0.1)


def test_the_path_length_penalty_runs_on_every_fourth_generator_step():
    gan = tiny(path_length_interval=4)
    gan.compile(discriminator_steps=2, run_eagerly=True)
    calls = []
    penalty = gan.generator_penalty
    gan.generator_penalty = lambda batch: calls.append(int(gan.optimizer.iterations)) or penalty(batch)
    gan.fit(np.zeros((48, 8, 8, 1), "float32"), batch_size=4, verbose=0)
    assert calls == [2, 10]  # generator steps 0 and 4, after discriminator steps 2 and 10
    assert float(gan.mean_path_length.value) > 0


def test_adam_is_slowed_for_the_steps_that_regularization_adds():
    """Appendix B of 1912.04958: c = k / (k + 1)."""
    settings = tiny().default_compile_args()
    generator, discriminator = settings["generator_optimizer"], settings["discriminator_optimizer"]
    assert float(generator.learning_rate) == pytest.approx(0.002 * 4 / 5)
    assert generator.beta_2 == pytest.approx(0.991992, abs=1e-6)
    assert float(discriminator.learning_rate) == pytest.approx(0.002 * 16 / 17)
    assert discriminator.beta_2 == pytest.approx(0.990585, abs=1e-6)
    plain = tiny(path_length_weight=0.0).default_compile_args()["generator_optimizer"]
    assert (float(plain.learning_rate), plain.beta_2) == (pytest.approx(0.002), 0.99)


@pytest.mark.parametrize("form", ["onnx", "saved_model"])
def test_exports_draw_the_noise_that_keras_draws(form, tmp_path):
    gan = tiny(num_classes=2)
    for layer in gan.generator.layers:
        if layer.name.endswith("_noise"):
            layer.strength.assign([1.0])
    path = getattr(export, form)(gan, tmp_path / "generator.onnx")  # raises unless the images are the same
    assert path.exists()
