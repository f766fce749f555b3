"""Progressive GAN and StyleGAN: growing with the images shown, and the published parameter counts."""

import keras
import numpy as np
import pytest
from keras import ops

from kerasgan import export
from kerasgan.gan import Batch
from kerasgan.layers import FadeIn, faded
from kerasgan.models import PGGAN, StyleGAN

both = pytest.mark.parametrize("family", [PGGAN, StyleGAN], ids=lambda family: family.__name__)


def parameters(network):
    return sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)


def random(*shape):
    return np.random.default_rng(0).uniform(-1, 1, shape).astype("float32")


def array(value):
    return ops.convert_to_numpy(value)


def blocks(images, size):
    """The mean of each square of so many pixels in its place."""
    batch, height, width, channels = images.shape
    means = images.reshape(batch, height // size, size, width // size, size, channels).mean((2, 4))
    return means.repeat(size, axis=1).repeat(size, axis=2)


@pytest.mark.slow
def test_parameter_counts_are_those_of_the_authors_networks():
    gan = PGGAN()
    assert (parameters(gan.generator), parameters(gan.discriminator)) == (23_079_115, 23_087_249)
    gan = StyleGAN()
    assert (parameters(gan.mapping), parameters(gan.generator)) == (2_101_248, 26_219_627)


def test_networks_of_64_pixels_have_the_authors_layers():
    """Their tables: 512 channels from 4x4 to 32x32, 256 at 64x64; every map also has its layer to or from colors."""
    gan = PGGAN(image_size=64)
    dense, wide, narrow = 512 * 8192 + 512, 9 * 512**2 + 512, 9 * 512 * 256 + 256
    colors = 4 * (512 * 3 + 3) + 256 * 3 + 3
    last = 9 * 256**2 + 256
    assert parameters(gan.generator) == dense + 7 * wide + narrow + last + colors
    from_colors = 4 * (3 * 512 + 512) + 3 * 256 + 256
    down = last + 9 * 256 * 512 + 512 + 6 * wide
    head = 9 * 513 * 512 + 512 + 8192 * 512 + 512 + 512 + 1
    assert parameters(gan.discriminator) == from_colors + down + head


@pytest.mark.parametrize(
    ("images", "missing"),
    [(0, 3), (99, 3), (100, 3), (150, 2.5), (200, 2), (300, 2), (325, 1.75), (550, 0.5), (600, 0), (9999, 0)],
)
def test_each_size_is_stable_and_then_the_next_one_fades_in(images, missing):
    gan = PGGAN(image_size=32, channel_base=32, channel_limit=2, latent_dim=2, stable_images=100, fade_images=100)
    assert float(gan.missing_doublings(ops.convert_to_tensor(images, "float32"))) == pytest.approx(missing)


@pytest.mark.parametrize(
    ("missing", "shares"), [(0.0, (1, 0, 0)), (0.25, (0.75, 0.25, 0)), (1.0, (0, 1, 0)), (1.5, (0, 0.5, 0.5))]
)
def test_real_images_lose_the_detail_that_is_missing(missing, shares):
    images = random(2, 8, 12, 3)
    expected = sum(share * blocks(images, size) for share, size in zip(shares, (1, 2, 4)))
    made = faded(images, ops.convert_to_tensor(missing, "float32"), doublings=2)
    np.testing.assert_allclose(array(made), expected, atol=1e-6)


def test_a_layer_blends_by_the_doublings_that_are_missing_beyond_those_that_follow():
    fade, finer, coarser = FadeIn(2), random(1, 4, 4, 2), -random(1, 4, 4, 2)
    np.testing.assert_allclose(array(fade([finer, coarser], follow=0)), coarser, atol=1e-6)
    fade.missing.assign(1.25)
    np.testing.assert_allclose(array(fade([finer, coarser], follow=0)), coarser, atol=1e-6)
    np.testing.assert_allclose(array(fade([finer, coarser], follow=1)), 0.75 * finer + 0.25 * coarser, atol=1e-6)
    np.testing.assert_allclose(array(fade([finer, coarser], follow=2)), finer, atol=1e-6)


@both
def test_a_network_that_misses_doublings_sees_and_makes_only_coarse_images(family):
    gan = family(**{**family.tiny_config, "image_size": 16})
    for network, missing in ((gan.generator, 2.0), (gan.discriminator, 2.0)):
        network.get_layer("fade").missing.assign(missing)
    images = gan.generate(3, seed=0)
    np.testing.assert_allclose(images, blocks(images, 4), atol=1e-6)
    seen = random(3, 16, 16, 1)
    np.testing.assert_allclose(gan.examine(seen), gan.examine(blocks(seen, 4)), atol=1e-4)
    gan.discriminator.get_layer("fade").missing.assign(0.0)
    assert np.abs(gan.examine(seen) - gan.examine(blocks(seen, 4))).max() > 1e-3


@both
def test_one_fit_grows_both_networks_and_the_average_and_a_file_keeps_how_far(family, tmp_path):
    gan = family(**{**family.tiny_config, "stable_images": 4, "fade_images": 16})
    gan.compile(ema_half_life=100, run_eagerly=True)
    gan.fit(random(12, 8, 8, 1), batch_size=4, verbose=0)  # the last step has seen 8 images
    networks = gan.generator, gan.discriminator, gan.sampler
    assert [float(network.get_layer("fade").missing.value) for network in networks] == [0.75] * 3
    gan.save(tmp_path / "gan.keras")
    again = keras.saving.load_model(tmp_path / "gan.keras")
    np.testing.assert_array_equal(again.generate(2, seed=0), gan.generate(2, seed=0))


@both
def test_images_may_be_rectangular_and_of_four_channels(family):
    gan = family(**{**family.tiny_config, "image_size": (8, 12), "channels": 4})
    assert gan.generate(2, seed=0).shape == (2, 8, 12, 4)
    assert gan.examine(gan.generate(2, seed=0)).shape == (2, 1)


@pytest.mark.parametrize(
    ("family", "arguments", "message"),
    [
        (PGGAN, {"image_size": 9}, "Received: image_size=9"),
        (PGGAN, {"fade_images": 0}, "fade_images=0"),
        (PGGAN, {"drift_weight": -1.0}, "drift_weight=-1.0"),
        (PGGAN, {"channel_base": 4}, "8 or more.*channel_base=4"),
        (StyleGAN, {"doublings": 2}, "from 0 to 1. Received: doublings=2"),
        (StyleGAN, {"num_classes": 1}, "num_classes=1"),
    ],
)
def test_what_cannot_be_is_refused(family, arguments, message):
    with pytest.raises(ValueError, match=message):
        family(**{**family.tiny_config, **arguments})


def test_the_drift_of_real_logits_is_penalized():
    gan = PGGAN(**PGGAN.tiny_config, drift_weight=2.0)
    gan.compile()
    images = ops.convert_to_tensor(random(4, 8, 8, 1))
    real, fake = array(gan.discriminate(images)), array(gan.discriminate(-images))
    expected = fake.mean() - real.mean() + 2 * (real**2).mean()
    assert float(gan.discriminator_loss(Batch(images, None, None, -images))) == pytest.approx(expected, rel=1e-4)


def test_a_stylegan_with_classes_scores_by_the_logit_of_the_class():
    gan = StyleGAN(**StyleGAN.tiny_config, num_classes=3)
    images, labels = random(3, 8, 8, 1), np.array([2, 0, 1])
    every = keras.Model(gan.discriminator.inputs, gan.discriminator.get_layer("logit").output)
    logits = array(every([images, labels]))
    own = array(gan.discriminator([images, labels]))
    np.testing.assert_allclose(own[:, 0], logits[np.arange(3), labels], rtol=1e-5)


@both
@pytest.mark.parametrize("form", ["onnx", "saved_model"])
def test_exports_draw_what_keras_draws(family, form, tmp_path):
    gan = family(**family.tiny_config)
    for layer in gan.generator.layers:
        if layer.name.endswith("_noise"):
            layer.strength.assign(layer.strength + 1)
    assert getattr(export, form)(gan, tmp_path / "generator.onnx").exists()  # raises unless the images are the same
