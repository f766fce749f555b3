"""LAPGAN: counts of the reference networks, the batch of each level, and sampling down the pyramid."""

import keras
import numpy as np
import pytest
from keras import ops

from kerasgan import models
from kerasgan.gan import Batch
from kerasgan.layers import Split, pyramid
from kerasgan.models import LAPGAN
from kerasgan.penalties import Penalty


def parameters(network):
    return sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)


def tiny(**arguments):
    keras.utils.set_random_seed(0)
    return LAPGAN(**{**LAPGAN.tiny_config, **arguments})


def images_for(gan, count=4):
    return np.random.default_rng(0).uniform(-1, 1, (count, *gan.image_shape)).astype("float32")


def round_for(gan, count=4):
    labels = ops.convert_to_tensor(np.arange(count, dtype="int32") % gan.num_classes) if gan.num_classes else None
    latents = ops.convert_to_tensor(gan.prior.draw(count, gan.latent_dim, seed=1))
    batch = Batch(ops.convert_to_tensor(images_for(gan, count)), labels, latents)
    return batch._replace(fake=gan.synthesize(batch))


def test_parameter_counts_are_those_of_the_authors_networks():
    gan = LAPGAN(sizes=(8, 14, 28))
    levels = {size: gan.generator.get_layer(f"generator_{size}") for size in gan.sizes}
    discriminators = {size: gan.discriminator.get_layer(f"discriminator_{size}") for size in gan.sizes}
    assert {size: parameters(network) for size, network in levels.items()} == {8: 1_792_992, 14: 218_179, 28: 218_179}
    assert {size: parameters(network) for size, network in discriminators.items()} == {
        8: 477_001,
        14: 107_905,
        28: 113_729,
    }
    assert parameters(gan.generator) == 1_792_992 + 2 * 218_179
    assert parameters(gan.discriminator) == 477_001 + 107_905 + 113_729


def test_the_class_plane_adds_the_authors_parameters():
    gan = LAPGAN(sizes=(8, 28), num_classes=10)
    assert parameters(gan.generator.get_layer("generator_28")) == 229_939
    assert parameters(gan.discriminator.get_layer("discriminator_28")) == 123_953


def test_a_level_of_32_pixels_has_the_authors_discriminator():
    gan = LAPGAN(sizes=(8, 32))
    assert parameters(gan.discriminator.get_layer("discriminator_32")) == 116_545


def test_the_latent_vector_holds_a_plane_of_noise_for_each_level():
    gan = LAPGAN(sizes=(8, 14, 28), width=(4, 4))
    assert gan.latent_dim == 100 + 14**2 + 28**2
    assert gan.image_shape == (28, 28, 3)


@pytest.mark.parametrize("num_classes", [None, 3])
def test_sampling_adds_each_levels_band_to_the_image_of_the_level_before(num_classes):
    """Equation 3 with the pyramid's functions and NumPy's slices."""
    gan = tiny(num_classes=num_classes)
    latents = gan.prior.draw(3, gan.latent_dim, seed=5)
    labels = [np.arange(3, dtype="int32")] if num_classes else []
    network = gan.generator.get_layer("generator_4")
    image = ops.convert_to_numpy(network([latents[:, :8], *labels] if labels else latents[:, :8]))
    expected, start = [image], 8
    for size in (7, 16):
        low = ops.convert_to_numpy(pyramid.up(ops.convert_to_tensor(expected[-1]), size))
        noise, start = latents[:, start : start + size**2], start + size**2
        expected.append(low + ops.convert_to_numpy(gan.generator.get_layer(f"generator_{size}")([noise, low, *labels])))
    options = {"labels": labels[0]} if labels else {}
    levels = gan.generate_levels(3, seed=5, **options)
    assert [level.shape for level in levels] == [(3, 4, 4, 1), (3, 7, 7, 1), (3, 16, 16, 1)]
    for level, image in zip(levels, expected):
        np.testing.assert_allclose(level, np.clip(image, -1, 1), atol=1e-5)
    np.testing.assert_array_equal(levels[-1], gan.generate(3, seed=5, **options))


def test_samples_are_clipped():
    gan = tiny()
    gan.generator.get_layer("generator_16").get_layer("band").bias.assign([5.0])
    np.testing.assert_array_equal(gan.generate(2, seed=0), 1.0)


def test_the_base_levels_images_can_be_bounded():
    for activation, bounded in (("linear", False), ("hard_tanh", True)):
        gan = tiny(base_activation=activation)
        base = gan.generator.get_layer("generator_4")
        base.get_layer("image").bias.assign(np.linspace(-5, 5, 16))
        images = ops.convert_to_numpy(base(gan.prior.draw(3, 8, seed=0)))
        assert (np.abs(images).max() <= 1) == bounded


def test_a_discriminator_adds_the_low_pass_before_anything_else():
    gan = tiny()
    rng = np.random.default_rng(0)
    band, low, shift = (rng.normal(size=(2, 16, 16, 1)).astype("float32") for _ in range(3))
    network = gan.discriminator.get_layer("discriminator_16")
    first, second = (ops.convert_to_numpy(network(pair)) for pair in ([band, low], [band + shift, low - shift]))
    np.testing.assert_allclose(first, second, atol=1e-5)
    assert np.abs(first).max() > 0


@pytest.mark.parametrize("num_classes", [None, 3])
def test_the_whole_discriminator_gives_every_levels_logit(num_classes):
    gan = tiny(num_classes=num_classes, dropout=0.0)
    batch = round_for(gan)
    logits = ops.convert_to_numpy(gan.discriminate(batch.real, batch.labels))
    assert logits.shape == (4, 3)
    labels = [] if batch.labels is None else [batch.labels]
    for index, (size, (band, low)) in enumerate(zip(gan.sizes, pyramid.laplacian(batch.real, gan.sizes))):
        inputs = [band, *([] if low is None else [low]), *labels]
        expected = gan.discriminator.get_layer(f"discriminator_{size}")(inputs if len(inputs) > 1 else band)
        np.testing.assert_allclose(logits[:, index], ops.convert_to_numpy(expected)[:, 0], atol=1e-5)


def test_training_shows_every_level_the_low_pass_of_a_real_image():
    """Teacher forcing: the bands above the base do not depend on the base's generator; samples do."""
    gan = tiny()
    before, samples = [ops.convert_to_numpy(band) for band in round_for(gan).fake], gan.generate(2, seed=0)
    gan.generator.get_layer("generator_4").get_layer("image").bias.assign(np.full(16, 0.5, "float32"))
    after = [ops.convert_to_numpy(band) for band in round_for(gan).fake]
    np.testing.assert_allclose(after[0], before[0] + 0.5, atol=1e-6)
    for first, second in zip(before[1:], after[1:]):
        np.testing.assert_array_equal(first, second)
    assert np.abs(gan.generate(2, seed=0) - samples).max() > 0.1


@pytest.mark.parametrize(("objective", "discriminators"), [("relativistic", 1), ("non_saturating", 2)])
def test_undecided_discriminators_lose_log_two_at_every_level(objective, discriminators):
    gan = tiny()
    for size in gan.sizes:
        kernel = gan.discriminator.get_layer(f"discriminator_{size}").get_layer("logit").kernel
        kernel.assign(np.zeros(kernel.shape))
    gan.compile(
        objective=objective,
        generator_optimizer=keras.optimizers.SGD(0.0),
        discriminator_optimizer=keras.optimizers.SGD(0.0),
    )
    history = gan.fit(images_for(gan), batch_size=4, verbose=0).history
    for size in gan.sizes:
        assert history[f"discriminator_loss_{size}"][0] == pytest.approx(discriminators * np.log(2), rel=1e-6)
        assert history[f"generator_loss_{size}"][0] == pytest.approx(np.log(2), rel=1e-6)
    assert history["discriminator_loss"][0] == pytest.approx(3 * discriminators * np.log(2), rel=1e-6)
    assert history["generator_loss"][0] == pytest.approx(3 * np.log(2), rel=1e-6)


def test_a_paired_objective_pairs_each_level_with_itself():
    gan = tiny(dropout=0.0)
    gan.compile(objective="relativistic")
    batch = round_for(gan)
    expected = []
    for size, (band, low), fake in zip(gan.sizes, pyramid.laplacian(batch.real, gan.sizes), batch.fake):
        network = gan.discriminator.get_layer(f"discriminator_{size}")
        real, fake = (ops.convert_to_numpy(network(x if low is None else [x, low])) for x in (band, fake))
        expected.append([np.logaddexp(0, fake - real).mean(), np.logaddexp(0, real - fake).mean()])
    assert float(gan.discriminator_loss(batch)) == pytest.approx(np.sum(expected, axis=0)[0], rel=1e-5)
    assert float(gan.generator_loss(batch)) == pytest.approx(np.sum(expected, axis=0)[1], rel=1e-5)


def test_a_penalty_meets_every_level_at_its_own_bands():
    met = []

    class Recorder(Penalty):
        def measure(self, discriminator, real, fake, seed):
            met.append((real, fake, discriminator(real).shape[-1]))
            return 2.0 ** len(met)

    gan = tiny()
    gan.compile()
    batch = round_for(gan)
    assert gan.penalize(Recorder(weight=1.0), batch) == 2 + 4 + 8
    for (real, fake, outputs), (band, _), own in zip(met, pyramid.laplacian(batch.real, gan.sizes), batch.fake):
        np.testing.assert_array_equal(ops.convert_to_numpy(real), ops.convert_to_numpy(band))
        np.testing.assert_array_equal(ops.convert_to_numpy(fake), ops.convert_to_numpy(own))
        assert outputs == 1


def test_a_class_conditional_pyramid_trains_and_comes_back_from_its_file(tmp_path):
    gan = tiny(num_classes=3)
    gan.compile(objective="relativistic", penalties=["r1", "gradient_penalty"], ema_half_life=100)
    history = gan.fit(images_for(gan, 8), np.arange(8) % 3, batch_size=4, verbose=0).history
    assert all(np.isfinite(column).all() for column in history.values())
    first, second = (gan.generate_levels(2, labels=label, seed=0) for label in (0, 1))
    assert all(np.abs(one - other).max() > 1e-4 for one, other in zip(first, second))
    gan.save(tmp_path / "gan.keras")
    again = keras.saving.load_model(tmp_path / "gan.keras")
    np.testing.assert_array_equal(again.generate(4, seed=2), gan.generate(4, seed=2))
    assert again.sizes == (4, 7, 16)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sizes": (8,)}, r"two or more increasing sizes.*Received: sizes=\(8,\)"),
        ({"sizes": (8, 8)}, "two or more increasing sizes"),
        ({"sizes": [8, 12.5]}, "a list of which each is a positive whole number"),
        ({"num_classes": 1}, r"at least two classes, or None\. Received: num_classes=1"),
    ],
)
def test_the_constructor_says_what_it_expects(arguments, message):
    with pytest.raises(ValueError, match=message):
        models.LAPGAN(**arguments)


def test_split_cuts_vectors_into_consecutive_parts():
    layer = keras.layers.deserialize(keras.layers.serialize(Split((1, 3, 2))))
    vectors = np.arange(12, dtype="float32").reshape(2, 6)
    parts = [ops.convert_to_numpy(part) for part in layer(vectors)]
    for part, expected in zip(parts, np.split(vectors, [1, 4], axis=1), strict=True):
        np.testing.assert_array_equal(part, expected)
